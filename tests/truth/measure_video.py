"""What do networks over video cost? Measured on torchvision's builds.

    python tests/truth/measure_video.py > tests/truth/video.json

Needs torch and torchvision; the tests read the figures only. Models are built without storage, on the "meta"
device. MACs are counted from the weights and the output of each convolution and dense layer. At another
alpha, torchvision's own blocks are built with each stage's width times alpha.
"""

import sys
from math import prod
from pathlib import Path

import torch
import torchvision
from torch import nn
from torchvision.models import video
from torchvision.models.video import resnet

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump

SIZES = ((16, 112, 112), (8, 64, 96), (7, 51, 45))


class Stem(nn.Sequential):
    """A stem of torchvision's with its widths times alpha."""

    def __init__(self, of, alpha):
        layers, c = [], 3
        for layer in of():
            if isinstance(layer, nn.Conv3d):
                out = int(layer.out_channels * alpha + 4) // 8 * 8 if alpha != 1 else layer.out_channels
                sizes = layer.kernel_size, layer.stride, layer.padding
                layers += [nn.Conv3d(c, out, *sizes, bias=False), nn.BatchNorm3d(out), nn.ReLU()]
                c = out
        super().__init__(*layers)


class Scaled(resnet.VideoResNet):
    """torchvision's network with its widths times alpha."""

    def __init__(self, makers, stem, alpha, classes):
        self.alpha = alpha
        super().__init__(resnet.BasicBlock, makers, [2, 2, 2, 2], lambda: Stem(stem, alpha))
        self.fc = nn.Linear(int(512 * alpha), classes)

    def _make_layer(self, block, maker, planes, blocks, stride=1):
        if stride == 1:
            self.inplanes = int(64 * self.alpha)
        return super()._make_layer(block, maker, int(planes * self.alpha), blocks, stride)


SIMPLE, FLAT, SPLIT = resnet.Conv3DSimple, resnet.Conv3DNoTemporal, resnet.Conv2Plus1D
NETS = {
    "r3d-18": (video.r3d_18, [SIMPLE] * 4, resnet.BasicStem),
    "mc3-18": (video.mc3_18, [SIMPLE, *[FLAT] * 3], resnet.BasicStem),
    "r2plus1d-18": (video.r2plus1d_18, [SPLIT] * 4, resnet.R2Plus1dStem),
}


def measure(model, size):
    """Trainable parameters, parameters with running statistics, and multiply-adds at one size."""
    macs = []
    for module in model.modules():
        if isinstance(module, (nn.Conv3d, nn.Linear)):
            module.register_forward_hook(lambda m, xs, y: macs.append(m.weight.numel() * prod(y.shape[2:])))
    model.eval()(torch.zeros(1, 3, *size))
    trainable = sum(p.numel() for p in model.parameters())
    statistics = sum(b.numel() for name, b in model.named_buffers() if "running" in name)
    return trainable, trainable + statistics, sum(macs)


def main():
    records = []
    with torch.device("meta"), torch.no_grad():
        for design, (build, makers, stem) in NETS.items():
            for size in SIZES:
                records.append([design, 1.0, size, 400, *measure(build(), size)])
            for alpha in (0.5, 1.5):
                model = Scaled(makers, stem, alpha, 101)
                records.append([design, alpha, SIZES[0], 101, *measure(model, SIZES[0])])
    for record in records:
        print(*record, file=sys.stderr)
    dump(f"torchvision {torchvision.__version__}, torch {torch.__version__}", records, {})


if __name__ == "__main__":
    main()
