"""How is a spec that extends others written as one file? As TOML with the same cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.rules import RULE_TABLES, Rules
from ..engine.widths import WidthRule
from .spec import WIDTH_KEYS, Row, Spec
from .toml import value


def resolved(spec: Spec) -> str:
    """Return a spec's text unchanged if it extends nothing; otherwise one text of all that it holds and
    inherits.
    """
    return written(spec) if spec.family else spec.text


def written(spec: Spec) -> str:
    """Return a spec as a text of its own, with all that it inherits; it must be no space."""
    return "".join(f"{line}\n" for line in _lines(spec))


def _lines(spec: Spec) -> Iterator[str]:
    yield f"source = {value(spec.source)}"
    yield f"title = {value(spec.title)}"
    if spec.differs:
        yield from ("differs = [", *(f"  {value(line)}," for line in spec.differs), "]")
    sides = spec.resolution
    yield f"resolution = {sides[0] if sides == sides[:1] * 2 else value(list(sides))}"
    yield f"channels = {spec.channels}"
    yield f"classes = {spec.classes}"
    yield f"alphas = {value(spec.alphas)}"
    yield f"resolutions = {value(spec.resolutions)}"
    for name, rows in (("layers", spec.layers), ("top", spec.top)):
        if rows:
            yield from (f"{name} = [", *(f"  {value(_row(row))}," for row in rows), "]")
    for table, given in _tables(spec.rules).items():
        if given:
            yield from ("", f"[{table}]", *(f"{key} = {value(v)}" for key, v in given.items()))
    for name, block in spec.blocks.items():
        yield from ("", f"[block.{name}]")
        yield from (f"{key} = {value(v)}" for key, v in block.table.items() if key != "layers")
        yield from ("layers = [", *(f"  {value(row)}," for row in block.table["layers"]), "]")


def _row(row: Row) -> dict[str, Any]:
    common: dict[str, Any] = {
        "name": row.name,
        "from": row.inputs,
        "repeat": row.repeat,
        "role": row.role,
        "shared": row.shared,
        "weights": row.weights,
        "why": row.why,
    }
    silent = {"name": "", "from": (), "repeat": 0, "role": "", "shared": False, "weights": "", "why": ""}
    given = {key: v for key, v in common.items() if v != silent[key]}
    front: dict[str, Any] = {key: given.pop(key) for key in ("name", "from") if key in given}
    return {"op": row.op, **front, **{k: v for k, v in row.fields.items() if v is not None}, **given}


def _tables(rules: Rules) -> Mapping[str, dict[str, Any]]:
    """Return the keys of each table of rules whose value is not the default."""
    widths = _width(rules.widths, WidthRule())
    widths |= {role: keys for role, rule in rules.roles if (keys := _width(rule, rules.widths))}
    tables: dict[str, dict[str, Any]] = {"widths": widths}
    inner = rules.widths._replace(scale="scaled")
    for name, cls in RULE_TABLES.items():
        mine, plain = getattr(rules, name), cls()
        given: dict[str, Any] = {}
        for field in cls._fields:  # type: ignore[attr-defined]
            v = getattr(mine, field)
            if field == "width":
                given |= _width(v, inner)
            elif v != getattr(plain, field):
                given[field] = v
        tables[name] = given
    return tables


def _width(rule: WidthRule, plain: WidthRule) -> dict[str, Any]:
    return {key: getattr(rule, key) for key in WIDTH_KEYS if getattr(rule, key) != getattr(plain, key)}
