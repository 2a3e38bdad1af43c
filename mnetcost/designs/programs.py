"""Which program does an interpreter run for a design? That of its TFLite file, or one made of its graph."""

from __future__ import annotations

from collections import Counter

from ..engine.memory.graphs import program_of
from ..engine.memory.planners import Planner
from ..engine.memory.program import Program
from ..errors import CallError, Fault, SpecError, UnknownOpError
from ..records import NamedTuple
from .loading import load
from .settings import Design, Settings

BITS = {"int8": 8, "int16": 16, "float16": 16, "float32": 32}
"""The types that maps may be of, and their bits."""
DEFAULT = "int8"
TFLITE = "TFLite"


def load_planned(design: str, settings: Settings) -> Design:
    """Load a design whose memory is to be planned: operators of a TFLite file need not be of known cost."""
    try:
        return load(design, settings)
    except UnknownOpError:
        found = load(design, settings._replace(allow_unknown=True))
        if not found.source.startswith(TFLITE):
            raise
        return found


class Typed(NamedTuple):
    """A program, and the type of its maps."""

    program: Program
    dtype: str


def program(design: Design, planner: Planner, dtype: str | None) -> Typed:
    """The program whose memory a planner plans.

    A TFLite file is run as it is, and its maps are of its own types. Any other design is run as Keras' build
    of it converted to TensorFlow Lite for a planner of that runtime, and layer by layer for the others.

    Raises CallError for another type or size than the file's own; SpecError where an op cannot be planned.
    """
    if dtype not in (None, *BITS):
        raise CallError(f"dtype must be one of {', '.join(BITS)}, not '{str(dtype)[:60]}'")
    if design.source.startswith(TFLITE):
        return _of_file(design, dtype)
    if design.graph.left_out:
        what = ", ".join(design.graph.left_out)
        raise SpecError(Fault(f"{what} was left out, and its memory is not known", design.file))
    dtype = dtype or DEFAULT
    if planner.algorithm == "greedy":
        from .tflite.lowering import lowered

        keras = design.source.startswith("Keras model")
        return Typed(lowered(design.graph, BITS[dtype], design.batch, keras), dtype)
    return Typed(program_of(design.graph, BITS[dtype], design.batch, planner.fused), dtype)


def _of_file(design: Design, dtype: str | None) -> Typed:
    from pathlib import Path

    from .tflite.program import read_program

    if not Path(design.file).is_file():  # read out of git: its tensors are not at hand
        raise SpecError(Fault("a TFLite file is planned as it is now, not at another revision", design.file))
    found = read_program(design.file)
    kinds = Counter(t.bits for t in found.tensors if t.held and t.elements > 1)
    bits = kinds.most_common(1)[0][0] if kinds else 8
    own = {8: "int8", 16: "int16", 32: "float32"}.get(bits, f"{bits} bits")
    if dtype not in (None, own):
        raise CallError(f"the maps of '{design.name}' are {own}", hint=f"--dtype {own}, or none")
    if design.batch != 1:
        raise CallError("a TFLite file is planned at its own batch", hint="convert it at that batch")
    sizes = {dims[1:-1] for i in found.inputs if len(dims := found.tensors[i].dims) > 3}
    if sizes and design.resolution not in sizes:
        raise CallError("a TFLite file is planned at its own size", hint="convert it at that size")
    return Typed(found, own)
