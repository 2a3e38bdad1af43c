"""What does an interpreter of TensorFlow Lite run, of a file? Every tensor by number, with its memory."""

from __future__ import annotations

from typing import Any

from ...engine.memory.program import Operation, Program, Tensor, Window
from ...errors import Fault, SpecError
from .detections import DETECTIONS, NUMBERS
from .file import KINDS, Subgraph, TensorInFile, offline_plan, read_subgraphs
from .lowering import zeros_of

IN_PLACE = (
    "DEPTHWISE_CONV_2D",
    "ADD",
    "SUB",
    "MUL",
    "RELU",
    "RELU6",
    "PRELU",
    "LOGISTIC",
    "HARD_SWISH",
    "TANH",
)
"""Operators that may write over their first input: each number they give needs one place or channel."""


def read_program(file: str) -> Program:
    """Read the first graph of a file as a program.

    Raises SpecError for what is no TFLite file, for graphs within the graph, whose plans are not known, and
    where an offline plan does not fit the tensors.
    """
    graph, _ = read_subgraphs(file)
    for n, operator in enumerate(graph.operators):
        if operator.type in ("IF", "WHILE", "CALL_ONCE"):
            raise SpecError(
                Fault(
                    f"{operator.type} runs another graph of the file, whose memory is not planned here",
                    file,
                    place=f"operator {n}",
                )
            )
    offsets = offline_plan(file)
    if offsets and len(offsets) != len(graph.tensors):
        raise SpecError(
            Fault(
                f"its offline plan has {len(offsets):,} offsets for {len(graph.tensors):,} tensors",
                file,
                place="metadata 'OfflineMemoryAllocation'",
            )
        )
    return Program(
        tuple(map(_tensor, graph.tensors)),
        tuple(_operation(graph, n) for n in range(len(graph.operators))),
        graph.inputs,
        graph.outputs,
        offsets,
    )


def _tensor(t: TensorInFile) -> Tensor:
    return Tensor(t.name, t.dims, KINDS.get(t.type, ("", 0))[1], not t.nbytes and not t.variable)


def _operation(graph: Subgraph, n: int) -> Operation:
    o = graph.operators[n]
    name = f"{n} {o.type}"
    return Operation(
        o.type, o.inputs, o.outputs, name, _window(graph, n), o.type in IN_PLACE, _detections(graph, n)
    )


def _detections(graph: Subgraph, n: int) -> tuple[int, ...]:
    """The most boxes and the classes of the operator that chooses boxes; raises SpecError where the file does
    not say them, since its kernel asks for memory by them.
    """
    o = graph.operators[n]
    if o.type != DETECTIONS:
        return ()
    axes = [len(graph.tensors[i].dims) for i in o.inputs if i >= 0]
    if not o.options.keys() >= {*NUMBERS} or axes[:2] != [3, 3]:
        raise SpecError(Fault(f"{o.type} does not say how many boxes it chooses", place=f"operator {n}"))
    return tuple(o.options[key] for key in NUMBERS)


def _window(graph: Subgraph, n: int) -> Window | None:
    """How an operator slides over a map; None for one that does not."""
    o = graph.operators[n]
    if o.type not in ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"):
        return None
    options: dict[str, Any] = o.options
    read = [graph.tensors[i].dims for i in (*o.inputs[: 2 if "CONV" in o.type else 1], *o.outputs[:1])]
    if len(read) < 2 + ("CONV" in o.type) or {len(dims) for dims in read} != {4} or "StrideH" not in options:
        raise SpecError(Fault(f"{o.type} does not go with its tensors", place=f"operator {n}"))
    x = graph.tensors[o.inputs[0]].dims
    if "FilterHeight" in options:
        kernel = options["FilterHeight"], options["FilterWidth"]
    else:
        kernel = graph.tensors[o.inputs[1]].dims[1:3]  # type: ignore[assignment]
    stride = options["StrideH"], options["StrideW"]
    dilation = options.get("DilationHFactor", 1), options.get("DilationWFactor", 1)
    same = options["Padding"] == 0
    zeros = zeros_of(x[1:3], kernel, stride, dilation) if same and len(x) == 4 else (0, 0, 0, 0)
    out = graph.tensors[o.outputs[0]].dims
    multiplier = out[-1] // x[-1] if o.type == "DEPTHWISE_CONV_2D" and x[-1] else 1
    return Window(kernel, stride, dilation, zeros, multiplier)
