"""The tables of docs/counting.md.

`python -m tests.counting` writes the one of false matches, `python -m tests.refresh` the others.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from mnetcost.analyses.reconcile.asked import read_number
from mnetcost.analyses.reconcile.reconcile import judge
from mnetcost.analyses.reconcile.search import Search
from mnetcost.designs import load
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.engine.costs import cost

DOC = Path(__file__).parents[1] / "docs" / "counting.md"
FALSE = re.compile(r"(<!-- false matches -->\n\n).*?(\n<!-- end of false matches -->)", re.DOTALL)
SIDE_BY_SIDE = ("torchvision/v2", "torchvision/v3-large", "timm/v1", "keras/v2")
DESIGNS = ("v1", "v2", "v3-large", "v3-small")
DIGITS = (2, 3, 4, 5, 6)
NUMBERS = 400
SEED = 20170417  # V1's day on arXiv


def made_up(true: int, digits: int, rng: random.Random) -> str:
    """A number of so many digits within half and twice the true figure, written in M."""
    figure = true * 2 ** rng.uniform(-1, 1) / 1e6
    whole = len(str(int(figure)))
    return (
        f"{figure:.{max(digits - whole, 0)}f}M"
        if whole <= digits
        else f"{round(figure, digits - whole):.0f}M"
    )


def rate(search: Search, digits: int) -> float:
    """The share of made-up numbers that are called explained."""
    rng = random.Random(SEED + digits)
    numbers = [made_up(search.ours(), digits, rng) for _ in range(NUMBERS)]
    return sum(judge(search, read_number(n)).explained for n in numbers) / NUMBERS


def false_matches() -> str:
    """How often a number that is made up is called explained."""
    lines = ["| digits given | " + " | ".join(DESIGNS) + " |", "|---|" + "---|" * len(DESIGNS)]
    searches = []
    for name in DESIGNS:
        d = load(name)
        searches.append(Search(d, cost(d.graph), load_convention(), "madds"))
    for digits in DIGITS:
        lines.append(f"| {digits} | " + " | ".join(f"{100 * rate(s, digits):.1f} %" for s in searches) + " |")
    return "\n".join(lines) + "\n"


def rules() -> str:
    """Every convention's rule in its own words."""
    lines = ["| convention | version | what it counts | unit |", "|---|---|---|---|"]
    for name in convention_names():
        k = load_convention(name)
        lines.append(f"| `{name}` | {k.version or '-'} | {k.rule} | {k.unit} |")
    return "\n".join(lines)


def figures() -> str:
    """A few designs under every convention: work, and parameters."""
    costs = {name: cost(load(name).graph) for name in SIDE_BY_SIDE}
    lines = [
        "| convention | " + " | ".join(f"`{name}`" for name in SIDE_BY_SIDE) + " |",
        "|---|" + "---:|" * len(SIDE_BY_SIDE),
    ]
    for name in convention_names():
        k, cells = load_convention(name), []
        for c in costs.values():
            work = k.madds(t for x in c.layers for t in x.work)
            params = k.count_params(t for x in c.layers for t in x.params)
            cells.append(f"{work:,}<br>{params:,}")
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    DOC.write_text(FALSE.sub(lambda m: m[1] + false_matches() + m[2], DOC.read_text("utf-8")), "utf-8")
