"""How does an editor know the spec language?

From a JSON Schema. It is made from the tables that the reader of specs uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..engine.fields import CHOICES
from ..engine.ops import SEVERAL_INPUTS
from ..engine.rules import ROLES, RULE_CHOICES, RULE_TABLES
from .shipped import with_own_blocks
from .sorts import LONGEST_LIST, SORTS, Wrong, sorts_of, word
from .spec import EITHER, ROW_KEYS, TOP_KEYS, VOCABULARY, WIDTH_KEYS, rule_keys
from .spec.blocks import SIDES
from .spec.choices import NO_CHOICE, choice_schema
from .spec.expressions import LONGEST
from .spec.language import FIELD_NAME, FIELD_SORTS, FIXED, INNER_KEYS, SPACE_KEYS, SPACE_TOP_KEYS
from .spec.spaces import NOT_INNER

ABOUT: dict[str, str] = {
    "title": "The network's full name.",
    "source": "Where the numbers are from: a paper and its table, or a program and its version.",
    "differs": "How an implementation differs from the paper, one sentence per difference.",
    "extends": "A shipped design or a .toml file. This spec gives only the differences from it.",
    "resolution": "The input's size in pixels: a side, [height, width], or [depth, height, width].",
    "channels": "Channels of the input. Default: 3.",
    "classes": 'Number of outputs of the classifier; rows refer to it as "classes". Default: 1000.',
    "alphas": "Width multipliers of the published models; `mnetcost scale` shows them.",
    "resolutions": "Input sizes of the published models; `mnetcost scale` shows them.",
    "layers": "The rows of the network, one per layer or block, in order.",
    "top": "The rows that --no-top leaves out: pooling and classifier.",
    "change": "Changes to the rows of the spec that is extended.",
    "block": "Blocks of this spec: each a table [block.NAME]; NAME may then be the `op` of a row.",
    "inputs": "Names of the maps that the block reads; by default one, `in`.",
    "fields": "The keys of a row that uses the block, each with its sort, or a table of sort and default.",
    "rows": "The rows of the block. A value may be an expression over the fields, `in` and the rows above.",
    "when": "An expression; the row is there where it is true. Elsewhere its name means what it reads.",
    "widths": "How widths scale with alpha.",
    "op": "The block or single op of this row.",
    "name": "The row's name, in reports and in `from` of other rows.",
    "from": "The row or rows that it reads. Default: the row above.",
    "repeat": "Number of copies of the row; only the first one has its stride.",
    "role": 'Use the width rule [widths.ROLE]; an "output" has the same width at any alpha.',
    "shared": "True if the row uses the weights of an earlier row; they are counted there.",
    "weights": "The row above whose weights this row uses; they must fit, and are counted there.",
    "why": "What the row is for, in one sentence; `explain` prints it.",
    "scale": '"scaled" by alpha; "fixed"; or "scaled from A": as printed below alpha A, scaled from A up.',
    "rounding": "How a scaled width is rounded to whole channels.",
    "divisor": "Widths are rounded to a multiple of this.",
    "minimum": "The fewest channels; 0 means the divisor if widths are rounded to it, otherwise 1.",
    "match": "Keys and values; the change applies to every row that has all of them.",
    "set": "Keys to set in the row, with their values.",
    "unset": "Keys to delete from the row.",
    "remove": "True to delete the row.",
    "alpha": "Of a space: the width multipliers that its designs may have.",
    "depth": "Of a space: the depth multipliers that its designs may have.",
    "optional": "Of a space: true if each copy of the row may be left out.",
    "per": 'Of a space: "row" if all copies of the row make one choice. Default: each makes its own.',
    "any": "Of a space: the rows of which one is chosen; the other keys of the row are of each of them.",
    "before": "Rows to insert before it.",
    "after": "Rows to insert after it.",
}
"""A description of each key that is not a field of an op."""


def takes(sort: str, key: str, choices: tuple[str, ...] = ()) -> str:
    """Return in words which values a key takes, as in the error for a wrong value."""
    try:
        (word(choices) if choices else SORTS[sort].read)(object(), key)
    except Wrong as e:
        return str(e)
    raise AssertionError(sort)


def summary(cls: type) -> str:
    """Return the first paragraph of the docstring of an op, a block or a table of rules."""
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _field(sort: str, key: str, choices: tuple[str, ...] = (), default: Any = None) -> dict[str, Any]:
    """Describe one field of an op or of a table of rules."""
    values = {"enum": list(choices or CHOICES[key])} if sort == "Choice" else _ref(sort)
    return {**values, **({} if default is None or default == "" else {"default": default})}


def _or_choice(sort: str, one: dict[str, Any]) -> dict[str, Any]:
    """Describe a value of a row: one of its sort, or a choice between some, as in a space."""
    if sort in NO_CHOICE:
        return one
    default = {key: one[key] for key in ("default",) if key in one}
    plain = {key: value for key, value in one.items() if key not in default}
    choice = _ref(f"choice-{sort}") if plain == _ref(sort) else choice_schema(sort, plain)
    return {"anyOf": [plain, choice], **default}


def _about(keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: {"description": ABOUT[key], **_ref(sort)} for key, sort in keys.items()}


def closed_table(properties: dict[str, Any], about: str, **more: Any) -> dict[str, Any]:
    """Describe a table that has these keys and no others."""
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "additionalProperties": False,
        **more,
    }


def _fields(cls: Any, choices: bool = True) -> dict[str, Any]:
    """Describe the fields of an op or a block; choices: also where they are choices, as in a space."""
    known = {}
    for key, sort in sorts_of(cls).items():
        of_block = cls.fields[key] if hasattr(cls, "fields") else None
        words = of_block.words if of_block else ()
        known[key] = _field(sort, key, words, cls._field_defaults.get(key))
        bounds = {}
        if of_block and of_block.multiple > 1:
            bounds["multipleOf"] = of_block.multiple
        if of_block and of_block.most is not None:
            bounds["maximum"] = of_block.most
        if bounds:
            known[key] = {"allOf": [known[key], bounds]}
        if choices:
            known[key] = _or_choice(sort, known[key])
    return known


PLAIN = ("Text", "Name", "Names", "Row", "Role", "Texts")
"""Sorts whose values are no expressions in a row of a block."""


def _inner_sorts() -> dict[str, Any]:
    """Describe the values in rows of blocks, by their sort: as in any row, or expressions."""
    found: dict[str, Any] = {}
    for sort in sorted(
        {sort for cls in FIXED.values() for sort in sorts_of(cls).values()}
        | {"Whole", "Flag", "MaybeFunction"}
    ):
        if sort in PLAIN or sort == "Choice":
            continue
        ways = [_ref(sort), _ref("expression")]
        for many in SIDES.get(sort, ()):
            side = {"type": ["integer", "string"]}
            ways.append({"type": "array", "items": side, "minItems": many, "maxItems": many})
        found[f"inner-{sort}"] = {"anyOf": ways}
    return found


def _inner_value(sort: str, values: dict[str, Any]) -> dict[str, Any]:
    """Describe a value in a row of a block."""
    if sort in PLAIN:
        return values
    return {"anyOf": [values, _ref("expression")]} if sort == "Choice" else _ref(f"inner-{sort}")


def _inner_row(op: str) -> dict[str, Any]:
    """Describe a row of one op in a block."""
    row = _row(op, space=False)
    sorts = {**INNER_KEYS, **sorts_of(VOCABULARY[op]), "repeat": "Whole"}
    if op == "activation":
        sorts["function"] = "MaybeFunction"  # here, it may be "prelu" or "none" too
    known = {**row["properties"], "when": {}}
    values = {key: value if key == "op" else _inner_value(sorts[key], value) for key, value in known.items()}
    return {**row, "properties": values}


def _row(op: str, space: bool = True) -> dict[str, Any]:
    """Describe a row of one op: the op's fields, and the keys of every row; space: those of spaces, too."""
    cls: Any = VOCABULARY[op]
    fields = _fields(cls, space)
    common: dict[str, Any] = {"op": {"const": op}, **{key: _ref(key) for key in ROW_KEYS if key != "op"}}
    if space:
        common |= {"repeat": _repeat(), **{key: _ref(key) for key in SPACE_KEYS}}
    needed = ["op", *(key for key in fields if key not in cls._field_defaults)]
    if op in SEVERAL_INPUTS:
        many = SEVERAL_INPUTS[op]
        common["from"] = {
            **common["from"],
            "type": "array",
            "minItems": many or 2,
            "maxItems": many or LONGEST_LIST,
        }
        common["repeat"] = {"const": 1}
        needed.append("from")
    else:
        common["from"] = {**common["from"], "maxItems": 1}
    more: dict[str, Any] = {}
    if op in EITHER:
        more = _ways(op, cls._field_defaults)
    return closed_table({**common, **fields}, summary(cls), required=needed, **more)


def _repeat() -> dict[str, Any]:
    return {"anyOf": [_ref("repeat"), _ref("choice-Repeat")]}


def _choosing_row() -> dict[str, Any]:
    """Describe a row that chooses between rows: what each of those needs may stand in either."""
    inner = {
        **_ref("keys"),
        "properties": {**dict.fromkeys(NOT_INNER, False), "op": _ref("op")},
        "required": ["op"],
    }
    rows = {"description": ABOUT["any"], "type": "array", "items": inner, "minItems": 1}
    return {**_ref("keys"), "properties": {"op": False, "any": rows}}


def _ways(op: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Describe which fields of an op stand together in a row, and which exclude each other."""
    ways, must = EITHER[op]
    keys = [(key, n) for n, way in enumerate(ways) for key in way]
    apart = [{"required": [a, b]} for a, n in keys for b, m in keys if n < m]
    whole = {
        key: others
        for way in ways
        for key in way
        if (others := [other for other in way if other != key and defaults[other] is None])
    }
    return {
        "not": {"anyOf": apart} if len(apart) > 1 else apart[0],
        **({"anyOf": [{"required": list(way)} for way in ways]} if must else {}),
        **({"dependentRequired": whole} if whole else {}),
    }


def _any_row() -> dict[str, Any]:
    """Describe what a change may match or set: every key of every row, with the values that any op takes."""
    known: dict[str, list[dict[str, Any]]] = {key: [_ref(key)] for key in (*ROW_KEYS, *SPACE_KEYS)}
    known["repeat"] = [_repeat()]
    known["any"] = [{"description": ABOUT["any"], "type": "array"}]
    for cls in VOCABULARY.values():
        for key, values in _fields(cls).items():
            values = {k: v for k, v in values.items() if k != "default"}
            if values not in known.setdefault(key, []):
                known[key].append(values)
    return {key: values[0] if len(values) == 1 else {"anyOf": values} for key, values in known.items()}


def _rules(table: str) -> dict[str, Any]:
    """Describe one table of rules."""
    cls: Any = RULE_TABLES[table]
    sorts, known = sorts_of(cls), {}
    for key in rule_keys()[table]:
        choices, default = RULE_CHOICES.get(f"{table}.{key}", ()), cls._field_defaults.get(key)
        known[key] = (
            _about(WIDTH_KEYS)[key] if key in WIDTH_KEYS else _field(sorts[key], key, choices, default)
        )
    return closed_table(known, summary(cls))


def _block() -> dict[str, Any]:
    """Describe a block of the spec's own. What its expressions may name is for the reader to check."""
    sort = {
        "anyOf": [{"enum": list(FIELD_SORTS)}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
    }
    whole = {"type": "integer", "minimum": 1}
    field = closed_table(
        {"sort": sort, "default": {}, "multiple": whole, "most": whole}, "", required=["sort"]
    )
    row = {
        "type": "object",
        "properties": {
            **{key: {} for key in INNER_KEYS},
            "op": _ref("op"),
            "when": {"description": ABOUT["when"]},
        },
        "required": ["op"],
        "allOf": _by_op(FIXED, "inner-row"),
    }
    named = {"propertyNames": {"pattern": f"^{FIELD_NAME}$"}}
    fields = {
        "type": "object",
        "description": ABOUT["fields"],
        "additionalProperties": {"anyOf": [*sort["anyOf"], field]},
    }
    block = closed_table(
        {
            "why": {"description": "What the block is, and what its fields mean.", **_ref("Text")},
            "source": {"description": ABOUT["source"], **_ref("Text")},
            "inputs": {"description": ABOUT["inputs"], **_ref("Names")},
            "fields": {**fields, **named},
            "layers": {"description": ABOUT["rows"], "type": "array", "items": row, "minItems": 1},
        },
        "A block: rows that several rows of a spec stand for.",
        required=["layers"],
    )
    return {"type": "object", "description": ABOUT["block"], "additionalProperties": block, **named}


def _by_op(ops: Iterable[str], name: str) -> list[dict[str, Any]]:
    """Describe rows by what their op takes."""
    return [
        {"if": {"properties": {"op": {"const": op}}, "required": ["op"]}, "then": _ref(f"{name}-{op}")}
        for op in ops
    ]


def _choice_sorts() -> dict[str, Any]:
    """Describe the choices between values of each sort that a row of a space may choose from."""
    sorts = {
        "Repeat",
        "Resolution",
        *(sort for cls in VOCABULARY.values() for sort in sorts_of(cls).values()),
    }
    return {
        f"choice-{sort}": choice_schema(sort, _ref(sort)) for sort in sorted(sorts - {"Choice", *NO_CHOICE})
    }


def _space_keys() -> dict[str, Any]:
    """Describe what a space's file may choose for whole designs."""
    found = {
        key: {"description": ABOUT[key], **choice_schema(sort, _ref(sort))}
        for key, sort in SPACE_TOP_KEYS.items()
    }
    size = _or_choice("Resolution", _ref("Resolution"))
    return {**found, "resolution": {"description": ABOUT["resolution"], **size}}


def _known_words(any_row: dict[str, Any]) -> dict[str, Any]:
    """Describe a spec whose words are all known here: it has no blocks of its own, and inherits none."""
    blocks = _by_op((op for op in VOCABULARY if op not in FIXED), "row")
    op = {"items": {"properties": {"op": {"enum": list(VOCABULARY)}}, "allOf": blocks}}
    keys = {"propertyNames": {"enum": list(any_row)}}
    change = {
        "match": keys,
        "set": keys,
        "unset": {"items": {"enum": list(any_row)}},
        "before": op,
        "after": op,
    }
    strange = [
        {"required": ["block"]},
        {"required": ["extends"], "properties": {"extends": {"pattern": r"\.toml$"}}},
        {"required": ["extends"], "properties": {"extends": {"enum": with_own_blocks()}}},
    ]
    known = {"layers": op, "top": op, "change": {"items": {"properties": change}}}
    return {"if": {"not": {"anyOf": strange}}, "then": {"properties": known}}


def _tables() -> dict[str, Any]:
    """Describe the lists of rows, the tables of rules, the changes and the blocks of a spec."""
    rows = {"type": "array", "items": _ref("row")}
    change = {
        "match": {"description": ABOUT["match"], **_ref("keys"), "minProperties": 1},
        "set": {"description": ABOUT["set"], **_ref("keys")},
        "unset": {"description": ABOUT["unset"], "type": "array", "items": {"type": "string"}},
        "block": {
            "description": "The block whose rows are changed. Default: the rows of the spec.",
            "type": "string",
        },
        "remove": {"description": ABOUT["remove"], "type": "boolean"},
        "before": {"description": ABOUT["before"], **rows},
        "after": {"description": ABOUT["after"], **rows},
    }
    roles = {role: _ref("role-widths") for role in ROLES}
    return {
        "layers": {"description": ABOUT["layers"], **rows},
        "top": {"description": ABOUT["top"], **rows},
        "widths": closed_table({**_about(WIDTH_KEYS), **roles}, ABOUT["widths"]),
        **{table: _rules(table) for table in RULE_TABLES},
        "change": {
            "description": ABOUT["change"],
            "type": "array",
            "items": closed_table(change, ABOUT["change"], required=["match"]),
        },
        "block": _block(),
    }


def _definitions(any_row: dict[str, Any]) -> dict[str, Any]:
    """Describe what several places of a spec refer to: sorts of values, rows, expressions."""
    sorts = {
        sort: {"description": takes(sort, ""), **SORTS[sort].schema} for sort in SORTS if sort != "Choice"
    }
    role = "The rule for rows with this role; the default of each key is its value in [widths]."
    row = {
        "type": "object",
        # for completion; the schema of each op below has the values that it takes
        "properties": {
            **{key: {} for key in any_row},
            **{key: _ref(key) for key in ROW_KEYS if key != "repeat"},
            "repeat": _repeat(),
        },
        "if": {"required": ["any"]},
        "then": _choosing_row(),
        "else": {"required": ["op"], "allOf": _by_op(FIXED, "row")},
    }
    expression = {
        "description": "An expression over the block's fields, `in` and the sizes of rows above.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
    }
    return {
        **sorts,
        **_about({key: sort for key, sort in ROW_KEYS.items() if key != "op"}),
        **_about(SPACE_KEYS),
        **_choice_sorts(),
        "op": {"description": ABOUT["op"], "type": "string"},
        "role-widths": closed_table(_about(WIDTH_KEYS), role),
        "keys": {"type": "object", "description": "Keys of a row.", "properties": any_row},
        "row": row,
        **{f"row-{op}": _row(op) for op in VOCABULARY},
        **{f"inner-row-{op}": _inner_row(op) for op in FIXED},
        **_inner_sorts(),
        "expression": expression,
    }


@lru_cache(None)
def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the spec language.

    It covers what can be checked in one file. Whether names are known, shapes fit and a parent exists is
    checked when the spec is read.
    """
    any_row = _any_row()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mnetcost spec",
        **closed_table(
            {**_about(TOP_KEYS), **_space_keys(), **_tables()},
            "A convolutional network as a table of layers, for mnetcost.",
        ),
        "anyOf": [
            {"required": ["extends"]},
            {"required": ["resolution", "layers"], "properties": {"layers": {"minItems": 1}}},
        ],
        **_known_words(any_row),
        "$defs": _definitions(any_row),
    }


def schema_text() -> str:
    """Return the schema as the text that is shipped."""
    import json

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
