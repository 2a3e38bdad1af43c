"""What does a spec say once all that it extends is laid out in one file?

Written as TOML that costs the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.rules import RULE_TABLES, Rules
from ..engine.widths import WidthRule
from .spec import WIDTH_KEYS, Row, Spec
from .toml import value


def resolved(spec: Spec) -> str:
    """Return a spec's own text where it extends nothing, or else everything it says and inherits, as one
    text.
    """
    return "".join(f"{line}\n" for line in _lines(spec)) if spec.family else spec.text


def _lines(spec: Spec) -> Iterator[str]:
    yield f"source = {value(spec.source)}"
    yield f"title = {value(spec.title)}"
    if spec.differs:
        yield from ("differs = [", *(f"  {value(line)}," for line in spec.differs), "]")
    h, w = spec.resolution
    yield f"resolution = {h if h == w else value([h, w])}"
    yield f"channels = {spec.channels}"
    yield f"classes = {spec.classes}"
    yield f"alphas = {value(spec.alphas)}"
    yield f"resolutions = {value(spec.resolutions)}"
    for name, rows in (("layers", spec.layers), ("top", spec.top)):
        if rows:
            yield from (f"{name} = [", *(f"  {value(_row(row))}," for row in rows), "]")
    for table, said in _tables(spec.rules).items():
        if said:
            yield from ("", f"[{table}]", *(f"{key} = {value(v)}" for key, v in said.items()))


def _row(row: Row) -> dict[str, Any]:
    common: dict[str, Any] = {
        "name": row.name,
        "from": row.inputs,
        "repeat": row.repeat,
        "role": row.role,
        "why": row.why,
    }
    silent = {"name": "", "from": (), "repeat": 1, "role": "", "why": ""}
    said = {key: v for key, v in common.items() if v != silent[key]}
    front: dict[str, Any] = {key: said.pop(key) for key in ("name", "from") if key in said}
    return {"op": row.op, **front, **{k: v for k, v in row.fields.items() if v is not None}, **said}


def _tables(rules: Rules) -> Mapping[str, dict[str, Any]]:
    """What each table of rules must say, where that is not what it is without a word."""
    widths = _width(rules.widths, WidthRule())
    widths |= {role: own for role, rule in rules.roles if (own := _width(rule, rules.widths))}
    tables: dict[str, dict[str, Any]] = {"widths": widths}
    inner = rules.widths._replace(scale="scaled")
    for name, cls in RULE_TABLES.items():
        mine, plain = getattr(rules, name), cls()
        said: dict[str, Any] = {}
        for field in cls._fields:  # type: ignore[attr-defined]
            v = getattr(mine, field)
            if field == "width":
                said |= _width(v, inner)
            elif v != getattr(plain, field):
                said[field] = v
        tables[name] = said
    return tables


def _width(rule: WidthRule, plain: WidthRule) -> dict[str, Any]:
    return {key: getattr(rule, key) for key in WIDTH_KEYS if getattr(rule, key) != getattr(plain, key)}
