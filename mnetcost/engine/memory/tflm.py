"""Which buffers does TensorFlow Lite Micro plan for a program? Its tensors, then what its kernels ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...errors import Fault, SpecError
from .buffers import Buffer
from .greedy import place
from .program import Operation, Program, Tensor

ALIGNED = 16
Asked = Iterator[tuple[str, int]]
"""What a kernel asks for, in its order: words, each with bytes."""
Kernel = Callable[[Operation, list[Tensor], Tensor], Asked]
"""What a kernel asks for, by the operation, the tensors it reads and the first that it gives."""


def plan(program: Program, scratch: str = "reference", in_place: bool = False) -> list[Buffer]:
    """The buffers with their offsets in the arena, as the greedy planner of the interpreter places them.

    scratch: whose kernels run, a key of `SCRATCH`. in_place: as if kernels wrote over their input where they
    can, which those of the interpreter do not: an output then has the buffer of its input.
    """
    asked = buffers(program, SCRATCH[scratch], in_place)
    rounded = [b._replace(bytes=aligned(b.bytes)) for b in asked]
    return [b._replace(offset=p.offset) for b, p in zip(asked, place(rounded), strict=True)]


def aligned(size: int) -> int:
    """A size rounded up to 16 bytes."""
    return -(-size // ALIGNED) * ALIGNED


def head(planned: list[Buffer]) -> int:
    """The bytes of the planned part of the arena."""
    return max(((b.offset or 0) + aligned(b.bytes) for b in planned), default=0)


def buffers(program: Program, scratch: Mapping[str, Kernel], in_place: bool = False) -> list[Buffer]:
    """Every buffer in the order in which the planner gets them, offsets only where the program fixes them.

    Tensors that hold no constant in the order of their numbers, also those that nothing uses; then the
    scratch memory of each operation.
    Source: TensorFlow Lite Micro, micro_allocation_info.cc and the Prepare function of each kernel.
    """
    lives = program.lives()
    over = program.over() if in_place else {}
    for out, source in reversed(over.items()):
        lives[source] = lives[source][0], lives.pop(out)[1]
    fixed = dict(enumerate(program.offsets))
    found = []
    for i, tensor in enumerate(program.tensors):
        if tensor.held and tensor.bytes and i not in over:
            first, last = lives.get(i, (-1, -1))
            offset = fixed.get(i, -1)
            found.append(Buffer(tensor.name, tensor.bytes, first, last, None if offset < 0 else offset))
    for k, operation in enumerate(program.operations):
        kernel = scratch.get(operation.type)
        if kernel is not None:
            for word, size in _asked(kernel, operation, program):
                found.append(Buffer(f"{k} {operation.type} {word}", size, k + 1, k + 1))
    return found


def _asked(kernel: Kernel, operation: Operation, program: Program) -> list[tuple[str, int]]:
    """What a kernel asks for; raises SpecError for tensors that it cannot have, as in a broken file."""
    reads = [program.tensors[i] for i in operation.inputs if i >= 0]
    try:
        return list(kernel(operation, reads, program.tensors[operation.outputs[0]]))
    except IndexError as e:
        raise SpecError(
            Fault(f"{operation.type} does not go with its tensors", place=f"operator {operation.name!r}")
        ) from e


def _mean(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    if inputs[0].bits in (8, 16):
        yield "accumulator", 4 * output.elements
    yield from _reduce(o, inputs, output)


def _reduce(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    yield "index", 4 * len(inputs[0].dims)
    yield "axis", 4 * inputs[1].elements


def _transposed(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    if output.bits in (8, 16):
        yield "accumulator", output.elements * (4 if output.bits == 8 else 8)


def _unpacked(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    if inputs[1].bits == 4:
        yield "weights", inputs[1].elements


def _svdf(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    batch, filters, units = inputs[0].dims[0], inputs[1].dims[0], output.dims[-1]
    yield "scratch", 4 * batch * filters
    if inputs[0].bits == 8:
        yield "output", 4 * batch * units


def _lstm(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    for gate in range(4):
        yield f"gate {gate}", output.bits // 8 * output.dims[-1]


def _pointers(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    yield "pointers", 8 * len(inputs)  # of the 64-bit machine that was measured; 4 on a microcontroller


def _mirror(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    for word in ("left", "right"):
        yield word, 4 * len(inputs[0].dims)


def _detections(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    """Source: detection_postprocess.cc."""
    boxes, (most, classes) = inputs[0].dims[1], o.numbers
    yield "candidates", boxes
    yield "boxes", 4 * 4 * boxes
    yield "scores", 4 * inputs[1].dims[1] * inputs[1].dims[2]
    for word in ("score", "kept scores"):
        yield word, 4 * boxes
    for word in ("scores of classes", "sorted scores"):
        yield word, 4 * most * boxes
    yield "kept", 4 * boxes
    yield "sorted", 4 * most * boxes
    yield "buffer", 4 * max(classes, most) * boxes
    yield "selected", 4 * min(boxes, most) * boxes


def _cmsis_conv(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    assert o.window is not None
    k_h, k_w = o.window.kernel
    if output.bits == 8 and (k_h, k_w) != (1, 1):
        columns = k_h * k_w * inputs[1].dims[-1]
        yield "columns", 2 * 2 * (-(-columns // 4) * 4)


def _cmsis_depthwise(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    assert o.window is not None
    (k_h, k_w), window, x = o.window.kernel, o.window, inputs[0]
    plain = window.multiplier == 1 and x.dims[0] == 1 and window.dilation == (1, 1)
    small = (k_h, k_w) == (3, 3) and max(window.zeros) <= 1
    if output.bits == 8 and plain and not small:
        yield "columns", 2 * k_h * k_w * x.dims[-1]


def _cmsis_pool(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    if output.bits == 8:
        yield "sums", 4 * inputs[0].dims[-1]


def _helium_conv(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    """Source: CMSIS-NN, arm_convolve_get_buffer_sizes_s8.c and arm_nn_is_convolve_1_x_n."""
    assert o.window is not None
    (k_h, k_w), zeros, x = o.window.kernel, o.window.zeros, inputs[0]
    if output.bits != 8 or ((k_h, k_w) == (1, 1) and not any(zeros)):
        return
    c, size = x.dims[-1], 4 * 16 * -(-k_h * k_w * inputs[1].dims[-1] // 16)
    row = k_h == x.dims[1] == 1 and o.window.dilation[1] == 1 and o.window.stride[1] * c % 4 == 0
    if row and c == inputs[1].dims[-1]:
        size = _row(k_w, c, x.dims[2], output.dims[2], o.window.stride[1], zeros[2]) or size
    yield "columns", size


def _row(kernel: int, c: int, width: int, out: int, stride: int, pad: int) -> int:
    """What the kernel for maps of one line asks for; 0 where it does not run."""
    odd = ((out - 1) * stride + kernel - width) % 2
    right = max(1, (pad + odd + stride - 1) // stride) if pad + odd else 0
    left = max(1, (pad + stride - 1) // stride) if pad else 0
    if left + right + max(out - left - right, 0) != out:
        return 0
    behind = right * c if odd else pad * c
    return max(kernel * c + pad * c, (kernel - 1) * c + behind)


def _helium_depthwise(o: Operation, inputs: list[Tensor], output: Tensor) -> Asked:
    assert o.window is not None
    k_h, k_w = o.window.kernel
    plain = o.window.multiplier == 1 and inputs[0].dims[0] == 1 and o.window.dilation == (1, 1)
    if output.bits == 8 and plain:
        yield "columns", 4 * HELIUM_CHANNELS * k_h * k_w


HELIUM_CHANNELS = 124
"""Channels that a depthwise kernel takes at once, CH_IN_BLOCK_MVE of arm_nnsupportfunctions.h."""
REFERENCE: dict[str, Kernel] = {
    "MEAN": _mean,
    "SUM": _mean,
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), _reduce),
    "TRANSPOSE_CONV": _transposed,
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), _unpacked),
    "SVDF": _svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "MIRROR_PAD": _mirror,
    "ADD_N": _pointers,
    "custom TFLite_Detection_PostProcess": _detections,
}

SCRATCH: dict[str, Mapping[str, Kernel]] = {
    "reference": REFERENCE,
    "cmsis-nn": {
        **REFERENCE,
        "CONV_2D": _cmsis_conv,
        "DEPTHWISE_CONV_2D": _cmsis_depthwise,
        "AVERAGE_POOL_2D": _cmsis_pool,
    },
    "cmsis-nn-helium": {**REFERENCE, "CONV_2D": _helium_conv, "DEPTHWISE_CONV_2D": _helium_depthwise},
}
"""What kernels ask for by operator: the reference ones, and CMSIS-NN's with DSP and with Helium."""
