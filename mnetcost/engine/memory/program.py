"""What does an interpreter run? Tensors, and operations in order that read and write them by number."""

from __future__ import annotations

from collections.abc import Iterable

from ...records import NamedTuple


class Tensor(NamedTuple):
    """Numbers that an operation reads or writes; `dims` with the batch first, `bits` a number."""

    name: str
    dims: tuple[int, ...]
    bits: int = 8
    held: bool = True  # False: constant data or a kept state, which is not planned

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        count = 1
        for d in self.dims:
            count = count * d  # a new number: of a grid it is an array
        return count

    @property
    def bytes(self) -> int:
        """Its size; numbers of less than a byte are packed."""
        return (self.elements * self.bits + 7) // 8


class Window(NamedTuple):
    """How an operation slides over a map: sizes as (h, w), zeros as (top, bottom, left, right)."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    zeros: tuple[int, int, int, int] = (0, 0, 0, 0)
    multiplier: int = 1  # of a depthwise convolution


class Operation(NamedTuple):
    """One operation: its type as TensorFlow Lite calls it ("CONV_2D"), and its tensors; -1 is left out."""

    type: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""
    window: Window | None = None
    in_place: bool = False  # it may write over its first input
    numbers: tuple[int, ...] = ()  # of its options: the most boxes and the classes, where it chooses boxes


class Program(NamedTuple):
    """What is run: tensors, the operations in order, and which tensors go in and come out.

    offsets: by tensor, of an offline plan; -1 for a tensor without one.
    """

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    offsets: tuple[int, ...] = ()

    def lives(self) -> dict[int, tuple[int, int]]:
        """The first and last step of each tensor that is used.

        Inputs are held from step 0; operation k, from 0, is step k + 1: its outputs are held from there on,
        its inputs and outputs at least until there. Outputs of the program are held to its end.
        """
        lives: dict[int, tuple[int, int]] = {}

        def use(tensors: Iterable[int], step: int) -> None:
            for t in tensors:
                if t >= 0:
                    lives[t] = (lives[t][0] if t in lives else step, step)

        use(self.inputs, 0)
        for k, operation in enumerate(self.operations):
            use((*operation.outputs, *operation.inputs), k + 1)
        use(self.outputs, len(self.operations))
        return lives

    def one_order(self) -> bool:
        """Is there one order only in which the operations can run? Then each reads what the one before it
        gives.
        """
        pairs = zip(self.operations, self.operations[1:], strict=False)
        return all(set(a.outputs) & set(b.inputs) for a, b in pairs)

    def over(self) -> dict[int, int]:
        """Which tensors may lie over which: the output of an operation that may work in place over its first
        input, where nothing reads that any more and the output is no larger.
        """
        lives, found = self.lives(), {}
        for k, operation in enumerate(self.operations):
            source, out = (*operation.inputs, -1)[0], (*operation.outputs, -1)[0]
            if not operation.in_place or source < 0 or out < 0 or not self.tensors[source].held:
                continue
            if self.tensors[out].bytes <= self.tensors[source].bytes and lives[source][1] == k + 1:
                found[out] = source
        return found

    def used(self) -> Program:
        """The program in which tensors that nothing reads or writes hold no memory."""
        alive = self.lives()
        tensors = [t if i in alive else t._replace(held=False) for i, t in enumerate(self.tensors)]
        return self._replace(tensors=tuple(tensors))
