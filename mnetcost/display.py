"""How are answers, designs, costs, grids and spaces shown: at a prompt, in a notebook and in files?

Each stands for an answer, which `output/` writes as text or draws. `api.py` puts these functions where values
look for them: see `shown.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike

    from .analyses.documents import Document
    from .analyses.report.scale import Grid
    from .analyses.search.handle import DesignSpace
    from .designs.settings import Design
    from .engine.costs import Costs


def of_design(design: Design) -> Document:
    """What each block of a design costs."""
    from .analyses.report.report import report
    from .designs.conventions import load_convention
    from .engine.costs import cost

    return report(design, cost(design.graph, design.batch), load_convention(), "block")


def of_costs(costs: Costs) -> Document:
    """What each layer costs under the papers' convention."""
    from .analyses.documents import Document, convention_note, partial_notes
    from .analyses.report.report import table_of
    from .designs.conventions import load_convention

    paper = load_convention()
    notes = (*partial_notes(costs.graph), convention_note(paper))
    return Document(costs.heading or "costs", (table_of(costs, paper),), notes, {})


def of_grid(grid: Grid) -> Document:
    """The tables of `mnetcost scale`."""
    from .analyses.report.scale import answer

    return answer(grid)


def of_space(space: DesignSpace) -> Document:
    """How many designs a space has."""
    return space.count()


ANSWERS: dict[str, Callable[[Any], Document]] = {
    "Document": lambda document: document,
    "Design": of_design,
    "Costs": of_costs,
    "Grid": of_grid,
    "DesignSpace": of_space,
}
"""The answer that a value of each class stands for."""


def line(costs: Costs) -> str:
    """What a prompt shows of costs: their totals under the papers' convention."""
    from .analyses.documents import madds_of
    from .designs.conventions import load_convention
    from .engine.num import is_array
    from .shown import line, many

    paper, work, layers = load_convention(), costs.merged_work(), many(len(costs.layers), "layer")
    params = paper.count_params(costs.merged_params())
    if is_array(params) or any(is_array(term.count) for term in work):  # of a grid
        return line("Costs", costs.heading, layers)
    madds = f"{madds_of(costs, work, paper):,} {paper.unit} ({paper.name})"
    return line("Costs", costs.heading, f"{params:,} params", madds, layers)


def text(value: Any) -> str:
    """The answer that a value stands for, as text files have it."""
    from .output import render

    return render(ANSWERS[type(value).__name__](value)).rstrip("\n")


def html(value: Any) -> str:
    """The answer that a value stands for, as a part of a page."""
    from .output.fragment import fragment

    return fragment(ANSWERS[type(value).__name__](value))


def save(document: Document, file: str | PathLike[str], format: str | None = None) -> None:  # noqa: A002
    """Write an answer to a file, whole or not at all; "png", "pdf" and "npz" are written only so.

    format: by default that of the file's suffix, as with `-o`. Raises CallError for a suffix of no format,
    and where a file cannot be written; of PNG and PDF without `mnetcost[pictures]`.
    """
    from .output import encode, format_for
    from .output.files import write_file

    name = str(file)
    write_file(name, encode(document, format_for(format, name)))


WAYS: dict[str, Callable[[Any], str]] = {"line": line, "text": text, "html": html}
"""The functions of this module that `shown.py` knows by name."""
