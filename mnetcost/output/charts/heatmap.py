"""Which cells of a grid are within a budget? A figure of each cell by colour, and a line for each budget."""

from __future__ import annotations

from collections.abc import Sequence

from ...analyses.charts import Heatmap
from ...records import NamedTuple
from .canvas import EDGE, MIDDLE, WIDTH, Canvas, measure
from .labels import apart
from .scales import Scale, exact, short, shown
from .theme import HEATS, heat

BESIDE = 96  # pixels: to the right of the grid for the names of budgets
MOST_WRITTEN = (14, 12)  # rows and columns of a grid whose figures are written in its cells
WIDEST = 150
ABOVE = 34  # pixels above the grid, for names of budgets whose lines end there
LINE = 14

Vertex = tuple[int, int]
"""A corner of cells: so many rows are above it, and so many columns to its left."""


class Grid(NamedTuple):
    """Where the cells are: the top left corner, and the size of a cell."""

    left: float
    top: float
    width: float
    height: float
    rows: int
    columns: int

    def corner(self, at: Vertex, shift: float = 0) -> tuple[float, float]:
        """Where a corner of cells is, moved to the lower right; the borders of the grid are not left."""
        i, j = at
        x = self.left + j * self.width + (shift if 0 < j < self.columns else 0)
        return x, self.top + i * self.height + (shift if 0 < i < self.rows else 0)


def draw(chart: Heatmap) -> Canvas:
    """Rows from top to bottom, columns from left to right; darker is more, by night lighter."""
    canvas = Canvas(chart.title, chart.about)
    lines = "each line parts the cells within a budget from those that cost more" if chart.budgets else ""
    top = canvas.heading("; ".join(filter(None, (lines, chart.note)))) + ABOVE
    rows, columns = len(chart.rows), len(chart.columns)
    written = rows <= MOST_WRITTEN[0] and columns <= MOST_WRITTEN[1]
    names = min(max(map(measure, chart.rows)), 90)
    left = EDGE + 24 + names + 8
    width = min((WIDTH - left - BESIDE) / columns, WIDEST)
    least, most = (26, 40) if written else (8, 26)
    grid = Grid(left, top, width, min(max(420 / rows, least), most), rows, columns)
    _cells(canvas, chart, grid, written)
    _axes(canvas, chart, grid)
    ends = []
    for n, budget in enumerate(chart.budgets):
        shift = (n - (len(chart.budgets) - 1) / 2) * (3.5 if written else 2)
        ends.append((_line(canvas, chart, grid, budget, shift), f"≤ {short(budget, chart.value)}"))
    _names(canvas, grid, ends)
    canvas.height = _legend(canvas, chart, top + rows * grid.height + 62) + 20
    return canvas


def _cells(canvas: Canvas, chart: Heatmap, grid: Grid, written: bool) -> None:
    values = [value for row in chart.values for value in row]
    scale = Scale(chart.value, min(values), max(values), 0, 1)
    gap = 1 if grid.height > 12 and grid.width > 12 else 0
    for i, row in enumerate(chart.values):
        for j, value in enumerate(row):
            x, y = grid.left + j * grid.width, grid.top + i * grid.height
            step = heat(scale.place(value))
            where = f"{chart.down} {chart.rows[i]}, {chart.along} {chart.columns[j]}"
            hover = f"{where}: {exact(value, chart.value)}"
            canvas.rect(x, y, grid.width - gap, grid.height - gap, f"heat{step}", hover)
            if written:
                middle = x + grid.width / 2, y + grid.height / 2 + 4
                canvas.name(*middle, shown(value, chart.value), grid.width - 6, f"on{step}", anchor="middle")


def _axes(canvas: Canvas, chart: Heatmap, grid: Grid) -> None:
    """The names of rows and columns, as many as there is room for, and what they are."""
    every = max(1, -(-LINE // max(int(grid.height), 1)))
    for i in range(0, grid.rows, every):
        y = grid.top + (i + 0.5) * grid.height + 4
        canvas.name(grid.left - 8, y, chart.rows[i], 90, "dim", anchor="end")
    bottom, widest = grid.top + grid.rows * grid.height, max(map(measure, chart.columns)) + 10
    every = max(1, -(-int(min(widest, 110)) // max(int(grid.width), 1)))
    for j in range(0, grid.columns, every):
        x = grid.left + (j + 0.5) * grid.width
        canvas.name(x, bottom + 17, chart.columns[j], max(grid.width * every - 4, 20), "dim", anchor="middle")
    middle = grid.left + grid.columns * grid.width / 2, (grid.top + bottom) / 2
    canvas.text(middle[0], bottom + 37, chart.along, anchor="middle")
    canvas.text(EDGE + 8, middle[1], chart.down, anchor="middle", turn=-90)


def _line(canvas: Canvas, chart: Heatmap, grid: Grid, budget: int, shift: float) -> tuple[float, float]:
    """Draw the line of a budget; returns the end of it that its name is beside."""
    lines = borders(chart.values, budget)
    steps = []
    for line in lines:
        points = [grid.corner(at, shift) for at in line]
        steps.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
    within = sum(value <= budget for row in chart.values for value in row)
    hover = f"up to {exact(budget, chart.value)}: {within:,} of {grid.rows * grid.columns:,} cells"
    canvas.path("".join(steps), "paper", 5)
    canvas.path("".join(steps), "orange", 2.5, hover=hover)
    ends = [end for line in lines for end in (line[0], line[-1])]
    outer = [end for end in ends if end[1] == grid.columns] or [end for end in ends if end[0] == 0] or ends
    return grid.corner(max(outer, key=lambda at: (at[1], -at[0])), shift)


def borders(values: Sequence[Sequence[int]], budget: int) -> list[list[Vertex]]:
    """The borders between cells of at most a budget and others, as lines from corner to corner.

    >>> borders([[1, 2], [2, 4]], 3)
    [[(1, 2), (1, 1), (2, 1)]]
    """
    rows, columns = len(values), len(values[0])
    beside: dict[Vertex, list[Vertex]] = {}
    for i in range(rows):
        for j in range(columns):
            within = values[i][j] <= budget
            if i and (values[i - 1][j] <= budget) != within:
                _join(beside, (i, j), (i, j + 1))
            if j and (values[i][j - 1] <= budget) != within:
                _join(beside, (i, j), (i + 1, j))
    found = []
    while beside:
        at = next((v for v in sorted(beside) if len(beside[v]) % 2), min(beside))
        line = [at]
        while at in beside:
            at = _leave(beside, at)
            if len(line) > 1 and _straight(line[-2], line[-1], at):
                line.pop()
            line.append(at)
        found.append(line)
    return found


def _join(beside: dict[Vertex, list[Vertex]], one: Vertex, other: Vertex) -> None:
    beside.setdefault(one, []).append(other)
    beside.setdefault(other, []).append(one)


def _leave(beside: dict[Vertex, list[Vertex]], at: Vertex) -> Vertex:
    """Take one of the steps that lead on from a corner."""
    to = beside[at].pop()
    beside[to].remove(at)
    for one in (at, to):
        if not beside[one]:
            del beside[one]
    return to


def _straight(one: Vertex, two: Vertex, three: Vertex) -> bool:
    return one[0] == two[0] == three[0] or one[1] == two[1] == three[1]


def _names(canvas: Canvas, grid: Grid, ends: list[tuple[tuple[float, float], str]]) -> None:
    """The names of the budgets at the ends of their lines: to the right of the grid, or above it."""
    right, bottom = grid.left + grid.columns * grid.width, grid.top + grid.rows * grid.height
    places = [y for (x, y), _ in ends if x >= right]
    beside = [(end, text) for end, text in ends if end[0] >= right]
    for ((x, y), text), to in zip(beside, apart(places, [LINE] * len(places), grid.top, bottom), strict=True):
        canvas.path(f"M{x:.1f} {y:.1f}L{x + 10:.1f} {to:.1f}", "orange", 1.5)
        canvas.text(x + 14, to + 4, text, bold=True)
    over = [(end, text) for end, text in ends if end[0] < right]
    widths = [measure(text) + 14 for _, text in over]
    for ((x, y), text), to in zip(
        over, apart([x for (x, _), _ in over], widths, grid.left - 20, WIDTH - EDGE), strict=True
    ):
        canvas.path(f"M{x:.1f} {y:.1f}L{to:.1f} {grid.top - 9:.1f}", "orange", 1.5)
        canvas.text(to, grid.top - 13, text, anchor="middle", bold=True)


def _legend(canvas: Canvas, chart: Heatmap, top: float) -> float:
    """Which colour is how much; returns where it ends."""
    values = [value for row in chart.values for value in row]
    if min(values) == max(values):
        return top - MIDDLE
    steps = "; equal steps of colour are equal ratios" if chart.value.log else ""
    low, high = shown(min(values), chart.value), shown(max(values), chart.value)
    x = EDGE + 24 + measure(low) + 8
    canvas.text(EDGE + 24, top + 12, low, "dim")
    for n in range(HEATS):
        canvas.rect(x + n * 22, top, 22, MIDDLE, f"heat{n}")
    canvas.text(x + HEATS * 22 + 8, top + 12, f"{high}  {chart.value.title}{steps}", "dim")
    return top + MIDDLE
