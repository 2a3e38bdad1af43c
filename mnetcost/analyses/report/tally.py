"""What is a figure made of under a convention, kind by kind, and how do two conventions differ?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...engine.conventions import UNITS, Convention, Weight, weight_of
from ...engine.costs import Costs, LayerCost
from ...engine.shapes import Volume
from ...engine.terms import FOLDED, MAC_KINDS, Term
from ...records import NamedTuple

Key = tuple[str, str, str]  # kind, variant, as written
Counts = Mapping[tuple[Key, str], int]  # by key and unit

WORK, PARAMS = "madds", "params"
SIDES = (WORK, PARAMS)

NAMES = {
    "norm": "batch norm",
    "bias.conv": "biases of convolutions",
    "bias.dense": "biases of dense layers",
    "bias.alone": "biases on their own",
    "bias.recurrent": "biases of recurrent layers",
    "bias": "biases",
    **{f"norm.{norm}": f"{norm} norm" for norm in ("layer", "group", "instance", "l2")},
    "norm.rms": "RMS norm",
    "norm.layer_scale": "layer norm",
    **{f"norm.{norm}_bare": f"{norm} norm" for norm in ("layer", "group", "instance")},
    "norm.scale": "batch norm's scale",
    "norm.shift": "batch norm's shift",
    "norm_statistics": "running mean and variance",
    "activation.relu": "ReLU",
    "activation.relu6": "ReLU6",
    "activation.hswish": "h-swish",
    "activation.hsigmoid": "hard sigmoid",
    "pool": "pooling windows",
    "pool_input": "elements read by pools",
    "pool_output": "elements written by pools",
    "add": "additions of shortcuts",
    "gate": "squeeze-and-excite gates",
    "rescale": "rescaling of pixels",
    "recurrent_state": "products, sums and functions of recurrent states",
    "transposed_output": "multiply-adds of transposed convolutions, at their output's positions",
}
COMMON = ("paper", "flops", "fvcore", "ptflops-pytorch", "thop")
"""The conventions that a reader most likely knows; the figures of other tools are given in these."""
PER = {
    "each": "",
    "channel": ", once per channel",
    "channel_once": ", once per channel",
    "image": ", once per image",
    "output": ", once per output element",
    "layer": ", once per layer",
}


class Entry(NamedTuple):
    """One line of a ledger: what is counted, how many there are, and the weight of each."""

    what: str
    number: int
    weight: int

    @property
    def amount(self) -> int:
        """What the line adds to the figure."""
        return self.number * self.weight


def side(convention: Convention, kind: str) -> Mapping[str, Weight]:
    """The weights of a convention for work ("madds") or for parameters ("params")."""
    return convention.work if kind == WORK else convention.params


VOLUMES = "volumes"
"""Marks a design with volumes: on those no tool's rule was measured."""

GAPS = {
    VOLUMES: "layers over volumes",
    FOLDED: "batch norm, which this file may have folded away",
    "matmul": "products of two computed maps",
    "transposed_output": "transposed convolutions",
    "recurrent": "recurrent layers",
    "upsample": "upsampling",
}
"""Kinds that a convention does not know, in words, where the name of the kind alone would not be clear."""


def kinds_there(costs: Costs) -> set[str]:
    """The kinds of work in a design, each also as `kind.variant`."""
    pairs = {(t.kind, t.variant) for layer in costs.layers for t in layer.work}
    there = {key for kind, variant in pairs for key in (kind, f"{kind}.{variant}")}
    if costs.graph.weight_bytes is not None and "norm" not in there and "bias.conv" in there:
        there.add(FOLDED)
    if any(isinstance(layer.output, Volume) for layer in costs.layers):
        there.add(VOLUMES)
    return there


def gaps(costs: Costs, convention: Convention) -> list[str]:
    """What a design contains of which it is not known how the tool of a convention counts it, in words.

    Empty if the figure of the convention can be trusted.
    """
    return _gaps(kinds_there(costs), convention) if convention.unknown or convention.version else []


def _gaps(there: set[str], convention: Convention) -> list[str]:
    tool = convention.unknown or convention.version
    kinds = [key for key in (*convention.unknown, *((VOLUMES,) if tool else ())) if key in there]
    return list(dict.fromkeys(GAPS.get(key) or _in_words(key) for key in kinds))


def _in_words(key: str) -> str:
    kind, _, variant = key.partition(".")
    return (
        NAMES.get(key) or f"{variant.replace('_', ' ')} {NAMES.get(kind, kind)}"
        if variant != "transposed"
        else f"{kind} transposed convolutions"
    )


def elsewhere(costs: Costs, layers: Iterable[LayerCost], convention: Convention) -> str:
    """The work of some layers in other common conventions, as one line of text.

    A convention whose figure is not known for this design stands behind the others, with the reason.
    """
    from ...designs.conventions import load_convention

    others = [load_convention(name) for name in COMMON if name != convention.name]
    sums, there = counts((t for layer in layers for t in layer.work), units_of(others)), kinds_there(costs)
    missing: dict[str, list[str]] = {}
    known = []
    for k in others:
        if why := ", ".join(_gaps(there, k)):
            missing.setdefault(why, []).append(k.name)
        else:
            known.append(f"{k.name} {value(sums, k.work):,}")
    return f"other tools would report: {', '.join(known)}" + "".join(
        f"; not known: {', '.join(names)} ({why})" for why, names in missing.items()
    )


def gap_notes(costs: Costs, convention: Convention) -> tuple[str, ...]:
    """A note for every answer if the convention does not know how its tool counts some part of a design."""
    missing = gaps(costs, convention)
    return (
        (
            (
                f"how {convention.name} counts {', '.join(missing)} is not known: the figure of the tool"
                " may differ"
            ),
        )
        if missing
        else ()
    )


def terms_of(costs: Costs, kind: str) -> Iterable[Term]:
    """All terms of work, or of parameters."""
    return (t for layer in costs.layers for t in (layer.work if kind == WORK else layer.params))


def units_of(conventions: Iterable[Convention]) -> dict[str, tuple[str, ...]]:
    """The units, besides the product of all factors, in which some convention counts each kind of work."""
    found: dict[str, set[str]] = {}
    for convention in conventions:
        for key, weight in convention.work.items():
            if not isinstance(weight, int):
                found.setdefault(key.partition(" as ")[0].partition(".")[0], set()).update(weight)
    return {kind: tuple(sorted(units - {"each"})) for kind, units in found.items()}


def counts(terms: Iterable[Term], units: Mapping[str, tuple[str, ...]]) -> dict[tuple[Key, str], int]:
    """Add up unweighted counts by kind, variant and way of writing, in each of the units for its kind."""
    sums: dict[tuple[Key, str], int] = {}
    for t in terms:
        key = (t.kind, t.variant, t.written)
        sums[key, "each"] = sums.get((key, "each"), 0) + t.count
        for unit in units.get(t.kind, ()):
            sums[key, unit] = sums.get((key, unit), 0) + t.over(UNITS[unit])
    return sums


def weights(keys: Iterable[tuple[Key, str]], table: Mapping[str, Weight]) -> dict[tuple[Key, str], int]:
    """The weight of each of these counts; counts of weight 0 are left out."""
    found: dict[tuple[Key, str], int] = {}
    for key, unit in keys:
        weight = weight_of(Term(key[0], (), key[1], key[2]), table)
        n = (
            weight
            if isinstance(weight, int) and unit == "each"
            else weight.get(unit, 0)
            if not isinstance(weight, int)
            else 0
        )
        if n:
            found[key, unit] = n
    return found


def value(sums: Counts, table: Mapping[str, Weight]) -> int:
    """Weigh counts that `counts` has added up, and return the total."""
    return sum(sums[k] * n for k, n in weights(sums, table).items())


def name_of(key: Key, unit: str = "each") -> str:
    """What is counted, in words: "batch norm, once a channel"."""
    kind, variant, _ = key
    if kind in MAC_KINDS:
        return (
            "multiply-adds of transposed convolutions" if variant == "transposed" else "multiply-adds"
        ) + PER[unit]
    name = NAMES.get(f"{kind}.{variant}") or (f"{NAMES.get(kind, kind)}")
    if kind == "activation" and f"{kind}.{variant}" not in NAMES:
        name = variant or "activations"
    elif kind.startswith("pool") and variant:
        name += f" ({variant.replace('_', ' ')})"
    return name + PER[unit]


def difference(
    sums: Counts, ours: Mapping[str, Weight], theirs: Mapping[str, Weight], kind: str
) -> list[Entry]:
    """The entries that lead from the figure of one convention to that of another.

    sums: as from `counts`. ours, theirs: the weights of the two. kind: "madds" or "params".
    The amounts of the entries add up to the difference of the two figures.
    """
    a, b = weights(sums, ours), weights(sums, theirs)
    found: dict[tuple[str, int], int] = {}
    for k in sums:
        weight = b.get(k, 0) - a.get(k, 0)
        if weight:
            what = "weights" if kind == PARAMS and k[0][0] in MAC_KINDS else name_of(*k)
            found[what, weight] = found.get((what, weight), 0) + sums[k]
    return [Entry(what, number, weight) for (what, weight), number in found.items() if number]
