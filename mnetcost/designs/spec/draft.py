"""What do a spec and the files that it extends say together? Keys, rules and rows, not yet checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...engine.rules import ROLES, RULE_TABLES
from ...errors import SpecError
from ...records import NamedTuple
from ..places import KeyPath
from ..reading import Reading, Spot, Table, shown
from ..sorts import SORTS
from ..toml import parse_toml
from .language import ROW_LISTS, SPACE_TOP_KEYS, TABLES, TOP_KEYS
from .lists import row_tables

if TYPE_CHECKING:
    from .changes import Changes

DEEPEST_EXTENDS = 16

ParentOf = Callable[[str, str | None], tuple[str, str]]
"""From the name a spec extends, and the path of that spec, to the parent's file and text."""


class Found(NamedTuple):
    """A value as TOML has it, and where it stands."""

    value: Any
    spot: Spot


class Draft:
    """A spec that is being read: what its file says, over what the files say that it extends."""

    def __init__(self, parent_of: ParentOf) -> None:
        self.parent_of = parent_of
        self.reading = Reading()
        self.values: dict[KeyPath, Found] = {}  # by ("title",), ("widths", "divisor")
        self.rows: dict[str, list[Table]] = {key: [] for key in ROW_LISTS}
        self.blocks: dict[str, tuple[Table, list[Table]]] = {}
        self.family: list[str] = []
        self.complete = True  # False where what it extends could not be read

    @cached_property
    def changes(self) -> Changes:
        """What makes the changes of all files."""
        from .changes import Changes

        return Changes(self.rows, self.blocks)

    def add(self, file: str, text: str, base: str | None) -> None:
        """Read one file, after what it extends; its keys override those."""
        self.reading.texts[file] = text
        table = Table(self.reading, Spot(file), parse_toml(text, file))
        if "extends" in table.values:
            self.complete = self._extend(table, base) and self.complete
        for key, value in table.values.items():
            if key in TOP_KEYS or key in SPACE_TOP_KEYS:
                self.values[(key,)] = Found(value, table.at(key))
            elif key in ROW_LISTS:
                self.rows[key] = row_tables(table, key)
            elif key in RULE_TABLES or key == "widths":
                self._add_rules(table, key)
            elif key == "block":
                self._add_blocks(table)
            elif key != "change":
                table.unknown(key, "a spec has no key", sorted([*TOP_KEYS, *SPACE_TOP_KEYS, *TABLES]))
        changes = table.values.get("change", [])
        if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
            table.fault("'change' must be written as [[change]] tables", key="change")
            return
        for change in table.each("change"):
            self.changes.make(change, self.complete)

    def read(self, path: KeyPath, read: Callable[[Any, str], Any], default: Any) -> Any:
        """Read the value of a key; the default where no file has it, or it is refused."""
        found = self.values.get(path)
        return self.reading.read(found.spot, read, found.value, default) if found else default

    def _extend(self, table: Table, base: str | None) -> bool:
        """Read the file that one extends, and return whether it could be read."""
        name = table.read("extends", SORTS["Name"].read)
        if name is None:
            return False
        try:
            file, text = self.parent_of(name, base)
        except SpecError as e:
            message, hint = e.faults[0].message, e.faults[0].hint
            table.fault(message if name in message else f"'{name}': {message}", hint, key="extends")
            return False
        if file in self.reading.texts or len(self.reading.texts) > DEEPEST_EXTENDS + 1:
            table.fault(f"'{name}' extends itself in a circle", key="extends")
            return False
        self.add(file, text, file)
        self.family.insert(0, name)
        return True

    def _add_blocks(self, table: Table) -> None:
        """The blocks of one file; one of the same name takes the place of an inherited one."""
        blocks = table.inner(
            "block", f"blocks must be tables [block.NAME], not {shown(table.values['block'])}"
        )
        for name, value in blocks.values.items():
            block = blocks.inner(name, f"'{name}' must be a table [block.{name}], not {shown(value)}")
            self.blocks[name] = block, row_tables(block, "layers") if "layers" in block.values else []

    def _add_rules(self, table: Table, key: str) -> None:
        """The keys of one table of rules, and of the tables of roles in [widths]."""
        rules = table.inner(key, f"'{key}' must be a table [{key}], not {shown(table.values[key])}")
        for name, value in rules.values.items():
            if key == "widths" and name in ROLES:
                example = f'a table such as {{ scale = "fixed" }}, not {shown(value)}'
                role = rules.inner(name, f"'{name}' must be {example}")
                for inner, given in role.values.items():
                    self.values[key, name, inner] = Found(given, role.at(inner))
            else:
                self.values[key, name] = Found(value, rules.at(name))
