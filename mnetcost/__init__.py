"""What does a convolutional network cost, and where does the cost sit?

The public names below are fetched when they are first used, so that `import mnetcost` costs nothing: see
docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import version

if TYPE_CHECKING:
    from .analyses.documents import Column, Document, Table
    from .api import (
        calibrate,
        compare,
        cost,
        devices,
        draw,
        explain,
        factorize,
        fit,
        front,
        load,
        memory,
        pareto_front,
        pick,
        receptive,
        render,
        report,
        scale,
        sensitivity,
        solve,
        space,
        totals,
    )
    from .designs.settings import Design, Settings
    from .designs.shipped import shipped
    from .display import save
    from .engine.costs import Costs, LayerCost
    from .errors import CallError, CompareError, Fault, MnetcostError, ShapeError, SpecError, UnknownOpError


__version__ = version.VERSION

_HOMES = {
    "api": (
        "calibrate",
        "compare",
        "cost",
        "devices",
        "draw",
        "explain",
        "factorize",
        "fit",
        "front",
        "load",
        "memory",
        "pareto_front",
        "pick",
        "receptive",
        "render",
        "report",
        "scale",
        "sensitivity",
        "solve",
        "space",
        "totals",
    ),
    "designs.settings": ("Design", "Settings"),
    "designs.shipped": ("shipped",),
    "display": ("save",),
    "engine.costs": ("Costs", "LayerCost"),
    "analyses.documents": ("Column", "Document", "Table"),
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
    "calibrate",
    "compare",
    "cost",
    "devices",
    "draw",
    "explain",
    "factorize",
    "fit",
    "front",
    "load",
    "memory",
    "pareto_front",
    "pick",
    "receptive",
    "render",
    "report",
    "save",
    "scale",
    "sensitivity",
    "shipped",
    "solve",
    "space",
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
