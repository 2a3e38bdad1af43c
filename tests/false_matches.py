"""How often would `reconcile` explain a number that is made up? The table of docs/counting.md; run to write it anew.

python -m tests.false_matches
"""

from __future__ import annotations

import random
from pathlib import Path

from mnetcost.analyses.asked import read_number
from mnetcost.analyses.reconcile import Search, judge
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost

DOC = Path(__file__).parents[1] / "docs" / "counting.md"
DESIGNS = ("v1", "v2", "v3-large", "v3-small")
DIGITS = (2, 3, 4, 5, 6)
NUMBERS = 400
SEED = 20170417  # V1's day on arXiv


def made_up(true: int, digits: int, rng: random.Random) -> str:
    """A number of so many digits within half and twice the true figure, written in M."""
    figure = true * 2 ** rng.uniform(-1, 1) / 1e6
    whole = len(str(int(figure)))
    return f"{figure:.{max(digits - whole, 0)}f}M" if whole <= digits else f"{round(figure, digits - whole):.0f}M"


def rate(search: Search, digits: int) -> float:
    """The share of made-up numbers that are called explained."""
    rng = random.Random(SEED + digits)
    numbers = [made_up(search.ours(), digits, rng) for _ in range(NUMBERS)]
    return sum(judge(search, read_number(n)).explained for n in numbers) / NUMBERS


def table() -> str:
    """The table as Markdown."""
    lines = ["| digits given | " + " | ".join(DESIGNS) + " |", "|---|" + "---|" * len(DESIGNS)]
    searches = []
    for name in DESIGNS:
        d = load(name)
        searches.append(Search(d, cost(d.graph), load_convention(), "madds"))
    for digits in DIGITS:
        lines.append(f"| {digits} | " + " | ".join(f"{100 * rate(s, digits):.1f} %" for s in searches) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table())  # noqa: T201
