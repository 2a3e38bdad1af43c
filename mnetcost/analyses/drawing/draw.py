"""What do designs look like? Their architecture as tables and pictures, in a style of your choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...errors import CallError, nearest
from ...records import NamedTuple
from ..documents import (
    Document,
    Table,
    about,
    convention_data,
    convention_note,
    design_data,
    json_data,
    partial_notes,
    status_data,
    totals_data,
)

if TYPE_CHECKING:
    from typing import Protocol

    from ..charts import Chart, Network

    class Style(Protocol):
        """A module that makes designs into one kind of picture.

        `draw` calls this one function of it.
        """

        def sketch(self, drawn: Sequence[Drawn], asked: Asked) -> Sketch:
            """Return what is drawn of some designs. Raises CallError for what this style cannot draw."""


SCHEMA = "mnetcost.draw/1"
STYLES = {
    "strip": "strip",
    "block": "block",
    "graph": "graph",
}
"""The name of every style, and its module in this folder; the first is the default."""


class Drawn(NamedTuple):
    """A design to be drawn: what it is, what its layers cost, and the convention that weighs them."""

    design: Design
    costs: Costs
    convention: Convention


class Asked(NamedTuple):
    """What is asked of a picture.

    by: "block" or "layer", what is one piece of it; None for what its style has. depth: of blocks, see
    `Node.block`; None for the rows of the spec. blocks: the names of blocks to look into; empty for those
    that say most.
    """

    by: str | None = None
    depth: int | None = None
    blocks: tuple[str, ...] = ()


class Sketch(NamedTuple):
    """What a style makes of some designs.

    tables: what is drawn, as rows. data: what the JSON says of each design beside its totals.
    charts: makes the pictures, when a format asks for them.
    """

    tables: tuple[Table, ...]
    data: tuple[dict[str, Any], ...]
    charts: Callable[[], tuple[Chart, ...]]
    notes: tuple[str, ...] = ()


def style_of(name: str) -> Style:
    """The module of a style; raises CallError, with the nearest name, if there is none."""
    if name not in STYLES:
        like = nearest(name, STYLES)
        hint = f"did you mean '{like}'?" if like else "there are: " + ", ".join(STYLES)
        raise CallError(f"there is no style '{name[:60]}'", hint=hint)
    return cast("Style", import_module(f"{__package__}.{STYLES[name]}"))


def draw(
    designs: Sequence[tuple[Design, Costs]],
    convention: Convention,
    style: str = "strip",
    asked: Asked | None = None,
) -> Document:
    """The architecture of designs, as tables and as a picture.

    style: a key of `STYLES`. Raises CallError for no design, and for a style or a block that is not there.
    """
    if not designs:
        raise CallError("draw needs a design", hint="mnetcost draw v2")
    asked = asked or Asked()
    drawn = [Drawn(design, costs, convention) for design, costs in designs]
    sketch = style_of(style).sketch(drawn, asked)
    found = [
        {
            "title": design.title,
            **status_data(costs.graph),
            "design": design_data(design),
            "totals": totals_data(costs, convention),
            **data,
        }
        for (design, costs), data in zip(designs, sketch.data, strict=True)
    ]
    status = "complete" if all(costs.status == "complete" for _, costs in designs) else "partial"
    data = json_data(SCHEMA, status, style=style, convention=convention_data(convention), designs=found)
    notes = [
        *(f"{d.heading}: {note}" for d, costs in designs for note in partial_notes(costs.graph)),
        *sketch.notes,
        convention_note(convention),
    ]
    title = ", ".join(design.heading for design, _ in designs)
    lead = tuple(dict.fromkeys(about(design.title, design.source) for design, _ in designs))

    def networks() -> Iterable[Network]:
        from ..report.network import networks as graphs

        if len(designs) != 1:
            return ()
        return graphs(*designs[0], convention, asked.by or "layer", asked.depth)

    return Document(title, sketch.tables, tuple(notes), data, lead, charts=sketch.charts, networks=networks)
