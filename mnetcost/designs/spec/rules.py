"""How do a spec's tables of rules become `Rules`?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...engine.rules import ROLES, RULE_CHOICES, RULE_TABLES, Rules
from ...engine.widths import WidthRule
from ..places import KeyPath
from ..sorts import SORTS, sorts_of, word
from .draft import Draft
from .language import ROUNDING_KEYS, WIDTH_KEYS, rule_keys


def read_rules(draft: Draft) -> Rules:
    """Read [widths], the rules of roles in it, and every other table of rules."""
    known = rule_keys()
    for path, found in draft.values.items():
        table = ".".join(path[:-1])
        if table and path[-1] not in known[table]:
            draft.reading.unknown(found.spot, f"[{table}] has no key '{path[-1]}'", sorted(known[table]))
    widths = _width_rule(draft, ("widths",), WidthRule())
    roles = tuple((role, _width_rule(draft, ("widths", role), widths)) for role in ROLES)
    inner = widths._replace(scale="scaled")
    return Rules(widths, roles, **{table: _rule_table(draft, table, inner) for table in RULE_TABLES})


def _width_rule(
    draft: Draft, table: KeyPath, default: WidthRule, keys: Iterable[str] = tuple(WIDTH_KEYS)
) -> WidthRule:
    """Read the keys of one rule of widths; what the table leaves out is as in the default."""
    read = {
        key: draft.read((*table, key), SORTS[WIDTH_KEYS[key]].read, getattr(default, key)) for key in keys
    }
    return default._replace(**read)


def _rule_table(draft: Draft, table: str, width: WidthRule) -> Any:
    """Read one table of rules into its class; its widths round as `width` does where it is silent."""
    cls: Any = RULE_TABLES[table]
    read: dict[str, Any] = {}
    for key, sort in sorts_of(cls).items():
        if key == "width":
            read[key] = _width_rule(draft, (table,), width, ROUNDING_KEYS)
        else:
            choices = RULE_CHOICES.get(f"{table}.{key}")
            reader = word(choices) if choices else SORTS[sort].read
            read[key] = draft.read((table, key), reader, cls._field_defaults[key])
    return cls(**read)
