"""Sweeps of spaces: files of columns, parts that are written once, and workers that die."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mnetcost.analyses.search.space import price
from mnetcost.analyses.search.sweep import CHUNK, Sweep
from mnetcost.analyses.search.sweeping import FIGURES, Plan, in_parts, plan, prepare
from mnetcost.cli import cli
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.spaces import load_space
from mnetcost.errors import CallError
from mnetcost.output.columns import parquet, write_columns

from .test_cli import run

PAPER = load_convention("paper")
SPACE = "ofa-mobilenetv3"


def asked(many: int, part: int) -> tuple[Any, Plan]:
    known = price(load_space(SPACE), FIGURES, PAPER)
    return known, plan(known, many, 3, [])._replace(part=part)


def table(path: Path) -> dict[str, list[Any]]:
    """The columns of a file, whichever it is."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as f:
            rows = list(csv.DictReader(f))
        return {key: [int(row[key]) for row in rows] for key in rows[0]}
    if path.suffix == ".npz":
        arrays = {key: array.tolist() for key, array in np.load(path).items()}
        if "design_high" in arrays:
            high, low = arrays.pop("design_high"), arrays.pop("design_low")
            arrays = {"design": [h * 10**18 + n for h, n in zip(high, low, strict=True)], **arrays}
        return arrays
    pq = pytest.importorskip("pyarrow.parquet")
    found: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    return {**found, "design": [int(n) for n in found["design"]]}


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
@pytest.mark.parametrize(("space", "many"), [("v3-small-grid", None), (SPACE, CHUNK + 100)])
def test_a_file_holds_every_design_with_its_figures(
    suffix: str, space: str, many: int | None, tmp_path: Path
) -> None:
    """Within a limit; numbers of 64 bits, and those that pass them."""
    path = tmp_path / f"designs{suffix}"
    known = price(load_space(space), FIGURES, PAPER)
    limit = ["--max", "madds=320M"] if many else []
    said = run(
        "space", "sweep", space, *([str(many)] if many else []), *limit, "-o", str(path), "--format", "json"
    )
    assert said.exit_code == 0, said.stderr
    found = table(path) if suffix != ".csv" or many else _text_table(path)
    assert next(iter(found)) == "design"
    data = json.loads(said.stdout)
    assert data["designs"] == len(found["design"])
    assert data["swept"] == (many or known.total)
    for n in range(0, len(found["design"]), 997):
        figures = known.figures(found["design"][n])
        assert figures == {metric: found[metric][n] for metric in FIGURES}
        assert not many or figures["madds"] <= 320_000_000
    for metric, ends in data["extremes"].items():
        assert (ends["least"]["value"], ends["most"]["value"]) == (min(found[metric]), max(found[metric]))
        assert known.figures(int(ends["least"]["design"]))[metric] == ends["least"]["value"]


def _text_table(path: Path) -> dict[str, list[Any]]:
    with path.open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    return {
        key: [int(r[key]) if key not in ("alpha", "resolution") else r[key] for r in rows] for key in rows[0]
    }


def test_csv_on_the_standard_output_is_the_file(tmp_path: Path) -> None:
    """The same bytes."""
    path = tmp_path / "a.csv"
    assert run("space", "sweep", SPACE, "500", "-o", str(path)).exit_code == 0
    said = run("space", "sweep", SPACE, "500", "--format", "csv")
    assert said.stdout == path.read_text("utf-8")
    assert said.stdout.count("\n") == 501


def test_the_same_seed_gives_the_same_designs_in_parts_or_not(tmp_path: Path) -> None:
    """Chunk by chunk; another seed gives others."""
    known, whole = asked(3 * CHUNK, 3 * CHUNK)
    chunks = list(whole.chunks(0, 3 * CHUNK))
    again = list(whole.chunks(CHUNK, 2 * CHUNK))
    assert all((again[0][key] == chunks[1][key]).all() for key in again[0])
    other = Sweep(known.lattices).chunk(0, CHUNK, 4)
    assert (other["design_low"] != chunks[0]["design_low"]).mean() > 0.99


def test_a_sweep_of_too_many_designs_says_how_many() -> None:
    """And what to do instead; an empty folder is not made."""
    said = run("space", "sweep", SPACE)
    assert said.exit_code == 2
    assert "has 21,758,655,492,572,485,851 designs" in said.stderr
    assert "space sweep ofa-mobilenetv3 1000000" in said.stderr


@pytest.mark.parametrize("name", ["designs.xlsx", "designs"])
def test_another_suffix_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    """With the suffixes that there are."""
    said = run("space", "sweep", "v1-grid", "-o", str(tmp_path / name))
    assert said.exit_code == 2
    assert ".csv, .npz, .parquet" in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    """Half a file is never there, and nothing beside it."""
    path = tmp_path / "a.csv"
    path.write_text("before", "utf-8")

    def broken() -> Iterator[dict[str, Any]]:
        yield {"design": np.arange(3)}
        raise CallError("stop")

    with pytest.raises(CallError, match="stop"):
        write_columns(str(path), broken())
    assert path.read_text("utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_sweep_in_parts_goes_on_with_those_that_are_missing(tmp_path: Path) -> None:
    """Written parts are left as they are; another sweep does not mix with them."""
    pytest.importorskip("pyarrow")
    known, whole = asked(4 * CHUNK + 7, CHUNK)
    folder = tmp_path / "parts"
    in_parts(whole, prepare(known, whole, folder), folder, parquet)
    files = [folder / name for name in whole.parts]
    assert len(files) == 5
    before = {path: path.stat().st_mtime_ns for path in files}
    (designs,) = [[n for path in files for n in table(path)["design"]]]
    chunks = [
        Sweep(known.lattices).chunk(n, min(n + CHUNK, whole.many), 3) for n in range(0, whole.many, CHUNK)
    ]
    expected = [
        int(high) * 10**18 + int(low)
        for chunk in chunks
        for high, low in zip(chunk["design_high"], chunk["design_low"], strict=True)
    ]
    assert designs == expected
    files[1].unlink()
    assert prepare(known, whole, folder) == [1]
    in_parts(whole, [1], folder, parquet)
    after = {path: path.stat().st_mtime_ns for path in files}
    assert [path for path in files if after[path] != before[path]] == [files[1]]
    with pytest.raises(CallError, match="parts of another sweep"):
        prepare(known, whole._replace(seed=4), folder)
    with pytest.raises(CallError, match="holds other files"):
        prepare(known, whole, tmp_path)


LOG = "MNETCOST_TEST_LOG"


def slowly(path: Path, chunks: Iterator[Any]) -> None:
    """Write a part after a while, and log when it is begun and when it is there."""
    import time

    log = path.parent.parent / "log.txt"
    with log.open("a", encoding="utf-8") as f:
        f.write(f"begun {path.name}\n")
    time.sleep(0.3)
    parquet(path, chunks)
    with log.open("a", encoding="utf-8") as f:
        f.write(f"whole {path.name}\n")


def test_a_worker_that_dies_loses_no_part_and_no_whole_part_is_computed_twice(tmp_path: Path) -> None:
    """A local cluster of two processes, one of which is killed while it works."""
    distributed = pytest.importorskip("dask.distributed")
    cloudpickle = pytest.importorskip("cloudpickle")
    pytest.importorskip("pyarrow")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    known, whole = asked(14 * CHUNK, CHUNK)
    folder = tmp_path / "parts"
    missing = prepare(known, whole, folder)
    whole_when_killed: list[str] = []

    def kill(share: float) -> None:
        if not whole_when_killed and share >= 3 / 14:
            log = (tmp_path / "log.txt").read_text("utf-8")
            whole_when_killed.extend(line[6:] for line in log.splitlines() if line.startswith("whole "))
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        in_parts(whole, missing, folder, slowly, client, kill)
    assert len(whole_when_killed) >= 3
    written = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert written == sorted([*whole.parts, "sweep.json"])
    log = Counter((tmp_path / "log.txt").read_text("utf-8").splitlines())
    for name in whole_when_killed:
        assert log[f"begun {name}"] == 1
    assert sum(log[f"begun {name}"] for name in whole.parts) > len(whole.parts)  # one died half-way
    rows = [len(table(folder / name)["design"]) for name in whole.parts]
    assert rows == [CHUNK] * 14


def test_the_command_writes_parts_by_workers(tmp_path: Path) -> None:
    """And says how many there are; a second call has nothing left to do."""
    pytest.importorskip("dask.distributed")
    pytest.importorskip("pyarrow")
    call = [
        "space",
        "sweep",
        SPACE,
        "2000000",
        "-o",
        f"{tmp_path}/parts/",
        "--workers",
        "2",
        "--format",
        "json",
    ]
    first, second = (CliRunner().invoke(cli, call) for _ in range(2))
    assert first.exit_code == second.exit_code == 0, first.output
    assert [json.loads(said.stdout)["written"] for said in (first, second)] == [2, 0]
    assert json.loads(second.stdout)["designs"] == 2_000_000


def test_workers_without_a_folder_are_refused() -> None:
    """With the way out."""
    said = run("space", "sweep", SPACE, "10", "--workers", "2")
    assert said.exit_code == 2
    assert "-o parts/" in said.stderr
