"""What does an analysis answer with? A `Document`: tables of raw values, and the same as data for JSON.

Values are exact and not formatted: the kind of a column says what they are, and `output/` writes them. Names
from specs and model files are stored as they are; each format escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..engine.terms import by_kind
from ..records import NamedTuple
from ..shown import line, many, shown
from ..version import VERSION

if TYPE_CHECKING:
    from ..designs.settings import Design
    from ..engine.conventions import Convention
    from ..engine.costs import Costs
    from ..engine.graph import Graph
    from ..engine.terms import Term
    from .charts import Chart, Network
    from .sliders import Sliders

PASSING = {
    "kept": True,
    "new": True,
    "waived": True,
    "broken": False,
    "partial": False,
    "incomparable": False,
    "error": False,
}
"""What may become of a limit, and whether a check passes with it; the gravest is the last here, and the first
of a table.
"""


class Branch(NamedTuple):
    """The name of a row in a tree, and how the row hangs below the others.

    more: for each level from the outermost to its own, whether another row of that level follows; empty for
    the root.
    """

    more: tuple[bool, ...]
    name: str


class Column(NamedTuple):
    """A column of a table: its key (in CSV, JSON and `--sort`), its title, and the kind of its values.

    A value of None is an empty cell, whatever the kind.

    kind: "text"; "count", an exact integer, shown with k, M or G beside it; "bytes", the same with kB, MB
    or GB; "memory", the same with KiB, MiB or GiB; "integer", an exact integer with nothing beside it;
    "change", an exact integer with its sign; "share", a fraction of 1 shown as per cent; "growth", the same
    with its sign; "ratio", a plain quotient; "number", any other number, shown as written; "size", a
    (h, w, c) or (h, w), shown as 112x112x64; "state", a key of `PASSING`; "gauge", how much of it is used, as
    ####......|, on a terminal both in colours; "spark", figures in their
    order, each 0 or more, drawn as one line of small bars; "tree", a `Branch`, in a first column.
    bar: whether a terminal draws a bar beside the value.
    rank: a terminal that is too narrow hides columns of the highest rank first, and never those of rank 0.
    unit: "k", "M" or "G", in which people read a count, to two decimals; what programs read stays exact.
    """

    key: str
    title: str
    kind: str = "text"
    bar: bool = False
    rank: int = 0
    unit: str = ""


class RowBlock(NamedTuple):
    """Rows of a table that belong together, such as the layers of a block of a network.

    rows: their numbers, from 0. sums: a value for each column of the table, the title first.
    """

    title: str
    rows: tuple[int, ...]
    sums: tuple[Any, ...]


class More(NamedTuple):
    """What a page shows of a table beside its cells.

    blocks: of all its rows, in order; none where they do not belong together. details: for each row, what its
    figures are made of, as a table of parts, counts and formulas; none where there are no such formulas.
    """

    blocks: tuple[RowBlock, ...] = ()
    details: tuple[Table, ...] = ()


def no_more() -> More:
    """Nothing beside the cells."""
    return More()


class Table(NamedTuple):
    """Rows of raw values, one value for each column; the rows of `footer` are totals.

    Successive tables whose columns have the same keys and titles are printed as sections of one table, each
    under its title.

    rows: a large table has them in an object of its own, with `pieces()`: some rows at a time, each piece as
    one list for each column, or in place of a list the one value of all rows; at least one is a list.
    more: makes what a page shows beside them, when a page is asked for.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    footer: tuple[tuple[Any, ...], ...] = ()
    more: Callable[[], More] = no_more

    def records(self) -> list[dict[str, Any]]:
        """The rows without the totals, each as a dict by the keys of the columns."""
        keys = [c.key for c in self.columns]
        return [dict(zip(keys, row, strict=True)) for row in self.rows]


def no_charts() -> tuple[Chart, ...]:
    """The charts of an answer that has none."""
    return ()


def no_sliders() -> Sliders | None:
    """The sliders of an answer that has none."""
    return None


def no_networks() -> tuple[Network, ...]:
    """The graphs of an answer that is not about one design."""
    return ()


class Document(NamedTuple):
    """The answer of an analysis: a heading, tables, notes beneath them, and the same as data for JSON.

    lead: lines between the heading and the tables.
    flat: the same as one table, for CSV; None where `tables` already are in that form.
    arrays: the same as numpy arrays, for npz; None for an answer without arrays.
    caption, label: of the table in a paper, for LaTeX.

    What follows is made when a format asks for it. charts: what is drawn of the answer, the most telling
    first. sliders: the figures of a design at other alphas and sizes, which a page shows behind sliders;
    None where there are no others. networks: the graph of the design that it is about, as it was asked for,
    and then with ever larger blocks as its nodes.
    """

    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    data: dict[str, Any]
    lead: tuple[str, ...] = ()
    flat: Table | None = None
    arrays: Mapping[str, Any] | None = None
    caption: str = ""
    label: str = ""
    charts: Callable[[], tuple[Chart, ...]] = no_charts
    sliders: Callable[[], Sliders | None] = no_sliders
    networks: Callable[[], Iterable[Network]] = no_networks

    def __repr__(self) -> str:
        charts = () if self.charts is no_charts else ("charts",)
        return line("Document", self.title, many(len(self.tables), "table"), *charts)

    def __str__(self) -> str:
        return shown(self, "text") or repr(self)

    def _repr_html_(self) -> str | None:
        return shown(self, "html")


def about(title: str, source: str) -> str:
    """The title of a design, followed by its source if its spec names one."""
    return f"{title}. {source}" if source else title


def json_data(schema: str, status: Graph | str | None, /, **body: Any) -> dict[str, Any]:
    """The JSON of an answer: its schema and the version of mnetcost, the status, then the keys of `body`.

    status: a graph, of which `status_data` is written; or a word; None for an answer without a status.
    """
    state = {"status": status} if isinstance(status, str) else status_data(status) if status else {}
    return {"schema": schema, "mnetcost": VERSION, **state, **body}


def status_data(graph: Graph) -> dict[str, Any]:
    """Return the status of a graph ("complete" or "partial"), the ops left out, and its reader's notes."""
    return {
        "status": "partial" if graph.left_out else "complete",
        **({"left_out": list(graph.left_out)} if graph.left_out else {}),
        **({"notes": list(graph.notes)} if graph.notes else {}),
    }


def partial_notes(graph: Graph) -> tuple[str, ...]:
    """Return the notes shown with every model file: ops left out, and what is a guess."""
    return (*((f"partial: left out {', '.join(graph.left_out)}",) if graph.left_out else ()), *graph.notes)


def design_data(design: Design) -> dict[str, Any]:
    """The `design` object of every JSON document."""
    return {
        "name": design.name,
        "source": design.source,
        "alpha": design.alpha,
        "depth": design.depth,
        "rho": design.rho,
        "resolution": list(design.resolution),
        "channels": design.in_channels,
        "classes": design.classes,
        "batch": design.batch,
        "top": design.top,
    }


def convention_note(convention: Convention) -> str:
    """The note under every table that names the convention: its name, and what it counts."""
    return f"convention: {convention.name} ({convention.title})"


def state_word(state: str) -> str:
    """Return the state of a limit as people read it: a kept limit is "ok"."""
    return "ok" if state == "kept" else state


def convention_data(convention: Convention) -> dict[str, Any]:
    """The `convention` object of every JSON document."""
    return {
        "name": convention.name,
        "title": convention.title,
        "source": convention.source,
        "unit": convention.unit,
        "work": dict(convention.work),
        "params": dict(convention.params),
        **({"unknown": list(convention.unknown)} if convention.unknown else {}),
    }


def madds_of(costs: Costs, work: Sequence[Term], convention: Convention) -> int:
    """The work of a whole network as a convention weighs it; work: its merged terms."""
    if convention.by_count:
        return int(convention.madds(work))
    return int(sum(convention.madds(layer.work) * n for layer, n in costs.once()))


def totals_data(costs: Costs, convention: Convention) -> dict[str, Any]:
    """The `totals` object of a JSON document: counts by kind, unweighted, and params and work as the
    convention weighs them; bytes of weights by type; numbers of elements of the maps.
    """
    counted, work = costs.merged_params(), costs.merged_work()
    params = convention.count_params(counted)
    stored = costs.graph.weight_bytes  # of a model file, tensor by tensor
    return {
        "params": params,
        "params_by_kind": by_kind(counted),
        "madds": madds_of(costs, work, convention),
        "work_by_kind": by_kind(work),
        "weight_bytes": {
            "float32": 4 * params,
            "float16": 2 * params,
            "int8": params,
            **({} if stored is None else {"file": stored}),
        },
        "activation_elements": costs.activation_elements(),
    }
