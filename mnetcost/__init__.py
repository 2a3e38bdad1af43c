"""What does a convolutional network cost, and where does the cost sit?

The public names below are fetched when they are first used, so that `import mnetcost` costs nothing: see
docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analyses.records import Column, Document, Table
    from .api import compare, cost, explain, factorize, load, render, report, scale, totals
    from .designs import Design, Settings
    from .designs.find import shipped
    from .engine.costs import Costs, LayerCost
    from .errors import CallError, CompareError, Fault, MnetcostError, ShapeError, SpecError, UnknownOpError

__version__ = "0.1.0"

_HOMES = {
    "api": ("compare", "cost", "explain", "factorize", "load", "render", "report", "scale", "totals"),
    "designs": ("Design", "Settings"),
    "designs.find": ("shipped",),
    "engine.costs": ("Costs", "LayerCost"),
    "analyses.records": ("Column", "Document", "Table"),
    "errors": (
        "CallError",
        "CompareError",
        "Fault",
        "MnetcostError",
        "ShapeError",
        "SpecError",
        "UnknownOpError",
    ),
}

__all__ = [
    "CallError",
    "Column",
    "CompareError",
    "Costs",
    "Design",
    "Document",
    "Fault",
    "LayerCost",
    "MnetcostError",
    "Settings",
    "ShapeError",
    "SpecError",
    "Table",
    "UnknownOpError",
    "__version__",
    "compare",
    "cost",
    "explain",
    "factorize",
    "load",
    "render",
    "report",
    "scale",
    "shipped",
    "totals",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
