"""How is a change described? In the words of the field, with the places in both designs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...engine.blocks import SqueezeExciteBlock
from ...engine.graph import Graph, Node
from ...engine.ops import Activation, Conv, Dense, DepthwiseConv, Gate, Norm
from .edits import Change
from .units import State

MOST_PLACES = 3  # runs of places that a sentence names; more are a number

NOUNS = {
    "out": "width",
    "mid": "inner width",
    "c": "channels",
    "function": "activation",
    "se": "squeeze-and-excite share",
    "share": "squeeze-and-excite share",
    "top": "top",
    "norm": "batch norm",
    "fused": "fused expansion",
    "role": "role",
    "pool": "pooling",
    "stride_on": "place of the stride",
    "project": "projecting shortcut",
    "multiplier": "depth multiplier",
}
"""What a field is called, where its word in a spec would not say it."""

RULES = {
    "scale": "width",
    "rounding": "rounding of widths",
    "divisor": "divisor of widths",
    "minimum": "smallest width",
    "expansion.of": "width that an expansion multiplies",
    "expansion.when": "condition for an expansion",
    "se.layers": "layers of squeeze-and-excite",
    "se.of": "width that squeeze-and-excite reduces",
    "se.activation": "activation of squeeze-and-excite",
    "se.gate": "gate function of squeeze-and-excite",
    "se.bias": "bias of squeeze-and-excite",
    "style.padding": "padding",
    "style.depthwise_pad": "padding layers before strided depthwise convolutions",
}
"""What a rule is called."""


class Names:
    """What every piece is called on either side, and where it stands."""

    def __init__(self, old: dict[str, str], new: dict[str, str], start: State, end: State) -> None:
        self.old, self.new = old, new
        self.units = [s.units for s in (start, end)]
        self.pieces = [{name: n for n, name in enumerate(s.units)} for s in (start, end)]
        self.blocks = [
            {p: n for n, p in enumerate(dict.fromkeys(u.place for u in s.units.values()))}
            for s in (start, end)
        ]

    def layer(self, name: str) -> str:
        """What a layer of a stage is called: as in the new design, or as in the old one where it is gone
        there.
        """
        for end in range(len(name), 0, -1):
            if (end == len(name) or name[end] == "/") and (name[:end] in self.new or name[:end] in self.old):
                return (self.new.get(name[:end]) or self.old[name[:end]]) + name[end:]
        return name

    def row(self, ids: Iterable[str]) -> str:
        """The key of the first row concerned, in the new design's spec, or in the old one's."""
        ids = list(ids)
        for table, units in ((self.new, self.units[1]), (self.old, self.units[0])):
            for i in ids:
                if i in table:
                    return units[table[i]].key
        return ""

    def side(self, ids: Sequence[str], new: bool, blocks: bool = False) -> str:
        """Where pieces stand in one design; of layers that a block has one of, or where `blocks`, the
        blocks.
        """
        units = [self.units[new][name] for i in ids if (name := (self.new if new else self.old).get(i))]
        if blocks or not any(u.cls in (Conv, Dense) for u in units):
            return spans([u.place for u in units], self.blocks[new])
        return spans([u.id for u in units], self.pieces[new])

    def at(self, ids: Sequence[str]) -> str:
        """Where pieces stand: as the old design says, and the new one where it calls them otherwise."""
        old, new = self.side(ids, new=False), self.side(ids, new=True)
        same = old == new or not new or all(self.old.get(i) == self.new.get(i) for i in ids)
        many = " places from " in old + new
        return old if old and (same or many) else f"{old} (now {new})" if old else new

    def places_of(self, id_: str) -> tuple[str, str]:
        """The blocks a piece stands in, in the old design and in the new one."""
        old, new = self.old.get(id_, ""), self.new.get(id_, "")
        return old and self.units[0][old].place, new and self.units[1][new].place


def spans(names: Iterable[str], places: dict[str, int]) -> str:
    """Write places as runs.

    >>> spans(["bneck 4/1", "bneck 4/2", "head"], {"bneck 4/1": 7, "bneck 4/2": 8, "bneck 5": 9, "head": 10})
    'bneck 4/1 to 4/2 and head'
    """
    order = sorted(set(names), key=places.__getitem__)
    runs: list[list[str]] = []
    for name in order:
        if runs and places[name] == places[runs[-1][-1]] + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [run[0] if len(run) == 1 else f"{run[0]} to {_short(run[-1], run[0])}" for run in runs]
    if len(parts) > MOST_PLACES:
        return f"{len(order)} places from {order[0]} to {_short(order[-1], order[0])}"
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _short(name: str, after: str) -> str:
    """Leave out the word that both places share: "bottleneck 5/1" after "bottleneck 4/1" is "5/1"."""
    word, blank, rest = name.rpartition(" ")
    return rest if blank and after.startswith(word + " ") and rest else name


def show(value: Any) -> str:
    """Return a value as text, much as a spec writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "none"
    if isinstance(value, tuple):
        return "x".join(str(v) for v in value)
    if value == "scaled from 1":
        return "scaled above alpha 1"
    return f"{value:g}" if isinstance(value, float) else str(value)


def text_of(change: Change, before: Graph, after: Graph, names: Names) -> str:
    """Write one change in words."""
    return TEXTS[change.kind](change, before, after, names)


def _effect(before: Graph, after: Graph) -> tuple[list[Node], list[Node], list[Node]]:
    """Which layers a step brought, took away, and made another op of."""
    a, b = {n.name: n for n in before.nodes}, {n.name: n for n in after.nodes}
    return (
        [n for n in after.nodes if n.name not in a],
        [n for n in before.nodes if n.name not in b],
        [n for n in after.nodes if n.name in a and a[n.name].op != n.op],
    )


def _ids(nodes: Iterable[Node]) -> list[str]:
    return list(dict.fromkeys(n.place for n in nodes))


def _expansion(before: Graph, after: Graph, names: Names) -> str:
    """Name the expansions that a step brought or took away, where that is all it did."""
    came, went, _ = _effect(before, after)
    for nodes, word in ((came, "added"), (went, "removed")):
        places = [n for n in nodes if n.part == "expand"]
        if places and len(places) == len(
            [n for n in (*came, *went) if n.op.__class__ not in (Norm, Activation)]
        ):
            return f"expansion {word} at {names.at(_ids(places))}"
    return ""


def _setting(c: Change, before: Graph, after: Graph, names: Names) -> str:
    def size(value: Any) -> str:
        return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else show(value)

    what = {"channels": "input channels"}.get(c.what, c.what)
    return f"{what} {size(c.old)} -> {size(c.new)}"


def _rule(c: Change, before: Graph, after: Graph, names: Names) -> str:
    if c.what == "expansion.when" and (text := _expansion(before, after, names)):
        return text
    noun = RULES.get(c.what, c.what)
    if c.what in ("scale", "rounding", "divisor", "minimum"):
        tables = [i.rpartition(".")[0].removeprefix("roles.").removesuffix(".width") for i in c.ids]
        if "widths" not in tables:
            where = ", ".join(tables)
            noun = f"{where} {noun}" if c.what == "scale" else f"{noun} ({where})"
    came, went, changed = _effect(before, after)
    places = _ids([*went, *came, *changed])
    at = f" at {names.at(places)}" if places and all(p in names.old or p in names.new for p in places) else ""
    return f"{noun}: {show(c.old)} -> {show(c.new)}{at}"


def _field(c: Change, before: Graph, after: Graph, names: Names) -> str:
    noun = NOUNS.get(c.what, c.what)
    at = names.at(c.ids)
    if c.what == "expansion":
        return _expansion(before, after, names) or f"expansion {_ratios(c.old, c.new)} at {at}"
    if c.what in ("se", "share") and not (c.old and c.new):
        return f"squeeze-and-excite {'added' if c.new else 'removed'} at {at}"
    if isinstance(c.old, bool) and isinstance(c.new, bool):
        return f"{noun} {'added' if c.new else 'removed'} at {at}"
    if c.what == "activation" and "none" in (c.old, c.new):
        return (
            f"activation {show(c.new)} added at {at}"
            if c.old == "none"
            else f"activation {show(c.old)} removed at {at}"
        )
    if c.what == "width":
        return f"width {_either(c.old)} -> {_either(c.new)} at {at}"
    if c.what == "resolution":
        return _setting(c, before, after, names)
    return f"{noun} {show(c.old)} -> {show(c.new)} at {at}"


def _ratios(old: Any, new: Any) -> str:
    """An expansion is a ratio of the input, or a width as printed."""
    if old[1] is not None and new[1] is not None:
        return f"{old[1]} -> {new[1]} channels"
    was, now = (f"{width} channels" if width is not None else show(ratio or 1) for ratio, width in (old, new))
    return f"{was} -> {now}"


def _either(value: Any) -> str:
    width, ratio = value
    return show(width) if ratio is None else f"{show(ratio)} x its input"


def _stride(c: Change, before: Graph, after: Graph, names: Names) -> str:
    old, new = zip(names.places_of(c.ids[0]), names.places_of(c.others[0]), strict=True)
    now = "" if old == new else f" (now {new[0]} to {_short(new[1], new[0])})"
    return f"stride {show(c.old)} moved from {old[0]} to {_short(old[1], old[0])}{now}"


def _came(c: Change, before: Graph, after: Graph, names: Names) -> str:
    """A run of pieces that only one side has."""
    new = c.kind == "added"
    table = names.new if new else names.old
    units = [names.units[new][table[i]] for i in c.ids]
    heavy = {u.cls for u in units if u.heavy}
    if not heavy and len({u.op for u in units}) == 1:
        noun = units[0].cls.noun or units[0].op
        if c.old:
            noun += f" {c.old}"
        at = names.side(c.ids, new)
        return f"{noun} {c.kind}" + (f" at {at}" if at != noun else "")
    if heavy == {Conv} and _feeds_depthwise(c.ids, after if new else before):
        return (
            f"expansion {c.kind} at"
            f" {names.side([i for i, u in zip(c.ids, units, strict=True) if u.heavy], new, blocks=True)}"
        )
    if heavy == {SqueezeExciteBlock} or (any(u.cls is Gate for u in units) and DepthwiseConv not in heavy):
        return f"squeeze-and-excite {c.kind} at {names.side(c.ids, new, blocks=True)}"
    return f"{spans([u.id for u in units], names.pieces[new])} {c.kind}"


def _feeds_depthwise(ids: Sequence[str], graph: Graph) -> bool:
    """Is a run of layers a pointwise convolution whose next convolution is depthwise: an expansion?"""
    nodes = graph.nodes
    end = next(n for n, node in enumerate(nodes) if node.name == ids[-1])
    following = next((n.op for n in nodes[end + 1 :] if n.op.__class__ in (Conv, DepthwiseConv, Dense)), None)
    pointwise = all(n.op.kernel in (1, (1, 1)) for n in nodes if n.name in ids and n.op.__class__ is Conv)
    return pointwise and following.__class__ is DepthwiseConv


def _replaced(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"{names.side(c.ids, new=False)} replaced by {names.side(c.others, new=True)}"


def _moved(c: Change, before: Graph, after: Graph, names: Names) -> str:
    first = names.new[c.others[0]]
    order = list(names.units[1])
    at = order.index(first)
    return f"{names.side(c.ids, new=False)} moved " + (f"behind {order[at - 1]}" if at else "to the start")


def _op(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"{c.old.replace('_', ' ')} -> {c.new.replace('_', ' ')} at {names.at(c.ids)}"


def _widths(c: Change, before: Graph, after: Graph, names: Names) -> str:
    order = sorted({names.old[i] for i in c.ids}, key=names.pieces[0].__getitem__)
    return f"widths of {len(order)} layers from {order[0]} to {order[-1]}"


def _padding(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"padding at {names.at(c.ids)}"


def _norm(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"how batch norm is written at {names.at(c.ids)}"


def _fold(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"batch norm {'folded into' if c.new else 'taken out of'} the biases at {names.at(c.ids)}"


def _wiring(c: Change, before: Graph, after: Graph, names: Names) -> str:
    return f"other inputs of {names.at(c.ids)}"


def _written(c: Change, before: Graph, after: Graph, names: Names) -> str:
    what = c.what.removeprefix("written").lstrip(".").replace("_", " ") or names.at(c.ids)
    return f"how the implementation writes {what}: {c.old or 'plainly'} -> {c.new or 'plainly'}"


TEXTS: dict[str, Callable[[Change, Graph, Graph, Names], str]] = {
    "setting": _setting,
    "rule": _rule,
    "field": _field,
    "stride moved": _stride,
    "op": _op,
    "added": _came,
    "removed": _came,
    "replaced": _replaced,
    "moved": _moved,
    "widths": _widths,
    "padding": _padding,
    "norm form": _norm,
    "folded": _fold,
    "wiring": _wiring,
    "written": _written,
}
"""How each kind of change is written."""
