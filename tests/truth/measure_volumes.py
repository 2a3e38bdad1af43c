"""Export PyTorch's networks over volumes as ONNX files, with what PyTorch says of each.

    python tests/truth/measure_volumes.py tests/truth/volumes > tests/truth/volumes.json

Needs torch, torchvision, onnx and onnxscript. The files are by both exporters and without their weights: the
script exporter keeps the norms, the dynamo exporter folds them into the convolutions. Parameters are
PyTorch's; where norms are folded, a bias is left of each norm's scale and shift. Multiply-adds are half of
what torch's FlopCounterMode counts, on the built net at each size; a net with a dense layer on a flattened
volume has but one.
"""

import json
import logging
import sys
import tempfile
import warnings
from contextlib import redirect_stdout
from math import prod
from pathlib import Path

import onnx
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import video

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


class Residual(nn.Module):
    """A shortcut with a projection, groups, a depthwise convolution, squeeze-and-excite, learned slopes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, 8, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(8), nn.ReLU()
        )
        self.body = nn.Sequential(
            nn.Conv3d(8, 16, 3, 2, 1, groups=2),
            nn.InstanceNorm3d(16, affine=True),
            nn.Hardswish(),
            nn.Conv3d(16, 16, (3, 1, 1), padding=(2, 0, 0), dilation=(2, 1, 1), groups=16, bias=False),
            nn.BatchNorm3d(16),
        )
        self.project = nn.Conv3d(8, 16, 1, 2, bias=False)
        self.squeeze, self.excite = nn.Conv3d(16, 4, 1), nn.Conv3d(4, 16, 1)
        self.slopes, self.head = nn.PReLU(16), nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.body(x)
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean((2, 3, 4), keepdim=True)))))
        x = self.slopes(y * gate + self.project(x))
        return self.head(nn.functional.adaptive_avg_pool3d(x, 1).flatten(1))


class Pools(nn.Module):
    """Branches of pools with paddings, each side its own, then a dense layer on the flattened volume."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv3d(1, 6, 3, padding="same", bias=False)
        self.pools = nn.ModuleList(
            [nn.MaxPool3d((3, 2, 2), 2, (1, 0, 0)), nn.AvgPool3d(2), nn.MaxPool3d(3, 2, 1, ceil_mode=False)]
        )
        self.norm = nn.GroupNorm(3, 18)
        self.last = nn.AvgPool3d((1, 3, 3), (1, 2, 2), ceil_mode=True)
        self.head = nn.Linear(18 * 4 * 4 * 4, 7)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.stem(nn.functional.pad(x, (1, 1, 0, 0, 0, 2))[:, :, 1:-1, :, 1:-1]))
        x = self.norm(torch.cat([pool(x) for pool in self.pools], 1))
        first, rest = x[:, :6], x.split([6, 12], 1)[1]
        return self.head(torch.flatten(self.last(torch.cat([rest, first], 1)), 1))


class UNet(nn.Module):
    """Transposed convolutions, one of groups, volumes enlarged by both methods, and crops to join them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1, bias=False), nn.BatchNorm3d(8), nn.ReLU())
        self.second = nn.Sequential(nn.MaxPool3d((1, 2, 2)), nn.Conv3d(8, 16, 3, padding=1), nn.ReLU())
        self.third = nn.Sequential(nn.MaxPool3d(2), nn.Conv3d(16, 32, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose3d(32, 16, (2, 3, 3), 2, (0, 1, 1), (0, 1, 1), groups=4)
        self.narrow = nn.ConvTranspose3d(32, 8, (1, 2, 2), (1, 2, 2), bias=False)
        self.nearest, self.linear = nn.Upsample(scale_factor=(1, 2, 2)), nn.Upsample(None, 2, "trilinear")
        self.last = nn.Conv3d(16 + 8, 3, 1)

    def forward(self, x):
        x = self.first(x)
        y = self.second(x)
        z = torch.cat([self.up(self.third(y)), y], 1)
        halves = self.linear(x[:, :, ::2, ::2, ::2][:, :, :, 2:-2, 2:-2])
        z = torch.cat([x, self.narrow(z)], 1) + self.nearest(y)
        return self.last(torch.cat([z[:, :, :, 4:-4, 4:-4], halves], 1))


NETS = {
    "residual": (Residual, (3, 8, 32, 32), ((4, 48, 64),)),
    "pools": (Pools, (1, 8, 16, 16), ()),
    "unet": (UNet, (1, 8, 32, 32), ((4, 32, 48),)),
    **{
        name: (getattr(video, name), (3, 16, 112, 112), ((8, 64, 96),))
        for name in ("r3d_18", "mc3_18", "r2plus1d_18")
    },
    "s3d": (video.s3d, (3, 16, 224, 224), ()),
}
ONCE = ("s3d",)
"""Nets whose file by the script exporter is not kept, since it is large."""
WAYS = {
    "script": {"dynamo": False, "training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False},
    "dynamo": {"dynamo": True, "external_data": False},
}


def madds(model, size):
    """Half of the operations that PyTorch counts."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *size))
    return counter.get_total_flops() // 2


def parameters(model, way):
    """PyTorch's parameters; one a channel less for each norm that is folded."""
    folded = [m.num_features for m in model.modules() if isinstance(m, nn.BatchNorm3d)]
    return sum(p.numel() for p in model.parameters()) - sum(folded) * (way == "dynamo")


def slim(path, to):
    """Keep a file without its weights, and without where in which program each node was called."""
    model = onnx.load(path)
    for t in model.graph.initializer:
        if t.data_type == onnx.TensorProto.FLOAT and prod(t.dims) > 64:
            for field in ("raw_data", "float_data"):
                t.ClearField(field)
            t.data_location = onnx.TensorProto.EXTERNAL
            t.external_data.add(key="location", value="left_out.bin")
        t.ClearField("metadata_props")
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    to.write_bytes(model.SerializeToString())


def main(folder):
    rows = []
    for name, (build, size, more) in NETS.items():
        torch.manual_seed(0)
        model = build().eval()
        for t in (*model.parameters(), *model.buffers()):  # else equal numbers would be stored once
            if t.dtype.is_floating_point:
                t.data.uniform_(0.5, 1.5)
        figures = {"x".join(map(str, s)): madds(model, (size[0], *s)) for s in (size[1:], *more)}
        for way, arguments in list(WAYS.items())[name in ONCE :]:
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / "net.onnx"
                torch.onnx.export(model, (torch.zeros(1, *size),), path, verbose=False, **arguments)
                slim(path, Path(folder) / f"{name}_{way}.onnx")
            rows.append({"file": f"{name}_{way}.onnx", "params": parameters(model, way), "madds": figures})
    source = f"torch {torch.__version__}, torchvision {torchvision.__version__}, onnx {onnx.__version__}"
    text = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"source": {json.dumps(source)}, "files": [\n{text}\n]}}'


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # the exporters print as they work
        done = main(sys.argv[1])
    print(done)
