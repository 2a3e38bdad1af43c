"""Does attention cost what PyTorch, torchvision, timm and Keras say, at any size and width?

The figures were measured by tests/truth/measure_attention.py and measure_keras_attention.py, beside them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnetcost import totals
from mnetcost.designs import Settings, load
from mnetcost.designs.build import build
from mnetcost.designs.convert import counts, spec_text
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import MnetcostError

from .onnx_files import node, numbers, weights, write

TRUTH = Path(__file__).parent / "truth"
MEASURED = {name: json.loads((TRUTH / f"attention_{name}.json").read_text()) for name in ("torch", "keras")}
RECORDS: list[Any] = [r for name in MEASURED for r in MEASURED[name]["records"]]
MODELS = MEASURED["keras"]["models"]


def block(attention: str, mlp: int = 4) -> str:
    """A transformer's block around an attention row, its norms before both halves."""
    return f"""
  {{ op = "layer_norm" }},
  {{ op = "attention", name = "attention", {attention} }},
  {{ op = "add", name = "half", from = ["stem", "attention"] }},
  {{ op = "layer_norm" }},
  {{ op = "dense", out = {32 * mlp} }},
  {{ op = "activation", function = "gelu" }},
  {{ op = "dense", name = "mlp", out = 32 }},
  {{ op = "add", from = ["half", "mlp"] }},
"""


def alone(attention: str) -> str:
    return f'  {{ op = "attention", {attention} }},\n'


def reduced(by: int) -> str:
    """PVT v2: keys and values of a map that a convolution has made smaller."""
    return f"""
  {{ op = "conv", out = 32, kernel = {by}, stride = {by}, padding = "valid", bias = true }},
  {{ op = "layer_norm", name = "small" }},
  {{ op = "attention", from = "stem", heads = 4, keys = "small" }},
"""


OTHER = """
  {{ op = "conv", name = "other", from = "input", out = 16, kernel = {0}, stride = {0}, padding = "valid" }},
  {{ op = "attention", from = "stem", heads = 4, keys = "other" }},
"""
SPECS = {
    "MultiheadAttention": alone("heads = 4"),
    "MultiheadAttention, one head, no bias": alone("heads = 1, bias = false"),
    "MultiheadAttention, cross": OTHER.format(4),
    "timm ViT, no bias of queries": alone("heads = 4, bias = false, out_bias = true"),
    "scaled_dot_product_attention, grouped": alone("heads = 4, kv_heads = 2"),
    "scaled_dot_product_attention, one of keys": alone("heads = 4, kv_heads = 1"),
    "scaled_dot_product_attention, widths": alone("heads = 4, kv_heads = 2, width = 16, values = 64"),
    "torchvision Swin, window of 7": alone("heads = 4, window = 7, relative = true"),
    "torchvision Swin, window of 3 x 5, shifted": alone("heads = 4, window = [3, 5], relative = true"),
    "timm Swin block": block("heads = 4, window = 7, relative = true"),
    "timm MaxViT block": block("heads = 4, window = 7, relative = true"),
    "timm MaxViT grid": block("heads = 4, step = 2, relative = true"),
    "timm relative position": alone("heads = 4, relative = true"),
    "timm PVT v2, reduced by 2": reduced(2),
    "timm PVT v2, reduced by 4": reduced(4),
    "timm PVT v2, pooled": """
  { op = "adaptive_pool", size = 7 },
  { op = "conv", out = 32, bias = true },
  { op = "layer_norm" },
  { op = "activation", name = "small", function = "gelu" },
  { op = "attention", from = "stem", heads = 4, keys = "small" },
""",
    "timm XCiT": alone('heads = 4, attend = "channels", bias = false, out_bias = true'),
    "timm EdgeNeXt": alone('heads = 4, attend = "channels"'),
    "timm PoolFormer block": """
  { op = "group_norm", name = "norm", groups = 1 },
  { op = "avg_pool", name = "pool", kernel = 3, stride = 1, padding = 1 },
  { op = "elementwise", combine = "subtract", from = ["pool", "norm"] },
  { op = "scale", name = "mixed", bias = false },
  { op = "add", name = "half", from = ["stem", "mixed"] },
  { op = "group_norm", groups = 1 },
  { op = "conv", out = 128, bias = true },
  { op = "activation", function = "gelu" },
  { op = "conv", out = 32, bias = true },
  { op = "scale", name = "mlp", bias = false },
  { op = "add", from = ["half", "mlp"] },
""",
    "MultiHeadAttention": alone("heads = 4"),
    "MultiHeadAttention, widths": alone("heads = 4, width = 16, values = 64, out = 64"),
    "MultiHeadAttention, no bias": alone("heads = 4, bias = false"),
    "MultiHeadAttention, cross": OTHER.format(2),
    "GroupQueryAttention": alone("heads = 4, kv_heads = 2"),
    "GroupQueryAttention, one of keys": alone("heads = 4, kv_heads = 1, bias = false"),
}
"""Each measured layer as rows; Keras' layers without projections have none."""
UNWRITTEN = {"Attention", "Attention, scale", "AdditiveAttention"}


def spec_of(layer: str) -> Spec:
    rows = f'  {{ op = "conv", name = "stem", out = 32 }},\n{SPECS[layer]}'
    text = f"resolution = 64\nlayers = [\n{rows}]\n"
    return read_spec(text, "net.toml", "net", None, parent_of)


def figures(costs: Costs) -> tuple[Any, Any]:
    """Parameters and multiply-adds."""
    work = costs.work_by_kind()
    return sum(costs.params_by_kind().values()), sum(work.get(kind, 0) for kind in MAC_KINDS)


SAID = [r for r in RECORDS if r[0] in SPECS]


@pytest.mark.parametrize("record", SAID, ids=lambda r: f"{r[0]} {r[1]} {r[2]}x{r[3]}")
def test_attention_costs_what_the_framework_says(record: Any) -> None:
    """Parameters and multiply-adds, at alpha 0.5, 1 and 1.5, at sizes that windows divide or not."""
    layer, width, h, w, params, madds = record
    spec = spec_of(layer)
    assert figures(cost(build(spec, width / 32, h, w, spec.classes))) == (params, madds)


@pytest.mark.parametrize("layer", SPECS)
def test_a_grid_of_attention_is_what_was_measured(layer: str) -> None:
    """All sizes and widths in one walk of arrays."""
    records = [r for r in RECORDS if r[0] == layer]
    alpha, h, w = (np.array([r[n] for r in records]) for n in (1, 2, 3))
    spec = spec_of(layer)
    params, madds = figures(cost(build(spec, alpha / 32, h, w, np.array(spec.classes))))
    assert [*np.broadcast_to(params, h.shape)] == [r[4] for r in records]
    assert [*np.broadcast_to(madds, h.shape)] == [r[5] for r in records]


@pytest.mark.parametrize("record", [r for r in RECORDS if r[0] in MODELS and r[1] == 32], ids=str)
def test_keras_models_of_attention_cost_the_same_at_any_size(record: Any, tmp_path: Path) -> None:
    """Read as Keras writes them, at the size in the file and at others."""
    layer, _, h, w, params, madds = record
    (tmp_path / "net.json").write_text(json.dumps(MODELS[layer]))
    found = totals(str(tmp_path / "net.json"), resolution=f"{h}x{w}")
    assert (found["params"], found["madds"]) == (params, madds)


@pytest.mark.parametrize("layer", SPECS)
def test_attention_is_written_as_a_spec_of_its_layers(layer: str, tmp_path: Path) -> None:
    """`convert` at a width and a size that no window divides: every layer costs the same."""
    layer, width, h, w, params, madds = next(r for r in reversed(RECORDS) if r[0] == layer)
    rows = f'  {{ op = "conv", name = "stem", out = 32 }},\n{SPECS[layer]}'
    (tmp_path / "net.toml").write_text(f"resolution = 64\nlayers = [\n{rows}]\n")
    design = load(str(tmp_path / "net.toml"), Settings(alpha=width / 32, resolution=(h, w)))
    (tmp_path / "again.toml").write_text(spec_text(design))
    again = load(str(tmp_path / "again.toml"))
    assert counts(again.graph) == counts(design.graph)
    assert figures(cost(again.graph)) == (params, madds)


EXPORTED = {
    f"{short}-{opset}.onnx": layer
    for short, layer in MEASURED["torch"]["exported"].items()
    for opset in (18, 23)
}


@pytest.mark.parametrize("file", EXPORTED)
def test_exported_attention_costs_what_pytorch_says(file: str) -> None:
    """As products of opset 18, and as ONNX's Attention of opset 23, whose heads may share keys and values."""
    record = next(r for r in RECORDS if r[0] == EXPORTED[file])
    found = totals(str(TRUTH / "attention" / file))
    assert (found["params"], found["madds"]) == tuple(record[4:])


def attended(tmp_path: Path, q: Any, k: Any, v: Any, *, mask: Any = None, **attributes: Any) -> str:
    """A file with one Attention node behind projections of a map of 3 channels and 4 positions."""
    nodes, stored = [node("Reshape", ["x", "to"], ["t"])], [numbers("to", 1, 4, 3)]
    for name, dims in (("q", q), ("k", k), ("v", v)):
        heads, width = (dims[0], dims[1]) if len(dims) == 2 else (1, dims[0])
        nodes.append(node("MatMul", ["t", f"w{name}"], [f"p{name}"]))
        stored.append(weights(f"w{name}", 3, heads * width))
        if len(dims) == 2:
            stored.append(numbers(f"to{name}", 1, 4, heads, width))
            nodes.append(node("Reshape", [f"p{name}", f"to{name}"], [f"r{name}"]))
            nodes.append(node("Transpose", [f"r{name}"], [f"h{name}"], perm=[0, 2, 1, 3]))
        else:
            nodes.append(node("Identity", [f"p{name}"], [f"h{name}"]))
    if mask is not None:
        stored.append(weights("mask", *mask))
    nodes.append(node("Attention", ["hq", "hk", "hv", *(["mask"] if mask else [])], ["y"], **attributes))
    return write(tmp_path, nodes, stored, image=(1, 3, 2, 2))


HEADS = {
    "axes": ((4, 5), (2, 5), (2, 6), {}, 4 * (5 + 6)),
    "one axis": ((20,), (10,), (12,), {"q_num_heads": 4, "kv_num_heads": 2}, 4 * (5 + 6)),
    "a head each": ((3, 8), (3, 8), (3, 2), {}, 3 * (8 + 2)),
}


@pytest.mark.parametrize("case", HEADS)
def test_onnx_attention_counts_both_products(case: str, tmp_path: Path) -> None:
    """Four positions: heads x 16 x (width + size), beside the projections of each of 3 channels."""
    q, k, v, attributes, wide = HEADS[case]
    projections = 3 * sum(n if len(d) == 1 else d[0] * n for d in (q, k, v) for n in d[-1:])
    found = totals(attended(tmp_path, q, k, v, **attributes))
    assert (found["params"], found["madds"]) == (projections, 4 * projections + 16 * wide)


@pytest.mark.parametrize(
    ("q", "k", "v", "attributes", "message"),
    [
        ((4, 5), (3, 5), (3, 6), {}, "do not fit each other"),
        ((4, 5), (2, 4), (2, 6), {}, "do not fit each other"),
        ((4, 5), (2, 5), (4, 6), {}, "do not fit each other"),
        ((20,), (10,), (12,), {"q_num_heads": 3, "kv_num_heads": 2}, "3 heads do not divide a width of 20"),
        ((20,), (10,), (12,), {}, "q_num_heads"),
        ((4, 5), (2, 5), (2, 6), {"softcap": 2.0}, "cannot cost Attention"),
    ],
)
def test_onnx_attention_that_does_not_fit_is_refused(
    q: Any, k: Any, v: Any, attributes: Any, message: str, tmp_path: Path
) -> None:
    """By its name, with what it gets."""
    with pytest.raises(MnetcostError, match=message):
        totals(attended(tmp_path, q, k, v, **attributes))


def test_a_mask_of_onnx_attention_is_a_table(tmp_path: Path) -> None:
    """A number for each head and each pair of 4 positions, which may be trained."""
    found = totals(attended(tmp_path, (2, 5), (2, 5), (2, 5), mask=(1, 2, 4, 4)))
    assert found["params"] == 3 * 30 + 32


def test_every_measured_layer_is_a_row() -> None:
    """At three sizes and three widths each."""
    measured = {r[0] for r in RECORDS}
    assert measured == {*SPECS, *UNWRITTEN}
    assert set(MODELS) <= measured
    assert len(RECORDS) == 9 * len(measured)
