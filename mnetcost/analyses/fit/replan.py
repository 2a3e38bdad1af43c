"""Which order of a program's tensors, or which offline plan, makes its arena smaller, and by how much?"""

from __future__ import annotations

from typing import Any

from ...engine.memory import tflm
from ...engine.memory.program import Program
from ...engine.memory.renumber import TRIES, smaller
from ...records import NamedTuple

SCHEMA = "mnetcost.plan/1"
MOST_WORK = 60_000  # buffers times tries: half a second
METADATA = "OfflineMemoryAllocation"


class Replanned(NamedTuple):
    """Arenas in bytes: as it is, with the tensors in another order, with an offline plan; and the least.

    order: the numbers of the tensors as they should stand in the file. offsets: one a tensor, -1 for what the
    planner is to place.
    """

    now: int
    ordered: int
    order: tuple[int, ...]
    planned: int
    offsets: tuple[int, ...]
    bound: int


def replan(program: Program, scratch: str) -> Replanned:
    """Look for an order and for offsets, and measure both by the planner's own rules.

    Offsets of tensors are fixed, and scratch memory is placed around them.
    """
    program = program._replace(offsets=())
    asked = tflm.buffers(program, tflm.SCRATCH[scratch])
    rounded = [b._replace(bytes=tflm.aligned(b.bytes)) for b in asked]
    found = smaller(rounded, max(4, min(TRIES, MOST_WORK // max(len(rounded), 1))))
    held = [i for i, tensor in enumerate(program.tensors) if tensor.held and tensor.bytes]
    # buffers come in the order of tensors, then scratch; of equals the planner takes the last first
    rank = {buffer: -place for place, buffer in enumerate(found.order)}
    order = sorted(range(len(held)), key=lambda i: rank[i])
    ordered = _reordered(program, [held[i] for i in order])
    offsets = [-1] * len(program.tensors)
    for buffer, tensor in enumerate(held):
        offsets[tensor] = found.offsets[buffer]
    fixed = program._replace(offsets=tuple(offsets))
    return Replanned(
        found.now,
        _head(ordered, scratch),
        tuple(held[i] for i in order),
        _head(fixed, scratch),
        tuple(offsets),
        found.bound,
    )


def _head(program: Program, scratch: str) -> int:
    return tflm.head(tflm.plan(program, scratch))


def _reordered(program: Program, order: list[int]) -> Program:
    """The program with its held tensors in this order, behind the others."""
    among = set(order)
    others = [i for i in range(len(program.tensors)) if i not in among]
    places = [*others, *order]
    number = {old: new for new, old in enumerate(places)} | {-1: -1}
    return program._replace(
        tensors=tuple(program.tensors[i] for i in places),
        operations=tuple(
            o._replace(inputs=tuple(number[i] for i in o.inputs), outputs=tuple(number[i] for i in o.outputs))
            for o in program.operations
        ),
        inputs=tuple(number[i] for i in program.inputs),
        outputs=tuple(number[i] for i in program.outputs),
    )


def plan_data(program: Program, found: Replanned) -> dict[str, Any]:
    """The offline plan as data: what the metadata of a TFLite file holds, and the tensors by name."""
    return {
        "schema": SCHEMA,
        "metadata": METADATA,
        "numbers": "int32: version 1, subgraph 0, how many offsets, then the offsets",
        "offsets": list(found.offsets),
        "tensors": [
            {
                "number": i,
                "name": program.tensors[i].name,
                "bytes": program.tensors[i].bytes,
                "offset": offset,
            }
            for i, offset in enumerate(found.offsets)
            if offset >= 0
        ],
        "order": list(found.order),
        "arena_bytes": {
            "now": found.now,
            "in_this_order": found.ordered,
            "with_these_offsets": found.planned,
        },
    }
