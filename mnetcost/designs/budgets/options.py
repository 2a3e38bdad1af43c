"""Which budgets and limits do options give? As the command line and the pytest plugin take them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...errors import CallError, nearest
from ..loading import SETTINGS, split_design, unknown_setting
from ..settings import Settings
from .limits import read_limits
from .metrics import ALIASES, METRICS, named, unknown_metric
from .values import Budget, Rule


def read_setting(value: Any, key: str) -> Any:
    """Read one setting as TOML or Python have it: a number, a flag, a text, or [height, width]."""
    if key == "resolution" and isinstance(value, list | tuple):
        value = "x".join(map(str, value))
    return SETTINGS[key](("yes" if value else "no") if isinstance(value, bool) else str(value))


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Read settings by their names: alpha=0.5, resolution=(96, 128), top=False.

    Raises CallError for one that is not known or makes no sense.
    """
    for key in given:
        if key not in SETTINGS:
            raise unknown_setting(key)
    return Settings(**{key: read_setting(value, key) for key, value in given.items()})


def read_rules(name: str, value: Any, side: str = "max") -> tuple[Rule, ...]:
    """Read the limits on one figure, by its whole name: "madds", "op:depthwise.params".

    Raises CallError where the metric is not known, or a limit makes no sense.
    """
    known = (*METRICS, *ALIASES)
    word = max((m for m in known if name == m or name.endswith(f".{m}")), key=len, default="")
    if not word:
        raise unknown_metric(name, value)
    metric, scope = named(word), name[: -len(word) - 1] if name != word else ""
    if scope and not METRICS[metric].scoped:
        raise CallError(f"'{metric}' is a figure of whole designs")
    try:
        limits = read_limits(value, METRICS[metric].units, side)
    except CallError as e:
        raise CallError(f"'{name[:60]}': {e.faults[0].message}", hint=e.faults[0].hint) from None
    return tuple(Rule(metric, limit, scope) for limit in limits)


def read_metrics(text: str) -> list[str]:
    """Read names of metrics, or words that are taken for one, with commas between; each once.

    >>> read_metrics("ram, flash_bytes.int8")
    ['peak_bytes.int8', 'flash_bytes.int8']

    Raises CallError, with the nearest name, where there is none.
    """
    names = [named(word) for part in text.split(",") if (word := part.strip())]
    for name in names:
        if name not in METRICS:
            raise unknown_metric(name)
    if not names:
        raise CallError("--metric names no metric", hint="--metric peak_bytes.int8,flash_bytes.int8")
    return list(dict.fromkeys(names))


SIGNS = {"max": "<", "min": ">"}
"""What may stand before the "=" of an option: --max "madds<=60M"."""


def read_option(text: str, side: str) -> tuple[Rule, ...]:
    """Read a limit given as an option: "madds=60M", "op:depthwise.params=+1%", "madds<=60M" for --max.

    Raises CallError as `read_rules` does.
    """
    name, equals, value = text.rpartition("=")
    sign = name[-1:] if name[-1:] in ("<", ">") else ""
    if not equals or sign not in ("", SIGNS[side]):
        raise CallError(f"'{text[:60]}': write METRIC=LIMIT, such as madds=60M", hint=_option(text, side))
    return read_rules(name.removesuffix(sign).strip(), value, side)


def read_amounts(texts: Iterable[str], side: str) -> dict[str, int]:
    """Read limits on figures of whole designs, each an amount: for each metric the narrowest bound.

    >>> read_amounts(["madds=150M", "madds=2G", "ram=1K"], "max")
    {'madds': 150000000, 'peak_bytes.int8': 1024}

    Raises CallError as `read_option` does, for a limit on some layers, and for one relative to a base.
    """
    found: dict[str, int] = {}
    for rule in (rule for text in texts for rule in read_option(text, side)):
        if rule.scope:
            raise CallError(f"a limit is on a figure of the whole design, not on '{rule.scope[:60]}'")
        if rule.limit.relative:
            message = f"'{rule.limit.text[:40]}': there is no base to compare with"
            raise CallError(message, hint="an amount, such as 150M")
        bound = rule.limit.bound()
        old = found.get(rule.metric, bound)
        found[rule.metric] = min(bound, old) if side == "max" else max(bound, old)
    return found


def _option(text: str, side: str) -> str:
    """How a limit that is written in another way is written."""
    found = re.fullmatch(r"([^<>=: ]{1,60})\s*(<=?|>=?|:|\s)\s*(\S{1,40})", text.strip())
    if not found:
        return ""
    word = "--" + ({"<": "max", ">": "min"}.get(found[2][:1]) or side)
    return f"{word} {found[1]}={found[3]}"


def from_call(designs: Iterable[str], given: Settings, rules: tuple[Rule, ...] = ()) -> tuple[Budget, ...]:
    """Make a budget of each design of a call, with the call's settings and limits."""
    split = (split_design(text) for text in designs)
    return tuple(
        Budget(name, name, settings.over(given)._replace(allow_unknown=None), rules)
        for name, settings in split
    )


def budgets_of(budgets: Iterable[Budget], text: str) -> list[Budget]:
    """Return the budgets of one design, which `text` gives by label, name or file."""
    name, settings = split_design(text)
    here = Path(name).resolve()

    def is_meant(budget: Budget) -> bool:
        same = name == budget.design or here == Path(budget.file).resolve()
        return text == budget.label or (same and settings in (Settings(), budget.settings))

    return [budget for budget in budgets if is_meant(budget)]


def chosen(budgets: tuple[Budget, ...], designs: tuple[str, ...]) -> tuple[Budget, ...]:
    """Return the budgets of these designs, or all budgets where no design is named.

    Raises CallError for a design without a budget.
    """
    found: dict[Budget, None] = {}
    for text in designs:
        those = budgets_of(budgets, text)
        if not those:
            like = nearest(text, [b.label for b in budgets])
            raise CallError(
                f"no budget is for '{text}'",
                hint=f"did you mean '{like}'?" if like else "--max METRIC=LIMIT gives it one",
            )
        found.update(dict.fromkeys(those))
    return tuple(found) if designs else budgets
