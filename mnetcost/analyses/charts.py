"""What is drawn of an answer? Charts as data: raw values, what is along their axes, and what to say of them.

Like tables, charts hold exact values and names as they are stored; `output/charts/` draws them, one module
for each kind, and formats what is written in them.
"""

from __future__ import annotations

from ..records import NamedTuple


class Axis(NamedTuple):
    """A quantity: its title, and the kind of its values as of a column (`Column.kind`).

    log: whether equal steps along it are equal ratios.
    """

    title: str
    kind: str = "count"
    log: bool = False


class Bars(NamedTuple):
    """Two figures of each row, one as a bar to the left and one as a bar to the right of its name.

    about: the same in one or two sentences, for those who do not see it; likewise of every chart.
    rows: (name, left, right), each figure of its axis; 0 or more.
    """

    title: str
    about: str
    left: Axis
    right: Axis
    rows: tuple[tuple[str, int, int], ...]


Chart = Bars
"""Any kind of chart."""
