"""How is a chart drawn? As SVG of our own making: no scripts, nothing fetched, the same bytes every time.

There is a module for each kind of chart, which is imported when one is drawn; see `Drawing`. All draw on a
`canvas.Canvas`, which escapes what is written, in the tones of `theme`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ...analyses.charts import (
    Bars,
    Blocks,
    Chart,
    Heatmap,
    Histogram,
    Limits,
    Lines,
    Network,
    Panels,
    Scatter,
    Stacks,
    Strips,
    Timeline,
    Waterfall,
)
from .canvas import Canvas, stacked
from .foot import foot

if TYPE_CHECKING:
    from typing import Protocol

    class Drawing(Protocol):
        """A module that draws one kind of chart.

        `canvas_of` calls this one function of it; what it returns is drawn in files, pages and notebooks
        alike, so it must not depend on where.
        """

        def draw(self, chart: Any) -> Canvas:
            """Return the picture of a chart, as wide as `canvas.WIDTH` if it can be."""


CHARTS: dict[type, str] = {
    Bars: "bars",
    Blocks: "blocks",
    Heatmap: "heatmap",
    Histogram: "histogram",
    Limits: "limits",
    Lines: "lines",
    Network: "network",
    Panels: "panels",
    Scatter: "scatter",
    Stacks: "stacks",
    Strips: "strips",
    Timeline: "timeline",
    Waterfall: "waterfall",
}
"""The module in this folder that draws each kind of chart."""


def canvas_of(chart: Chart) -> Canvas:
    """Draw one chart."""
    module = cast("Drawing", import_module(f"{__name__}.{CHARTS[type(chart)]}"))
    return module.draw(chart)


def picture(charts: Iterable[Chart], notes: Iterable[str] = ()) -> str:
    """Charts as one SVG file, beneath each other, and notes beneath them."""
    notes = list(notes)
    return stacked([*map(canvas_of, charts), *([foot(notes)] if notes else [])]).svg()
