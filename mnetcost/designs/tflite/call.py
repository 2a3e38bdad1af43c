"""How is one TFLite operator called? Its inputs, options and name, its values checked as they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ...engine.ops.elements import Activation
from ..kit.calls import Call as KitCall
from ..kit.layers import DETECTION, LARGEST_OPTIONS, PRODUCTS, plain_size
from ..kit.maps import Maps
from ..kit.stored import Stored
from ..kit.tensors import NotKnown, Tensor, Value
from .file import CUSTOM, FUSED, Operator

FUSED_FUNCTIONS = {0: "", 1: "relu", 2: "hard_tanh", 3: "relu6", 4: "tanh"}
HEAVY = ("PRELU", "SVDF", "READ_VARIABLE", "WHILE", "IF", "CALL", "CALL_ONCE")
"""Operators with weights, products or a graph of their own that PRODUCTS does not name."""


class Call(KitCall):
    """One operator: its inputs, options and name."""

    def __init__(
        self, net: Maps, operator: Operator, inputs: list[Value | None], name: str, quantised: bool
    ) -> None:
        super().__init__(net, operator.type, name, inputs, operator.options)
        self.outputs = len(operator.outputs)
        self.quantised = (
            quantised  # whether it computes in whole numbers, its biases scaled for what it reads
        )

    def weighs(self, known: bool) -> bool:
        """Has it weights or products of its own, or another graph, whatever reads it?

        Then it is no part of a tail that counts 0. `known`: there is a rule for its type.
        """
        if self.type in HEAVY or PRODUCTS.search(self.type):
            return True
        stored = any(isinstance(v, Stored) and v.numbers > 1 for v in self.inputs)
        stored = stored and not DETECTION.search(self.type)
        return not known and (stored or self.integer(CUSTOM, 0, 0) > LARGEST_OPTIONS)

    def window(self, *keys: str) -> Any:
        """A number for the height and one for the width, as ops take a size."""
        return plain_size(*(self.integer(key, 1) for key in keys))

    def mask(self, key: str) -> int:
        """A bit for each axis."""
        return self.signed(key, 0)

    @property
    def padding(self) -> Any:
        """The padding as ops take it: a name, or the zeros that a dilated convolution was given by another
        operator.
        """
        if "Pads" in self:  # of a dilated convolution, see dilated.py
            top, bottom, left, right = self.raw("Pads")
            return plain_size(top, left) if (top, left) == (bottom, right) else (top, bottom, left, right)
        return self.choice("Padding", {0: "same", 1: "valid"}, 0)

    def weights(self, at: int) -> Stored | None:
        """Stored numbers that a layer reads as its weights, of whatever type."""
        value = super().weights(at)
        whole = value is not None and value.key and not value.numbers
        return value._replace(numbers=prod(value.dims)) if value is not None and whole else value

    def map(self, at: int = 0) -> Tensor:
        """An input as a map, or several of them one below the other, channels last."""
        t = self.tensor(at)
        if len(t.dims) != 4:
            raise NotKnown
        return self.net.seen(t, 3, self.name)

    def fused(self, t: Tensor) -> Tensor:
        """The activation that is fused into an operator."""
        code = self.integer(FUSED, 0, 0)
        if code not in FUSED_FUNCTIONS:
            raise self.fault(f"its fused activation {code} cannot be costed")
        function = FUSED_FUNCTIONS[code]
        return self.same(Activation(function), t, function) if function else t


Output = Value | Sequence[Value] | None
Rule = Callable[[Call], Output]
"""What an operator computes: adds its layers and returns what they give."""
