"""How is one operation of a model file called? Its inputs as tensors or weights, its options checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.ops import Op
from .fields import MISSING, Fields
from .maps import Maps
from .stored import Dims, Stored
from .tensors import NotKnown, Tensor, Value, dims_text


class Call(Fields):
    """One operation: its type, name, inputs and options (`Fields`), and the graph that it is added to.

    An op function takes a Call, reads its inputs and options, adds layers, and returns the values that it
    gives. It raises NotKnown where the operation cannot be costed as it is called.
    """

    def __init__(
        self, net: Maps, type_: str, name: str, inputs: Sequence[Value | None], options: Mapping[str, Any]
    ) -> None:
        super().__init__(options, net.at(name))
        self.net, self.type, self.name, self.inputs = net, type_, name, inputs

    def input(self, at: int) -> Value | None:
        """An input; None where it is left out."""
        return self.inputs[at] if at < len(self.inputs) else None

    def value(self, at: int = 0) -> Value:
        """An input that must be there."""
        value = self.input(at)
        if value is None:
            raise self.fault(f"{self.type[:40]} needs its input {at + 1}")
        return value

    def values(self) -> list[Value]:
        """All inputs that are there."""
        return [v for v in self.inputs if v is not None]

    def tensor(self, at: int = 0) -> Tensor:
        """An input as the output of a layer; stored numbers become a table."""
        return self.net.as_tensor(self.value(at), self.name)

    def weights(self, at: int) -> Stored | None:
        """Stored numbers that a layer reads as its weights; raises NotKnown where they are computed."""
        value = self.input(at)
        if isinstance(value, Tensor):
            raise NotKnown
        return value

    def numbers(self, at: int) -> list[int]:
        """The whole numbers of an input; raises NotKnown where they are computed from the image."""
        value = self.value(at)
        if not isinstance(value, Stored) or value.values is None:
            raise NotKnown
        if any(n != n or abs(n) > 2**63 for n in value.values):
            raise NotKnown
        return [int(n) for n in value.values]

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front; a negative one counts from the end."""
        if not -rank <= axis < rank:
            raise self.fault(f"axis {axis} does not fit {rank} axes")
        return axis % rank

    def signed(self, key: str, default: Any = MISSING) -> int:
        """A whole number of either sign, of 64 bits."""
        return self.integer(key, default, -(2**63), 2**63)

    def axis_at(self, key: str, rank: int, default: int = 0) -> int:
        """The axis that an option gives, counted from the front."""
        return self.axis(self.signed(key, default), rank)

    def part_name(self, part: str) -> str:
        """The name of a layer of this operation."""
        return f"{self.name}/{part}" if part else self.name

    def add(
        self,
        op: Op,
        *tensors: Tensor,
        dims: Dims,
        c: int,
        part: str = "",
        shared: bool = False,
        written: str = "",
    ) -> Tensor:
        """Add a layer whose output has these axes, `c` of them the channels."""
        name = self.part_name(part)
        return self.net.add(name, op, *tensors, dims=dims, c=c, shared=shared, written=written)

    def same(self, op: Op, t: Tensor, part: str = "", shared: bool = False, written: str = "") -> Tensor:
        """Add a layer that keeps its input's axes."""
        return self.add(op, t, dims=t.dims, c=t.c, part=part, shared=shared, written=written)

    def combine(self, by: str, *values: Value, part: str = "") -> Tensor:
        """Combine values element by element, see `Maps.combine`."""
        return self.net.combine(self.part_name(part), by, values)

    def reshape(self, t: Tensor, dims: Sequence[int], part: str = "") -> Tensor:
        """Read the same numbers along other axes."""
        return self.net.reshape(self.part_name(part), t, dims)

    def unfit(self) -> Exception:
        """The error for inputs that the operation cannot take; raise what this returns."""
        given = ", ".join(dims_text(v.dims) for v in self.values()[:4])
        return self.fault(f"{self.type[:40]} cannot take inputs of {given}")
