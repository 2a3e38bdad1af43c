"""How does an editor know mnetcost.toml?

As a JSON Schema, made from the tables that the reader of budgets goes by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..conventions import convention_names
from ..loading import LARGEST_MULTIPLIER, SETTINGS
from ..schema import closed_table
from ..sorts import LARGEST_COUNT, LARGEST_SIDE
from .config import COMMON, DAY, WAIVER
from .limits import LARGEST_EXPONENT
from .metrics import ALIASES, BYTES, GROUPS, LARGEST, MEMORY, METRICS, TIME, UNITS

ABOUT: dict[str, str] = {
    "budget": "What some designs may cost: their names, settings, and limits on metrics.",
    "waiver": "Limits that may be broken until a day, and why.",
    "design": (
        'A design or a list of them: a shipped name, a file, or a pattern of files such as "nets/**/*.toml".'
    ),
    "against": "The git revision that relative limits are compared with, from where this branch left it.",
    "merge_base": (
        "Whether to compare with where this branch left `against` (true, the default) or with `against`"
        " itself."
    ),
    "baseline": "A file of figures, written by `mnetcost baseline`, that relative limits are compared with.",
    "convention": "How to count; paper where nothing is given.",
    "allow_partial": "Whether a design passes though some ops of its model file cannot be costed.",
    "alpha": "Width multiplier of the designs.",
    "depth": "Depth multiplier of the designs: times the repeats of rows.",
    "rho": "Resolution multiplier, times the design's size.",
    "resolution": 'Input size in pixels: a side, "96x128", [height, width] or [depth, height, width].',
    "classes": "Outputs of the classifier.",
    "channels": "Channels of the input: 1 for grey images.",
    "top": "Whether pooling and classifier are counted.",
    "batch": "Images at once.",
    "limit": 'A pattern over the names of limits: "madds", "bottleneck 4/*.madds", "*".',
    "reason": "Why the limit may be broken.",
    "until": "The last day of the waiver.",
}
"""A sentence on each key that is no metric."""

SIGNED_SHARE = r"[+\-]\s*[0-9]{1,9}(\.[0-9]{1,9})? ?%"


def _any(*choices: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(choices)}


def _list(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1, **more}


def _whole(low: int, high: int) -> dict[str, Any]:
    return _any(
        {"type": "integer", "minimum": low, "maximum": high},
        {"type": "string", "pattern": r"^\s*\+?[0-9](_?[0-9]){0,18}\s*$"},
    )


_MULTIPLIER = _any(
    {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_MULTIPLIER},
    {"type": "string", "pattern": r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?\s*$"},
)
_SIDE = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIDE}
_TEXT = {"type": "string", "pattern": r"\S"}
_FLAG = {"type": "boolean"}
_DESIGN = {"type": "string", "minLength": 1}

VALUES: dict[str, dict[str, Any]] = {
    "design": _any(_DESIGN, _list(_DESIGN)),
    "against": _TEXT,
    "merge_base": _FLAG,
    "baseline": _TEXT,
    "convention": _any({"enum": list(convention_names())}, _TEXT),
    "allow_partial": _FLAG,
    "alpha": _MULTIPLIER,
    "depth": _MULTIPLIER,
    "rho": _MULTIPLIER,
    "resolution": _any(
        _SIDE,
        _list(_SIDE, maxItems=3),
        {"type": "string", "pattern": r"^\s*[0-9]{1,19}\s*([xX]\s*[0-9]{1,19}\s*){0,2}$"},
    ),
    "classes": _whole(1, LARGEST_COUNT),
    "channels": _whole(1, LARGEST_COUNT),
    "top": _any(
        _FLAG,
        {"enum": [0, 1]},
        {"type": "string", "pattern": "^([yY][eE][sS]|[nN][oO]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1)$"},
    ),
    "batch": _whole(1, LARGEST_COUNT),
}
"""What a key takes that is no metric."""


def _number(units: Mapping[str, int]) -> str:
    """The pattern of a number with one of these units that comes to a whole one (a binary unit takes any
    fraction here).
    """
    # the units that shift the point by so many digits; -1 for the binary ones
    places: dict[int, list[str]] = {}
    for unit, size in units.items():
        zeros = len(str(size)) - 1
        places.setdefault(zeros if size == 10**zeros else -1, []).append(re.escape(unit))
    fractions = {-1: "[0-9]{1,30}", 0: "0{1,30}"}
    forms = []
    for zeros, names in places.items():
        fraction = fractions.get(zeros, f"(0{{1,30}}|[0-9]{{1,{zeros}}}0{{0,{30 - zeros}}})")
        forms.append(rf"(\.{fraction})? ?({'|'.join(names)})")
    # 3.5e6: no more digits behind the point than the power of ten takes up
    for zeros in range(LARGEST_EXPONENT + 1):
        digits = rf"([0-9]{{1,{zeros}}}0{{0,{30 - zeros}}}|0{{1,30}})" if zeros else "0{1,30}"
        forms.append(rf"(\.{digits})?[eE]\+?0?{zeros} ?")
    return rf"([0-9]{{1,3}}(,[0-9]{{3}}){{1,10}}|[0-9][0-9_]{{0,30}})({'|'.join(forms)})"


def _limits(units: Mapping[str, int], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The limits on one figure: one, a list of them, or a table of `max` and `min`, and of `more` where
    figures are grouped below it.
    """
    number = _number(units)
    one = _any(
        {"type": "integer", "minimum": 0, "maximum": LARGEST},
        {"type": "string", "pattern": rf"^\s*([+\-]?\s*({number})|{SIGNED_SHARE})\s*$"},
    )
    side = _any(one, _list(one))
    sides = {
        "max": {"description": "At most this.", **side},
        "min": {"description": "At least this.", **side},
    }
    return _any(
        one,
        _list(one),
        {**closed_table({**sides, **(more or {})}, "Limits on both sides."), "minProperties": 1},
    )


SORTS = {"count": UNITS, "bytes": BYTES, "memory": MEMORY, "time": TIME}
"""The sorts of limits, by the units that may stand behind their numbers."""


def _ref(metric: str) -> dict[str, Any]:
    return {
        "description": METRICS[metric].title,
        "$ref": f"#/$defs/{next(name for name, units in SORTS.items() if units is METRICS[metric].units)}",
    }


def _group(group: str, known: Iterable[str]) -> dict[str, Any]:
    """A table of the metrics that begin with one word, which may be a metric by itself."""
    inside = {m.removeprefix(f"{group}."): _ref(m) for m in known if m.startswith(f"{group}.")}
    if group in METRICS:
        return {"description": METRICS[group].title, **_limits(METRICS[group].units, inside)}
    return {**closed_table(inside, f"Limits on {group} by kind."), "minProperties": 1}


def _metrics(known: Iterable[str]) -> dict[str, Any]:
    """Every metric by its whole name, and by its group's table."""
    found = list(known)
    return {
        **{m: _ref(m) for m in found},
        **{word: _ref(m) for word, m in ALIASES.items() if m in found},
        **{g: _group(g, found) for g in GROUPS if any(m.startswith(f"{g}.") for m in found)},
    }


def _about(keys: Iterable[str]) -> dict[str, Any]:
    return {key: {"description": ABOUT[key], **VALUES[key]} for key in keys}


@lru_cache(None)
def budgets_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a file of budgets.

    It covers what the file shows by itself; only `mnetcost check` finds out whether designs and layers exist.
    """
    scope = {
        **closed_table(
            _metrics(m for m in METRICS if METRICS[m].scoped), "Limits on the layers that the key picks."
        ),
        "minProperties": 1,
    }
    common = _about(COMMON)
    named = ("design", *COMMON, *SETTINGS)
    budget = {
        "type": "object",
        "description": ABOUT["budget"],
        "properties": {**_about(named), **_metrics(METRICS)},
        "additionalProperties": {"$ref": "#/$defs/scope"},
        "required": ["design"],
        "not": _any(
            {"required": ["rho", "resolution"]}, {"propertyNames": {"enum": list(named)}}
        ),  # there must be a limit
    }
    day = {"type": "string", "format": "date", "pattern": f"^{DAY.pattern}$"}
    waiver = closed_table(
        {key: {"description": ABOUT[key], **(day if key == "until" else _TEXT)} for key in WAIVER},
        ABOUT["waiver"],
        required=list(WAIVER),
    )
    tables = {"budget": {"type": "array", "items": budget}, "waiver": {"type": "array", "items": waiver}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mnetcost budgets",
        **closed_table({**common, **tables}, "What designs may cost, for `mnetcost check`."),
        "not": {"required": ["against", "baseline"]},
        "$defs": {**{name: _limits(units) for name, units in SORTS.items()}, "scope": scope},
    }


def budgets_schema_text() -> str:
    """Return the schema as the text that is shipped."""
    import json

    return json.dumps(budgets_schema(), indent=2, ensure_ascii=False) + "\n"
