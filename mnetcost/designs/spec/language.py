"""Which keys may a spec have, and of which sort is the value of each?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from ...engine.blocks import BLOCKS
from ...engine.ops import OPS
from ...engine.rules import ROLES, RULE_TABLES
from ..sorts import sorts_of

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass

VOCABULARY: dict[str, OpClass] = {**BLOCKS, **OPS}
"""Every word a row's `op` may be: blocks, then single ops."""

ROW_KEYS = {
    "op": "Name",
    "name": "Name",
    "from": "Names",
    "repeat": "Repeat",
    "role": "Role",
    "shared": "Flag",
    "weights": "Name",
    "why": "Text",
}
TOP_KEYS = {
    "title": "Text",
    "source": "Text",
    "differs": "Texts",
    "extends": "Name",
    "resolution": "Resolution",
    "channels": "Count",
    "classes": "Count",
    "alphas": "Numbers",
    "resolutions": "Sides",
}
WIDTH_KEYS = {"scale": "Scale", "rounding": "Rounding", "divisor": "Count", "minimum": "Whole"}
ROUNDING_KEYS = ("rounding", "divisor", "minimum")
CHANGE_KEYS = ("match", "set", "unset", "remove", "before", "after")
ROW_LISTS = ("layers", "top")
TABLES = ("widths", *RULE_TABLES, *ROW_LISTS, "change")
EITHER = {word: cls.either for word, cls in VOCABULARY.items() if cls.either}
"""Two keys of an op of which a row takes one, and whether it needs one."""


@lru_cache(None)
def op_keys(op: str) -> Mapping[str, str]:
    """The keys that only rows of this op take: its fields, each with the name of its sort."""
    return sorts_of(VOCABULARY[op])


@lru_cache(None)
def naming_keys(op: str) -> tuple[str, ...]:
    """The keys of this op that name another row."""
    return tuple(key for key, sort in op_keys(op).items() if sort == "Row")


@lru_cache(None)
def row_keys() -> tuple[str, ...]:
    """Every key that any row may have."""
    return tuple(dict.fromkeys([*ROW_KEYS, *(key for op in VOCABULARY for key in op_keys(op))]))


def rule_keys() -> dict[str, tuple[str, ...]]:
    """The keys each table of rules takes."""
    fields = {
        table: [ROUNDING_KEYS if key == "width" else (key,) for key in sorts_of(cls)]
        for table, cls in RULE_TABLES.items()
    }
    return {
        "widths": (*WIDTH_KEYS, *ROLES),
        **{f"widths.{role}": tuple(WIDTH_KEYS) for role in ROLES},
        **{table: tuple(key for keys in several for key in keys) for table, several in fields.items()},
    }
