"""Which words may a row's `op` be? A spec's own blocks, the classes, and the shipped blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from ..reading import Reading
from .language import Vocabulary, class_keys
from .values import Block

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass


@lru_cache(None)
def shipped_block(name: str) -> Block:
    """Read a block of specs/blocks/, and with it those that it uses."""
    from .blocks import block_of, shipped_table
    from .lists import row_tables

    reading = Reading()
    table = shipped_table(name, reading)
    block = block_of(table, name, row_tables(table, "layers"), VOCABULARY)
    reading.finish()
    return block


def vocabulary(own: Mapping[str, OpClass]) -> Vocabulary:
    """Every word of a spec that has these blocks of its own."""
    return Vocabulary(own, shipped_block)


VOCABULARY = vocabulary({})
"""Every word of a spec without blocks of its own."""


def row_keys(own: Iterable[str] = ()) -> tuple[str, ...]:
    """Every key that any row may have; own: the keys of a spec's own blocks."""
    keys = [key for op in VOCABULARY for key in VOCABULARY.keys_of(op)]
    return tuple(dict.fromkeys([*class_keys(), *keys, *own]))
