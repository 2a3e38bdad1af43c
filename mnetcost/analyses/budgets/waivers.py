"""Which waivers are for a limit?

They are found by how their patterns begin, so that many waivers and many limits take little time.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from ...designs.budgets.values import Budget, Rule, Waiver


class Waivers:
    """The waivers of a file of budgets."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._alike: dict[tuple[str, str], list[tuple[int, Waiver]]] = {}
        for n, waiver in enumerate(waivers):
            heads = dict.fromkeys(
                (design, limit) for design in _heads(waiver.design) for limit in _heads(waiver.limit)
            )
            for key in heads:
                self._alike.setdefault(key, []).append((n, waiver))
        self._lengths = sorted({(len(design), len(limit)) for design, limit in self._alike})

    def of(self, budget: Budget, rule: Rule) -> list[Waiver]:
        """The waivers for one limit, in order of the file. They name its design by label or as written."""
        found: dict[int, Waiver] = {}
        for design in dict.fromkeys((budget.label, budget.design)):
            for many, few in self._lengths:
                for n, waiver in self._alike.get((design[:many], rule.name[:few]), ()):
                    if _fits(waiver.design, design) and _fits(waiver.limit, rule.name):
                        found[n] = waiver
        return [found[n] for n in sorted(found)]


def _heads(pattern: str) -> tuple[str, str]:
    """How a name that a pattern matches may begin: with the pattern up to its first wildcard, or with the
    whole pattern, since a pattern also matches itself.
    """
    first = min((at for c in "*?[" if (at := pattern.find(c)) >= 0), default=len(pattern))
    return pattern[:first], pattern


def _fits(pattern: str, name: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
