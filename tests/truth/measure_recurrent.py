"""Export PyTorch's recurrent layers and its attention as small ONNX files, with what PyTorch says of each.

    python tests/truth/measure_recurrent.py tests/truth/recurrent > tests/truth/recurrent.json

Parameters are PyTorch's. Multiply-adds are those of the weights, a product each at every step, and for
attention also the two products of computed matrices. PyTorch's newer exporter writes its RNN, and cells in a
loop, as a matrix product for each step; what the first step makes of a state of zeros is worked out then, so
that the file has fewer products. These are counted in the file, by the shapes that onnx infers.

The last rows are torchinfo's figures for single layers at 40 steps.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import onnx
import torch
import torchinfo
from torch import nn

warnings.filterwarnings("ignore")
STEPS = 10
torch.manual_seed(1)


class Net(nn.Module):
    """A recurrent layer, and which of its outputs the net gives."""

    def __init__(self, inner: nn.Module, gives: str = "every") -> None:
        super().__init__()
        self.inner, self.gives = inner, gives

    def forward(self, x):  # type: ignore[no-untyped-def]
        y, state = self.inner(x)
        state = state[0] if isinstance(state, tuple) else state
        return {"every": y, "last": y[:, -1], "state": state}[self.gives]


class Attention(nn.Module):
    """Self-attention; the biases are not zero, so that no exporter drops them."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.MultiheadAttention(12, 3, batch_first=True)
        nn.init.ones_(self.inner.in_proj_bias)
        nn.init.ones_(self.inner.out_proj.bias)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.inner(x, x, x, need_weights=False)[0]


class Cells(nn.Module):
    """A cell called at each step, from a state of zeros on."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x):  # type: ignore[no-untyped-def]
        state, outputs = None, []
        for row in x.unbind(1):
            state = self.inner(row, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs, 1)


def products(model):
    """The products of all matrices in a file."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    dims = {t.name: list(t.dims) for t in graph.initializer}
    for v in (*graph.value_info, *graph.input, *graph.output):
        dims.setdefault(v.name, [d.dim_value for d in v.type.tensor_type.shape.dim])
    matrices = [n for n in graph.node if n.op_type in ("MatMul", "Gemm")]
    return sum(math.prod(dims[n.output[0]]) * dims[n.input[0]][-1] for n in matrices)


NETS = {
    "lstm": Net(nn.LSTM(12, 8, batch_first=True)),
    "lstm_both_last": Net(nn.LSTM(12, 8, batch_first=True, bidirectional=True), "last"),
    "lstm_state": Net(nn.LSTM(12, 8, batch_first=True), "state"),
    "lstm_no_bias": Net(nn.LSTM(12, 8, bias=False, batch_first=True)),
    "lstm_steps_first": Net(nn.LSTM(12, 8)),
    "gru_two_layers": Net(nn.GRU(12, 8, 2, batch_first=True)),
    "rnn": Net(nn.RNN(12, 8, batch_first=True)),
    "rnn_no_bias": Net(nn.RNN(12, 8, bias=False, nonlinearity="relu", batch_first=True)),
    "rnn_two_layers_both": Net(nn.RNN(12, 8, 2, bidirectional=True, batch_first=True), "last"),
    "rnn_steps_first": Net(nn.RNN(12, 8)),
    "rnn_cell": Cells(nn.RNNCell(12, 8)),
    "lstm_cell": Cells(nn.LSTMCell(12, 8)),
    "gru_cell": Cells(nn.GRUCell(12, 8)),
    "attention": Attention(),
}
UNROLLED = ("rnn", "cell")  # by the newer exporter
PLAIN = "rnn"  # also written by it without its optimizer

rows = []
for name, net in NETS.items():
    x = torch.zeros((STEPS, 1, 12) if "steps_first" in name else (1, STEPS, 12))
    weights = sum(p.numel() for n, p in net.named_parameters() if "weight" in n)
    first = sum(p.numel() for n, p in net.named_parameters() if "weight_hh" in n)
    exporters = ["dynamo"] if "cell" in name else ["script", "dynamo", *["plain"] * (name == PLAIN)]
    for exporter in exporters:
        file = Path(sys.argv[1]) / f"{name}_{exporter}.onnx"
        more = {"dynamo": True, "external_data": False, "verbose": False, "optimize": exporter == "dynamo"}
        more = {"dynamo": False} if exporter == "script" else more
        torch.onnx.export(net.eval(), (x,), str(file), **more)
        model = onnx.load(str(file))
        for node in model.graph.node:  # where in which program it was called
            del node.metadata_props[:]
            node.doc_string = ""
        onnx.save(model, str(file))
        unrolled = exporter != "script" and any(part in name for part in UNROLLED)
        madds = STEPS * weights + 2 * STEPS * STEPS * 12 * (name == "attention")
        if unrolled:
            madds -= first * (exporter == "dynamo")
            assert madds == products(model), (file, madds, products(model))
        row = {"file": file.name, "params": sum(p.numel() for p in net.parameters()), "madds": madds}
        rows.append(row | {"unrolled": True} if unrolled else row)

LAYERS = [  # of 32 units, reading 20 numbers at each of 40 steps
    ("lstm", "", {}),
    ("gru", "", {}),
    ("rnn", "", {}),
    ("lstm", "bidirectional = true", {"bidirectional": True}),
    ("lstm", "project = 8", {"proj_size": 8}),
    ("lstm", "biases = 0", {"bias": False}),
    ("lstm", "repeat = 2", {"num_layers": 2}),
]
counted = []
for kind, row, more in LAYERS:
    layer = getattr(nn, kind.upper())(20, 32, batch_first=True, **more)
    found = torchinfo.summary(layer, input_size=(1, 40, 20), verbose=0)
    counted.append({"op": kind, "row": row, "params": found.total_params, "madds": found.total_mult_adds})


def lines(of):
    return ",\n".join(json.dumps(row) for row in of)


versions = f'"torch": "{torch.__version__}", "torchinfo": "{torchinfo.__version__}"'
print(f'{{{versions}, "files": [\n{lines(rows)}\n], "torchinfo_layers": [\n{lines(counted)}\n]}}')
