"""What do the networks cost that the MobileNets are compared with? Measured on torchvision's and timm's
builds.

    python tests/truth/measure_networks.py > tests/truth/networks.json

Needs torch, torchvision and timm; the tests read the figures only. Models are built without storage, on the
"meta" device, since only shapes matter. MACs are counted from the weights and the output of each convolution
and dense layer.
"""

import sys
from functools import partial
from math import prod
from pathlib import Path

import timm
import torch
import torchvision

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump

MODELS = torchvision.models
WEIGHTED = (torch.nn.Conv2d, torch.nn.ConvTranspose2d, torch.nn.Linear)


def macs_of(module, x, y):
    """Multiply-adds of a convolution, at each place of its output (transposed: of its input), or of a dense
    layer.
    """
    places = {"Linear": 1, "ConvTranspose2d": prod(x.shape[2:])}
    return module.weight.numel() * places.get(type(module).__name__, prod(y.shape[2:]))


def measure(build, height, width):
    """Trainable parameters, parameters with running statistics, and multiply-adds at one size."""
    macs = []
    with torch.device("meta"), torch.no_grad():
        model = build().eval()
        for module in model.modules():
            if isinstance(module, WEIGHTED):
                module.register_forward_hook(lambda m, xs, y: macs.append(macs_of(m, xs[0], y)))
        model(torch.zeros(1, 3, height, width))
    trainable = sum(p.numel() for p in model.parameters())
    statistics = sum(b.numel() for name, b in model.named_buffers() if "running" in name)
    return trainable, trainable + statistics, sum(macs)


def stored(build):
    """A model whose widths are computed on tensors, which need storage, as one without."""
    with torch.device("cpu"):
        return build().to("meta")


def nets():
    """Yield (design, alpha, its own size, builder)."""
    sizes = (240, 260, 300, 380, 456, 528, 600)
    for n, size in enumerate(sizes, 1):
        yield f"efficientnet-b{n}", 1.0, size, getattr(MODELS, f"efficientnet_b{n}")
    for n, size in enumerate((224, 240, 260, 280, 300)):
        yield f"efficientnet-lite{n}", 1.0, size, partial(timm.create_model, f"tf_efficientnet_lite{n}")
    yield "vgg19", 1.0, 224, MODELS.vgg19
    yield "alexnet", 1.0, 224, MODELS.alexnet
    yield "squeezenet-1.0", 1.0, 224, MODELS.squeezenet1_0
    yield "inception-v3", 1.0, 299, partial(MODELS.inception_v3, aux_logits=False, init_weights=False)
    yield "regnety-400mf", 1.0, 224, partial(stored, MODELS.regnet_y_400mf)
    for name in ("resnet18", "resnet34", "resnet101", "densenet121"):
        yield name, 1.0, 224, getattr(MODELS, name)
    for width in ("0.5", "1.5", "2.0"):
        build = getattr(MODELS, f"shufflenet_v2_x{width.replace('.', '_')}")
        yield f"shufflenet-v2-{width}", 1.0, 224, build
    for alpha in (0.5, 0.75, 1.3):
        yield "mnasnet-b1", alpha, 224, getattr(MODELS, f"mnasnet{alpha}".replace(".", "_"))
    for alpha in (0.75, 1.4):
        yield "mnasnet-a1", alpha, 224, partial(timm.create_model, f"semnasnet_{100 * alpha:03.0f}")
    yield "mnasnet-small", 1.0, 224, partial(timm.create_model, "mnasnet_small")


def main():
    records, known = [], set(sys.argv[1:])
    for design, alpha, own, build in nets():
        for size in sorted({own, 224, 160}) if not known or design in known else ():
            records.append([design, alpha, size, 1000, *measure(build, size, size)])
            print(*records[-1], file=sys.stderr)
    source = f"torchvision {torchvision.__version__}, timm {timm.__version__}, torch {torch.__version__}"
    dump(source, records, {})


if __name__ == "__main__":
    main()
