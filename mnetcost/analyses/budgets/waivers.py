"""Which waivers are for a limit?

Found by how their patterns begin, so that many waivers and many limits stay cheap together.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from ...designs.budgets.values import Budget, Rule, Waiver


class Waivers:
    """The waivers of a file of budgets, to be asked for those of one limit."""

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
        """Those that are for this limit, by the label of its design or the design as written, in the
        order of the file.
        """
        found: dict[int, Waiver] = {}
        for design in dict.fromkeys((budget.label, budget.design)):
            for many, few in self._lengths:
                for n, waiver in self._alike.get((design[:many], rule.name[:few]), ()):
                    if _fits(waiver.design, design) and _fits(waiver.limit, rule.name):
                        found[n] = waiver
        return [found[n] for n in sorted(found)]


def _heads(pattern: str) -> tuple[str, str]:
    """What a name that fits begins with: the pattern up to its first wildcard, or the pattern itself,
    which always fits itself.
    """
    first = min((at for c in "*?[" if (at := pattern.find(c)) >= 0), default=len(pattern))
    return pattern[:first], pattern


def _fits(pattern: str, name: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
