"""How is one TFLite operator called? Its inputs, options and name, its values checked as they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ...engine.ops.elements import Activation
from ..kit.layers import DETECTION, LARGEST_DIMENSION, LARGEST_OPTIONS, PRODUCTS, plain_size
from ..kit.maps import Maps
from ..kit.stored import Stored
from ..kit.tensors import NotKnown, Tensor, Value
from .file import CUSTOM, FUSED, Operator

FUSED_FUNCTIONS = {0: "", 1: "relu", 2: "hard_tanh", 3: "relu6", 4: "tanh"}


class Call:
    """One operator: its inputs, options and name."""

    def __init__(self, net: Maps, operator: Operator, inputs: list[Value | None], name: str) -> None:
        self.net = net
        self.type = operator.type
        self.options = operator.options
        self.inputs = inputs
        self.name = name
        self.outputs = len(operator.outputs)

    def fault(self, message: str) -> Exception:
        return self.net.fault(message, self.name)

    def weighs(self, known: bool) -> bool:
        """Has it weights or products of its own, or another graph, whatever reads it?

        Then it is no part of a tail that counts 0. `known`: there is a rule for its type.
        """
        if self.type in (
            "PRELU",
            "SVDF",
            "READ_VARIABLE",
            "WHILE",
            "IF",
            "CALL",
            "CALL_ONCE",
        ) or PRODUCTS.search(self.type):
            return True
        stored = any(isinstance(v, Stored) and v.numbers > 1 for v in self.inputs) and not DETECTION.search(
            self.type
        )
        return not known and (stored or self.option(CUSTOM) > LARGEST_OPTIONS)

    def option(self, key: str, default: Any = 0) -> Any:
        return self.options.get(key, default)

    def side(self, key: str, default: int = 1) -> int:
        n = self.option(key, default)
        if not 1 <= n <= LARGEST_DIMENSION:
            raise self.fault(f"{key} must be a whole number from 1, not {n}")
        return int(n)

    def window(self, *keys: str) -> Any:
        return plain_size(*(self.side(key) for key in keys))

    @property
    def padding(self) -> Any:
        if "Pads" in self.options:  # of a dilated convolution, see dilated.py
            top, bottom, left, right = self.options["Pads"]
            return plain_size(top, left) if (top, left) == (bottom, right) else (top, bottom, left, right)
        if self.option("Padding") not in (0, 1):
            raise self.fault(f"padding {self.option('Padding')} is not known")
        return ("same", "valid")[self.option("Padding")]

    def input(self, at: int) -> Value | None:
        return self.inputs[at] if at < len(self.inputs) else None

    def value(self, at: int = 0) -> Value:
        value = self.input(at)
        if value is None:
            raise self.fault(f"{self.type[:40]} needs its input {at + 1}")
        return value

    def tensor(self, at: int = 0) -> Tensor:
        return self.net.as_tensor(self.value(at), self.name)

    def weights(self, at: int) -> Stored | None:
        """Stored numbers that a layer reads as its weights, of whatever type."""
        value = self.input(at)
        if isinstance(value, Tensor):
            raise NotKnown
        return (
            value._replace(numbers=prod(value.dims))
            if value is not None and value.key and not value.numbers
            else value
        )

    def integers(self, at: int) -> list[int]:
        """The numbers of an input; raises NotKnown where they are computed from the image."""
        value = self.value(at)
        if (
            not isinstance(value, Stored)
            or value.values is None
            or any(n != n or abs(n) > 2**63 for n in value.values)
        ):
            raise NotKnown
        return [int(n) for n in value.values]

    def map(self, at: int = 0) -> Tensor:
        """An input as a map, or several of them one below the other, channels last."""
        t = self.tensor(at)
        if len(t.dims) != 4:
            raise NotKnown
        return self.net.seen(t, 3, self.name)

    def axis(self, said_: int, rank: int) -> int:
        if not -rank <= said_ < rank:
            raise self.fault(f"axis {said_} does not fit {rank} axes")
        return said_ % rank

    def fused(self, t: Tensor) -> Tensor:
        """The activation that is fused into an operator."""
        code = self.option(FUSED)
        if code not in FUSED_FUNCTIONS:
            raise self.fault(f"its fused activation {code} cannot be costed")
        function = FUSED_FUNCTIONS[code]
        return self.net.same(f"{self.name}/{function}", Activation(function), t) if function else t


Output = Value | Sequence[Value] | None
Lay = Callable[[Call], Output]
