"""How is a block that is data read? [block.NAME]: its fields, and its rows with their expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...engine.ops import Activation
from ..files import read_text_file
from ..places import spelled
from ..reading import Reading, Spot, Table
from ..shipped import block_path
from ..sorts import LARGEST_COUNT, LARGEST_REPEAT, SORTS, Wrong, sorts_of, whole, word
from ..toml import parse_toml
from .expressions import IN, STYLE, Expression, Names, read_expression
from .language import BLOCK_KEYS, FIELD_NAME, FIELD_SORTS, FIXED, INNER_KEYS, Vocabulary, field_reader
from .rows import check_needed, check_reads, unknown_key, unknown_op
from .values import Block, Field, Inner, Slot

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass

RESERVED = (IN, STYLE, "classes", "input", "true", "false", "and", "or", "not", "if", "else", *INNER_KEYS)
STYLED = {"Flag": None, "MaybeFunction": "", "Padding": "", "Padding3": ""}
"""Sorts whose default may be "style", and the value that leaves a field to [style]."""
WORDS = ("Function", "MaybeFunction", "Choice", "Padding", "Padding3")
"""Sorts whose values are words, so that a text may be one or an expression."""
SIDES = {"Size": (2,), "Zeros": (2, 4), "Padding": (2, 4), "Size3": (3,), "Padding3": (3, 6)}
"""Sorts whose values may be lists of sides, and how many: each side may be an expression."""
MOST_FIELDS = 100
DEEPEST = 16


def block_of(table: Table, name: str, rows: list[Table], words: Vocabulary) -> Block:
    """Read one block; what is wrong with it is kept as faults.

    rows: the tables of its rows, as changes left them.
    """
    table.only(BLOCK_KEYS, f"[block.{name}]")
    if name in FIXED or not re.fullmatch(FIELD_NAME, name):
        taken = (
            f"'{name}' is an op already" if name in FIXED else "a block's name is a word such as ghost_unit"
        )
        table.fault(taken)
    inputs = table.read("inputs", SORTS["Names"].read, (IN,)) or (IN,)
    fields: dict[str, Field] = {}
    given = table.inner("fields", "'fields' must be a table such as { out = \"width\" }")
    if len(given.values) > MOST_FIELDS:
        given.fault(f"a block has at most {MOST_FIELDS} fields")
    for key in [*given.values][:MOST_FIELDS]:
        if not re.fullmatch(FIELD_NAME, key) or key in RESERVED:
            given.fault("a field's name is small letters, digits and _, and no word of the language", key=key)
            continue
        names = Names({k: f.sort == "Width" for k, f in fields.items()}, {IN, *inputs})
        fields[key] = _field(given, key, names)
    if not rows:
        table.fault("a block must have 'layers'")
    reader = _Rows(fields, inputs, words, name)
    made = [inner for row in rows if (inner := reader.read(row)) is not None]
    why, source = (table.read(key, SORTS["Text"].read, "") for key in ("why", "source"))
    return Block(
        name,
        why,
        source,
        fields,
        inputs,
        _numbered(made),
        {**table.values, "layers": [row.values for row in rows]},
        table.spot.file,
        table.reading.texts,
    )


def _numbered(rows: list[Inner]) -> tuple[Inner, ...]:
    """The rows, those without a name called by the op and its number; activations by their function later."""
    counts: dict[str, int] = {}
    several = sum(row.cls is Activation and not row.name for row in rows) > 1
    found = []
    for row in rows:
        if not row.name:
            label = row.cls.label
            counts[label] = n = counts.get(label, 0) + 1
            if row.cls is not Activation:
                row = row._replace(name=f"{label} {n}")
            elif several:
                row = row._replace(number=n)
        found.append(row)
    return tuple(found)


def _field(given: Table, key: str, names: Names) -> Field:
    """Read one field: its sort as a word or a list of words, or a table with `sort` and `default`."""
    value = given.values[key]
    table = (
        given.inner(key, "")
        if isinstance(value, dict)
        else Table(given.reading, given.at(key), {"sort": value})
    )
    table.only(("sort", "default", "multiple", "most"), "a field")
    spot = table if isinstance(value, dict) else given
    sort, words = spot.reading.read(
        spot.at("sort" if spot is table else key), _sort, table.values.get("sort"), ("Whole", ())
    )
    multiple = table.read("multiple", whole(2, LARGEST_COUNT), 1)
    field = Field(sort, words, multiple=multiple, most=table.read("most", whole(1, LARGEST_COUNT)))
    if "default" not in table.values:
        return field
    default = table.values["default"]
    if default == "style" and sort in STYLED:
        if sort == "Flag" and key not in ("norm", "bias"):
            table.fault("[style] has the flags 'norm' and 'bias' only", "name the field so", key="default")
        return field._replace(needed=False, default=STYLED[sort])
    made = table.read("default", _value_reader(sort, field_reader(field), names))
    if isinstance(made, Expression):
        return field._replace(needed=False, expression=made)
    return field._replace(needed=False, default=made)


def _sort(value: Any, key: str) -> tuple[str, tuple[str, ...]]:
    """A sort by its word, or the words of a choice."""
    if isinstance(value, list) and value and all(isinstance(v, str) and 0 < len(v) <= 40 for v in value):
        return "Choice", tuple(value)
    return FIELD_SORTS[word(tuple(FIELD_SORTS), "a sort of value, or a list of words")(value, key)], ()


class _Rows:
    """Reads the rows of one block, each knowing the names of those above it."""

    def __init__(
        self, fields: Mapping[str, Field], inputs: tuple[str, ...], words: Vocabulary, block: str
    ) -> None:
        self.fields = fields
        self.widths = {key: field.sort == "Width" for key, field in fields.items()}
        self.above: dict[str, None] = dict.fromkeys((IN, *inputs))
        self.words, self.block = words, block

    def read(self, row: Table) -> Inner | None:
        """Check one row; None where it names no op."""
        op = row.values.get("op")
        if not isinstance(op, str) or op not in self.words or op == self.block:
            unknown_op(row, op, self.words)
            return None
        cls, names = self.words[op], Names(self.widths, self.above)
        common = {key: row.read(key, self._common(key, names)) for key in row.values if key in INNER_KEYS}
        fixed, slots, named = self._fields(row, op, names)
        check_needed(row, op, cls)
        inputs = common.get("from") or ()
        self._check_inputs(row, op, cls, inputs)
        name, weights = common.get("name") or "", common.get("weights") or ""
        if weights:
            self._check_above(row, "weights", (weights,))
        if name in self.above:
            row.fault(f"another row of the block is called '{name}' already", key="name")
        if name:
            self.above[name] = None
        when, repeat = common.get("when"), common.get("repeat")
        return Inner(
            cls,
            fixed,
            tuple(slots),
            named,
            name,
            inputs,
            1 if when is None else when,
            1 if repeat is None else repeat,
            common.get("role") or "",
            common.get("why") or "",
            common.get("shared") is True or bool(weights),
            weights,
            row.spot.file,
            spelled(row.spot.path),
        )

    def _fields(self, row: Table, op: str, names: Names) -> tuple[dict[str, Any], list[Slot], dict[str, str]]:
        """Read the keys of the op: values as written, values to be worked out, and rows that are named."""
        fixed: dict[str, Any] = {}
        slots: list[Slot] = []
        named: dict[str, str] = {}
        cls = self.words[op]
        block = hasattr(cls, "build") or isinstance(cls, Block)
        for key in row.values:
            if key in INNER_KEYS:
                continue
            if key not in sorts_of(cls):
                unknown_key(row, key, op, self.words)
                continue
            sort, read = self.words.inner(op, key)
            if sort == "Row":
                named[key] = row.read(key, read)
                self._check_above(row, key, (named[key],))
                continue
            value = row.read(key, _value_reader(sort, read, names))
            parts = value if value.__class__ is tuple else (value,)
            if any(part.__class__ is Expression for part in parts):
                both = sort == "Width" or key in cls.follows
                field = self._unchanged(value, sort, read)
                slots.append(Slot(key, value, sort, read, both, both or block, field))
            else:
                fixed[key] = value
        return fixed, slots, named

    def _unchanged(self, value: Any, sort: str, read: Callable[[Any, str], Any]) -> str:
        """The field that a value is, where the field's own check is the one that the value needs."""
        name = "" if value.__class__ is tuple else value.field
        return name if name and self.fields[name].sort == sort and read is SORTS[sort].read else ""

    def _common(self, key: str, names: Names) -> Callable[[Any, str], Any]:
        """The reader of a key that any row of a block may have."""
        if key == "repeat":
            return _value_reader("Whole", whole(0, LARGEST_REPEAT), names)
        return (
            _value_reader("Flag", SORTS["Flag"].read, names) if key == "when" else SORTS[INNER_KEYS[key]].read
        )

    def _check_above(self, row: Table, key: str, names: tuple[str, ...]) -> None:
        """Check that the rows that a key names stand above."""
        for n, name in enumerate(names):
            if name is not None and name not in self.above:
                spot = row.at(key) if isinstance(row.values[key], str) else row.at(key).at(n)
                message = f"there is no row '{name}' above this one"
                if name == "input":
                    row.reading.fault(spot, message, f"'{IN}' is the block's input")
                else:
                    row.reading.unknown(spot, message, self.above, name)

    def _check_inputs(self, row: Table, op: str, cls: OpClass, inputs: tuple[str, ...]) -> None:
        """Check that the rows it reads are there, and as many as its op reads."""
        self._check_above(row, "from", inputs)
        check_reads(row, op, cls.reads, inputs, 1)


def _value_reader(sort: str, read: Callable[[Any, str], Any], names: Names) -> Callable[[Any, str], Any]:
    """A reader of a value of this sort, or of an expression that gives one."""

    def value(given: Any, key: str) -> Any:
        if isinstance(given, str) and sort not in ("Text", "Name", "Names"):
            if sort in WORDS:
                try:
                    return read(given, key)
                except Wrong as e:
                    if given in names.fields or re.search(r"[ '.]", given):
                        return read_expression(given, names)
                    raise Wrong(f"{e}, or one of the block's fields", e.hint or names.hint(given)) from None
            return read_expression(given, names)
        if isinstance(given, list) and any(isinstance(v, str) for v in given):
            plain = [0 if isinstance(v, str) else v for v in given]
            if len(plain) not in SIDES.get(sort, ()):
                return read(given, key)
            return tuple(read_expression(v, names) if isinstance(v, str) else v for v in given)
        return read(given, key)

    return value


def read_blocks(tables: Mapping[str, tuple[Table, list[Table]]], words: Vocabulary) -> dict[str, Block]:
    """Read every block of a spec, those first that others use; adds them to `words`.

    tables: by name, the block's table and those of its rows.
    """
    made: dict[str, Block] = {}
    state: dict[str, int] = {}

    def make(name: str, depth: int) -> None:
        state[name] = 1
        table, rows = tables[name]
        for row in rows:
            used = row.values.get("op")
            if not isinstance(used, str) or used not in tables or state.get(used) == 2:
                continue
            if state.get(used) == 1:
                row.reading.refuse(row.at("op"), f"block '{name}' uses itself in a circle")
            if depth >= DEEPEST:
                row.reading.refuse(row.at("op"), f"blocks use blocks more than {DEEPEST} deep")
            make(used, depth + 1)
        state[name] = 2
        block = block_of(table, name, rows, words)
        if name not in FIXED:
            made[name] = words.own[name] = block

    for name in tables:
        if name not in state:
            make(name, 1)
    return made


def shipped_table(name: str, reading: Reading) -> Table:
    """The table of a shipped block, as its file has it."""
    path = block_path(name)
    assert path is not None
    file = f"specs/blocks/{name}.toml"
    reading.texts[file] = read_text_file(path)
    tree = parse_toml(reading.texts[file], file)
    return Table(reading, Spot(file, ("block", name)), tree["block"][name])
