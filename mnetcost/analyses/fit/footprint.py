"""How large is a design in memory and on disk, as each type of number, by each planner, and as a file?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...designs.files import is_file
from ...designs.ondisk import OnDisk, on_disk
from ...designs.planners import load_planner, planner_names
from ...designs.programs import TFLITE, program
from ...designs.settings import Design
from ...engine.costs import Costs
from ...engine.flash import BITS, Flash, flash
from ...engine.memory.planners import plan
from ...engine.ops import Norm
from ...errors import CallError, SpecError
from ...records import NamedTuple
from ..documents import Column, Table
from .named import planner_data, planner_note

BOUND = "liveness"
"""The planner of the line under a report: the quickest that counts what is held at once."""
STORED = (
    "weights: biases beside integers are int32; folded: batch norms are biases of the layers before them;"
    " scales and zero points: a float32 and an int64 a channel, as a TFLite file has them"
)


MOST_NAMED = 5  # files that hold a model's weights


class Held(NamedTuple):
    """What a planner says of a design: the peak and the arena in bytes, or why it says nothing."""

    planner: str
    dtype: str
    peak: int | None
    arena: int | None = None  # None where the planner places nothing
    unknown: str = ""


def held(design: Design, planner: str, dtype: str | None = None) -> Held:
    """The memory of a design by a planner; `dtype` as `mnetcost.memory` takes it.

    Raises CallError for a type that a file's maps are not of.
    """
    rules = load_planner(planner)
    try:
        found = program(design, rules, dtype)
        made = plan(found.program, rules)
    except (SpecError, CallError) as e:
        if dtype and isinstance(e, CallError):
            raise
        return Held(planner, dtype or "int8", None, None, e.faults[0].message)
    return Held(planner, found.dtype, made.peak.bytes, made.arena_bytes if made.placed else None)


def stored_as(costs: Costs, dtype: str, folded: bool = True) -> Flash | str:
    """The weights of a design as a type; why they are not known where they are not."""
    try:
        return flash(costs, dtype, folded)
    except SpecError as e:
        return e.faults[0].message


def weight_sizes(costs: Costs) -> dict[str, int]:
    """Bytes of the weights of a design: `float32` of trained parameters; `float32_stored` with running
    statistics; `int8_folded` with batch norm folded and int32 biases, where that is possible.
    """
    kinds = costs.params_by_kind()
    stored = sum(kinds.values())
    sizes = {"float32": 4 * (stored - kinds.get("norm_statistics", 0)), "float32_stored": 4 * stored}
    small = stored_as(costs, "int8")
    return sizes if isinstance(small, str) else {**sizes, "int8_folded": int(small.total)}


def size_note(design: Design, costs: Costs) -> str:
    """One line: the peak by `BOUND`, the weights on disk as int8 and float32, and the size of the file."""
    peak, small, sizes = held(design, BOUND), stored_as(costs, "int8"), weight_sizes(costs)
    if peak.peak is None:
        parts = [f"memory: not known ({peak.unknown})"]
    else:
        parts = [f"memory: {peak.peak:,} bytes at the peak as {peak.dtype} ({BOUND})"]
    disk = f"on disk, in bytes: {sizes['float32']:,} as float32"
    if sizes["float32_stored"] != sizes["float32"]:
        disk += f", {sizes['float32_stored']:,} with running statistics"
    if isinstance(small, str):
        parts += [disk, small]
    else:
        folded = " (batch norm folded)" if any(isinstance(x.node.op, Norm) for x in costs.layers) else ""
        parts.append(f"{disk}, {small.total:,} as int8{folded}")
    if is_file(design.file):
        own = costs.graph.weight_bytes
        weights = "" if own is None else f", its weights {own:,}"
        parts.append(f"the file: {Path(design.file).stat().st_size:,} bytes{weights}")
    return "; ".join(parts)


class Footprint(NamedTuple):
    """All that `report --memory` says beside its layers."""

    stored: dict[str, tuple[Flash | str, Flash | str]]  # by type: folded, kept
    held: tuple[Held, ...]
    file: OnDisk | None

    @property
    def unknown(self) -> list[str]:
        """Why some figures are not known, each once."""
        whys = [x for pair in self.stored.values() for x in pair if isinstance(x, str)]
        return list(dict.fromkeys((*whys, *(f"{h.planner}: {h.unknown}" for h in self.held if h.unknown))))


def footprint(design: Design, costs: Costs, dtype: str | None = None) -> Footprint:
    """The sizes of a design as every type, by every planner, and of its file if it is one.

    dtype: of the maps; see `mnetcost.memory`. Raises CallError for a type that a file's maps are not of.
    """
    stored = {kind: (stored_as(costs, kind), stored_as(costs, kind, False)) for kind in BITS}
    planners = tuple(held(design, name, dtype) for name in planner_names())
    return Footprint(stored, planners, on_disk(design.file) if is_file(design.file) else None)


def own_type(design: Design, dtype: str | None) -> str:
    """The type of a design's maps: as asked for, that of a TFLite file, or int8.

    Raises CallError for another type than a file's own, and for one of which no bytes a layer are known.
    """
    if not design.source.startswith(TFLITE):
        return dtype or "int8"
    own = program(design, load_planner(BOUND), dtype).dtype
    if own not in ("int8", "int16", "float32"):
        raise CallError(f"the maps of '{design.name}' are of {own}, and their bytes a layer are not known")
    return own


def tables(found: Footprint) -> list[Table]:
    """Weights by type, memory by planner, and the parts of the file."""
    return [_storage(found), _memory(found), *([_file(found.file)] if found.file else [])]


def _storage(found: Footprint) -> Table:
    columns = (
        Column("dtype", "weights as"),
        Column("folded", "batch norm folded", "bytes"),
        Column("kept", "kept", "bytes", rank=2),
        Column("scales", "scales", "integer", rank=1),
        Column("zero_points", "zero points", "integer", rank=1),
    )
    rows = [tuple(_stored_data(kind, *pair).values()) for kind, pair in found.stored.items()]
    return Table("weights", columns, tuple(rows))


def _stored_data(kind: str, folded: Flash | str, kept: Flash | str) -> dict[str, Any]:
    known = None if isinstance(folded, str) else folded
    return {
        "dtype": kind,
        "folded": int(known.total) if known else None,
        "kept": None if isinstance(kept, str) else int(kept.total),
        "scales": int(known.scales) if known else None,
        "zero_points": int(known.zero_points) if known else None,
    }


def _memory(found: Footprint) -> Table:
    columns = (
        Column("planner", "memory by"),
        Column("dtype", "maps", rank=1),
        Column("peak", "peak", "memory"),
        Column("arena", "arena", "memory"),
    )
    return Table("memory", columns, tuple(tuple(h)[:4] for h in found.held))


def _file(file: OnDisk) -> Table:
    columns = (
        Column("part", "the file"),
        Column("bytes", "bytes", "bytes"),
        Column("share", "of the file", "share", bar=True),
    )
    rows = [(part, n, n / file.bytes if file.bytes else None) for part, n in file.parts]
    return Table("file", columns, tuple(rows), (("total", file.bytes, 1.0),))


def notes(found: Footprint) -> list[str]:
    """What a reader must know of these tables: why something is missing, and where files are."""
    files = found.file.elsewhere if found.file else ()
    beside = [
        f"the file keeps weights in '{name[:80]}', " + ("which is not there" if n is None else f"{n:,} bytes")
        for name, n in files[:MOST_NAMED]
    ]
    if len(files) > MOST_NAMED:
        beside.append(f"and in {len(files) - MOST_NAMED:,} more files")
    planners = [load_planner(h.planner) for h in found.held]
    named = [planner_note(p) for p in planners if p.version or p.name == BOUND]
    return [*found.unknown, *beside, STORED, *named]


def footprint_data(found: Footprint) -> dict[str, Any]:
    """The `memory` object of a report's JSON."""
    return {
        "weights": [_stored_data(kind, *pair) for kind, pair in found.stored.items()],
        "planners": [
            {
                "planner": planner_data(load_planner(h.planner)),
                "dtype": h.dtype,
                "peak_bytes": h.peak,
                "arena_bytes": h.arena,
                **({"unknown": h.unknown} if h.unknown else {}),
            }
            for h in found.held
        ],
        "file": None
        if found.file is None
        else {
            "bytes": found.file.bytes,
            "parts": dict(found.file.parts),
            "elsewhere": dict(found.file.elsewhere),
        },
        **({"unknown": found.unknown} if found.unknown else {}),
    }
