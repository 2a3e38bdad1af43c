"""Do ops that follow the size give the sizes and costs of PyTorch, ONNX Runtime and Keras?

The figures were measured by tests/truth/measure_sizes.py and measure_keras_sizes.py, beside them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost import totals
from mnetcost.designs import Settings, load
from mnetcost.designs.build import build
from mnetcost.designs.convert import counts as written
from mnetcost.designs.convert import spec_text
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import cost
from mnetcost.engine.num import anywhere
from mnetcost.engine.ops import AdaptivePool, DepthToSpace, Resize, SpaceToDepth
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import ShapeError, SpecError

from .onnx_files import helper, numpy_helper, write

TRUTH = Path(__file__).parent / "truth"
TORCH: Any = json.loads((TRUTH / "sizes_torch.json").read_text())
KERAS: Any = json.loads((TRUTH / "sizes_keras.json").read_text())
SIDES = range(1, 201)


@pytest.mark.parametrize("ratio", TORCH["ratios"])
def test_a_ratio_gives_pytorchs_sizes(ratio: str) -> None:
    """Of every side from 1 to 200, alone and in one array; where PyTorch refuses, no map is left."""
    op, measured = Resize(ratio=float(ratio)), TORCH["ratios"][ratio]
    left = [n for n in SIDES if measured[n - 1]]
    assert [op.shape(Shape(n, n, 3)).h for n in left] == [measured[n - 1] for n in left]
    sides = np.array(left)
    assert [*op.shape(Shape(sides, sides, 3)).w] == [measured[n - 1] for n in left]
    for n in set(SIDES) - set(left):
        with pytest.raises(ShapeError, match="the map vanishes"):
            op.shape(Shape(n, n, 3))


@pytest.mark.parametrize("ratio", TORCH["onnx"])
def test_the_scales_of_a_file_give_onnx_runtimes_sizes(ratio: str, tmp_path: Path) -> None:
    """Products of 32 bits: 0.7 of 10 positions are 7, although 0.7 of 32 bits is less than 0.7."""
    scales = numpy_helper.from_array(np.array([1, 1, float(ratio), float(ratio)], np.float32), "s")
    weight = numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float32), "w")
    nodes = [
        helper.make_node("Resize", ["x", "", "s"], ["r"], name="r", mode="nearest"),
        helper.make_node("Conv", ["r", "w"], ["y"], name="y"),
    ]
    file = write(tmp_path, nodes, [scales, weight], image=(1, 3, "h", "w"))
    for h, w in ((10, 20), (30, 50), (97, 161), (90, 110), (155, 200)):
        expected = TORCH["onnx"][ratio][h - 1] * TORCH["onnx"][ratio][w - 1]
        if expected:
            assert totals(file, resolution=f"{h}x{w}")["madds"] == 6 * expected
            continue
        with pytest.raises(SpecError, match="are no map's"):
            totals(file, resolution=f"{h}x{w}")


@pytest.mark.parametrize("out", TORCH["adaptive"])
def test_an_adaptive_pool_reads_what_pytorchs_does(out: str) -> None:
    """Positions of overlapping parts each as often as they are read, for sides of 1 to 64."""
    op, measured = AdaptivePool((int(out), 1)), TORCH["adaptive"][out]
    for n in range(1, 65):
        x = Shape(n, 1, 5)
        assert op.shape(x) == Shape(int(out), 1, 5)
        assert next(op.work(op.shape(x), x)).count == 5 * measured[n - 1]


@pytest.mark.parametrize(
    ("op", "row"),
    [(op, row) for key, op in (("shuffle", DepthToSpace), ("unshuffle", SpaceToDepth)) for row in TORCH[key]],
    ids=lambda v: str(v) if isinstance(v, list) else v.__name__,
)
def test_a_shuffle_gives_pytorchs_shape_or_is_refused(op: Any, row: Any) -> None:
    """Channels or sides that the factor does not divide are refused by both."""
    factor, c, h, w, shape = row
    if shape is None:
        with pytest.raises(ShapeError):
            op(factor).shape(Shape(h, w, c))
    else:
        assert op(factor).shape(Shape(h, w, c)) == Shape(shape[1], shape[2], shape[0])


NETS = {
    "Resized": """
  { op = "conv_norm", out = 16, kernel = 3, stride = 2 },
  { op = "conv_norm", name = "b", out = 24, kernel = 3, stride = 2 },
  { op = "conv_norm", out = 32, kernel = 3, stride = 2 },
  { op = "resize", name = "up", like = "b", method = "nearest" },
  { op = "concat", from = ["up", "b"] },
  { op = "conv_norm", out = 24 },
  { op = "resize", ratio = [1.5, 2.5] },
  { op = "conv_norm", out = 24, kernel = 3 },
  { op = "resize", ratio = 0.3, method = "nearest" },
  { op = "conv_norm", out = 24, kernel = 3 },
  { op = "adaptive_pool", size = [3, 5] },
  { op = "flatten" },
  { op = "dense", role = "output", out = 10 },
""",
    "Shuffled": """
  { op = "conv_norm", out = 16, kernel = 3, stride = 2 },
  { op = "conv_norm", out = 32, kernel = 3 },
  { op = "depth_to_space" },
  { op = "conv_norm", out = 32, kernel = 3 },
  { op = "space_to_depth" },
  { op = "conv_norm", out = 16 },
""",
    "Tokens": """
  { op = "patch_embed", name = "patches", out = 32, size = 16 },
  { op = "conv", name = "grid", from = "input", out = 1, kernel = 16, stride = 16, padding = "valid" },
  { op = "class_token", from = "patches" },
  { op = "positions" },
  { op = "layer_norm", name = "x" },
  { op = "attention", name = "attention", heads = 2 },
  { op = "add", from = ["x", "attention"] },
  { op = "tokens_to_map", drop = 1, like = "grid" },
  { op = "resize", ratio = 2, method = "nearest" },
  { op = "conv_norm", out = 32, kernel = 3 },
""",
}
"""The nets of measure_sizes.py as rows."""


def spec_of(name: str) -> Spec:
    text = f"resolution = 64\nlayers = [{NETS[name]}]\n"
    return read_spec(text, "net.toml", "net", None, parent_of)


def figures(spec: Spec, alpha: Any, h: Any, w: Any) -> tuple[Any, Any]:
    """Parameters and multiply-adds, without those of the map whose size alone is read."""
    classes = spec.classes if isinstance(h, int) else np.array(spec.classes)
    layers = [x for x in cost(build(spec, alpha, h, w, classes)).layers if x.name != "grid"]
    statistics = "norm_statistics"
    params = sum(n for x in layers for kind, n in x.params_by_kind().items() if kind != statistics)
    return params, sum(n for x in layers for kind, n in x.work_by_kind().items() if kind in MAC_KINDS)


@pytest.mark.parametrize("record", TORCH["nets"], ids=lambda r: f"{r[0]} {r[1]} {r[2]}x{r[3]}")
def test_a_net_of_resized_maps_costs_what_pytorchs_does(record: Any) -> None:
    """At alpha 0.35 to 1.4, at odd sizes."""
    name, alpha, h, w, params, madds = record
    assert figures(spec_of(name), alpha, h, w) == (params, madds)


@pytest.mark.parametrize("name", NETS)
def test_a_grid_of_resized_maps_is_what_was_measured(name: str) -> None:
    """All alphas and sizes in one walk of arrays."""
    records = [r for r in TORCH["nets"] if r[0] == name]
    alpha, h, w = (np.array([r[n] for r in records]) for n in (1, 2, 3))
    params, madds = figures(spec_of(name), alpha, h, w)
    assert [*np.broadcast_to(params, h.shape)] == [r[4] for r in records]
    assert [*np.broadcast_to(madds, h.shape)] == [r[5] for r in records]


@pytest.mark.parametrize("name", NETS)
def test_a_net_of_resized_maps_is_written_as_a_spec_of_its_layers(name: str, tmp_path: Path) -> None:
    """`convert` at an odd size and a small width: every layer costs the same, whatever alpha is."""
    (tmp_path / "net.toml").write_text(f"resolution = 64\nlayers = [{NETS[name]}]\n")
    design = load(str(tmp_path / "net.toml"), Settings(alpha=0.35, resolution=(97, 161)))
    (tmp_path / "again.toml").write_text(spec_text(design))
    for alpha in (None, 1.4):
        again = load(str(tmp_path / "again.toml"), Settings(alpha=alpha))
        assert written(again.graph) == written(design.graph)


ALPHA = st.sampled_from((0.35, 0.5, 0.6, 0.75, 1.0, 1.25, 1.4))
SIDE = st.integers(1, 300)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(NETS)), st.lists(st.tuples(ALPHA, SIDE, SIDE), min_size=2, max_size=5))
def test_a_grid_of_any_sizes_is_the_loop(name: str, cells: list[tuple[float, int, int]]) -> None:
    """Every kind of count; where one cell is refused alone, so is the grid."""
    spec = spec_of(name)
    alpha, h, w = (np.array([cell[n] for cell in cells]) for n in range(3))
    try:
        loop = [cost(build(spec, a, n, m, spec.classes)) for a, n, m in cells]
    except SpecError:
        with pytest.raises(SpecError):
            build(spec, alpha, h, w, np.array(spec.classes))
        return
    grid = cost(build(spec, alpha, h, w, np.array(spec.classes)))
    for counts in ("params_by_kind", "work_by_kind"):
        whole = {k: np.broadcast_to(n, h.shape) for k, n in getattr(grid, counts)().items() if anywhere(n)}
        for at, one in enumerate(loop):
            there = {kind: n for kind, n in getattr(one, counts)().items() if n}
            assert {kind: int(n[at]) for kind, n in whole.items() if n[at]} == there


@pytest.mark.parametrize("record", KERAS["records"], ids=lambda r: f"{r[0]} {r[1]}x{r[2]}")
def test_keras_layers_give_keras_sizes(record: Any, tmp_path: Path) -> None:
    """Read from a file of another size, but for layers whose weights are one for each position."""
    layer, h, w, params, madds, shape = record
    models = KERAS["models"]
    (tmp_path / "net.json").write_text(json.dumps(models.get(layer) or models[f"{layer} {h}x{w}"]))
    file = str(tmp_path / "net.json")
    found = totals(file, resolution=f"{h}x{w}")
    assert (found["params"], found["madds"]) == (params, madds)
    output = load(f"{file}:resolution={h}x{w}").graph.nodes[-1].output
    assert output == Shape(*((1, 1, *shape) if len(shape) == 1 else shape))


KERAS_ROWS = {
    "UpSampling2D": '{ op = "upsample" }',
    "UpSampling2D, 2 x 3": '{ op = "resize", ratio = [2, 3] }',
    "Resizing": '{ op = "resize", h = 30, w = 41 }',
    "Resizing, nearest, smaller": '{ op = "resize", h = 5, w = 4, method = "nearest" }',
    "AdaptiveAveragePooling2D": '{ op = "adaptive_pool" }',
    "AdaptiveMaxPooling2D": '{ op = "adaptive_pool", size = [3, 5], pool = "max" }',
    "PReLU, a slope a channel": '{ op = "activation", function = "prelu" }',
    "PReLU, one slope": '{ op = "activation", function = "prelu_shared" }',
    "Flatten": '{ op = "flatten" }',
    "GlobalMaxPooling2D": '{ op = "global_pool", pool = "max" }',
}


@pytest.mark.parametrize(
    "record", [r for r in KERAS["records"] if r[0] in KERAS_ROWS], ids=lambda r: f"{r[0]} {r[1]}x{r[2]}"
)
def test_rows_give_keras_sizes(record: Any) -> None:
    """The same layers as rows of a spec."""
    layer, h, w, params, madds, shape = record
    flat = len(shape) == 1
    last = '{ op = "dense", out = 10 }' if flat else '{ op = "conv", out = 4, kernel = 3, bias = true }'
    rows = f'{{ op = "conv", out = 8, kernel = 3, stride = 2 }}, {KERAS_ROWS[layer]}, {last}'
    spec = read_spec(f"resolution = 64\nlayers = [{rows}]\n", "net.toml", "net", None, parent_of)
    assert figures(spec, 1, h, w) == (params, madds)
    assert build(spec, 1, h, w, spec.classes).nodes[-1].output == Shape(*((1, 1, *shape) if flat else shape))
