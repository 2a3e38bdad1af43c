"""Which keys may a spec have, and of which sort is the value of each?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...engine.blocks import BLOCKS
from ...engine.ops import OPS
from ...engine.rules import ROLES, RULE_TABLES
from ..shipped import block_path, shipped_blocks
from ..sorts import SORTS, Wrong, sorts_of, word

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass
    from .values import Field

FIXED: dict[str, OpClass] = {**BLOCKS, **OPS}
"""The words of a row's `op` that are classes: blocks, then single ops."""


class Vocabulary(Mapping[str, "OpClass"]):
    """Every word a row's `op` may be: a spec's own blocks, then classes, then the blocks in specs/blocks/,
    each read when it is asked for.

    shipped: reads one of those.
    """

    def __init__(self, own: Mapping[str, OpClass], shipped: Callable[[str], OpClass]) -> None:
        self.own, self.shipped = dict(own), shipped

    def __getitem__(self, word: str) -> OpClass:
        if found := self.own.get(word) or FIXED.get(word):
            return found
        if block_path(word) is None:
            raise KeyError(word)
        return self.shipped(word)

    def __contains__(self, word: object) -> bool:
        return word in self.own or word in FIXED or (isinstance(word, str) and block_path(word) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.own, *BLOCKS, *shipped_blocks(), *OPS]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def keys_of(self, op: str) -> Mapping[str, str]:
        """The keys that only rows of this op take: its fields, each with the name of its sort."""
        return sorts_of(self[op])

    def reader(self, op: str, key: str) -> Callable[[Any, str], Any]:
        """The reader of a field of an op."""
        cls = self[op]
        field = cls.fields[key] if hasattr(cls, "fields") else None
        return field_reader(field) if field else SORTS[sorts_of(cls)[key]].read

    def inner(self, op: str, key: str) -> tuple[str, Callable[[Any, str], Any]]:
        """The sort of a field in a row of a block, and its reader: there, an activation may also be "prelu"
        or "none".
        """
        if op == "activation" and key == "function":
            return "MaybeFunction", SORTS["MaybeFunction"].read
        return self.keys_of(op)[key], self.reader(op, key)


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
SPACE_KEYS = {"optional": "Flag", "per": "Per"}
"""The keys that rows of a space may have beside those."""
INNER_KEYS = {**ROW_KEYS, "when": "Flag"}
"""The keys of any row of a block."""
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
SPACE_TOP_KEYS = {"alpha": "Alpha", "depth": "Alpha"}
"""The keys that a space may have at its top: choices between values of a sort."""
WIDTH_KEYS = {"scale": "Scale", "rounding": "Rounding", "divisor": "Count", "minimum": "Whole"}
ROUNDING_KEYS = ("rounding", "divisor", "minimum")
CHANGE_KEYS = ("match", "set", "unset", "remove", "before", "after", "block")
BLOCK_KEYS = {"why": "Text", "source": "Text", "inputs": "Names", "fields": "", "layers": ""}
FIELD_NAME = r"[a-z][a-z0-9_]{0,39}"
FIELD_SORTS = {
    "width": "Width",
    "count": "Count",
    "whole": "Whole",
    "size": "Size",
    "ratio": "Ratio",
    "share": "Share",
    "part": "Part",
    "flag": "Flag",
    "activation": "MaybeFunction",
    "padding": "Padding",
    "size3": "Size3",
    "padding3": "Padding3",
}
"""The sorts that a block's field may be of, by their words."""
ROW_LISTS = ("layers", "top")
TABLES = ("widths", *RULE_TABLES, *ROW_LISTS, "change", "block")


EITHER = {word: cls.either for word, cls in FIXED.items() if cls.either}
"""Two keys of an op of which a row takes one, and whether it needs one."""


def field_reader(field: Field) -> Callable[[Any, str], Any]:
    """The reader of a block's field."""
    read = word(field.words) if field.words else SORTS[field.sort].read
    if field.multiple == 1 and field.most is None:
        return read

    def bounded(value: Any, key: str) -> Any:
        value = read(value, key)
        if value.__class__ is int and field.most is not None and value > field.most:
            raise Wrong(f"at most {field.most:,}")
        if value.__class__ is int and value % field.multiple:
            raise Wrong(f"a multiple of {field.multiple:,}")
        return value

    return bounded


def naming_keys(cls: OpClass) -> tuple[str, ...]:
    """The keys of an op that name another row."""
    op: Any = cls
    return _naming_keys(op)


@lru_cache(None)
def _naming_keys(op: Any) -> tuple[str, ...]:
    return tuple(key for key, sort in sorts_of(op).items() if sort == "Row")


@lru_cache(None)
def class_keys() -> tuple[str, ...]:
    """Every key that a row of a class may have."""
    return tuple(dict.fromkeys([*ROW_KEYS, *(key for cls in FIXED.values() for key in sorts_of(cls))]))


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
