"""What does the library offer?

Each command as a function, on a design's name, its file, or a design loaded once.

Every function takes a design's settings by name (see `Asked`) and raises a `MnetcostError` for what a
caller can mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from . import designs as _designs
from .analyses.documents import Document
from .designs.conventions import load_convention
from .designs.settings import Design, Settings, sized
from .engine.costs import Costs
from .engine.costs import cost as _cost
from .errors import CallError

if TYPE_CHECKING:
    from .analyses.report.scale import Grid


class Asked(TypedDict, total=False):
    """A design's settings; what is left out stays as the design says.

    alpha: width multiplier. rho: resolution multiplier, or resolution: the input in pixels, one number or
    (height, width).
    classes: outputs of the classifier. channels: of the input, 1 for grey images. top: False leaves pooling
    and classifier out.
    batch: images at once. allow_unknown: go on without a model file's ops that cannot be costed.
    """

    alpha: float | None
    rho: float | None
    resolution: int | tuple[int, int] | str | None
    classes: int | None
    top: bool | None
    batch: int | None
    allow_unknown: bool | None
    channels: int | None


def _settings(asked: Asked) -> Settings:
    if asked.get("rho") is not None and asked.get("resolution") is not None:
        raise CallError("give rho or resolution, not both")
    readers: dict[str, Any] = {**_designs.SETTINGS, "top": bool, "allow_unknown": bool}
    unknown = [key for key in asked if key not in readers]
    if unknown:
        raise TypeError(f"a design has no setting {unknown[0]!r}")
    return Settings(**{key: readers[key](v) for key, v in asked.items() if v is not None})


def _loaded(design: str | Design, asked: Asked) -> Design:
    if isinstance(design, str):
        return _designs.load(design, _settings(asked))
    if any(v is not None for v in asked.values()):
        raise CallError(f"'{design.name}' is loaded already; give its settings to load()")
    return design


def load(design: str, **asked: Unpack[Asked]) -> Design:
    """Load a design: a shipped name, a spec or a model file, with its own settings behind a colon, which
    beat the arguments.

    >>> load("v2:alpha=0.5", resolution=160).heading
    'v2:alpha=0.5,resolution=160'

    Raises SpecError where it cannot be found, read or built, CallError where a setting makes no sense,
    UnknownOpError where an op of a model file cannot be costed.
    """
    return _designs.load(design, _settings(asked))


def cost(design: str | Design, **asked: Unpack[Asked]) -> Costs:
    """Cost every layer of a design: raw counts of every kind, as terms.

    >>> cost("v2").work_by_kind()["depthwise"]
    20716416
    """
    loaded = _loaded(design, asked)
    return _cost(loaded.graph, loaded.batch)


def totals(design: str | Design, *, convention: str = "paper", **asked: Unpack[Asked]) -> dict[str, Any]:
    """The totals of a design, as in the JSON of `report`: params, madds, both by kind, weight bytes,
    activation elements.

    >>> totals("v2")["params"], totals("v2")["madds"]
    (3504872, 300774272)
    """
    from .analyses.documents import totals_data

    return totals_data(cost(design, **asked), load_convention(convention))


def report(
    design: str | Design,
    *,
    by: str = "layer",
    sort: str | None = None,
    first: int | None = None,
    everything: bool = False,
    convention: str = "paper",
    **asked: Unpack[Asked],
) -> Document:
    """What each layer of a design costs; `by` is "layer", "block", "resolution" or "kind".

    sort: a column's key, the largest first; first: that many rows only; everything: rows that count nothing
    too.
    """
    from .analyses.report.report import BY
    from .analyses.report.report import report as answer

    if by not in BY:
        raise CallError(f"a report is by {', '.join(BY)}, not by '{by}'")
    loaded = _loaded(design, asked)
    return answer(loaded, cost(loaded), load_convention(convention), by, sort, first, everything)


def compare(
    *designs: str | Design,
    convention: str = "paper",
    columns: Sequence[str] = (),
    unit: str = "",
    **asked: Unpack[Asked],
) -> Document:
    """Designs side by side, with ratios to the first; with `columns`, such as ("params", "madds",
    "madds_ratio"), one row a design.

    unit: "k", "M" or "G", in which people read the counts of such rows.
    """
    from .analyses.report.compare import compare as answer

    loaded = [_designs.load(d, _settings(asked)) if isinstance(d, str) else d for d in designs]
    return answer([(d, cost(d)) for d in loaded], load_convention(convention), columns, unit)


def scale(
    design: str,
    *,
    alpha: Sequence[float] | None = None,
    resolution: Sequence[int | tuple[int, int]] | None = None,
    convention: str = "paper",
    classes: int | None = None,
    top: bool | None = None,
    batch: int | None = None,
    channels: int | None = None,
) -> Grid:
    """Params and work at every alpha and resolution, as int64 arrays with a row for each alpha and a
    column for each resolution.

    Where `alpha` or `resolution` is left out, it is what the design's family was published at.
    """
    from .analyses.report.scale import scale as answer

    name, own = _designs.split_design(design)
    spec = _designs.find_spec(name)
    settings = own.over(_settings({"classes": classes, "top": top, "batch": batch, "channels": channels}))
    alphas = [_designs.read_multiplier(a, "alpha") for a in (spec.alphas if alpha is None else alpha)]
    sizes = [_designs.read_resolution(r) for r in (spec.resolutions if resolution is None else resolution)]
    if own.rho is not None or own.resolution is not None:
        sizes = [sized(spec.resolution, own)[0]]
    return answer(
        spec, alphas if own.alpha is None else [own.alpha], sizes, load_convention(convention), settings
    )


def factorize(
    height: int,
    width: int,
    channels: int,
    *,
    out: int,
    kernel: int | tuple[int, int] = 3,
    stride: int | tuple[int, int] = 1,
    padding: Any = "same",
    groups: int | None = None,
    alpha: float | None = None,
    rho: float | None = None,
    convention: str = "paper",
) -> Document:
    """One convolution and its factorisations, side by side."""
    from .analyses.report.factorize import Layer
    from .analyses.report.factorize import factorize as answer
    from .engine.shapes import Shape

    return answer(
        Layer(Shape(height, width, channels), out, kernel, stride, padding, groups, alpha, rho),
        load_convention(convention),
    )


def explain(
    design: str | Design, layer: str | None = None, *, convention: str = "paper", **asked: Unpack[Asked]
) -> Document:
    """Each layer's formula with its numbers put in, and why it is there; `layer` is a name, a block's, or
    a pattern.
    """
    from .analyses.report.explain import explain as answer

    loaded = _loaded(design, asked)
    return answer(loaded, cost(loaded), load_convention(convention), layer)


def render(document: Document, format: str = "text") -> str:  # noqa: A002
    """An answer as text: "text", "json", "csv", "markdown", "latex", "html" or "svg"."""
    from .output import render as answer

    return answer(document, format)
