"""How does a reader add layers by what is done to tensors? Reshaping, joining, combining, reducing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from math import prod
from typing import Any, Self

from ...engine.graph import Graph, Ref
from ...engine.ops import (
    Add,
    Concat,
    Constant,
    Crop,
    Crop3d,
    Dense,
    Elementwise,
    Gate,
    Gather,
    GlobalPool,
    MatMul,
    Op,
    Pad,
    Pad3d,
    Permute,
    Reduce,
    Repeat,
    Reshape,
    Slice,
)
from ...engine.ops.elements import Activation, Bias, Rescale, Scale
from .layers import DETECTION, AxesOnly, plain_size
from .stored import Dims, Stored
from .tensors import (
    MOST_AXES,
    NotKnown,
    Tensor,
    Value,
    around,
    broadcast,
    dims_text,
    groups,
    joined,
    refit,
    side_by_side,
    side_of,
    side_of_volume,
    solid,
    view,
)
from .views import Views


class Maps(Views):
    """Adds layers to a graph by what is done to tensors."""

    def __init__(self, file: str, allow_unknown: bool, channels_first: bool, axes_only: bool = False) -> None:
        super().__init__(file, allow_unknown, channels_first, axes_only)
        self.reshaped: dict[str, tuple[Dims, Dims]] = {}  # what each reshape gets and gives, at this size
        self.before: dict[str, tuple[Dims, Dims]] = {}  # and at the size in the file
        self.resized = False  # whether this size is another than that in the file
        self.steps: dict[Any, set[Ref]] = {}  # dense layers that read one position, by their weights

    def axes_only(self) -> Self:
        """This net as it stands, to follow operations by their axes alone, without adding a layer."""
        other = copy(self)
        other.layers = AxesOnly(self.layers.file, self.layers.allow_unknown, self.layers)
        return other

    def followed(self, name: str, x: Dims, target: Dims, fitting: Dims = ()) -> Dims:
        """Where a reshape's axes stand in the file, what they are at this size.

        fitting: what they are by an axis that the file leaves open, where it does.
        """
        old = self.before.get(name)
        if old is None or old[0] == x:
            return target
        try:
            dims = refit(*old, x)
        except (ValueError, ZeroDivisionError):
            dims = fitting
        if not dims or fitting not in ((), dims):
            hint = "export it with dynamic axes, or read it at the size in the file"
            raise self.fault(
                f"its axes of {dims_text(old[1])} are fixed in the file and do not follow {dims_text(x)}",
                name,
                hint,
            )
        return dims

    def followed_resize(self, name: str, x: Dims, sizes: Dims) -> Dims:
        """Where sizes to enlarge to stand in the file, what they are at this size: as many times the map
        as they were.
        """
        old = self.before.get(name)
        if old is None or old[0] == x:
            return sizes
        out = []
        for was, to, now in zip(*old, x, strict=True):
            if now * to % was:
                size = dims_text(old[1])
                raise self.fault(
                    f"its size of {size} is fixed in the file and does not follow {dims_text(x)}", name
                )
            out.append(now * to // was)
        return tuple(out)

    def learned(self, stored: Stored) -> int:
        """How many of these numbers are counted here and not before; a single number is none that a layer
        learns.
        """
        return sum([self.counted.add(part) * (part.whole > 1) for part in stored.sources])

    def learned_at(self, name: str, stored: Stored) -> int:
        """As `learned`, of a layer that scales or shifts a map by these."""
        return self.learned(stored)

    def first(self, stored: Stored) -> bool:
        """Are any of these numbers counted here and not before?"""
        before = self.counted.changes
        self.learned(stored)
        return self.counted.changes > before

    def counts(self, name: str, stored: Stored) -> bool:
        """Does a layer count these as its weights?

        What they were worked out from beyond that is a table beside the layer.
        """
        before = self.counted.changes
        new, read = self.learned(stored), prod(stored.dims)
        if self.counted.changes == before:
            return False
        more = new - read if new > read else new if 0 < new < read else 0
        if more:
            self.node(f"{name}/weights", Constant(1, 1, more, True))
        return not 0 < new < read

    def trains(self, stored: Stored, name: str) -> bool:
        """Are these numbers of a norm, a bias or a slope parameters that are counted here and not before?"""
        if not stored.trained and stored.numbers > 1:
            self.fixed(stored, name)
        return stored.trained and self.counts(name, stored)

    def fixed(self, stored: Stored, name: str, note: str = "fixed") -> None:
        """Have the answer name numbers that nothing trains, once."""
        self.layers.mark(note, name, stored.numbers, stored.key)

    def weighted(
        self,
        name: str,
        op: Callable[[bool], Op],
        t: Tensor,
        weight: Stored,
        bias: Stored | None,
        dims: Dims,
        c: int,
    ) -> Tensor:
        """Add a layer with weights and perhaps a bias, of which either may have been counted at an
        earlier layer.
        """
        new = self.counts(name, weight)
        if bias is None:
            return self.add(name, op(False), t, dims=dims, c=c, shared=not new)
        new_bias = self.counts(f"{name}/bias", bias)
        if new == new_bias:
            return self.add(name, op(True), t, dims=dims, c=c, shared=not new)
        y = self.add(name, op(False), t, dims=dims, c=c, shared=not new)
        return self.same(f"{name}/bias", Bias(prod(bias.dims)), y, shared=not new_bias)

    def as_tensor(self, value: Value, name: str) -> Tensor:
        """A value as a layer: stored numbers become a table."""
        if isinstance(value, Tensor):
            return value
        dims = self.checked(value.dims, name)
        c = self.channels_of(len(dims))
        shape = view(dims, c)
        if not value.trained and value.numbers > 1:
            self.fixed(value, name)
        learned = self.learned(value) if value.trained else 0
        if learned:
            self.layers.mark("table", name, learned)
        if learned in (0, prod(dims)):
            return Tensor(self.node(f"{name}/table", Constant(*shape, bool(learned))), dims, c)
        table = self.node(f"{name}/table", Constant(1, 1, learned, True))
        return Tensor(self.node(f"{name}/spread", Constant(*shape), table), dims, c)

    def table(self, value: Stored, like: Tensor, name: str) -> Tensor:
        """Stored numbers as a layer that is as large as the map they are combined with."""
        t, like = self.as_tensor(value, name), self.folded(like, name)
        shape = self.shape(like)
        if self.shape(t) == shape:
            return like._replace(ref=t.ref)
        moved, op = ("layout", Reshape) if self.shape(t).elements == shape.elements else ("spread", Constant)
        return like._replace(ref=self.node(f"{name}/table/{moved}", op(*shape), t.ref))

    def unknown(self, type_: str, name: str, values: Sequence[Value], dims: Dims | None) -> Tensor:
        """Add an op that cannot be costed; its axes are those in the file or of its first input."""
        tensors = [v for v in values if isinstance(v, Tensor)]
        if dims is None:
            dims = tensors[0].dims if tensors else (1,)
        c = tensors[0].c if tensors and len(tensors[0].dims) == len(dims) else self.channels_of(len(dims))
        shape = view(self.checked(dims, name), c)
        return Tensor(self.layers.unknown(type_, name, *[t.ref for t in tensors], shape=shape), dims, c)

    def behind_tail(self, values: Sequence[Value | None]) -> bool:
        """Does any of these stand behind an op that cannot be costed, in the file's tail?"""
        return any(isinstance(v, Tensor) and self.layers.behind_tail(v.ref) for v in values)

    def tail(self, type_: str, name: str, values: Sequence[Value | None], dims: Dims | None) -> Tensor:
        """Add an op of the file's tail; `type_` is empty for one that is known.

        Stored numbers that it reads are a table.
        """
        dims = dims or (1,)
        c = self.channels_of(len(dims))
        refs = [v.ref for v in values if isinstance(v, Tensor)]
        numbers = sum(self.learned(v) for v in values if isinstance(v, Stored) and v.trained)
        if numbers and DETECTION.search(type_):
            self.layers.mark("boxes", name, numbers)
            numbers = 0
        return Tensor(
            self.layers.tail(type_, name, *refs, shape=view(self.checked(dims, name), c), numbers=numbers),
            dims,
            c,
        )

    def may_end(self, type_: str, values: Sequence[Value | None]) -> bool:
        """May an op that cannot be costed be part of the file's tail?

        See Layers; one that reads stored numbers may have weights.
        """
        if any(isinstance(v, Stored) and v.numbers > 1 for v in values) and not DETECTION.search(type_):
            return False
        return self.layers.may_end(type_, *[v.ref for v in values if isinstance(v, Tensor)])

    def dense(
        self,
        name: str,
        t: Tensor,
        axis: int,
        weight: Stored,
        inner: int,
        out: int,
        bias: Stored | None = None,
    ) -> Tensor:
        """A dense layer over one axis."""
        if not -len(t.dims) <= axis < len(t.dims):
            raise NotKnown
        axis %= len(t.dims)
        if t.dims[axis] != inner:
            raise self.fault(f"its weights are for {inner:,} numbers, and it gets {t.dims[axis]:,}", name)
        dims = self.checked((*t.dims[:axis], out, *t.dims[axis + 1 :]), name)
        t = self.seen(t, axis, name)
        self.refuse_step(name, t, weight)
        y = self.weighted(name, lambda b: Dense(out, b), t, weight, bias, dims, axis)
        if prod(t.dims) == inner:
            self.steps.setdefault(weight.key, set()).add(y.ref)
        return y

    def is_step(self, t: Tensor, weight: Stored) -> bool:
        """Is a dense layer that reads this a step of an unrolled recurrent layer?

        It reads one position, which depends on what the same weights gave before.
        """
        earlier = self.steps.get(weight.key) if self.layers.adds and weight.key is not None else None
        return bool(earlier) and prod(t.dims) == t.dims[t.c] and self.layers.depends(t.ref, earlier or set())

    def refuse_step(self, name: str, t: Tensor, weight: Stored) -> None:
        """Raise SpecError for a step of an unrolled recurrent layer, at another size than the file's."""
        if self.resized and self.is_step(t, weight):
            what = "it is a step of an unrolled recurrent layer, whose number of steps is fixed in the file"
            raise self.fault(what, name, "read it at the size in the file, or write it again at this one")

    def matmul(self, name: str, a: Value, b: Value, bias: Stored | None = None) -> Tensor:
        """A product of matrices: a dense layer where one of them is stored and the same for all, a
        `matmul` otherwise.
        """
        if isinstance(a, Tensor) and isinstance(b, Stored) and len(b.dims) >= 2 and prod(b.dims[:-2]) == 1:
            y = self.dense(name, a, -1, b, b.dims[-2], b.dims[-1], bias)
            rank = len(b.dims)
            return (
                y
                if rank <= len(y.dims)
                else self.reshape(f"{name}/axes", y, (*(1,) * (rank - len(y.dims)), *y.dims))
            )
        if (
            isinstance(b, Tensor)
            and isinstance(a, Stored)
            and len(a.dims) == 2
            and len(b.dims) >= 2
            and bias is None
        ):
            return self.dense(name, b, -2, a, a.dims[1], a.dims[0])
        if isinstance(a, Stored) and isinstance(b, Stored) and len(b.dims) == 2:
            # a height and a width in a row: places, as Swin V2 has them
            if a.trained and a.dims[-1:] == (2,):
                self.fixed(a, name, "places")
                a = a._replace(trained=False)
            return self.dense(name, self.as_tensor(a, name), -1, b, b.dims[-2], b.dims[-1], bias)
        a, b = self.as_tensor(a, name), self.as_tensor(b, name)
        if len(a.dims) < 2 or len(b.dims) < 2:
            raise NotKnown
        if a.dims[-1] != b.dims[-2]:
            raise self.fault(
                f"matrices of {dims_text(a.dims)} and {dims_text(b.dims)} cannot be multiplied", name
            )
        dims = (*broadcast([a.dims[:-2], b.dims[:-2], ()]), a.dims[-2], b.dims[-1])
        return self.product(name, a, b, a.dims[-1], dims)

    def product(self, name: str, a: Tensor, b: Tensor, inner: int, dims: Dims) -> Tensor:
        """A product of two computed tensors, each of its numbers a sum of `inner` products."""
        c = max(len(dims) - 1, 0)
        return self.add(name, MatMul(inner, *view(self.checked(dims, name), c)), a, b, dims=dims, c=c)

    def combine(self, name: str, by: str, values: Sequence[Value]) -> Tensor:
        """Combine element by element.

        by: add, subtract, multiply, divide, maximum, minimum, power, compare or select. Stored numbers beside
        a map are its scale, shift or bounds (STORED_CASES), or a table as large as the map.
        """
        try:
            dims = broadcast([v.dims for v in values])
        except ValueError as e:
            raise self.fault(str(e), name) from None
        t = next((v for v in values if isinstance(v, Tensor)), None)
        if t is None:
            raise NotKnown
        if len(values) == 2 and isinstance(stored := values[values[0] is t], Stored) and t.dims == dims:
            for applies, add in STORED_CASES:
                if applies(by, stored):
                    return add(self, name, by, t, stored)
        tensors = [
            self.table(v, t, name) if isinstance(v, Stored) and t.dims == dims else self.as_tensor(v, name)
            for v in values
        ]
        return self.combine_maps(name, by, tensors, dims)

    def rescaled(self, name: str, by: str, t: Tensor, stored: Stored) -> Tensor:
        """A map scaled or shifted by numbers that nothing trains."""
        if not stored.trained and stored.numbers > 1:
            self.fixed(stored, name)
        return self.same(name, Rescale(by not in SHIFTS, by in SHIFTS), t)

    def scaled(self, name: str, by: str, t: Tensor, stored: Stored) -> Tensor:
        """A map scaled or shifted by numbers that are learned, one for each place along one axis."""
        new = self.learned_at(name, stored)
        count = new or stored.numbers
        op: Op = Bias(count) if by in SHIFTS else Scale(False, count)
        return self.same(name, op, t, shared=not new)

    def bounded(self, name: str, by: str, t: Tensor, stored: Stored) -> Tensor:
        """A map combined with one number in a way that is no scale or shift."""
        relu = by == "maximum" and stored.values == (0,)
        return self.same(name, Activation("relu" if relu else "power" if by == "power" else "clip"), t)

    def combine_maps(self, name: str, by: str, tensors: Sequence[Tensor], dims: Dims) -> Tensor:
        """Combine whole maps, of which some may be repeated along axes."""
        like = [t for t in tensors if t.dims == dims] or [t for t in tensors if len(t.dims) == len(dims)]
        c = like[0].c if like else self.channels_of(len(dims))
        if not self.layers.adds:
            return Tensor(0, self.checked(dims, name), c)
        maps = self.alike(name, tensors, dims, c)
        op: Op = Elementwise(by)
        if by == "add" and len({self.shape(t) for t in maps}) == 1:
            op = Add()
        elif by == "multiply":
            op = Gate()
            maps.sort(key=lambda t: -self.shape(t).elements)
            while len(maps) > 2:
                maps[:2] = [self.add(name, op, *maps[:2], dims=dims, c=c)]
        return self.seen(self.add(name, op, *maps, dims=dims, c=c), c, name)

    def alike(self, name: str, tensors: Sequence[Tensor], dims: Dims, c: int) -> list[Tensor]:
        """Tensors as maps that can be combined, see `side_by_side`, or as volumes."""
        if self.any_volume(tensors):
            return [self.beside_volume(t, dims, c, name) for t in tensors]
        shapes, whole = side_by_side([t.dims for t in tensors], dims, c)
        maps = []
        for t, shape in zip(tensors, shapes, strict=True):
            ref = t.ref if self.shape(t) == shape else self.node(f"{name}/layout", Reshape(*shape), t.ref)
            if whole is not None and shape != whole:
                ref = self.node(f"{name}/repeat", Repeat(*whole), ref)
            maps.append(t._replace(ref=ref))
        return maps

    def concat(self, name: str, values: Sequence[Value], axis: int) -> Tensor:
        """Join tensors along an axis."""
        if not any(isinstance(v, Tensor) for v in values):
            raise NotKnown
        if len(values) == 1 and isinstance(values[0], Tensor):
            return values[0]
        try:
            dims = joined([v.dims for v in values], axis)
        except ValueError as e:
            raise self.fault(str(e), name) from None
        axis %= len(dims)
        c = next(v.c for v in values if isinstance(v, Tensor))
        tensors = [self.as_tensor(v, name) for v in values]
        if self.any_volume(tensors):
            solids = [self.volume(t, c, name) for t in tensors]
            return self.add(name, Concat(side_of_volume(c, axis)), *solids, dims=dims, c=c)
        if side := side_of(values[0].dims, c, axis):
            return self.add(name, Concat(side), *[self.seen(t, c, name) for t in tensors], dims=dims, c=c)
        rows = [
            t._replace(ref=self.node(f"{name}/layout", Reshape(*around(t.dims, axis)), t.ref))
            for t in tensors
        ]
        return self.add(name, Concat("width"), *rows, dims=dims, c=c)

    def reshape(self, name: str, t: Tensor, dims: Sequence[int]) -> Tensor:
        """Read the same numbers along other axes."""
        dims = self.checked(tuple(dims), name)
        if prod(dims) != prod(t.dims):
            raise self.fault(f"{dims_text(t.dims)} cannot be read as {dims_text(dims)}", name)
        c = self.channels_of(len(dims))
        for ins, outs in groups(t.dims, dims):
            if t.c in ins and t.dims[t.c] > 1 and all(t.dims[i] == 1 for i in ins if i != t.c):
                real = [j for j in outs if dims[j] != 1]
                c = real[0] if len(real) == 1 else c
        return self.add(name, Reshape(*view(dims, c)), t, dims=dims, c=c)

    def transpose(self, name: str, t: Tensor, perm: Sequence[int]) -> Tensor:
        """Put the axes in another order."""
        if sorted(perm) != list(range(len(t.dims))):
            raise self.fault(
                f"its order of axes {list(perm)[:MOST_AXES]} does not fit {dims_text(t.dims)}", name
            )
        dims = tuple(t.dims[i] for i in perm)
        c = list(perm).index(t.c) if perm else 0
        moved = [i for i in perm if t.dims[i] != 1]
        op = Permute if moved != sorted(moved) else Reshape
        return self.add(name, op(*view(dims, c)), t, dims=dims, c=c)

    def part(self, name: str, t: Tensor, dims: Dims) -> Tensor:
        """Take some of each axis."""
        dims = self.checked(dims, name)
        t = self.seen(t, t.c, name)
        cut = solid(dims, t.c) if self.any_volume([t]) else None
        if cut is None:
            t = self.folded(t, name)
        *sides, c = cut or view(dims, t.c, bool(t.dims) and t.dims[0] == 1)
        *whole, channels = self.shape(t)
        if c != channels:
            t = self.add(name, Slice(c), t, dims=(*t.dims[: t.c], c, *t.dims[t.c + 1 :]), c=t.c)
            name = f"{name}/crop"
        if sides != whole or c == channels:
            t = self.add(name, (Crop3d if cut else Crop)(*sides), t, dims=dims, c=t.c)
        return t._replace(dims=dims)

    def picked(self, name: str, t: Tensor, dims: Sequence[int]) -> Tensor:
        """Numbers of a tensor, each as often as asked for, along other axes."""
        dims = self.checked(dims, name)
        c = self.channels_of(len(dims))
        return self.add(name, Gather(*view(dims, c)), t, dims=dims, c=c)

    def repeated(self, name: str, value: Value, dims: Dims) -> Value:
        """The same numbers as often along each axis, perhaps along new ones in front, as these axes need
        them.
        """
        if isinstance(value, Stored):
            return value._replace(dims=dims, values=None)
        rank, batch = len(dims), dims[0] == 1
        c = value.c + rank - len(value.dims)
        shape = view((*(1,) * (rank - len(value.dims)), *value.dims), c, batch)
        ref = (
            value.ref
            if self.shape(value) == shape
            else self.node(f"{name}/layout", Reshape(*shape), value.ref)
        )
        return Tensor(self.node(name, Repeat(*view(dims, c, batch)), ref), dims, c)

    def padded(self, name: str, t: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
        """Zeros before and after along any axes; fewer than none cut."""
        dims = self.checked([n + b + a for n, b, a in zip(t.dims, before, after, strict=True)], name)
        if dims == t.dims:
            return self.reshape(name, t, dims)
        t = self.seen(t, t.c, name)
        if self.any_volume([t]) and not any((before[0], after[0], before[t.c], after[t.c])):
            around_it = [n for i in range(1, 5) if i != t.c for n in (before[i], after[i])]
            return self.add(name, Pad3d(plain_size(*around_it)), t, dims=dims, c=t.c)
        t = self.folded(t, name)
        rest = [i for i in range(len(dims)) if i != t.c and (i or dims[0] != 1 or not t.c)]
        if len(rest) < 3 and not before[t.c] and not after[t.c] and not (t.c and (before[0] or after[0])):
            edges = [(before[i], after[i]) for i in rest] + [(0, 0)] * (2 - len(rest))
            return self.add(name, Pad((*edges[0], *edges[1])), t, dims=dims, c=t.c)
        y = t
        for i, edge in enumerate(zip(before, after, strict=True)):
            if any(edge):  # one axis after the other, each as a map's width
                row = self.node(f"{name}/layout", Reshape(*around(y.dims, i)), y.ref)
                y = Tensor(
                    self.node(name, Pad((0, 0, *edge)), row), (*y.dims[:i], dims[i], *y.dims[i + 1 :]), t.c
                )
        return self.seen(y, t.c, name)

    def without(self, t: Tensor, axes: Sequence[int]) -> Tensor:
        """Drop axes of 1."""
        left = [i for i in range(len(t.dims)) if i not in axes]
        c = left.index(t.c) if t.c in left else self.channels_of(len(left))
        return Tensor(t.ref, tuple(t.dims[i] for i in left), c)

    def reduce(self, name: str, t: Tensor, axes: Sequence[int], keep: bool, by: str) -> Tensor:
        """Bring axes down to one number: global pooling where these are a map's sides."""
        rank = len(t.dims)
        if not all(-rank <= a < rank for a in axes):
            raise self.fault(f"its axes {list(axes)[:MOST_AXES]} do not fit {dims_text(t.dims)}", name)
        axes = sorted({a % rank for a in axes})
        dims = tuple(1 if i in axes else n for i, n in enumerate(t.dims))
        t = self.seen(t, t.c, name)
        pooled = (
            by in ("mean", "max") and t.c not in axes and all(n == 1 for i, n in enumerate(dims) if i != t.c)
        )
        op: Op = (
            GlobalPool("average" if by == "mean" else "max")
            if pooled and rank > 2
            else Reduce(*view(dims, t.c), by)
        )
        y = self.add(name, op, t, dims=dims, c=t.c, written="mean" if by == "mean" else "")
        return y if keep else self.without(y, axes)

    def graph(self, weight_bytes: int) -> Graph:
        """The finished graph, verified; raises as `Layers.graph` does."""
        return self.layers.graph(weight_bytes)


SHIFTS = ("add", "subtract")
LINEAR = (*SHIFTS, "multiply", "divide")

STORED_CASES: tuple[tuple[Callable[[str, Stored], bool], Callable[..., Tensor]], ...] = (
    (lambda by, v: by in LINEAR and (v.one or not v.numbers or not v.trained), Maps.rescaled),
    (lambda by, v: by in LINEAR and sum(n > 1 for n in v.dims) == 1, Maps.scaled),
    (lambda by, v: by != "compare" and v.one, Maps.bounded),
)
"""What a map that is combined with stored numbers becomes: the first that applies; none: they are a table."""
