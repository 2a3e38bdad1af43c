"""How fast is it?

Ratios measured in one run: `python -m tests.benchmark`, with --strict to end with 1 where a target is
missed.

Start-up is CPU time (user and system) of whole processes, the least of several runs taken in turn, so that
a busy machine disturbs all alike. See docs/benchmarks.md.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mnetcost.designs.spec import Spec
    from mnetcost.engine.graph import Graph

ROOT = Path(__file__).resolve().parent.parent
RUNS = 25
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONPATH": str(ROOT)
}
"""An installed program has its bytecode; so has the checkout from the second run on."""
COMPARE = ["compare", "v1", "v2", "--alpha", "0.5"]
PROGRAM = "import sys; from mnetcost.__main__ import main; sys.argv[0] = 'mnetcost'; main()"
GRID = """
import numpy, json, resource, sys, time, click
from mnetcost.api import scale
import mnetcost.analyses.report.scale
start = time.perf_counter()
grid = scale("v2", alpha=[n / 1000 for n in range(1, 1001)], resolution=range(32, 1032))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 ** 2)
print(json.dumps({"seconds": seconds, "megabytes": peak, "cells": int(grid.madds.size)}))
"""


class Measured(NamedTuple):
    """One figure, what it may be at most, and what both are in."""

    what: str
    value: float
    target: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.value <= self.target

    def __str__(self) -> str:
        return (
            f"{self.what:<58} {self.value:8.2f} {self.unit:<12} at most {self.target:g}:"
            f" {'yes' if self.kept else 'NO'}"
        )


def start() -> list[Measured]:
    """Whole processes against one that only imports click."""
    calls = {
        "click": ["-c", "import click"],
        "--help": ["-c", PROGRAM, "--help"],
        " ".join(COMPARE): ["-c", PROGRAM, *COMPARE],
        "report v2": ["-c", PROGRAM, "report", "v2"],
        "list": ["-c", PROGRAM, "list"],
        "reconcile": ["-c", PROGRAM, "reconcile", "v2", "320.3M"],
        "draw": ["-c", PROGRAM, "draw", "resnet152", "--style", "graph"],
    }
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(RUNS):
        for name, call in calls.items():
            least[name] = min(least[name], cpu(*call))
    ratios = {name: seconds / least["click"] for name, seconds in least.items()}
    return [
        Measured("mnetcost --help, against `import click`", ratios["--help"], 1.5, "times"),
        Measured(f"mnetcost {' '.join(COMPARE)} into a pipe", ratios[" ".join(COMPARE)], 1.5, "times"),
        Measured("mnetcost report v2 into a pipe", ratios["report v2"], 2.0, "times"),
        Measured("mnetcost list into a pipe, of stored figures", ratios["list"], 2.5, "times"),
        Measured("mnetcost reconcile v2 320.3M into a pipe", ratios["reconcile"], 6.0, "times"),
        Measured("mnetcost draw resnet152 --style graph into a pipe", ratios["draw"], 5.0, "times"),
    ]


def cpu(*args: str) -> float:
    """CPU seconds of one process."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, [sys.executable, *args], ENVIRONMENT, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, args
    return used.ru_utime + used.ru_stime


def least(what: Callable[[], object], runs: int) -> float:
    """The least CPU seconds that a call takes."""
    found = float("inf")
    for _ in range(runs):
        begun = time.process_time()
        what()
        found = min(found, time.process_time() - begun)
    return found


def in_process() -> list[Measured]:
    """One V2 report: the spec is read already; every layer is laid out, costed and weighed anew."""
    from mnetcost.analyses.documents import totals_data
    from mnetcost.designs import Settings, find_spec, load_spec
    from mnetcost.designs.conventions import load_convention
    from mnetcost.engine.costs import cost

    spec, paper = find_spec("v2"), load_convention()

    def once() -> None:
        totals_data(cost(load_spec(spec, Settings(alpha=0.75)).graph), paper)

    return [
        Measured("V2 laid out, costed and totalled in a running process", 1000 * least(once, 200), 2.0, "ms")
    ]


def equal_layers() -> list[Measured]:
    """How long do layers costed with a memo of equal ones take, as a share of each costed by itself?"""
    from mnetcost.designs import Settings, find_spec, load_spec
    from mnetcost.engine.costs import cost, layer_cost

    found = []
    for name, most in (("resnet152", 1 / 1.5), ("v2", 1.0)):
        graph = load_spec(find_spec(name), Settings()).graph

        def by_itself(graph: Graph = graph) -> object:
            return [layer_cost(node, graph.inputs(node), 1) for node in graph.nodes if node.inputs]

        def once(graph: Graph = graph) -> object:
            return cost(graph)

        pairs = [(least(once, 40), least(by_itself, 40)) for _ in range(5)]
        memo, plain = (min(column) for column in zip(*pairs, strict=True))
        found.append(
            Measured(f"{name} costed, against each layer by itself", memo / plain, round(most, 2), "times")
        )
    return found


def equal_copies() -> list[Measured]:
    """How long does the layout of a row's equal copies take, as a share of each laid out by itself?"""
    from mnetcost.designs import Settings, find_spec, load_spec
    from mnetcost.engine.site import Site

    found, again = [], Site.again
    for name, most in (("resnet152", 0.5), ("v2", 1.0)):
        spec = find_spec(name)

        def laid_out(spec: Spec = spec) -> object:
            return load_spec(spec, Settings()).graph

        def by_itself(laid_out: Callable[[], object] = laid_out) -> float:
            Site.again = lambda *_: False  # type: ignore[assignment, method-assign]
            try:
                return least(laid_out, 40)
            finally:
                Site.again = again  # type: ignore[method-assign]

        pairs = [(least(laid_out, 40), by_itself()) for _ in range(5)]
        once, plain = (min(column) for column in zip(*pairs, strict=True))
        found.append(Measured(f"{name} laid out, against each copy by itself", once / plain, most, "times"))
    return found


def grid() -> list[Measured]:
    """A thousand alphas by a thousand resolutions of V2, in a process of its own."""
    import json

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", GRID],
                capture_output=True,
                text=True,
                check=True,
                cwd=folder,
                env=ENVIRONMENT,
            )
            found.append(json.loads(done.stdout))
    assert found[0]["cells"] == 1_000_000
    return [
        Measured(
            "V2 at 1000 alphas x 1000 resolutions, beyond imports", min(f["seconds"] for f in found), 0.5, "s"
        ),
        Measured(
            "the same, memory of the whole process at its peak", min(f["megabytes"] for f in found), 300, "MB"
        ),
    ]


def grids() -> list[Measured]:
    """How long does a grid of a million cells take against plain numpy, and its CSV against csv.writer?

    Plain numpy is seven products of a column and a row added up, no more: V2 has six sizes of map, and its
    parameters. csv.writer is given the same rows one at a time, as CSV was once written.
    """
    import numpy as np

    from mnetcost.analyses.report.scale import answer
    from mnetcost.api import scale
    from mnetcost.output import encode

    alphas, sizes = [n / 1000 for n in range(1, 1001)], range(32, 1032)
    down, along = np.arange(1, 1001)[:, None], np.arange(32, 1032)[None, :]

    def plain() -> object:
        total, product = np.zeros((1000, 1000), np.int64), np.empty((1000, 1000), np.int64)
        for _ in range(7):
            np.multiply(down, along, out=product)
            total += product
        return total

    found = []
    for name in ("v2", "v3-large", "v3-small"):

        def costed(name: str = name) -> object:
            return scale(name, alpha=alphas, resolution=sizes)

        pairs = [(least(costed, 10), least(plain, 10)) for _ in range(3)]
        ours, numpy = (min(column) for column in zip(*pairs, strict=True))
        what = f"{name} at a million cells, against seven products in numpy"
        found.append(Measured(what, ours / numpy, 2.0, "times"))
    document = answer(scale("v2", alpha=alphas, resolution=sizes))

    def by_row() -> bytes:
        out = io.BytesIO()
        with io.TextIOWrapper(out, "utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([c.key for c in document.flat.columns])  # type: ignore[union-attr]
            writer.writerows(document.flat.rows)  # type: ignore[union-attr]
            stream.flush()
            return out.getvalue()

    assert encode(document, "csv") == by_row()
    ratio = least(lambda: encode(document, "csv"), 4) / least(by_row, 4)
    return [*found, Measured("their CSV by column, against csv.writer by row", ratio, 0.5, "times")]


def fronts() -> list[Measured]:
    """How long does the front of a million points take against sorting them by all objectives?

    The points are of a space: multiply-adds, parameters and peak, and a made-up accuracy that grows with the
    multiply-adds, so that hundreds are on the front. moocore is not used.
    """
    import numpy as np

    from mnetcost.analyses.pareto import pareto_front
    from mnetcost.api import space

    swept = space("ofa-mobilenetv3").sweep(1_000_000, of=["madds", "params", "peak_bytes.int8"])
    madds, params, peak = (swept[name] for name in ("madds", "params", "peak_bytes.int8"))
    noise = np.random.default_rng(0).normal(0, 3, len(madds))
    top1 = -100 * np.log(madds) + noise
    found = []
    for columns, most in (
        ((madds, top1), 1.0),
        ((madds, params, top1), 2.0),
        ((madds, params, peak, top1), 3.0),
    ):

        def by_us(columns: tuple[object, ...] = columns) -> object:
            return pareto_front(columns, moocore=False)

        def by_sorting(columns: tuple[object, ...] = columns) -> object:
            return np.lexsort(columns)

        pairs = [(least(by_us, 2), least(by_sorting, 2)) for _ in range(3)]
        ours, numpy = (min(column) for column in zip(*pairs, strict=True))
        what = f"front of 1,000,000 points in {len(columns)} objectives, against a sort"
        found.append(Measured(what, ours / numpy, most, "times"))
    return found


def spaces() -> list[Measured]:
    """How long does a sweep of a million designs take against a plain pass over their slots in numpy, and an
    exact count of 2 x 10^19 designs against sorting eight million numbers?

    The plain pass draws an option for each of the 20 slots of Once-for-All that choose, and gathers and adds
    three figures of it. It keeps no numbers of designs, and no stage of it ends early; a sweep does both.
    """
    import numpy as np

    from mnetcost.analyses.search.limits import Limit, within
    from mnetcost.analyses.search.space import price
    from mnetcost.analyses.search.sweep import CHUNK, Sweep
    from mnetcost.designs.conventions import load_convention
    from mnetcost.designs.spaces import load_space

    figures = ("madds", "params", "peak_bytes.int8")
    known = price(load_space("ofa-mobilenetv3"), figures, load_convention("paper"))
    slots, options = 20, 9
    random = np.random.default_rng(0)
    tables = [[random.integers(0, 2**30, options) for _ in figures] for _ in range(slots)]
    numbers = random.integers(0, 2**60, 2**23)

    def swept() -> None:
        sweep = Sweep(known.lattices)
        for start in range(0, 16 * CHUNK, CHUNK):
            sweep.chunk(start, start + CHUNK, 0)

    def plain() -> None:
        for _ in range(16):
            sums = [np.zeros(CHUNK, np.int64) for _ in figures]
            for slot in tables:
                drawn = random.integers(0, options, CHUNK)
                for total, table in zip(sums, slot, strict=True):
                    total += table[drawn]

    def counted() -> None:
        assert within(known.lattices[0], [Limit("madds", None, 3 * 10**8)]).exact

    sweep = least(swept, 3) / least(plain, 3)
    count = least(counted, 2) / least(lambda: np.sort(numbers), 3)
    return [
        Measured("a sweep of 2^20 designs, against a plain pass over their slots", sweep, 2.5, "times"),
        Measured("a count of 2 x 10^19 designs, against a sort of 2^23 numbers", count, 4.0, "times"),
    ]


CHAIN = (4000, 16_000)
"""Layers of the chains that growth is measured on."""
GROWTH = {
    "report": ["report", "{rows}"],
    "report of rows that repeat": ["report", "{repeats}"],
    "report as SVG": ["report", "{short}", "--format", "svg"],
    "explain": ["explain", "{rows}"],
    "explain as JSON": ["explain", "{rows}", "--format", "json"],
    "compare": ["compare", "{rows}", "v2"],
    "memory": ["memory", "{rows}"],
    "convert": ["convert", "{rows}"],
    "diff": ["diff", "{rows}", "{wider}"],
    "identify": ["identify", "{rows}"],
    "report of an ONNX file": ["report", "{onnx}"],
}
"""Calls whose time is to grow with the layers, and what they read."""


def memory() -> list[Measured]:
    """How long does a plan of memory take against building and costing, and a grid of peaks against one of
    multiply-adds?
    """
    from mnetcost.api import scale
    from mnetcost.designs import Settings, find_spec, load_spec
    from mnetcost.designs.planners import load_planner
    from mnetcost.designs.programs import program
    from mnetcost.engine.costs import cost
    from mnetcost.engine.memory.planners import plan

    spec, tflm = find_spec("keras/v2"), load_planner("tflm")
    design = load_spec(spec, Settings())
    built = least(lambda: cost(load_spec(spec, Settings()).graph), 100)
    planned = least(lambda: plan(program(design, tflm, "int8").program, tflm), 100)
    alphas, sizes = [n / 500 for n in range(1, 501)], range(32, 532)
    counted = least(lambda: scale("v1", alpha=alphas, resolution=sizes), 5)
    with_peaks = least(lambda: scale("v1", alpha=alphas, resolution=sizes, metrics=["ram"]), 5)
    return [
        Measured("V2's arena planned, against building and costing it", planned / built, 2.0, "times"),
        Measured("a grid with peaks of memory, against one without", with_peaks / counted, 10.0, "times"),
    ]


def chain(folder: Path, layers: int) -> dict[str, str]:
    """Files of one chain of so many layers: as rows, wider, as rows that repeat, as an ONNX file, and a
    quarter of it as rows.
    """
    import onnx
    from onnx import helper

    def rows(many: int, out: int) -> str:
        return (
            "resolution = 32\nlayers = [\n"
            + "".join(f'  {{ op = "conv", name = "n{n}", out = {out} }},\n' for n in range(many))
            + "]\n"
        )

    repeats = "".join('  { op = "conv", out = 8, repeat = 1000 },\n' for _ in range(layers // 1000))
    texts = {"rows": rows(layers, 8), "short": rows(layers // 4, 8), "wider": rows(layers, 16)}
    texts["repeats"] = f"resolution = 32\nlayers = [\n{repeats}]\n"
    found = {name: folder / f"{name}{layers}.toml" for name in texts}
    for name, text in texts.items():
        found[name].write_text(text, "utf-8")
    nodes = [helper.make_node("Conv", [f"y{n}", f"w{n}"], [f"y{n + 1}"]) for n in range(layers)]
    weights = [
        helper.make_tensor(f"w{n}", onnx.TensorProto.FLOAT, [8, 8, 1, 1], [0.5] * 64) for n in range(layers)
    ]
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 8, 32, 32])
        for name in ("y0", f"y{layers}")
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "chain", ends[:1], ends[1:], weights),
        opset_imports=[helper.make_opsetid("", 13)],
    )
    found["onnx"] = folder / f"net{layers}.onnx"
    found["onnx"].write_bytes(model.SerializeToString())
    return {name: str(path) for name, path in found.items()}


def growth() -> list[Measured]:
    """By which power of the layers does the time of whole processes grow? 1 is in proportion, 2 is their
    square.
    """
    from math import log

    with tempfile.TemporaryDirectory() as name:
        files = [chain(Path(name), layers) for layers in CHAIN]
        idle = min(cpu("-c", PROGRAM, "report", "v2") for _ in range(5))
        found = []
        for what, call in GROWTH.items():
            seconds = [
                min(cpu("-c", PROGRAM, *(word.format(**f) for word in call)) for _ in range(2)) - idle
                for f in files
            ]
            power = log(max(seconds[1], 1e-3) / max(seconds[0], 1e-3)) / log(CHAIN[1] / CHAIN[0])
            found.append(Measured(f"{what}, {CHAIN[0]:,} to {CHAIN[1]:,} layers: power", power, 1.25, ""))
        each = 1e6 * seconds_a_layer(files)
        return [*found, Measured("a layer of rows that repeat, in a whole report", each, 60, "us")]


def seconds_a_layer(files: list[dict[str, str]]) -> float:
    """What a further layer of a row that repeats costs from end to end."""
    seconds = [min(cpu("-c", PROGRAM, "report", f["repeats"]) for _ in range(3)) for f in files]
    return (seconds[1] - seconds[0]) / (CHAIN[1] - CHAIN[0])


def main() -> int:
    """Print every figure; return 1 where one is missed and --strict is given."""
    if "growth" in sys.argv:
        all_ = growth()
    elif "start" in sys.argv:
        all_ = start()
    elif "memory" in sys.argv:
        all_ = memory()
    elif "grids" in sys.argv:
        all_ = grids()
    elif "fronts" in sys.argv:
        all_ = fronts()
    elif "spaces" in sys.argv:
        all_ = spaces()
    elif "equal" in sys.argv:
        all_ = [*equal_layers(), *equal_copies()]
    else:
        all_ = [
            *start(),
            *in_process(),
            *equal_layers(),
            *equal_copies(),
            *grid(),
            *grids(),
            *memory(),
            *fronts(),
            *spaces(),
            *growth(),
        ]
    for measured in all_:
        sys.stdout.write(f"{measured}\n")
    return int("--strict" in sys.argv and not all(measured.kept for measured in all_))


if __name__ == "__main__":
    sys.exit(main())
