"""What does a spec say?

Strict reading of TOML into a frozen Spec, with every fault of the file in one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ..engine.blocks import BLOCKS
from ..engine.fields import ACTIVATIONS
from ..engine.graph import MOST_LAYERS
from ..engine.ops import OPS, SEVERAL_INPUTS
from ..engine.rules import ROLES, RULE_CHOICES, RULE_TABLES, Rules
from ..engine.widths import WidthRule
from ..errors import Fault, SpecError
from .places import KeyPath as Place
from .places import line_of, lines, spelled
from .sorts import SORTS, Wrong, sorts_of, word
from .toml import parse_toml

DEEPEST_EXTENDS = 16

VOCABULARY: dict[str, type] = {**BLOCKS, **OPS}
"""Every word a row's `op` may be: blocks, then single ops."""

ROW_KEYS = {
    "op": "Name",
    "name": "Name",
    "from": "Names",
    "repeat": "Repeat",
    "role": "Role",
    "shared": "Flag",
    "why": "Text",
}
TOP_KEYS = {
    "title": "Text",
    "source": "Text",
    "differs": "Texts",
    "extends": "Name",
    "resolution": "Size",
    "channels": "Count",
    "classes": "Count",
    "alphas": "Numbers",
    "resolutions": "Sides",
}
WIDTH_KEYS = {"scale": "Scale", "rounding": "Rounding", "divisor": "Count", "minimum": "Whole"}
ROUNDING_KEYS = ("rounding", "divisor", "minimum")
CHANGE_KEYS = ("match", "set", "unset", "remove", "before", "after")
TABLES = ("widths", *RULE_TABLES, "layers", "top", "change")
EITHER = {"conv_norm": ("out", "expand", True), "bneck": ("expand", "exp", False)}
"""Two keys of an op of which a row takes one, and whether it needs one."""
MOST_FAULTS = 200
# rows that the changes of a design look at, all together: a thousand changes of a thousand rows
MOST_LOOKS = 1_000_000


ParentOf = Callable[[str, Path | None], tuple[str, str]]
"""From the name a spec extends, and the spec's own path, to the parent's file and text."""


class Row(NamedTuple):
    """One row of a design's table, checked against its op: the op's fields as written, and what every row
    may say.
    """

    op: str
    fields: Mapping[str, Any]
    name: str = ""
    inputs: tuple[str, ...] = ()
    repeat: int = 1
    role: str = ""
    why: str = ""
    file: str = ""
    key: str = ""  # "layers[3]"
    shared: bool = False


class Spec(NamedTuple):
    """A design as its file says it, numbers as printed; alpha and resolution come later."""

    name: str
    title: str
    source: str
    differs: tuple[str, ...]
    resolution: tuple[int, int]
    channels: int
    classes: int
    alphas: tuple[float, ...]
    resolutions: tuple[int, ...]
    rules: Rules
    layers: tuple[Row, ...]
    top: tuple[Row, ...]
    file: str
    text: str  # the file, as it stands
    family: tuple[str, ...] = ()  # what it extends, nearest first


class _Raw(NamedTuple):
    """A row before it is checked: its values, where it stands, and where single keys of it were changed."""

    values: dict[str, Any]
    file: str
    place: Place
    changed: dict[str, tuple[str, Place]]


class _Reading:
    """The faults found while one design is read, over all the files it extends."""

    def __init__(self, parent_of: ParentOf) -> None:
        self.parent_of = parent_of
        self.faults: dict[tuple[str, Place, str, str], None] = {}
        self.texts: dict[str, str] = {}
        self.looks = 0

    def refuse(self, file: str, place: Place, message: str) -> NoReturn:
        """Stop here: what the file asks for is too much to go on for the sake of further faults."""
        self.fault(file, place, message)
        self.finish()
        raise AssertionError

    def fault(self, file: str, place: Place, message: str, hint: str = "") -> None:
        self.faults[file, place, message, hint] = None
        if len(self.faults) > MOST_FAULTS:
            self.finish()

    def unknown(self, file: str, place: Place, what: str, known: Iterable[str], key: str = "") -> None:
        from .synonyms import did_you_mean

        self.fault(file, place, what, did_you_mean(key or str(place[-1]), sorted(known), "keys"))

    def read(self, file: str, place: Place, sort: str, value: Any, default: Any = None) -> Any:
        key = str(place[-1])
        try:
            return SORTS[sort].read(value, key)
        except Wrong as e:
            self.fault(file, place, f"'{key}' must be {e}, not {shown(value)}", e.hint)
            return default

    def finish(self) -> None:
        if self.faults:
            known = {file: lines(text) for file, text in self.texts.items()}
            faults = [
                Fault(m, f, line_of(known.get(f, {}), p), spelled(p), h)
                for f, p, m, h in list(self.faults)[:MOST_FAULTS]
            ]
            more = (
                [Fault(f"there are more than {MOST_FAULTS} mistakes")]
                if len(self.faults) > MOST_FAULTS
                else []
            )
            raise SpecError(*sorted(faults, key=lambda f: (f.file, f.line)), *more)


def shown(value: Any) -> str:
    """A wrong value, short."""
    try:
        text = (
            f'"{value}"'
            if isinstance(value, str)
            else repr(value)
            if not isinstance(value, bool)
            else str(value).lower()
        )
    except (ValueError, RecursionError):  # an integer of thousands of digits; tables in tables in tables
        return "that"
    return text if len(text) <= 60 else text[:57] + "..."


class _Merged:
    """The tables and rows of a design and all it extends, the nearest file winning."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[Any, str]] = {}  # a top-level key's value and file
        self.tables: dict[tuple[str, ...], tuple[Any, str]] = {}  # a rule's value and file, by its path
        self.rows: dict[str, list[_Raw]] = {"layers": [], "top": []}
        self.family: list[str] = []
        self.whole = True  # False where what it extends could not be read


def _rows(reading: _Reading, file: str, place: Place, value: Any) -> list[_Raw]:
    if not isinstance(value, list):
        reading.fault(
            file, place, f"'{place[-1]}' must be a list of rows, each {{ op = ..., ... }}, not {shown(value)}"
        )
        return []
    out = []
    for n, row in enumerate(value):
        if isinstance(row, dict):
            out.append(_Raw(dict(row), file, (*place, n), {}))
        else:
            reading.fault(
                file,
                (*place, n),
                f'a row must be a table such as {{ op = "conv", out = 8 }}, not {shown(row)}',
            )
    return out


def _extend(reading: _Reading, name: Any, file: str, base: Path | None, merged: _Merged, depth: int) -> bool:
    """Lay what a file extends, and say whether it could be read."""
    name = reading.read(file, ("extends",), "Name", name)
    if name is None:
        return False
    try:
        parent_file, text = reading.parent_of(name, base)
    except SpecError as e:
        said = e.faults[0].message
        reading.fault(file, ("extends",), said if name in said else f"'{name}': {said}", e.faults[0].hint)
        return False
    if parent_file in reading.texts or depth > DEEPEST_EXTENDS:
        reading.fault(file, ("extends",), f"'{name}' extends itself in a circle")
        return False
    reading.texts[parent_file] = text
    _collect(reading, parse_toml(text, parent_file), parent_file, Path(parent_file), merged, depth + 1)
    merged.family.insert(0, name)
    return True


def _collect(
    reading: _Reading, data: dict[str, Any], file: str, base: Path | None, merged: _Merged, depth: int
) -> None:
    """Lay one file, and first what it extends, over what is there."""
    if "extends" in data:
        merged.whole = _extend(reading, data["extends"], file, base, merged, depth) and merged.whole
    for key, value in data.items():
        if key in TOP_KEYS:
            merged.values[key] = (value, file)
        elif key in ("layers", "top"):
            merged.rows[key] = _rows(reading, file, (key,), value)
        elif key == "widths" or key in RULE_TABLES:
            if not isinstance(value, dict):
                reading.fault(file, (key,), f"'{key}' must be a table [{key}], not {shown(value)}")
                continue
            for name, v in value.items():
                if key == "widths" and name in ROLES:
                    if not isinstance(v, dict):
                        reading.fault(
                            file,
                            (key, name),
                            f"'{name}' must be a table such as {{ scale = \"fixed\" }}, not {shown(v)}",
                        )
                        continue
                    for k, inner in v.items():
                        merged.tables[(key, name, k)] = (inner, file)
                else:
                    merged.tables[(key, name)] = (v, file)
        elif key != "change":
            reading.unknown(file, (key,), f"a spec has no key '{key}'", [*TOP_KEYS, *TABLES])
    changes = data.get("change", [])
    if not isinstance(changes, list) or not all(isinstance(c, dict) for c in changes):
        reading.fault(file, ("change",), "'change' must be written as [[change]] tables")
        return
    for n, change in enumerate(changes):
        _change(reading, file, ("change", n), change, merged)


def _change(reading: _Reading, file: str, place: Place, change: dict[str, Any], merged: _Merged) -> None:
    """Apply one [[change]] to the rows it matches."""
    for key in change:
        if key not in CHANGE_KEYS:
            reading.unknown(file, (*place, key), f"a change has no key '{key}'", CHANGE_KEYS)
    match, put, unset = change.get("match"), change.get("set", {}), change.get("unset", [])
    if not isinstance(match, dict) or not match:
        reading.fault(
            file, (*place, "match"), 'a change must say which rows it is for: match = { name = "stem" }'
        )
        return
    if not isinstance(put, dict) or not isinstance(unset, list) or not all(isinstance(k, str) for k in unset):
        reading.fault(file, place, "'set' must be a table of keys and values, and 'unset' a list of keys")
        return
    for key, at in [
        *((k, ("match", k)) for k in match),
        *((k, ("set", k)) for k in put),
        *((k, ("unset", n)) for n, k in enumerate(unset)),
    ]:
        if key not in _row_keys():
            reading.unknown(file, (*place, *at), f"no row has a key '{key}'", _row_keys(), key)
    put = {k: v for k, v in put.items() if k in _row_keys()}
    before, after = (
        _rows(reading, file, (*place, key), change[key]) if key in change else []
        for key in ("before", "after")
    )
    found = not merged.whole or not set(match) <= set(_row_keys())
    reading.looks += sum(map(len, merged.rows.values()))
    if reading.looks > MOST_LOOKS:
        reading.refuse(
            file, place, f"the changes of this design look at more than {MOST_LOOKS:,} rows, one by one"
        )
    for rows in merged.rows.values():
        matched = [all(k in row.values and row.values[k] == v for k, v in match.items()) for row in rows]
        if len(rows) + sum(matched) * (len(before) + len(after)) > MOST_LAYERS:
            reading.refuse(
                file, place, f"gives the design more than {MOST_LAYERS:,} rows, more than it may have layers"
            )
        out: list[_Raw] = []
        for row, meant in zip(rows, matched, strict=True):
            if not meant:
                out.append(row)
                continue
            found = True
            out += before
            if change.get("remove") is not True:
                values = {k: v for k, v in {**row.values, **put}.items() if k not in unset}
                changed = {**row.changed, **{k: (file, (*place, "set", k)) for k in put}}
                out.append(_Raw(values, row.file, row.place, changed) if put or unset else row)
            out += after
        rows[:] = out
    if "remove" in change and not isinstance(change["remove"], bool):
        reading.fault(
            file, (*place, "remove"), f"'remove' must be true or false, not {shown(change['remove'])}"
        )
    if not found:
        reading.fault(file, (*place, "match"), "no row matches this change")


def _row(reading: _Reading, raw: _Raw) -> Row | None:
    """Check a row against the op it names."""

    def at(key: str) -> tuple[str, Place]:
        return raw.changed.get(key, (raw.file, (*raw.place, key)))

    op = raw.values.get("op")
    if not isinstance(op, str) or op not in VOCABULARY:
        where = at("op")
        from .synonyms import means, op_hint

        if op is None:
            other = next((key for key in raw.values if means(key, "keys", ["op"])), None)
            hint = f"did you mean 'op' where it says '{other}'?" if other else 'such as op = "conv_norm"'
            reading.fault(raw.file, raw.place, "a row must name its op", hint)
        else:
            reading.fault(*where, f"there is no op {shown(op)}", op_hint(op, VOCABULARY, ACTIVATIONS))
        return None
    cls = VOCABULARY[op]
    known = _sorts(op)
    common: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    good = True
    for key, value in raw.values.items():
        file, place = at(key)
        if key in known:
            sort, into = known[key], fields
        elif key in ROW_KEYS:
            sort, into = ROW_KEYS[key], common
        else:
            from .synonyms import key_hint

            hint = key_hint(key, [*known, *ROW_KEYS], {word: _sorts(word) for word in VOCABULARY})
            reading.fault(file, place, f"{op} takes no '{key}'", hint)
            good = False
            continue
        before = len(reading.faults)
        into[key] = reading.read(file, place, sort, value)
        good = good and len(reading.faults) == before
    defaults = cls._field_defaults  # type: ignore[attr-defined]
    for key in known:
        if key not in defaults and key not in raw.values:
            reading.fault(raw.file, raw.place, f"{op} needs '{key}'")
            good = False
    if op in EITHER:
        one, other, needed = EITHER[op]
        if (one in raw.values and other in raw.values) or (
            needed and one not in raw.values and other not in raw.values
        ):
            reading.fault(
                raw.file, raw.place, f"{op} {'needs' if needed else 'takes'} either '{one}' or '{other}'"
            )
            good = False
    if not (_reads(reading, raw, op, common.get("from") or (), common.get("repeat", 1), at) and good):
        return None
    return Row(
        op,
        fields,
        common.get("name") or "",
        common.get("from") or (),
        common.get("repeat", 1),
        common.get("role") or "",
        common.get("why") or "",
        raw.file,
        spelled(raw.place),
        common.get("shared") is True,
    )


def _reads(
    reading: _Reading,
    raw: _Raw,
    op: str,
    inputs: tuple[str, ...],
    repeat: int,
    at: Callable[[str], tuple[str, Place]],
) -> bool:
    """Check that a row names as many rows as its op reads."""
    if op not in SEVERAL_INPUTS:
        if len(inputs) > 1:
            several = ", ".join(SEVERAL_INPUTS)
            reading.fault(
                *at("from"), f"{op} reads one row, not {len(inputs)}", f"several are read by {several}"
            )
        return len(inputs) <= 1
    many = SEVERAL_INPUTS[op]
    if len(inputs) < 2 or (many and len(inputs) != many):
        where = at("from") if "from" in raw.values else (raw.file, raw.place)
        reading.fault(
            *where,
            f"{op} must say which {many or 'two or more'} rows it reads",
            'such as from = ["one row", "another"]',
        )
        return False
    if repeat != 1:
        reading.fault(*at("repeat"), f"{op} joins rows once and takes no 'repeat'")
    return repeat == 1


@lru_cache(None)
def _sorts(op: str) -> dict[str, str]:
    return sorts_of(VOCABULARY[op])


@lru_cache(None)
def _row_keys() -> tuple[str, ...]:
    """Every key that any row may have."""
    return tuple(dict.fromkeys([*ROW_KEYS, *(key for op in VOCABULARY for key in _sorts(op))]))


def _width_rule(
    reading: _Reading,
    merged: _Merged,
    base: tuple[str, ...],
    rule: WidthRule,
    keys: Iterable[str] = WIDTH_KEYS,
) -> WidthRule:
    """Read the width keys of one table over a default."""
    put: dict[str, Any] = {}
    for key in keys:
        if (*base, key) in merged.tables:
            value, file = merged.tables[(*base, key)]
            try:
                put[key] = SORTS[WIDTH_KEYS[key]].read(value, key)
            except Wrong as e:
                reading.fault(file, (*base, key), f"'{key}' must be {e}, not {shown(value)}", e.hint)
    return rule._replace(**put) if put else rule


def _rule_table(reading: _Reading, merged: _Merged, table: str, rule: WidthRule) -> Any:
    """Read one table of rules into its class; its widths round by `rule` where it is silent."""
    cls = RULE_TABLES[table]
    put: dict[str, Any] = {}
    for name, sort in sorts_of(cls).items():
        if name == "width":
            put[name] = _width_rule(reading, merged, (table,), rule, ROUNDING_KEYS)
        elif (table, name) in merged.tables:
            value, file = merged.tables[(table, name)]
            choices = RULE_CHOICES.get(f"{table}.{name}")
            try:
                put[name] = word(choices)(value, name) if choices else SORTS[sort].read(value, name)
            except Wrong as e:
                reading.fault(file, (table, name), f"'{name}' must be {e}, not {shown(value)}", e.hint)
    return cls(**put)


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


def _rules(reading: _Reading, merged: _Merged) -> Rules:
    known = rule_keys()
    for path, (_, file) in merged.tables.items():
        table = ".".join(path[:-1])
        if path[-1] not in known[table]:
            reading.unknown(file, path, f"[{table}] has no key '{path[-1]}'", known[table])
    widths = _width_rule(reading, merged, ("widths",), WidthRule())
    roles = tuple((role, _width_rule(reading, merged, ("widths", role), widths)) for role in ROLES)
    inner = widths._replace(scale="scaled")
    return Rules(
        widths, roles, **{table: _rule_table(reading, merged, table, inner) for table in RULE_TABLES}
    )


def read_spec(text: str, file: str, name: str, base: Path | None, parent_of: ParentOf) -> Spec:
    """Read a spec's text, and what it extends.

    `base` is the file's own path, beside which a relative `extends` is looked for; `parent_of` finds
    the file and text of what it extends.

    Raises SpecError with every fault found: file, line, place, and the nearest right key.
    """
    reading = _Reading(parent_of)
    reading.texts[file] = text
    merged = _Merged()
    _collect(reading, parse_toml(text, file), file, base, merged, 0)

    def value(key: str, default: Any = None) -> Any:
        if key not in merged.values:
            if default is None and merged.whole:
                reading.fault(file, (), f"a spec must say its '{key}'")
            return default
        given, where = merged.values[key]
        return reading.read(where, (key,), TOP_KEYS[key], given, default)

    size = value("resolution") or 1
    if not merged.rows["layers"] and merged.whole:
        reading.fault(file, (), "a spec must have 'layers'")
    rules = _rules(reading, merged)
    rows = {key: tuple(_row(reading, raw) for raw in raws) for key, raws in merged.rows.items()}
    spec = Spec(
        name,
        value("title", name),
        value("source", ""),
        value("differs", ()) or (),
        size if isinstance(size, tuple) else (size, size),
        value("channels", 3),
        value("classes", 1000),
        value("alphas", ()) or (1.0,),
        value("resolutions", ()) or (max(size) if isinstance(size, tuple) else size,),
        rules,
        rows["layers"],  # type: ignore[arg-type]
        rows["top"],  # type: ignore[arg-type]
        file,
        text,
        tuple(merged.family),
    )
    reading.finish()
    return spec
