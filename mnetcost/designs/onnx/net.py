"""How are an ONNX model's nodes connected, and what is each called with?

Values by name, nodes in the file's order, graphs within.
"""

from __future__ import annotations

import struct
from collections import ChainMap
from collections.abc import Callable, Container, MutableMapping, Sequence
from copy import copy
from math import prod
from typing import Any

from ...engine.costs import cost
from ...engine.graph import Graph
from ...engine.ops.moves import Constant
from ..kit.calls import Call as KitCall
from ..kit.folding import MOST_NUMBERS, fold
from ..kit.layers import LARGEST_DIMENSION
from ..kit.maps import Maps
from ..kit.stored import Cut, Dims, Part, Stored, contiguous, worked_out
from ..kit.tensors import MOST_AXES, UNFIT, NotKnown, Tensor, Value, broadcast, dims_text, view
from .axes import COMBINING, JOINING, KEEPING, TAKING, reread
from .modules import module_of
from .origins import Origins
from .weights import UNLEARNED, fills, graphs_in, kernels_kept, made_up, text, weighs, written_again

MOST_NODES = 200_000  # calls, those of functions within functions counted each time
DEEPEST = 16  # graphs within nodes, functions within functions

# TensorProto.DataType: how struct reads a number of it ("" where nobody asks), and its bits
KINDS: dict[int, tuple[str, int]] = {
    1: ("f", 32),
    2: ("B", 8),
    3: ("b", 8),
    4: ("H", 16),
    5: ("h", 16),
    6: ("i", 32),
    7: ("q", 64),
    9: ("?", 8),
    10: ("e", 16),
    11: ("d", 64),
    12: ("I", 32),
    13: ("Q", 64),
    14: ("", 64),
    15: ("", 128),
    16: ("", 16),
    **dict.fromkeys((17, 18, 19, 20, 24), ("", 8)),
    **dict.fromkeys((21, 22, 23), ("", 4)),
    **dict.fromkeys((25, 26), ("", 2)),
}


class Net(Maps):
    """The graph of one file at one size."""

    def __init__(
        self,
        file: str,
        allow_unknown: bool,
        model: Any,
        convert: Callable[[Call], Any],
        known: Container[str],
        still: Container[str],
        axes_only: bool,
    ) -> None:
        super().__init__(file, allow_unknown, True, axes_only)
        # still: ops without multiply-adds
        self.model, self.convert, self.known, self.still = model, convert, known, still
        self.opset = max(
            (o.version for o in model.opset_import if text(o.domain) in ("", "ai.onnx")), default=1
        )
        self.functions = {(text(f.domain), text(f.name)): f for f in model.functions}
        self.origins = Origins(model)
        self.held: dict[Any, int] = {}  # how many numbers each tensor of the file has
        self.bytes_of: dict[Any, int] = {}
        self.elsewhere: set[Any] = set()  # tensors whose numbers are in another file
        self.calls = 0
        self.given: dict[bytes, Dims] = {}  # shapes that the file gives, at the size in it
        kept = kernels_kept(model, KEEPING)
        self.trained_constants = kept["constant"] > kept["initializer"]
        self.trained_fills = kept["fill"] > 0

    def stored(self, t: Any, key: Any, place: str) -> Stored:
        """A tensor of the file; its numbers where they are few."""
        dims = tuple(t.dims)
        if len(dims) > MOST_AXES or not all(0 <= n <= LARGEST_DIMENSION for n in dims):
            raise self.fault(f"its axes of {dims_text(dims[:MOST_AXES])} are no tensor's", place)
        if t.data_type not in KINDS and t.data_type != 8:
            raise self.fault(f"its numbers are of type {t.data_type}, which ONNX does not have", place)
        kind, bits = KINDS.get(t.data_type, ("", 0))
        count = prod(dims)
        self.held[key] = count
        self.bytes_of[key] = (count * bits + 7) // 8
        if t.data_location == 1:
            self.elsewhere.add(key)
        held = len(t.raw_data) or (0 if any((t.float_data, t.int32_data, t.int64_data)) else t.dropped)
        if (
            bits
            and t.data_location != 1
            and held
            and (t.raw_data or not t.dropped)
            and held != self.bytes_of[key]
        ):
            raise self.fault(f"its axes say {dims_text(dims)}, its numbers take {held:,} bytes", place)
        values: tuple[Any, ...] | None = None
        if count <= MOST_NUMBERS and kind and t.data_location != 1:
            for numbers in (t.float_data, t.int32_data, t.int64_data, t.double_data, t.uint64_data):
                if len(numbers) == count and t.data_type != 10:
                    values = tuple(numbers)
            if len(t.raw_data) == count * bits // 8:
                values = struct.unpack(f"<{count}{kind}", t.raw_data)
        if t.repeated and kind == "f" and t.dropped == 4 * count and t.repeated[:4] == t.repeated[4:]:
            values = struct.unpack("<f", t.repeated[:4]) * count
        trained = key[0] == "initializer" or self.trained_constants
        return Stored(dims, key, 0 if t.data_type in UNLEARNED else count, values, trained=trained)

    def hidden(self, stored: Stored) -> bool:
        """Are these numbers in another file, with a name that onnxscript makes up?"""
        return stored.key in self.elsewhere and made_up(stored)

    def overcounted(self, graph: Graph) -> bool:
        """Are there more parameters than numbers in the file?

        Then some that were worked out of others count more than once.
        """
        params = sum(n for layer in cost(graph, 1, True).layers for n in layer.params_by_kind().values())
        return bool(params > sum(self.held.values()))

    def trains(self, stored: Stored, name: str) -> bool:
        """Are these numbers parameters that are new here? Notes those that only fill in for weights."""
        new = super().trains(stored, name)
        self.doubted(stored, name, stored.numbers if new else 0)
        return new

    def learned_at(self, name: str, stored: Stored) -> int:
        """As in `Maps`, and notes numbers that only fill in for a missing scale or shift."""
        new = super().learned_at(name, stored)
        self.doubted(stored, name, new)
        return new

    def doubted(self, stored: Stored, name: str, new: int) -> None:
        """Have the answer name numbers that are counted, and may only fill in for a scale or a shift."""
        if new and (fills(stored) or self.hidden(stored)):
            self.layers.mark("unseen" if self.hidden(stored) else "filler", name, new)

    def weight_bytes(self) -> int:
        """Bytes of the initializers, and of constants that layers read as weights, as the file's types
        say.
        """
        return sum(n for key, n in self.bytes_of.items() if key[0] == "initializer" or key in self.counted)

    def initializers(self, graph: Any, prefix: str = "") -> dict[bytes, Value]:
        """The stored values of a graph's initializers, by name; raises SpecError for a name given twice."""
        found: dict[bytes, Value] = {}
        again = written_again(graph)
        for t in graph.initializer:
            if t.name in found:
                raise self.fault("two initializers have this name", text(t.name))
            value = self.stored(t, ("initializer", prefix, t.name), text(t.name))
            found[t.name] = value._replace(numbers=0) if t.name in again else value
        for s in graph.sparse_initializer:
            dims = tuple(s.dims)
            found[s.values.name] = self.stored(
                s.values, ("initializer", prefix, s.values.name), text(s.values.name)
            )._replace(dims=dims)
        return found

    def run(
        self,
        nodes: Any,
        env: MutableMapping[bytes, Value | None],
        prefix: str = "",
        depth: int = 0,
        refs: Any = None,
    ) -> None:
        """Add the layers of nodes in the file's order."""
        if depth > DEEPEST:
            raise self.fault("graphs or functions are nested too deeply", prefix)
        env[b""] = None
        outer = self.layers.module
        for node in nodes:
            self.layers.module = module_of(node) or outer
            if not depth:
                self.layers.origins = self.origins.of(node)
            self.calls += 1
            if self.calls > MOST_NODES:
                raise self.fault(f"has more than {MOST_NODES:,} nodes")
            call = Call(self, node, env, prefix, depth, refs or {})
            outputs = call.run()
            for name, value in zip(node.output, outputs, strict=False):
                if not name:
                    continue
                if name in (env.maps[0] if isinstance(env, ChainMap) else env):
                    raise call.fault(f"gives '{text(name)[:80]}', which is given before")
                env[name] = value
        self.layers.module = outer

    def within(
        self, graph: Any, env: MutableMapping[bytes, Value | None], prefix: str, depth: int
    ) -> list[Value | None]:
        """Add the layers of a graph within a node, which can read the names around it."""
        scope: ChainMap[bytes, Value | None] = ChainMap({}, env)
        scope.update(self.initializers(graph, prefix))
        self.run(graph.node, scope, prefix, depth + 1)
        return self.outputs(graph.output, scope, prefix)

    def inlined(self, function: Any, call: Call) -> list[Value | None]:
        """Add the layers of a function of the file in place of its call."""
        env: dict[bytes, Value | None] = dict.fromkeys(function.input)
        env.update(zip(function.input, call.inputs, strict=False))
        refs = {a.name: a for a in [*function.attribute_proto, *call.node.attribute]}
        self.run(function.node, env, f"{call.name}/", call.depth + 1, refs)
        return [env.get(name) for name in function.output]

    def outputs(
        self, names: Any, env: MutableMapping[bytes, Value | None], prefix: str
    ) -> list[Value | None]:
        """The values of these outputs; raises SpecError for one that no node gives."""
        for o in names:
            if o.name not in env:
                raise self.fault(f"its output '{text(o.name)[:80]}' is given by no node", prefix)
        return [env[o.name] for o in names]


KINDS_OF_ATTRIBUTES: dict[int, Callable[[Any], Any]] = {
    1: lambda a: a.f,
    2: lambda a: a.i,
    3: lambda a: text(a.s),
    6: lambda a: list(a.floats),
    7: lambda a: list(a.ints),
}
"""AttributeProto.AttributeType: how its value is fetched; tensors and graphs are left as messages."""


def kind_of(attribute: Any) -> int:
    """Of which type an attribute is; where the file does not say, as files of old, by what it holds."""
    if attribute.type:
        return int(attribute.type)
    held = {1: attribute.HasField("f"), 2: attribute.HasField("i"), 3: attribute.HasField("s")}
    held |= {6: bool(attribute.floats), 7: bool(attribute.ints)}
    return next((kind for kind, there in held.items() if there), 0)


class Call(KitCall):
    """One node: its inputs, attributes and name."""

    net: Net

    def __init__(
        self,
        net: Net,
        node: Any,
        env: MutableMapping[bytes, Value | None],
        prefix: str,
        depth: int,
        refs: Any,
    ) -> None:
        self.node, self.env, self.depth = node, env, depth
        type_, domain = text(node.op_type), text(node.domain)
        self.domain = "" if domain == "ai.onnx" else domain
        name = text(node.name) or (text(node.output[0]) if node.output else "") or type_ or "node"
        self.attributes = {}
        for a in node.attribute:
            source = refs.get(a.ref_attr_name) if a.ref_attr_name else a
            if source is not None:
                self.attributes[text(a.name)] = source
        super().__init__(net, type_, f"{prefix}{name}", [], self.attributes)
        self.inputs = [self.read(name) for name in node.input]

    def read(self, name: bytes) -> Value | None:
        """The value of a name; None for an input that is left out."""
        if name not in self.env:
            what = f"reads '{text(name)[:80]}', which no input, initializer or node before it gives"
            hint = "nodes must stand in the order in which they run, without cycles"
            raise self.fault(what, hint)
        return self.env[name]

    def raw(self, key: str) -> Any:
        """The value of an attribute; None where the node does not have it."""
        a = self.attributes.get(key)
        return None if a is None else KINDS_OF_ATTRIBUTES.get(kind_of(a), lambda a: a)(a)

    def truth(self, value: Any) -> bool | None:
        """An attribute read as a flag: ONNX writes flags as whole numbers."""
        return bool(value) if isinstance(value, int) else None

    def indices(self, key: str, at: int = -1) -> list[int] | None:
        """Whole numbers of an attribute, or of the input in place `at`; None where neither is there.

        Raises NotKnown where they are computed from the image.
        """
        if key in self:
            return self.integers(key, (), -(2**63), 2**63)
        if at < 0 or self.input(at) is None:
            return None
        return [int(n) for n in self.numbers_or_zeros(at)]

    def numbers_or_zeros(self, at: int) -> tuple[Any, ...]:
        """The numbers of an input, none where it is left out or empty; zeros where one is out of bounds.

        Raises NotKnown where they are computed from the image.
        """
        value = self.input(at)
        if value is None:
            return ()
        if not isinstance(value, Stored) or value.values is None:
            raise NotKnown
        if any(n != n or abs(n) > 2**63 for n in value.values):
            return tuple(0 for _ in value.values)
        return value.values

    def fills(self, at: int, number: int, filled: bool = False) -> bool:
        """Is an input of a norm only what an exporter writes for a scale or a shift that the norm lacks:
        ones, or zeros?

        They are recognised by a name that onnxscript makes up; or because the norm is a group norm written as
        an instance norm of the groups (`filled`), behind which the learned scale and shift follow. Numbers
        in another file are recognised by the name alone, which a note says.
        """
        value = self.input(at)
        if not isinstance(value, Stored) or not (filled or made_up(value)):
            return False
        if self.net.hidden(value):
            self.net.fixed(value, self.name, "hidden")
            return True
        return value.values is not None and all(n == number for n in value.values)

    def args(self) -> dict[str, Any]:
        """Attributes as folding reads them."""
        out: dict[str, Any] = {}
        for key, a in self.attributes.items():
            if a.ints:
                out[key] = list(a.ints)
            elif a.HasField("t"):
                out[key] = self.net.stored(a.t, ("constant", self.name), self.name)
            elif a.HasField("i"):
                out[key] = int(a.i)
        return out

    def run(self) -> list[Any]:
        """Add the layers of this node; one that cannot be costed is added as an unknown op."""
        net = self.net
        function = net.functions.get((text(self.node.domain), self.type))
        if function is not None:
            return net.inlined(function, self)
        reads = [*self.inputs, *self.captured()]
        if net.behind_tail(reads):
            return self.tail(reads)
        try:
            if self.inputs and all(not isinstance(v, Tensor) for v in self.inputs):
                folded = self.folded()
                if folded:
                    return folded
            done = net.convert(self)
        except NotKnown:
            done = None
        except UNFIT:
            raise self.unfit() from None
        if done is None and not self.weighs(reads) and net.may_end(self.type, reads):
            return [net.tail(self.called, self.name, reads, self.declared(0))] * max(len(self.node.output), 1)
        if done is None:
            done = [self.unknown(k) for k in range(min(len(self.node.output), 1000))]
            done[1:] = [d for d in done[1:] if d]
        return list(done) if done.__class__ is list else [done]

    @property
    def called(self) -> str:
        """Its type, with its domain where it is not ONNX's, and what is not known in the graphs within it."""
        type_ = f"{self.domain}.{self.type}" if self.domain else self.type
        within = dict.fromkeys(text(node.op_type) for graph in graphs_in(self.node) for node in graph.node)
        strange = [name for name in within if name not in self.net.known][:4]
        return f"{type_} ({', '.join(strange)})" if strange else type_

    def declared(self, k: int) -> Dims | None:
        """The axes that the file gives of an output, at the size in the file."""
        return (
            self.net.given.get(self.node.output[k])
            if len(self.node.output) > k and not self.net.before
            else None
        )

    def captured(self) -> list[Value | None]:
        """What the graphs in this node read from around it."""
        return [
            self.env[name]
            for graph in graphs_in(self.node)
            for node in graph.node
            for name in node.input
            if name in self.env
        ]

    def weighs(self, reads: Sequence[Value | None]) -> bool:
        """Has this node weights or products of its own, whatever reads it?

        Then it is no part of a tail that counts 0.
        """
        known = self.type in self.net.known and self.domain in ("", "com.microsoft", "ai.onnx.ml")
        return weighs(self.node, [v for v in reads if isinstance(v, Stored)], known)

    def tail(self, reads: Sequence[Value | None]) -> list[Any]:
        """Behind an op that cannot be costed only what has no weights is free of cost."""
        if self.weighs(reads):
            self.net.layers.refuse_behind(*[v.ref for v in reads if isinstance(v, Tensor)])
        known = self.type in self.net.known and not self.domain and self.type != "If"
        return [self.net.tail("" if known else self.called, self.name, reads, self.declared(0))] * max(
            len(self.node.output), 1
        )

    def unknown(self, k: int = 0) -> Tensor:
        """Add the op as one that is not known; `k` is the number of its output."""
        declared = self.declared(k)
        values = [v for v in self.inputs if v is not None]
        if k and declared is None:
            declared = next((v.dims for v in values if isinstance(v, Tensor)), None)
        if k:  # further outputs of one op: not another op
            dims = declared or (1,)
            c = self.net.channels_of(len(dims))
            return Tensor(self.net.node(f"{self.name}/{k + 1}", Constant(*view(dims, c))), dims, c)
        return self.net.unknown(self.called, self.name, values, declared)

    def folded(self) -> list[Any]:
        """What an operation on stored numbers gives: stored numbers again; none where multiply-adds make
        them, or it is not known.
        """
        there = [v for v in self.inputs if isinstance(v, Stored)]
        if not there:
            return []
        first = there[0]
        done: tuple[Dims, tuple[Any, ...] | None] | None = fold(self.type, self.inputs, self.args())
        if done is None and self.type in KEEPING:
            dims = KEEPING[self.type](self, first.dims)
            if dims is None:
                return []
            done = dims, first.values if dims == first.dims else None
        elif done is None and self.type in COMBINING:
            try:
                done = broadcast([v.dims for v in there]), None
            except ValueError:
                return []
        if done is not None and self.type == "ConstantOfShape":
            return [self.net.convert(self)._replace(values=done[1])]
        made = [done] if done is not None else self.outlined()
        if self.type in KEEPING or self.type in TAKING:
            places = self.places(first, [v[0] for v in made])
            return [self.moved(first, v[0], v[1], place) for v, place in zip(made, places, strict=True)]
        if "Normalization" in self.type:
            there = [v for v in there if v is first or not (fills(v) or self.net.hidden(v))]
        return [
            v if isinstance(v, Stored) else worked_out(v[0], there, ("constant", self.name), v[1])
            for v in made
        ]

    def places(self, value: Stored, made: Sequence[Dims]) -> Sequence[Cut | None]:
        """Where the numbers of each output stand in the tensor that they are moved from or taken out of,
        if that is known.
        """
        place = value.place
        if place is None or not made:
            return [None] * len(made)
        if self.type in TAKING:
            taken = TAKING[self.type](self, value.dims)
            return (
                [reread(place.taken(ranges), dims) for ranges, dims in zip(taken, made, strict=True)]
                if taken
                else [None] * len(made)
            )
        if self.type == "Transpose":
            perm = self.indices("perm") or list(range(len(value.dims)))[::-1]
            return [Cut(place.offset, made[0], tuple(place.strides[i] for i in perm))]
        return [reread(place, made[0])]

    def moved(self, value: Stored, dims: Dims, values: Any, place: Cut | None) -> Stored:
        """The same stored numbers along other axes, or some of them; all where it is not known which."""
        sources = value.sources
        if place is not None and self.type in TAKING:
            sources = (Part(sources[0].key, sources[0].whole, place),)
            return value._replace(dims=dims, numbers=place.size, values=values, parts=sources, cut=place)
        if not value.parts and place == contiguous(dims):
            return value._replace(dims=dims, values=values)
        return value._replace(dims=dims, values=values, parts=sources, cut=place)

    def outlined(self) -> list[Any]:
        """The axes of what is made of stored numbers, found by following the operation by its axes."""
        if self.type not in self.net.still:
            return []
        data = len(self.inputs) if self.type in JOINING else 1
        call = copy(self)
        call.net = self.net.axes_only()
        call.inputs = [
            *(v and Tensor(0, v.dims, self.net.channels_of(len(v.dims))) for v in self.inputs[:data]),
            *self.inputs[data:],
        ]
        try:
            done = call.net.convert(call)
        except (NotKnown, *UNFIT):
            return []
        values = done if done.__class__ is list else [done]
        if any(v is None for v in values):
            return []
        return [(v.dims, None) if isinstance(v, Tensor) else v for v in values]
