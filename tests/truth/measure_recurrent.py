"""Export PyTorch's recurrent layers and its attention as small ONNX files, with what PyTorch says of each.

    python tests/truth/measure_recurrent.py tests/truth/recurrent > tests/truth/recurrent.json

Parameters are PyTorch's. Multiply-adds are those of the weights, a product each at every step, and for
attention also the two products of computed matrices.
"""

import json
import sys
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

warnings.filterwarnings("ignore")
STEPS = 10


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


NETS = {
    "lstm": Net(nn.LSTM(12, 8, batch_first=True)),
    "lstm_both_last": Net(nn.LSTM(12, 8, batch_first=True, bidirectional=True), "last"),
    "lstm_state": Net(nn.LSTM(12, 8, batch_first=True), "state"),
    "lstm_no_bias": Net(nn.LSTM(12, 8, bias=False, batch_first=True)),
    "lstm_steps_first": Net(nn.LSTM(12, 8)),
    "gru_two_layers": Net(nn.GRU(12, 8, 2, batch_first=True)),
    "rnn": Net(nn.RNN(12, 8, batch_first=True)),
    "attention": Attention(),
}
UNROLLED = ("rnn",)  # by the new exporter, without a layer

rows = []
for name, net in NETS.items():
    x = torch.zeros((STEPS, 1, 12) if "steps_first" in name else (1, STEPS, 12))
    weights = sum(p.numel() for n, p in net.named_parameters() if "weight" in n)
    for exporter in ("script", "dynamo")[: 1 if name in UNROLLED else 2]:
        file = Path(sys.argv[1]) / f"{name}_{exporter}.onnx"
        more = {"dynamo": True, "external_data": False} if exporter == "dynamo" else {"dynamo": False}
        torch.onnx.export(net.eval(), (x,), str(file), **more)
        model = onnx.load(str(file))
        for node in model.graph.node:  # where in which program it was called
            del node.metadata_props[:]
            node.doc_string = ""
        onnx.save(model, str(file))
        rows.append(
            {
                "file": file.name,
                "params": sum(p.numel() for p in net.parameters()),
                "madds": STEPS * weights + 2 * STEPS * STEPS * 12 * (name == "attention"),
            }
        )
text = ",\n".join(json.dumps(row) for row in rows)
print(f'{{"torch": "{torch.__version__}", "files": [\n{text}\n]}}')
