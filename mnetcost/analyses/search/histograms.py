"""How is the spread of a space drawn? A histogram of each figure, with its quantiles."""

from __future__ import annotations

from ..charts import Axis, Histogram
from ..report.grids import column_kind
from .spread import Spread


def histogram(heading: str, one: Spread, title: str) -> Histogram:
    """The histogram of a figure over all designs of a space; title: of the figure."""
    middle = next((value for share, value in one.quantiles if share == 0.5), None)
    about = f"{one.designs:,} designs of {heading} have from {one.least:,} to {one.most:,} {title}"
    about += f", half of them at most {middle:,}." if middle is not None else "."
    marks = (
        ("least", one.least),
        *((quantile(share), value) for share, value in one.quantiles),
        ("most", one.most),
    )
    return Histogram(
        f"{heading}: {title}", about, Axis(title, column_kind(one.metric)), "designs", one.bins, marks
    )


def quantile(share: float) -> str:
    """What a quantile is called: "5 %", or "median"."""
    return "median" if share == 0.5 else f"{share:.0%}".replace("%", " %")
