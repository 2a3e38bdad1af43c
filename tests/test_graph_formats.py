"""Do programs that people have show a design: Mermaid, Graphviz and Netron?"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mnetcost import CallError, compare, draw, render, report
from mnetcost.output import mermaid

from . import onnx_files, tflite_files
from .test_charts import SVG
from .test_cli import run
from .test_graphs import network
from .tflite_files import T, conv, floats

FORMATS = ("mermaid", "dot", "netron")
NAMES = (
    'a"]; click n0 callback; <script>alert(1)</script> #quot; %% `x`',
    "end",
    ']] --> n1; subgraph x{{}} \\N \\" &lt;b&gt; &amp; \\',
)


def hostile(folder: Path) -> str:
    """A spec whose layers have names that mean something to the programs that read them."""
    rows = "\n".join(f"  {{ op = 'conv', out = 8, name = {json.dumps(name)} }}," for name in NAMES)
    file = folder / "net.toml"
    file.write_text(f"source = 'none'\nresolution = 32\nclasses = 10\nlayers = [\n{rows}\n]\n", "utf-8")
    return str(file)


@pytest.mark.parametrize("name", FORMATS)
def test_other_answers_have_no_graph(name: str) -> None:
    """The error says where there is one."""
    for answer in (compare("v1", "v2"), report("v1", by="kind"), draw("v1", "v2", style="graph")):
        with pytest.raises(CallError, match="the graph of one design") as caught:
            render(answer, name)
        assert f"mnetcost report v2 --format {name}" in str(caught.value.faults[0].hint)


def text_of_dot(text: str) -> tuple[dict[str, str], list[tuple[str, str]], int]:
    """Read the DOT that we write: the label of each node, the edges, and how many frames there are.

    A strict reader of the language's grammar as far as we use it: whatever is left over is an error.
    Source: graphviz.org/doc/info/lang.html.
    """
    quoted = r'"(?:[^"\\]|\\.)*"'
    statement = re.compile(
        rf"\s*(?:(?P<open>(?:digraph {quoted}|subgraph cluster_\d+) {{)|(?P<close>}})"
        rf"|(?P<edge>n\d+ -> n\d+);|(?P<node>n\d+) \[label=(?P<label>{quoted}), fillcolor=\"#\w+\"\];"
        rf"|(?:graph|node|edge) \[(?:\w+=(?:\w+|[\d.]+|{quoted})(?:, )?)+\];|label={quoted};)\n?"
    )
    labels, edges, frames, depth, at = {}, [], 0, 0, 0
    while at < len(text):
        found = statement.match(text, at)
        assert found, text[at : at + 80]
        at = found.end()
        depth += bool(found["open"]) - bool(found["close"])
        frames += bool(found["open"])
        if found["node"]:
            labels[found["node"]] = unescape(
                re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), found["label"])
            )
        if found["edge"]:
            a, b = found["edge"].split(" -> ")
            edges.append((a, b))
    assert depth == 0
    return labels, edges, frames - 1


@pytest.mark.parametrize("name", ["v2", "inception-v3"])
def test_dot_has_every_layer_and_edge(name: str) -> None:
    """With a frame for each block of several layers."""
    net = network(name)
    labels, edges, frames = text_of_dot(render(report(name), "dot"))
    assert len(labels) == len(net.boxes)
    assert edges == [(f"n{a}", f"n{b}") for a, b in net.edges]
    blocks = [box.block for box in net.boxes]
    assert frames == sum(blocks.count(block) > 1 for block in set(blocks))
    assert 'n1 [label="' in render(report(name), "dot")


def test_dot_of_blocks_has_no_frames() -> None:
    """Each block is a box."""
    labels, _, frames = text_of_dot(render(report("v2", by="block"), "dot"))
    assert (len(labels), frames) == (23, 0)


def test_hostile_names_are_data_in_dot(tmp_path: Path) -> None:
    """Each is the first line of its label, as it is."""
    labels, edges, _ = text_of_dot(render(report(hostile(tmp_path)), "dot"))
    lines = {label.strip('"').split("\n")[0] for label in labels.values()}
    assert {*NAMES} <= lines
    assert len(edges) == len(labels) - 1


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_dot(tmp_path: Path) -> None:
    """Where there is Graphviz: it draws hostile names as they are, and finds every node."""
    for answer in (report(hostile(tmp_path)), report("inception-v3")):
        text = render(answer, "dot")
        done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
        svg = ElementTree.fromstring(done.stdout)
        nodes = [g for g in svg.iter(f"{SVG}g") if g.get("class") == "node"]
        assert len(nodes) == len(text_of_dot(text)[0])
        assert done.stderr == b""
    texts = {t.text for t in svg.iter(f"{SVG}text")}
    assert "mixed 5b/concat" in texts


def read_mermaid(text: str) -> tuple[dict[str, str], list[tuple[str, str]], list[str]]:
    """Read the flowchart that we write, line by line: labels, edges and comments; any other line is an error.

    Mermaid's own reader accepted such texts, with hostile names among them, and showed them as they are
    (version 11.17.2 in a browser).
    """
    labels: dict[str, str] = {}
    edges, comments = [], []
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    for line in lines:
        if found := re.fullmatch(
            r'(n\d+)\["([^"`<>{}\[\];%&\\]*(?:(?:<br/>|#\d+;)[^"`<>{}\[\];%&\\]*)*)"\]:::\w+', line
        ):
            decoded = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), found[2].replace("<br/>", "\n"))
            labels[found[1]] = decoded
        elif found := re.fullmatch(r"(n\d+) --> (n\d+)", line):
            edges.append((found[1], found[2]))
        elif line.startswith("%% "):
            comments.append(line)
        else:
            assert re.fullmatch(r"classDef \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6}", line), line
    return labels, edges, comments


def test_mermaid_has_every_block_and_edge() -> None:
    """With its shapes and exact counts."""
    net = network("v2", "block")
    labels, edges, _ = read_mermaid(render(report("v2", by="block"), "mermaid"))
    assert edges == [(f"n{a}", f"n{b}") for a, b in net.edges]
    assert labels["n1"] == "stem\n3 layers\n224x224x3 → 112x112x32\n928 params, 10,838,016 MAdds"


def test_hostile_names_are_data_in_mermaid(tmp_path: Path) -> None:
    """Each is the first line of its label, as it is."""
    labels, edges, _ = read_mermaid(render(report(hostile(tmp_path)), "mermaid"))
    assert {*NAMES} <= {label.split("\n")[0] for label in labels.values()}
    assert len(edges) == len(labels) - 1


def test_mermaid_of_a_large_graph_has_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """ResNet-152 has 564 edges, and mermaid draws 500; a comment says so, and without a way it is refused."""
    labels, edges, comments = read_mermaid(render(report("resnet152"), "mermaid"))
    assert (len(labels), len(edges)) == (55, 54)
    assert comments[1] == "%% 515 boxes are more than mermaid draws: these are blocks"
    monkeypatch.setattr(mermaid, "MOST_EDGES", 3)
    with pytest.raises(CallError, match="3 edges"):
        render(report("resnet152"), "mermaid")


# what Netron shows beside a model file


class Attachment:
    """What Netron reads of an attachment: entries by kind and name, as a node or a value asks for them.

    Source: the published form, Netron, source/view.js, `metadata.Attachment` and its `Container`.
    """

    def __init__(self, text: str) -> None:
        data = json.loads(text)
        assert data["signature"] == "netron:attachment"
        self.used: set[str] = set()
        self.metrics: dict[str, dict[str, Any]] = {}
        for item in data["metrics"]:
            key = (
                f"{item['kind']}::{item['target']}"
                if "target" in item
                else f"{item['kind']}[{item['identifier']}]"
            )
            self.metrics.setdefault(key, {})[item["name"]] = item["value"]

    def of(self, kind: str, name: str, identifier: str = "") -> dict[str, Any]:
        """What is shown of something with this name and identifier; an empty name finds nothing."""
        keys = ([f"{kind}::{name.split(chr(10))[0]}"] if name else []) + (
            [f"{kind}[{identifier}]"] if identifier else []
        )
        self.used.update(key for key in keys if key in self.metrics)
        return {k: v for key in keys for k, v in self.metrics.get(key, {}).items()}

    @property
    def whole(self) -> dict[str, Any]:
        """What is shown of the model."""
        return self.metrics["model::"]

    @property
    def unused(self) -> set[str]:
        """Entries that nothing asked for."""
        return set(self.metrics) - self.used - {"model::"}


def attachment(file: str, **asked: Any) -> Attachment:
    """The attachment of a model file."""
    return Attachment(render(report(file, **asked), "netron"))


def test_netron_finds_every_node_of_an_onnx_file(tmp_path: Path) -> None:
    """By its name; one without a name, or with one that two have, by the name of what it gives."""
    from onnx import helper

    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="stem"),
        helper.make_node("Relu", ["a"], ["b"], name="twice"),
        helper.make_node("Conv", ["b", "v"], ["c"], name="twice"),
        helper.make_node("Conv", ["c", "v"], ["d"]),
    ]
    stored = [onnx_files.weights("w", 4, 3, 1, 1), onnx_files.weights("v", 4, 4, 1, 1)]
    found = attachment(onnx_files.write(tmp_path, nodes, stored))
    assert found.of("node", "stem") == {"params": 12, "MAdds": 12 * 64}
    assert found.of("node", "twice") == {}
    assert found.of("value", "b") == {"params": 0, "MAdds": 0}
    assert found.of("value", "c") == {"params": 16, "MAdds": 16 * 64}
    assert found.of("value", "d") == {
        "params": 0,
        "MAdds": 16 * 64,
    }  # the weights are those of the node before
    assert found.whole == {"params": 28, "MAdds": 44 * 64}
    assert found.unused == set()


def test_a_function_of_an_onnx_file_has_the_sum_of_its_nodes(tmp_path: Path) -> None:
    """Netron shows what is in it in another graph, where a name may stand for several calls."""
    from onnx import helper

    body = [helper.make_node("Conv", ["i", "k"], ["m"], name="inner"), helper.make_node("Relu", ["m"], ["o"])]
    function = helper.make_function("ours", "Block", ["i", "k"], ["o"], body, [helper.make_opsetid("", 17)])
    nodes = [
        helper.make_node("Block", ["x", "w"], ["y"], name="one", domain="ours"),
        helper.make_node("Block", ["y", "v"], ["z"], name="two", domain="ours"),
    ]
    stored = [onnx_files.weights("w", 4, 3, 1, 1), onnx_files.weights("v", 2, 4, 1, 1)]
    model = onnx_files.model(nodes, stored)
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("ours", 1))
    file = tmp_path / "net.onnx"
    file.write_bytes(model.SerializeToString())
    found = attachment(str(file))
    assert found.of("node", "one") == {"params": 12, "MAdds": 12 * 64}
    assert found.of("node", "two") == {"params": 8, "MAdds": 8 * 64}
    assert found.of("node", "inner") == {}
    assert found.unused == set()


def test_netron_finds_every_operator_of_a_tflite_file(tmp_path: Path) -> None:
    """By its number, since operators have no names: a fused activation is part of its operator."""
    tensors = {
        "x": T((1, 8, 8, 3)),
        "w": floats(4, 1, 1, 3),
        "v": floats(2, 1, 1, 4),
        "y": T((1, 8, 8, 4)),
        "z": T((1, 8, 8, 2)),
    }
    found = attachment(
        tflite_files.write(tmp_path, tensors, [conv("x", "w", "y", fused=1), conv("y", "v", "z")])
    )
    assert found.of("node", "", "0") == {"params": 12, "MAdds": 12 * 64}
    assert found.of("node", "", "1") == {"params": 8, "MAdds": 8 * 64}
    assert found.unused == set()


def keras_nodes(layer: dict[str, Any], group: str = "") -> Iterator[str]:
    """The names of the nodes that Netron makes of a Keras model: a model's layers have its name in front, and
    a layer that is called several times is a node for each call.

    Source: Netron, source/keras.js.
    """
    for inner in layer["config"]["layers"]:
        name = inner["config"]["name"]
        calls = inner.get("inbound_nodes") or [None]
        if inner["class_name"] == "InputLayer":
            continue
        for n in range(len(calls)):
            yield f"{group}{name}" + (f"[{n}]" if len(calls) > 1 else "")
        if "layers" in inner["config"] and len(calls) == 1:
            yield from keras_nodes(inner, f"{group}{name}/")


def dense(name: str, *reads: Any) -> dict[str, Any]:
    """A Keras layer without a bias, and what it is called with."""
    config = {"name": name, "units": 4, "use_bias": False}
    return {
        "class_name": "Dense",
        "name": name,
        "config": config,
        "inbound_nodes": [[[*r, {}]] for r in reads],
    }


def test_netron_finds_every_layer_of_a_keras_file(tmp_path: Path) -> None:
    """Layers of models within models, which have the sum too; and a shared layer by each of its calls."""
    nested = json.loads((Path(__file__).parent / "field" / "file-nested.json").read_text("utf-8"))
    found = attachment(str(Path(__file__).parent / "field" / "file-nested.json"))
    names = list(keras_nodes(nested))
    figures = {name: found.of("node", name) for name in names}
    assert names == ["body", "body/base", "body/base/c", "body/pool", "head", "head/d"]
    assert figures["body"] == figures["body/base"] == figures["body/base/c"] == {"params": 108, "MAdds": 6912}
    assert figures["head/d"] == figures["head"] == {"params": 10, "MAdds": 8}
    assert found.unused == set()
    image = {"name": "x", "batch_input_shape": [None, 4]}
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": image, "inbound_nodes": []},
        dense("shared", ("x", 0, 0), ("between", 0, 0)),
        dense("between", ("shared", 0, 0)),
    ]
    config = {
        "name": "m",
        "layers": layers,
        "input_layers": [["x", 0, 0]],
        "output_layers": [["shared", 1, 0]],
    }
    file = tmp_path / "net.json"
    file.write_text(json.dumps({"class_name": "Functional", "config": config}), "utf-8")
    found = attachment(str(file))
    assert [*keras_nodes({"config": config})] == ["shared[0]", "shared[1]", "between"]
    assert found.of("node", "shared[0]") == {"params": 16, "MAdds": 16}
    assert found.of("node", "shared[1]") == {"params": 0, "MAdds": 16}
    assert found.of("node", "between") == {"params": 16, "MAdds": 16}
    assert found.unused == set()


@pytest.mark.parametrize("name", ["file-order-1.prototxt", "file-bn.prototxt"])
def test_netron_finds_every_layer_of_a_prototxt(name: str) -> None:
    """By its name; the figures of all nodes add up to those of the model."""
    file = Path(__file__).parent / "field" / name
    found = attachment(str(file))
    names = dict.fromkeys(re.findall(r'name: "([^"]+)"', file.read_text("utf-8")))
    shown = [found.of("node", n) for n in names]
    assert found.unused == set()
    for key in ("params", "MAdds"):
        assert sum(entry.get(key, 0) for entry in shown) == found.whole[key]


def test_netron_is_for_layers_of_model_files() -> None:
    """A spec has no file beside which figures could be shown, and blocks are no nodes."""
    with pytest.raises(CallError, match="beside a model file"):
        render(report("v2"), "netron")
    file = str(Path(__file__).parent / "field" / "file-nested.json")
    with pytest.raises(CallError, match="not blocks"):
        render(report(file, by="block"), "netron")


def test_what_cannot_be_counted_is_named_so(tmp_path: Path) -> None:
    """A node that was left out has no zero."""
    from onnx import helper

    nodes = [
        helper.make_node("Mystery", ["x", "w"], ["a"], name="odd"),
        helper.make_node("Conv", ["a", "v"], ["b"], name="even"),
    ]
    stored = [onnx_files.weights("w", 4, 3, 1, 1), onnx_files.weights("v", 4, 3, 1, 1)]
    found = attachment(onnx_files.write(tmp_path, nodes, stored), allow_unknown=True)
    assert found.of("node", "odd") == {"params": "not counted", "MAdds": "not counted"}
    assert found.of("node", "even")["params"] == 12


def test_the_suffix_of_a_file_decides(tmp_path: Path) -> None:
    """`-o net.gv` is dot, `.mmd` mermaid, and `.netron.json` an attachment; `.json` stays JSON."""
    for name, begin in (("net.gv", "digraph"), ("net.mmd", "flowchart"), ("net.json", "{")):
        run("draw", "v1", "--by", "block", "-o", str(tmp_path / name))
        assert (tmp_path / name).read_text("utf-8").startswith(begin)
    file = Path(__file__).parent / "field" / "file-nested.json"
    run("report", str(file), "-o", str(tmp_path / "net.netron.json"))
    assert "netron:attachment" in (tmp_path / "net.netron.json").read_text("utf-8")
