"""How long does a network run on a device? Rates fitted on measured rows, with their leave-one-out errors.

A form is a choice of features; each has one rate, and a network takes the sum of rate times feature. Rates
are found by least squares on the relative error, none of them negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from ..records import NamedTuple
from .costs import Costs, LayerCost
from .flash import WEIGHTED
from .graph import Graph
from .ops import Pad
from .ops.op import traits
from .terms import MAC_KINDS

DENSE = ("dense", "matmul", "recurrent")

FORMS: dict[str, tuple[str, ...]] = {
    "madds": ("madds",),
    "conv, dw": ("conv", "dw"),
    "conv, dw, fc": ("conv", "dw", "fc"),
    "madds, activations": ("madds", "activations"),
    "madds, activations, weights": ("madds", "activations", "weights"),
    "madds, fixed": ("madds", "fixed"),
    "madds, per layer": ("madds", "layers"),
    "conv, dw, fixed": ("conv", "dw", "fixed"),
    "madds, weights, fixed": ("madds", "weights", "fixed"),
}
"""The forms that are tried, by name: the features of each. `conv` joins pointwise and all other convolutions:
apart they have no rate for dense 3x3 networks.
"""


class Work(NamedTuple):
    """What a network does, in the features that rates are of: whole numbers, for one image."""

    conv: int  # multiply-adds of convolutions other than depthwise, pointwise ones among them
    dw: int  # multiply-adds of depthwise convolutions
    fc: int  # multiply-adds of dense layers, and of convolutions of a single position
    activations: int  # numbers that layers with weights and additions read and write
    weights: int  # numbers of layers with weights, without biases
    layers: int  # layers with weights, and additions
    fixed: int = 1

    @property
    def madds(self) -> int:
        """All multiply-adds."""
        return self.conv + self.dw + self.fc

    def feature(self, name: str) -> int:
        """A feature by its name."""
        return int(getattr(self, name))


class Moved(NamedTuple):
    """What a layer reads and writes, in numbers: of its inputs, its output and its weights."""

    read: int
    written: int
    weights: int


def moved(graph: Graph, layer: LayerCost) -> Moved | None:
    """What a layer with weights, or an addition, reads and writes; None for other layers, which are fused.

    A layer with weights reads its input before any padding. An addition reads one input: the other was just
    written.
    """
    out = int(layer.output.elements)
    if traits(layer.node.op).label == "add":
        return Moved(out, out, 0)
    if not isinstance(layer.node.op, WEIGHTED):
        return None
    node = graph.nodes[layer.node.inputs[0]]
    while isinstance(node.op, Pad):
        node = graph.nodes[node.inputs[0]]
    weights = sum(int(t.count) for t in layer.params if t.kind in MAC_KINDS)
    return Moved(int(node.output.elements), out, weights)


def work(costs: Costs) -> Work:
    """The features of a network, each the sum of what its layers do."""
    madds = {"conv": 0, "dw": 0, "fc": 0}
    for layer in costs.layers:
        for kind, count in layer.work_by_kind().items():
            if kind in MAC_KINDS:
                madds[_group(kind, layer)] += int(count)
    all_moved = [m for layer in costs.layers if (m := moved(costs.graph, layer)) is not None]
    return Work(
        madds["conv"],
        madds["dw"],
        madds["fc"],
        sum(m.read + m.written for m in all_moved),
        sum(m.weights for m in all_moved),
        len(all_moved),
    )


def _group(kind: str, layer: LayerCost) -> str:
    """The feature that a layer's multiply-adds of a kind belong to."""
    if kind in DENSE or all(x.elements == x.c for x in (*layer.inputs, layer.output)):
        return "fc"
    return "dw" if kind == "depthwise" else "conv"


class Errors(NamedTuple):
    """Relative errors of rows, as shares: their mean and the worst."""

    mean: float
    worst: float


class Fit(NamedTuple):
    """A form with its rates, one a feature, and its errors: on the rows themselves, and leaving one out.

    held: the relative error of each row, signed, by the rates that all other rows give.
    """

    form: str
    rates: tuple[float, ...]
    errors: Errors
    left_out: Errors
    held: tuple[float, ...]

    @property
    def noise(self) -> float:
        """The standard error of the mean error leaving one row out."""
        mean = self.left_out.mean
        spread = sum((abs(e) - mean) ** 2 for e in self.held) / (len(self.held) - 1)
        return float((spread / len(self.held)) ** 0.5)

    def estimate(self, one: Work) -> float:
        """What a network takes, in the unit that the rows were measured in."""
        return sum(rate * one.feature(name) for rate, name in zip(self.rates, FORMS[self.form], strict=True))


def fit(form: str, rows: Sequence[tuple[Work, float]]) -> Fit:
    """Fit a form to rows of work and what it took; at least one row more than the form has features.

    Raises ValueError where there are fewer.
    """
    import numpy as np

    names = FORMS[form]
    if len(rows) <= len(names):
        raise ValueError(f"{len(rows)} rows are too few for the {len(names)} rates of '{form}'")
    features = np.array([[one.feature(n) for n in names] for one, _ in rows], float)
    took = np.array([t for _, t in rows], float)
    relative = features / took[:, None]
    rates = _rates(relative)
    held = [float(relative[k] @ _rates(np.delete(relative, k, 0))) - 1 for k in range(len(rows))]
    return Fit(form, tuple(map(float, rates)), _errors(relative @ rates - 1), _errors(held), tuple(held))


def simplest(fits: Sequence[Fit]) -> Fit:
    """Choose the form of the fewest rates whose mean error, leaving one row out, is within one standard error
    of the least; of as many rates the least error.
    """
    best = min(fits, key=lambda f: f.left_out.mean)
    close = [f for f in fits if f.left_out.mean <= best.left_out.mean + best.noise]
    return min(close, key=lambda f: (len(FORMS[f.form]), f.left_out.mean))


def _errors(off: Iterable[float]) -> Errors:
    sizes = [abs(float(one)) for one in off]
    return Errors(sum(sizes) / len(sizes), max(sizes))


def _rates(relative: Any) -> Any:
    """Solve min |relative @ x - 1| for x >= 0: the best of all choices of features that stay positive.

    relative: rows x features, each feature over what its row took.
    """
    import numpy as np

    count = relative.shape[1]
    best, least = np.zeros(count), float(len(relative))
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            some = relative[:, chosen]
            scale = np.linalg.norm(some, axis=0)
            if not scale.all():
                continue
            found = np.linalg.lstsq(some / scale, np.ones(len(some)), rcond=None)[0] / scale
            off = float(((some @ found - 1) ** 2).sum())
            if (found >= 0).all() and off < least - 1e-12:
                least, best = off, np.zeros(count)
                best[list(chosen)] = found
    return best


FEATURES: Mapping[str, str] = {
    "madds": "multiply-add",
    "conv": "multiply-add of a convolution (not depthwise)",
    "dw": "multiply-add of a depthwise convolution",
    "fc": "multiply-add of a dense layer",
    "activations": "number read or written",
    "weights": "weight",
    "layers": "layer",
    "fixed": "network",
}
"""What a rate is of, in words."""
