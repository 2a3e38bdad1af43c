"""Which buffers does TensorFlow Lite Micro plan for a program? Its tensors, then what its kernels ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .buffers import Buffer
from .greedy import place
from .program import Operation, Program, Tensor

VERSION = "reference kernels, 2026-10"
SOURCE = "tensorflow/tflite-micro: micro_allocation_info.cc, greedy_memory_planner.cc, the kernels' Prepare"
ALIGNED = 16
Asked = tuple[str, int]
"""What a kernel asks for: its word, and bytes."""


def buffers(program: Program) -> list[Buffer]:
    """Every buffer in the order in which the planner gets them, offsets only where the program fixes them.

    Tensors that hold no constant in the order of their numbers, also those that nothing uses; then the
    scratch memory of each operation. Sizes are those asked for; the planner rounds them up to 16 bytes.
    """
    lives = program.lives()
    fixed = dict(enumerate(program.offsets))
    found = []
    for i, tensor in enumerate(program.tensors):
        if tensor.held and tensor.bytes:
            first, last = lives.get(i, (-1, -1))
            offset = fixed.get(i, -1)
            found.append(Buffer(tensor.name, tensor.bytes, first, last, None if offset < 0 else offset))
    for k, operation in enumerate(program.operations):
        for word, size in scratch(operation, program.tensors):
            found.append(Buffer(f"{k} {operation.type} {word}", size, k + 1, k + 1))
    return found


def plan(program: Program) -> list[Buffer]:
    """The buffers with their offsets in the arena, as the greedy planner of the interpreter places them."""
    asked = buffers(program)
    rounded = [b._replace(bytes=-(-b.bytes // ALIGNED) * ALIGNED) for b in asked]
    return [b._replace(offset=p.offset) for b, p in zip(asked, place(rounded), strict=True)]


def head(planned: list[Buffer]) -> int:
    """The bytes of the planned part of the arena."""
    return max((b.offset or 0) + -(-b.bytes // ALIGNED) * ALIGNED for b in planned)


def scratch(operation: Operation, tensors: tuple[Tensor, ...]) -> Iterator[Asked]:
    """What the reference kernel of an operation asks for, in the order in which it asks."""
    ask = SCRATCH.get(operation.type)
    if ask is not None:
        yield from ask([tensors[i] for i in operation.inputs if i >= 0], tensors[operation.outputs[0]])


def _mean(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    if inputs[0].bits in (8, 16):
        yield "accumulator", 4 * output.elements
    yield from _reduce(inputs, output)


def _reduce(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    yield "index", 4 * len(inputs[0].dims)
    yield "axis", 4 * inputs[1].elements


def _transposed(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    bits = inputs[1].bits if len(inputs) > 2 else inputs[0].bits
    if bits in (8, 16):
        yield "accumulator", output.elements * (4 if output.bits == 8 else 8)


def _unpacked(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    if inputs[1].bits == 4:
        yield "weights", inputs[1].elements


def _svdf(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    batch, filters, units = inputs[0].dims[0], inputs[1].dims[0], output.dims[-1]
    yield "scratch", 4 * batch * filters
    if inputs[0].bits == 8:
        yield "output", 4 * batch * units


def _lstm(inputs: list[Tensor], output: Tensor) -> Iterator[Asked]:
    for gate in range(4):
        yield f"gate {gate}", output.bits // 8 * output.dims[-1]


SCRATCH: dict[str, Callable[[list[Tensor], Tensor], Iterator[Asked]]] = {
    "MEAN": _mean,
    "SUM": _mean,
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), _reduce),
    "TRANSPOSE_CONV": _transposed,
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), _unpacked),
    "SVDF": _svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}
