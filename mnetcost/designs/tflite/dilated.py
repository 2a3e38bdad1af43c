"""Which operators are a dilated convolution that TensorFlow writes as smaller ones?

They become one convolution with its dilation again.

SPACE_TO_BATCH_ND pads a map and makes every second (third, ...) position a map of its own, a convolution
slides over each of these, and BATCH_TO_SPACE_ND puts them together and cuts what was padded only to divide
evenly. Source: TensorFlow, nn_ops.py, with_space_to_batch.
"""

from __future__ import annotations

from typing import Any

from .file import Operator, Subgraph

PASSED = "CAST"  # gives on what it gets
WINDOWS = ("CONV_2D", "DEPTHWISE_CONV_2D")
BESIDE = (
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "LEAKY_RELU",
    "PRELU",
    "HARD_SWISH",
    "LOGISTIC",
    "TANH",
    "ELU",
    "GELU",
)
"""Operators that may stand between, since they treat each number by itself."""
ROW = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
"""Operators that make a map of one row of a row of positions, before the convolution, and a row again
behind it.
"""


class Chain:
    """The operators from a SPACE_TO_BATCH_ND on, as long as each is all that reads the one before."""

    def __init__(self, graph: Subgraph, made: set[int], readers: dict[int, list[int]], at: int) -> None:
        self.graph, self.made = graph, made
        self.ats, self.window, self.rows = [at], -1, []
        first = graph.operators[at]
        while True:
            before = graph.operators[self.ats[-1]].outputs
            if len(before) != 1 or before[0] in graph.outputs or len(readers.get(before[0], ())) != 1:
                break
            self.ats.append(readers[before[0]][0])
            here = graph.operators[self.ats[-1]]
            if here.type == "BATCH_TO_SPACE_ND" or any(n in made for n in here.inputs if n != before[0]):
                break
            if here.type in WINDOWS and self.window < 0 and here.inputs[0] == before[0]:
                self.window = self.ats[-1]
            elif here.type in ROW and len(self.numbers(first, 1)) == 1:
                self.rows.append(self.ats[-1])
            elif here.type not in BESIDE:
                break

    def numbers(self, o: Operator, at: int) -> tuple[int, ...]:
        """The numbers of an input that are in the file; none where they are not."""
        n = o.inputs[at] if len(o.inputs) > at else -1
        return (
            tuple(self.graph.tensors[n].values or ())
            if 0 <= n < len(self.graph.tensors) and n not in self.made
            else ()
        )

    def convolution(self) -> dict[str, Any] | None:
        """The options of the convolution as a dilated one; None where it is none."""
        first, last = (self.graph.operators[at] for at in (self.ats[0], self.ats[-1]))
        if self.window < 0 or last.type != "BATCH_TO_SPACE_ND":
            return None
        block, pads, crops = self.numbers(first, 1), self.numbers(first, 2), self.numbers(last, 2)
        if (
            self.numbers(last, 1) != block
            or len(block) not in (1, 2)
            or not len(pads) == len(crops) == 2 * len(block)
            or min(block) < 1
        ):
            return None
        left = tuple(int(a - b) for a, b in zip(pads, crops, strict=True))
        if len(block) == 1:
            if not self.is_row():
                return None
            block, left = (1, *block), (0, 0, *left)
        elif self.rows:
            return None
        options = self.graph.operators[self.window].options
        if (
            min(left) < 0
            or options.get("Padding") != 1
            or (options.get("StrideH", 1), options.get("StrideW", 1)) != (1, 1)
        ):
            return None
        high, wide = (
            options.get(f"Dilation{side}Factor", 1) * b for side, b in zip("HW", block, strict=True)
        )
        return {**options, "DilationHFactor": high, "DilationWFactor": wide, "Pads": left}

    def is_row(self) -> bool:
        """Is a height of 1 put in front of the row before the convolution, and taken away behind it?"""
        if len(self.rows) != 2 or not self.rows[0] < self.window < self.rows[1]:
            return False
        begin, end = (self.graph.operators[at] for at in self.rows)
        if begin.type != "EXPAND_DIMS" or self.numbers(begin, 1) not in ((1,), (-3,)):
            return False
        return end.type != "EXPAND_DIMS" and len(self.graph.tensors[end.outputs[0]].dims) == 3


def whole(graph: Subgraph) -> Subgraph:
    """The graph with each convolution of stacked maps as the dilated one that it is; others are left as
    they are.
    """
    stacked = [
        k for k, o in enumerate(graph.operators) if o.type == "SPACE_TO_BATCH_ND" and o.inputs and o.outputs
    ]
    if not stacked:
        return graph
    made = {n for o in graph.operators for n in o.outputs} | set(graph.inputs)
    readers: dict[int, list[int]] = {}
    for k, o in enumerate(graph.operators):
        for n in o.inputs:
            readers.setdefault(n, []).append(k)
    operators = list(graph.operators)
    for at in stacked:
        chain = Chain(graph, made, readers, at)
        options = chain.convolution()
        if options is None:
            continue
        operators[chain.window] = operators[chain.window]._replace(options=options)
        for end in (chain.ats[0], chain.ats[-1]):
            operators[end] = Operator(PASSED, {}, operators[end].inputs[:1], operators[end].outputs)
        if chain.rows:
            row = operators[chain.rows[1]]
            operators[chain.rows[1]] = Operator("SQUEEZE", {"SqueezeDims": (1,)}, row.inputs[:1], row.outputs)
    return graph._replace(operators=tuple(operators))
