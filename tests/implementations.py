"""Where does each shipped implementation part from its paper, and what does that cost?

The tables of docs/comparing-implementations.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from mnetcost.analyses.changes.diff import Cause, Diff, diff
from mnetcost.designs import Settings, load_spec
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import shipped_spec
from mnetcost.designs.shipped import shipped
from mnetcost.errors import plain

FAMILIES = {
    "v1": ("v1", (1.0, 0.75, 0.25)),
    "v1-shallow": ("v1-shallow", (1.0, 0.25)),
    "v2": ("v2", (1.0, 0.75, 0.35, 1.4)),
    "v3-large": ("v3-large", (1.0, 0.75, 0.35)),
    "v3-small": ("v3-small", (1.0, 0.75, 0.35)),
    "v3-large-minimalistic": ("v3-large-minimalistic", (1.0, 0.75)),
    "v3-small-minimalistic": ("v3-small-minimalistic", (1.0, 0.75)),
}
"""A family, its paper's spec, and the alphas at which the implementations are compared with it."""


def family_of(name: str) -> str | None:
    """The family of an implementation: the longest that begins its name, so that `v3-large-dilated` is
    compared with `v3-large`.
    """
    return max((f for f in FAMILIES if name.rpartition("/")[2].startswith(f)), key=len, default=None)


def implementations(family: str) -> list[str]:
    """Shipped implementations of a family."""
    return [name for name in shipped() if "/" in name and family_of(name) == family]


def compared(family: str, name: str, alpha: float) -> Diff:
    """The paper's spec against an implementation at one alpha, both with 1000 classes at the paper's
    resolution.
    """
    paper = shipped_spec(FAMILIES[family][0])
    settings = Settings(alpha=alpha, classes=1000, resolution=paper.resolution)
    return diff(load_spec(paper, settings), load_spec(shipped_spec(name), settings), load_convention("paper"))


def _row(name: str, alphas: str, cause: Cause | None) -> str:
    said = plain(cause.text).replace("|", "\\|") if cause else "nothing that costs"
    madds, params = (f"{n:+,}" if n else "" for n in (cause.madds, cause.params)) if cause else ("", "")
    return f"| `{name}` | {alphas} | {said} | {madds} | {params} |"


def by_cause(family: str) -> str:
    """A table of what costs, and a list of what does not."""

    def rows() -> Iterator[str]:
        for name in implementations(family):
            found = {alpha: compared(family, name, alpha).causes for alpha in FAMILIES[family][1]}
            same = ", ".join(f"{alpha:g}" for alpha, causes in found.items() if not causes)
            if same:
                yield _row(name, same, None)
            yield from (
                _row(name, f"{alpha:g}", cause) for alpha, causes in found.items() for cause in causes
            )

    free = []
    for name in implementations(family):
        found = compared(family, name, 1.0)
        texts = [c.text for c in found.free]
        free.append(f"- `{name}`: " + ("; ".join(map(plain, texts)) if texts else "nothing") + ".")
    head = ["| implementation | alpha | what differs | MAdds | params |", "|---|---|---|---:|---:|"]
    return "\n".join(
        [*head, *rows(), "", "What differs at alpha 1 without a cost under the paper's counting:", "", *free]
    )


PARTS: dict[str, Callable[[], str]] = {
    f"implementations-{family}": partial(by_cause, family) for family in FAMILIES if implementations(family)
}
