"""What do the networks cost that the MobileNets are compared with? Measured on torchvision's, timm's and
pytorchcv's builds.

    python tests/truth/measure_networks.py > tests/truth/networks.json

Needs torch, torchvision, timm and pytorchcv; the tests read the figures only. Models are built without
storage, on the "meta" device, since only shapes matter. MACs are counted from the weights and the output of
each convolution and dense layer.
"""

import sys
from functools import partial
from importlib.metadata import version
from math import prod
from pathlib import Path

import timm
import torch
import torchvision
from pytorchcv.models import shufflenet, squeezenext
from timm.models import efficientnet

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


def at_any_size(build, *args):
    """A model of pytorchcv whose last pool is 7x7, with one over the whole map."""
    model = build(*args)
    model.features.final_pool = torch.nn.AdaptiveAvgPool2d(1)
    return model


def nets_of_pytorchcv():
    """Yield (design, alpha, its own size, builder) of ShuffleNetV1 and SqueezeNext."""
    for groups in (1, 2, 3, 4, 8):
        for alpha in (0.25, 0.5, 0.75, 1.0, 2.0) if groups in (1, 3) else (1.0,):
            yield (
                f"shufflenet-v1-g{groups}",
                alpha,
                224,
                partial(at_any_size, shufflenet.get_shufflenet, groups, alpha),
            )
    # github megvii-model/ShuffleNet-Series, ShuffleNetV1/network.py: with 8 groups, 0.5x has a stem of 16
    half = [[192] * 4, [384] * 8, [768] * 4]
    yield "shufflenet-v1-g8", 0.5, 224, partial(at_any_size, shufflenet.ShuffleNet, half, 16, 8)
    for depths in ("23", "23v5"):
        for alpha in (1.0, 1.5, 2.0):
            yield (
                f"squeezenext-{depths}-pytorchcv",
                alpha,
                224,
                partial(at_any_size, squeezenext.get_squeezenext, depths, alpha),
            )


def wide_b0(alpha):
    """torchvision's EfficientNet-B0 of another width."""
    settings, last = MODELS.efficientnet._efficientnet_conf(
        "efficientnet_b0", width_mult=alpha, depth_mult=1.0
    )
    return MODELS.EfficientNet(settings, 0.2, last_channel=last)


def nets():
    """Yield (design, alpha, its own size, builder)."""
    sizes = (240, 260, 300, 380, 456, 528, 600)
    for n, size in enumerate(sizes, 1):
        yield f"efficientnet-b{n}", 1.0, size, getattr(MODELS, f"efficientnet_b{n}")
    for n, size in enumerate((224, 240, 260, 280, 300)):
        yield f"efficientnet-lite{n}", 1.0, size, partial(timm.create_model, f"tf_efficientnet_lite{n}")
    yield "efficientnet-b0", 1.0, 224, MODELS.efficientnet_b0
    for alpha in (0.5, 0.75, 1.3):
        yield "efficientnet-b0", alpha, 224, partial(wide_b0, alpha)
        build = partial(efficientnet._gen_efficientnet_lite, "efficientnet_lite0", alpha)
        yield "efficientnet-lite0", alpha, 224, build
    for name in ("vgg19", "alexnet", "resnet18", "resnet34", "resnet101", "densenet121"):
        yield name, 1.0, 224, getattr(MODELS, name)
    for number in ("1.0", "1.1"):
        yield f"squeezenet-{number}", 1.0, 224, getattr(MODELS, f"squeezenet{number.replace('.', '_')}")
    yield "googlenet", 1.0, 224, partial(MODELS.googlenet, aux_logits=False, init_weights=False)
    yield "xception", 1.0, 299, partial(timm.create_model, "legacy_xception")
    yield "se-resnet50", 1.0, 224, partial(timm.create_model, "seresnet50")
    yield "inception-v3", 1.0, 299, partial(MODELS.inception_v3, aux_logits=False, init_weights=False)
    yield "inception-v4", 1.0, 299, partial(timm.create_model, "inception_v4")
    yield "regnety-400mf", 1.0, 224, partial(stored, MODELS.regnet_y_400mf)
    for width in ("0.5", "1.0", "1.5", "2.0"):
        build = getattr(MODELS, f"shufflenet_v2_x{width.replace('.', '_')}")
        yield f"shufflenet-v2-{width}", 1.0, 224, build
    for alpha in (0.5, 0.75, 1.0, 1.3):
        yield "mnasnet-b1", alpha, 224, getattr(MODELS, f"mnasnet{alpha}".replace(".", "_"))
    yield "mnasnet-b1", 1.4, 224, partial(timm.create_model, "mnasnet_140")
    for alpha in (0.5, 0.75, 1.0, 1.4):
        yield "mnasnet-a1", alpha, 224, partial(timm.create_model, f"semnasnet_{100 * alpha:03.0f}")
    yield "mnasnet-a1", 1.3, 224, partial(efficientnet._gen_mnasnet_a1, "semnasnet_100", 1.3)
    for alpha in (0.5, 1.0, 1.3):
        yield "mnasnet-small", alpha, 224, partial(efficientnet._gen_mnasnet_small, "mnasnet_small", alpha)
    yield from nets_of_pytorchcv()


def main():
    records, known = [], set(sys.argv[1:])
    for design, alpha, own, build in nets():
        for size in sorted({own, 224, 160}) if not known or design in known else ():
            records.append([design, alpha, size, 1000, *measure(build, size, size)])
            print(*records[-1], file=sys.stderr)
    modules = f"torchvision {torchvision.__version__}, timm {timm.__version__}"
    dump(f"{modules}, pytorchcv {version('pytorchcv')}, torch {torch.__version__}", records, {})


if __name__ == "__main__":
    main()
