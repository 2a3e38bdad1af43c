"""Are the modules of a file from PyTorch those of torchinfo's tree, with its parameters and mult-adds?

    PYTHONPATH=. python tests/truth/measure_modules.py tests/truth/modules > tests/truth/modules.json

Needs torch, torchvision, torchinfo, onnx and onnxscript. Every net is exported by both exporters, with its
norms kept and folded into the convolutions. The files of the small net stay in the folder, without weights
and without metadata that nobody reads. The figures are torchinfo's of every module without modules in it,
parameters and mult-adds; where a module is called again, its parameters count once. `different` counts the
rows of our reports, at every depth, that are not torchinfo's.
"""

import json
import logging
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import onnx
import onnxscript
import torch
import torchinfo
import torchvision
from onnxscript.rewriter import RewriteRuleSet
from onnxscript.rewriter.rules.common import remove_optional_bias_from_conv_rule
from torch import nn

import mnetcost

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def conv(c, out, kernel=3, stride=1, groups=1):
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(c, out, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(out)
    )


class Gate(nn.Module):
    """Squeeze-and-excite."""

    def __init__(self, c):
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(c, c // 4, 1), nn.Conv2d(c // 4, c, 1)
        self.scale = nn.Hardsigmoid()

    def forward(self, x):
        y = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * self.scale(self.excite(torch.relu(self.squeeze(y))))


class Unit(nn.Module):
    """A module that is called twice, sequences in a sequence, and a sum that is no module."""

    def __init__(self, c, out, stride=1):
        super().__init__()
        self.act = nn.Hardswish()
        self.deep = nn.Sequential(conv(c, c, 3, stride, c), nn.Sequential(self.act, Gate(c)), conv(c, out, 1))
        self.adds = stride == 1 and c == out

    def forward(self, x):
        y = self.act(self.deep(x))
        return x + y if self.adds else y


class Small(nn.Module):
    """A list that is never called, a norm that exporters write as several nodes, shared weights."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 8, 3, 2), nn.ReLU())
        self.stages = nn.ModuleList([nn.Sequential(Unit(8, 8), Unit(8, 16, 2)), nn.Sequential(Unit(16, 16))])
        self.neck = nn.ModuleDict({"norm": nn.GroupNorm(4, 16), "again": nn.Conv2d(16, 16, 1)})
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        x = self.neck["again"](self.neck["again"](self.neck["norm"](x)))
        return self.head(torch.flatten(nn.functional.gelu(x.mean((2, 3))), 1))


DEEPEST = 7
NETS = {
    "small": (Small, 32),
    "mobilenet_v2": (torchvision.models.mobilenet_v2, 224),
    "resnet18": (torchvision.models.resnet18, 224),
}
WAYS = {
    "dynamo": {"dynamo": True, "optimize": False},
    "dynamo-folded": {"dynamo": True},
    "script": {"dynamo": False, "training": torch.onnx.TrainingMode.PRESERVE},
    "script-folded": {"dynamo": False},
}


def export(model, size, path, way):
    """Export a model; where the dynamo exporter's last step would fold the norms, the rest of that step."""
    image = torch.zeros(1, 3, size, size)
    program = torch.onnx.export(model, (image,), path, verbose=False, external_data=False, **WAYS[way])
    if way == "dynamo":
        onnxscript.optimizer.fold_constants(program.model)
        onnxscript.optimizer.remove_unused_nodes(program.model)
        RewriteRuleSet([remove_optional_bias_from_conv_rule]).apply_to_model(program.model)
        program.save(path)
    slim(path)


def tree(model, size):
    """torchinfo's parameters and mult-adds of every module without modules in it."""
    leaves = {}
    for layer in torchinfo.summary(model, (1, 3, size, size), depth=99, verbose=0).summary_list:
        if layer.is_leaf_layer and layer.num_params:
            name, above = layer.var_name, layer.parent_info
            while above is not None and above.parent_info is not None:
                name, above = f"{above.var_name}.{name}", above.parent_info
            params, macs = leaves.get(name, (0, 0))
            leaves[name] = (max(params, layer.num_params), macs + layer.macs)
    return leaves


def grouped(leaves, depth):
    """The figures of all modules at a depth."""
    params, macs = Counter(), Counter()
    for name, (p, m) in leaves.items():
        at = ".".join(name.split(".")[:depth])
        params[at] += p
        macs[at] += m
    return {name: (params[name], macs[name]) for name in params}


def folded(leaves):
    """The same with each norm folded into the convolution before it, which gets a bias in its place."""
    left, before = {}, ""
    for name, (params, macs) in leaves.items():
        p, m = left.get(before, (0, 0))
        if m > p and params == macs and name.rpartition(".")[0] == before.rpartition(".")[0]:
            left[before] = (p + params // 2, m + params // 2 * (m // p))
        else:
            left[name] = (params, macs)
            before = name
    return left


def expected(leaves, way):
    """What a file that was exported in one way shows: its norms may be folded, and the TorchScript exporter
    leaves out the name of a ModuleDict, in which `neck` is.
    """
    leaves = folded(leaves) if way.endswith("folded") else leaves
    return {n.removeprefix("neck.") if "script" in way else n: figures for n, figures in leaves.items()}


def slim(path):
    """Leave out the weights, and the metadata that the reader skips."""
    model = onnx.load(path)
    for t in model.graph.initializer:
        made_up = t.name.startswith("val_")  # by the exporter, such as the ones of a norm without a scale
        if t.data_type == onnx.TensorProto.FLOAT and t.dims and not made_up:
            for field in ("raw_data", "float_data"):
                t.ClearField(field)
            t.data_location = onnx.TensorProto.EXTERNAL
            t.external_data.add(key="location", value="left_out.bin")
        t.ClearField("metadata_props")
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for node in model.graph.node:
        kept = [p for p in node.metadata_props if p.key.endswith("name_scopes")]
        node.ClearField("metadata_props")
        node.metadata_props.extend(kept)
        node.ClearField("doc_string")
    path.write_bytes(model.SerializeToString())


def compare(path, leaves):
    """How many rows are others than torchinfo's, at all depths; each is printed."""
    different = 0
    for depth in range(1, DEEPEST + 1):
        found = mnetcost.report(str(path), by="block", depth=depth, convention="torchinfo")
        rows = {r["name"]: (r["params"], r["madds"]) for r in found.tables[0].records()}
        wanted = grouped(leaves, depth)
        for name in dict.fromkeys((*wanted, *rows)):
            if rows.get(name) != wanted.get(name):
                different += 1
                print(
                    path.stem,
                    depth,
                    name,
                    "torchinfo",
                    wanted.get(name),
                    "we",
                    rows.get(name),
                    file=sys.stderr,
                )
    return different


def main(folder):
    files, different = {}, {}
    for net, (build, size) in NETS.items():
        torch.manual_seed(0)
        model = build().eval()
        for t in (*model.parameters(), *model.buffers()):  # else equal numbers would be stored once
            if t.dtype.is_floating_point:
                t.data.uniform_(0.5, 1.5)
        leaves = tree(model, size)
        with tempfile.TemporaryDirectory() as temporary:
            for way in WAYS:
                path = Path(folder if net == "small" else temporary) / f"{net}-{way}.onnx"
                export(model, size, path, way)
                different[path.stem] = compare(path, expected(leaves, way))
                if net == "small":
                    files[path.stem] = expected(leaves, way)
    versions = (
        f"torchinfo {torchinfo.__version__}, torch {torch.__version__}, torchvision {torchvision.__version__}"
    )
    print(f'{{"source": {json.dumps(versions)},')
    print(f'"different": {json.dumps(different)}, "files": {{')
    rows = (
        f"{json.dumps(file)}: {{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(figures)}" for name, figures in leaves.items())
        for file, leaves in files.items()
    )
    print("},\n".join(rows) + "}}}")


if __name__ == "__main__":
    main(sys.argv[1])
