"""How is a sweep of a space done? Chunk by chunk, within limits, and where it is large in parts, each a file.

A part is a task of its own: it is written under another name and then renamed, so that a file that is there
is whole. A sweep that was stopped goes on with the parts that are missing, in one process or on the workers
of a Dask cluster, which gives a task that a worker died with to another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import CallError
from ...records import NamedTuple
from ...version import VERSION
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from .lattice import Lattice
from .limits import Limit
from .space import Priced, Told, limit_data, quiet, several_columns, variant_cells, words
from .sweep import CHUNK, Sweep

if TYPE_CHECKING:
    import numpy as np

SCHEMA = "mnetcost.space-sweep/1"
PARTS = "mnetcost.space-parts/1"
FIGURES = ("madds", "params", "flash_bytes.int8", "peak_bytes.int8")
MOST_DESIGNS = 10**9
"""Designs of one sweep into one file, or none."""
MOST_IN_PARTS = 10**12
MOST_IN_MEMORY = 10**8
PART = 16 * CHUNK
"""Designs of one part: about a million."""
PLAN = "sweep.json"
"""The file beside the parts that says what they are parts of."""

Columns = dict[str, "np.ndarray[Any, Any]"]
Write = Callable[[Path, Iterator[Columns]], None]


class Plan(NamedTuple):
    """What is swept: every design of some lattices, or so many drawn by chance with a seed.

    text: for each key of a column whose values come from the variant, those values by the variant's place.
    """

    lattices: tuple[Lattice, ...]
    many: int
    seed: int | None
    limits: tuple[Limit, ...]
    texts: dict[str, tuple[Any, ...]]
    part: int = PART  # designs of one part, a multiple of CHUNK

    @property
    def parts(self) -> list[str]:
        """The names of the files of its parts."""
        return [name_of(n) for n in range(-(-self.many // self.part))]

    def chunks(self, start: int, stop: int) -> Iterator[Columns]:
        """The columns of the designs from one place to another, those that break a limit left out."""
        sweep = _sweep(self.lattices)
        for low in range(start, stop, CHUNK):
            yield self.columns(sweep.chunk(low, min(stop, low + CHUNK), self.seed))

    def columns(self, chunk: Columns) -> Columns:
        """The columns of a chunk as they are written, without the designs that break a limit."""
        import numpy as np

        good = np.ones(len(chunk["variant"]), bool)
        for metric, least, most in self.limits:
            if least is not None:
                good &= chunk[metric] >= least
            if most is not None:
                good &= chunk[metric] <= most
        found: Columns = {}
        for key, column in chunk.items():
            if key == "variant":
                found |= {name: np.array(values)[column[good]] for name, values in self.texts.items()}
            else:
                found[key] = column[good]
        order = [key for key in found if key.startswith("design")]
        return {key: found[key] for key in (*order, *(key for key in found if key not in order))}


@lru_cache(1)
def _sweep(lattices: tuple[Lattice, ...]) -> Sweep:
    """The tables of some lattices, which the parts of one process share."""
    return Sweep(lattices)


def plan(
    known: Priced, many: int | None, seed: int, limits: Sequence[Limit], most: int = MOST_DESIGNS
) -> Plan:
    """Plan a sweep of every design, or of so many drawn by chance.

    Raises CallError for a space that has more designs than `most`, with their number, and for an empty one.
    """
    size = known.total if many is None else many
    if not known.total:
        raise CallError(f"'{known.space.heading}' has no designs")
    if size > most:
        raise CallError(
            f"'{known.space.heading}' has {size:,} designs, more than a sweep's {most:,}",
            hint=f"mnetcost space sweep {known.space.heading} 1000000 draws a million of them;"
            " space count and space stats need no sweep",
        )
    columns = several_columns(known)
    cells = [variant_cells(columns, variant) for variant in known.space.variants]
    texts = {column.key: tuple(row[n] for row in cells) for n, column in enumerate(columns)}
    return Plan(known.lattices, size, None if many is None else seed, tuple(limits), texts)


class Watch:
    """Watches the chunks of a sweep that pass by, and remembers what they come to."""

    def __init__(self, metrics: Sequence[str]) -> None:
        self.metrics, self.designs = metrics, 0
        self.least: dict[str, tuple[int, int]] = {}
        self.most: dict[str, tuple[int, int]] = {}

    def over(self, chunks: Iterator[Columns], of: int, told: Told = quiet) -> Iterator[Columns]:
        """The same chunks. of: how many designs come by, within limits or not."""
        for n, chunk in enumerate(chunks, 1):
            self.see(chunk)
            yield chunk
            told(min(1.0, n * CHUNK / of))

    def see(self, chunk: Columns) -> None:
        """Remember one chunk."""
        size = len(chunk[self.metrics[0]])
        self.designs += size
        for metric in self.metrics if size else ():
            column = chunk[metric]
            low, high = int(column.argmin()), int(column.argmax())
            least, most = (int(column[low]), number(chunk, low)), (int(column[high]), number(chunk, high))
            if metric not in self.least or least[0] < self.least[metric][0]:
                self.least[metric] = least
            if metric not in self.most or most[0] > self.most[metric][0]:
                self.most[metric] = most


def number(chunk: Columns, row: int) -> int:
    """The number of a design in a row of a chunk."""
    if "design" in chunk:
        return int(chunk["design"][row])
    return int(chunk["design_high"][row]) * 10**18 + int(chunk["design_low"][row])


def document(known: Priced, asked: Plan, seen: Watch, files: Sequence[str] = ()) -> Document:
    """What a sweep has come to: how many designs, and the cheapest and dearest of each figure."""
    columns = (
        Column("figure", "figure"),
        Column("least", "least", "count"),
        Column("least_design", "design", "text"),
        Column("most", "most", "count"),
        Column("most_design", "design", "text"),
    )
    rows = [
        (m, seen.least[m][0], str(seen.least[m][1]), seen.most[m][0], str(seen.most[m][1]))
        for m in known.metrics
        if m in seen.least
    ]
    how = "all designs" if asked.seed is None else f"drawn by chance with seed {asked.seed}"
    lead = f"{asked.many:,} designs, {how}"
    if asked.limits:
        lead += f"; {seen.designs:,} of them within {words(asked.limits)}"
    data = json_data(
        SCHEMA,
        None,
        space=known.space.heading,
        swept=asked.many,
        seed=asked.seed,
        limits=[limit_data(limit) for limit in asked.limits],
        designs=seen.designs,
        extremes={
            m: {
                "least": {"value": seen.least[m][0], "design": str(seen.least[m][1])},
                "most": {"value": seen.most[m][0], "design": str(seen.most[m][1])},
            }
            for m in known.metrics
            if m in seen.least
        },
        files=list(files),
        convention=convention_data(known.convention),
    )
    spec = known.space.spec
    notes = (*(f"written: {file}" for file in files[:3]), convention_note(known.convention))
    return Document(
        known.space.heading, (Table("", columns, rows),), notes, data, (about(spec.title, spec.source), lead)
    )


def parts_document(known: Priced, asked: Plan, folder: Path, made: int) -> Document:
    """What a sweep in parts has come to: how many parts and designs there are, and how many parts are new."""
    from pyarrow import parquet

    names = asked.parts
    rows = sum(parquet.read_metadata(folder / name).num_rows for name in names)
    columns = (Column("what", "what"), Column("number", "number", "integer"))
    cells = [
        ("parts", len(names)),
        ("parts written now", made),
        ("designs swept", asked.many),
        ("designs in the parts", rows),
    ]
    data = json_data(
        SCHEMA,
        None,
        space=known.space.heading,
        swept=asked.many,
        seed=asked.seed,
        limits=[limit_data(limit) for limit in asked.limits],
        designs=rows,
        files=[str(folder / name) for name in names],
        written=made,
        convention=convention_data(known.convention),
    )
    return Document(
        known.space.heading, (Table("", columns, cells),), (convention_note(known.convention),), data
    )


def name_of(part: int) -> str:
    """The file of a part, by its number."""
    return f"part-{part:06}.parquet"


def prepare(known: Priced, asked: Plan, folder: Path) -> list[int]:
    """Prepare a folder for the parts of a sweep; return those that are missing.

    Raises CallError where it holds the parts of another sweep, or something else, or cannot be written.
    """
    wanted = {
        "schema": PARTS,
        "mnetcost": VERSION,
        "space": known.space.heading,
        "text": known.space.spec.text,
        "designs": asked.many,
        "seed": asked.seed,
        "limits": [limit_data(limit) for limit in asked.limits],
        "metrics": list(known.metrics),
        "convention": known.convention.name,
        "part": asked.part,
    }
    text = json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"
    path = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_text("utf-8") != text:
                raise CallError(
                    f"'{folder}' holds the parts of another sweep",
                    hint=f"another folder; or the settings in {path}, to go on with it",
                )
        elif any(folder.iterdir()):
            raise CallError(f"'{folder}' holds other files", hint="a folder of its own for the parts")
        else:
            temporary = folder / f".{PLAN}"
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
    except OSError as e:
        raise CallError(f"cannot write '{folder}': {e.strerror or e}") from None
    return [n for n, name in enumerate(asked.parts) if not (folder / name).exists()]


def write_part(asked: Plan, n: int, folder: str, write: Write) -> int:
    """Write one part of a sweep, unless it is there already; return its number."""
    path = Path(folder) / name_of(n)
    if not path.exists():
        write(path, asked.chunks(n * asked.part, min(asked.many, (n + 1) * asked.part)))
    return n


def in_parts(
    asked: Plan,
    missing: Sequence[int],
    folder: Path,
    write: Write,
    client: Any = None,
    told: Told = quiet,
) -> None:
    """Write the missing parts of a sweep, one after another, or on the workers of a Dask client.

    write: writes chunks of columns as a file, whole or not at all.
    """
    if client is None:
        for done, n in enumerate(missing):
            write_part(asked, n, str(folder), write)
            told((done + 1) / len(missing))
        return
    from dask import delayed, distributed  # type: ignore[attr-defined]

    asked_once = delayed(asked, traverse=False)  # a tuple, which is to stay one
    task = delayed(write_part, pure=False)
    tasks = [task(asked_once, n, str(folder.resolve()), write) for n in missing]
    completed: Any = distributed.as_completed  # which has no types
    for done, future in enumerate(completed(client.compute(tasks, retries=3))):
        future.result()
        told((done + 1) / len(missing))
