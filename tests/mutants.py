"""How does a spec go wrong? Shipped specs with a few things changed, as trees and as texts."""

from __future__ import annotations

import copy
import json
import tomllib
from typing import Any

from hypothesis import strategies as st

from mnetcost.designs.find import shipped_spec
from mnetcost.designs.sorts import PADDINGS, sorts_of
from mnetcost.designs.spec import EITHER, VOCABULARY, WIDTH_KEYS, rule_keys
from mnetcost.engine.fields import ACTIVATIONS, CHOICES, LEARNED
from mnetcost.engine.ops import SEVERAL_INPUTS
from mnetcost.engine.rules import OUTPUT, ROLES, RULE_CHOICES, RULE_TABLES
from mnetcost.engine.widths import ROUNDING

WORDS = [
    "v2",
    "bneck",
    "conv",
    "conv_norm",
    "relu",
    "none",
    "same",
    "valid",
    "classes",
    "stem",
    "head",
    "input",
    "scaled",
    "fixed",
    "all",
    "",
]
STRANGE = [
    "\x1b[31mred",
    "[bold]x[/]",
    "<b>&amp;",
    "=1+1",
    "a|b",
    "$x_1$\\",
    "\u202eevil",
    " a ",
    "x" * 201,
    "é\u0000",
    "line\nbreak",
]
VALUES = st.one_of(
    st.integers(-2, 9),
    st.sampled_from(
        [16, 64, 255, 1000, 1001, 65_536, 65_537, 1_000_000, 1_000_001, 2**63, 10**30, -(10**30)]
    ),
    st.sampled_from([0.5, 0.1, 1.5, -0.5, 1e-9, 1e9, 1e300, 999.5, 1000.5]),
    st.booleans(),
    st.sampled_from([*WORDS, *STRANGE]),
    st.lists(st.integers(-1, 5), max_size=5),
    st.lists(st.sampled_from(["stem", "input", "bottleneck 1", "bottleneck 2"]), max_size=4),
    st.just({}),
    st.just({"op": "bneck", "out": 8}),
)
ROW_KEYS = [
    "op",
    "out",
    "stride",
    "kernel",
    "expand",
    "exp",
    "se",
    "repeat",
    "from",
    "name",
    "role",
    "why",
    "padding",
    "groups",
    "dilation",
]
OTHER_KEYS = [
    "bias",
    "norm",
    "activation",
    "layers",
    "top",
    "resolution",
    "extends",
    "widths",
    "scale",
    "divisor",
    "minimum",
    "strid",
]
KEYS = st.sampled_from(ROW_KEYS + OTHER_KEYS)
PIECES = [
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    '"',
    "'",
    "#",
    ".",
    "-",
    "0",
    "nan",
    "inf",
    "true",
    "1e400",
    "[[change]]",
    "extends='v2'",
    "repeat=1000",
]
LONG_PIECES = ["", "\n", "\x00", "\ufeff", "\u202e", "9" * 30, "0x" + "f" * 5000, "[" * 300, "a." * 300]


def toml(value: Any, top: bool = True) -> str:
    """Write a tree as TOML, tables inline."""
    if isinstance(value, dict):
        pairs = [f"{text(k)} = {toml(v, False)}" for k, v in value.items()]
        return "\n".join(pairs) if top else "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v, False) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return text(value) if isinstance(value, str) else repr(value)


def text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every table or list of a tree, with each key or number in it."""
    found: list[tuple[Any, Any]] = []
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        found.append((tree, key))
        found += places(value)
    return found


@st.composite
def mutated_trees(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    """A shipped spec with one to three things changed: a value, a key, a row."""
    tree = copy.deepcopy(tomllib.loads(shipped_spec(draw(st.sampled_from(names))).text))
    for _ in range(draw(st.integers(1, 3))):
        at = places(tree)
        if not at:
            break
        inside, key = draw(st.sampled_from(at))
        how = draw(st.sampled_from(["value", "value", "remove", "add", "rename", "double"]))
        if how == "value":
            inside[key] = copy.deepcopy(draw(VALUES))
        elif how == "remove":
            del inside[key]
        elif isinstance(inside, list):
            inside.insert(key, copy.deepcopy(inside[key]) if how == "double" else copy.deepcopy(draw(VALUES)))
        elif how == "rename":
            inside[draw(KEYS)] = inside.pop(key)
        else:
            inside[draw(KEYS)] = copy.deepcopy(draw(VALUES))
    return tree


@st.composite
def mutated_texts(draw: st.DrawFn, names: list[str]) -> str:
    """A shipped spec's text with a few pieces cut out, put in or moved."""
    said = shipped_spec(draw(st.sampled_from(names))).text
    for _ in range(draw(st.integers(1, 4))):
        a = draw(st.integers(0, len(said)))
        b = min(len(said), a + draw(st.integers(0, 30)))
        piece = draw(st.sampled_from([*PIECES, *LONG_PIECES, said[b : b + 40]]))
        said = said[:a] + piece + said[b:]
    return said


WIDTHS = st.sampled_from([1, 3, 8, 16, 24, 64, 320, 1_000_000]) | st.integers(1, 40)
SIDES = st.sampled_from([1, 1, 2, 3, 3, 5, 7, 224, 65_536])
SORTED = {
    "Width": WIDTHS | st.sampled_from(["classes", "classes * 6", "(classes + 5) * 3"]),
    "Count": WIDTHS,
    "Whole": st.sampled_from([0, 0, 1, 8, 1_000_000]),
    "Repeat": st.sampled_from([1, 1, 1, 1, 2, 3, 40]),
    "Size": SIDES | st.lists(SIDES, min_size=2, max_size=2),
    "Padding3": st.sampled_from([*PADDINGS, 0, 1, [1, 0, 2]]),
    "Size3": SIDES | st.lists(SIDES, min_size=3, max_size=3),
    "Flag": st.booleans(),
    "Ratio": st.sampled_from([0.001, 0.5, 1, 1.5, 2, 6, 1000]),
    "Ratios": st.sampled_from([0.001, 0.5, 2, [1, 0.5], 1000]),
    "Share": st.sampled_from([0, 0.001, 0.25, 1]),
    "Part": st.sampled_from([0.001, 0.25, 1]),
    "Whole3": st.sampled_from([0, 1, [0, 1, 2], [1_000_000] * 3]),
    "Zeros3": st.sampled_from([0, 1, [0, 1, 2], [0, 1, 0, 1, 2, 0], 65_536]),
    "Zeros": st.sampled_from([0, 1, 3, [1, 2], [0, 1, 0, 1], 65_536]),
    "Padding": st.sampled_from([*PADDINGS, 0, 1, [1, 2], [0, 1, 0, 1], 65_536]),
    "Function": st.sampled_from([*ACTIVATIONS, *LEARNED]),
    "MaybeFunction": st.sampled_from([*ACTIVATIONS, *LEARNED, "none"]),
    "Role": st.sampled_from([*ROLES, OUTPUT]),
    "Scale": st.sampled_from(["scaled", "fixed", "scaled from 1", "scaled from 0.5"]),
    "Rounding": st.sampled_from(list(ROUNDING)),
    "Text": st.sampled_from(["because", *STRANGE]),
    "Name": st.sampled_from([s.strip() for s in STRANGE if len(s) <= 200]),
}
"""Values that each sort of key takes, the ordinary and the extreme."""


def values_of(cls: Any, key: str, sort: str) -> st.SearchStrategy[Any]:
    """Values that a field takes."""
    field = getattr(cls, "fields", {}).get(key)  # of a block that is data
    if sort == "Choice":
        return st.sampled_from(field.words if field else CHOICES[key])
    if field is None or (field.multiple == 1 and field.most is None):
        return SORTED[sort]
    fits = [n for n in (1, 2, 3, 8, 24, 64, 1_000_000) if n % field.multiple == 0 and n <= (field.most or n)]
    return st.sampled_from(fits)


@st.composite
def grown_specs(draw: st.DrawFn) -> dict[str, Any]:
    """A spec of which each row by itself is right: whatever blocks and ops, in whatever order."""
    rows: list[dict[str, Any]] = []
    for n in range(draw(st.integers(1, 7))):
        op = draw(st.sampled_from(sorted(VOCABULARY)))
        cls: Any = VOCABULARY[op]
        row: dict[str, Any] = {
            "op": op,
            "name": draw(SORTED["Name"]) if draw(st.integers(0, 9)) == 0 else f"row {n}",
        }
        for key, sort in sorts_of(cls).items():
            if key not in cls._field_defaults or draw(st.integers(0, 2)) == 0:
                if sort == "Row":
                    row[key] = draw(st.sampled_from(["input", *(r["name"] for r in rows)]))
                else:
                    row[key] = draw(values_of(cls, key, sort))
        ways, needed = EITHER.get(op, ((), False))
        used = [way for way in ways if any(key in row for key in way)] or list(ways) * needed
        for way in used[:1]:
            for key in way:
                sort = sorts_of(cls)[key]
                if cls._field_defaults[key] is None:
                    row.setdefault(key, "input" if sort == "Row" else draw(SORTED[sort]))
        for key in (key for way in ways if way not in used[:1] for key in way):
            row.pop(key, None)
        above = st.sampled_from(["input", *(r["name"] for r in rows)])
        if op in SEVERAL_INPUTS:
            many = SEVERAL_INPUTS[op] or draw(st.integers(2, 3))
            row["from"] = draw(st.lists(above, min_size=many, max_size=many))
        else:
            row |= draw(
                st.fixed_dictionaries(
                    {}, optional={"from": above, "repeat": SORTED["Repeat"], "role": SORTED["Role"]}
                )
            )
        rows.append(row)
    spec: dict[str, Any] = {"resolution": draw(st.sampled_from([1, 7, 32, 224, [33, 65]])), "layers": rows}
    for table, keys in rule_keys().items():
        if draw(st.booleans()) and "." not in table and table != "written":
            sorts = {**WIDTH_KEYS, **(sorts_of(RULE_TABLES[table]) if table in RULE_TABLES else {})}
            takes = {
                k: st.sampled_from(RULE_CHOICES[f"{table}.{k}"]) if sorts[k] == "Choice" else SORTED[sorts[k]]
                for k in keys
                if k in sorts
            }
            spec[table] = draw(st.fixed_dictionaries({}, optional=takes))
    return spec
