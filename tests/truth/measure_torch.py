"""What do torchvision's and timm's nets cost? Measured by hooks on the built models, layer by layer.

    python tests/truth/measure_torch.py > tests/truth/torch.json

Needs torch, torchvision and timm; the tests read the figures only. MACs are counted here from each module's
own weights and output.
"""

import sys
from pathlib import Path

import timm
import torch
import torchvision

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump

MODELS = torchvision.models
V3 = {"large": MODELS.mobilenet_v3_large, "small": MODELS.mobilenet_v3_small}


def layer_row(module, x, y):
    """One layer as [class, input, output, kernel, stride, groups, parameters, MACs], or None where it has
    no weights.
    """

    def hwc(t):
        return [t.shape[2], t.shape[3], t.shape[1]] if t.dim() == 4 else [1, 1, t.shape[1]]

    params = sum(p.numel() for p in module.parameters(recurse=False))
    if isinstance(module, torch.nn.Conv2d):
        macs = module.weight.numel() * y.shape[2] * y.shape[3]
        return [
            "conv",
            hwc(x),
            hwc(y),
            list(module.kernel_size),
            module.stride[0],
            module.groups,
            params,
            macs,
        ]
    if isinstance(module, torch.nn.Linear):
        return ["dense", hwc(x), hwc(y), None, None, None, params, module.weight.numel()]
    if isinstance(module, torch.nn.BatchNorm2d):
        return ["norm", hwc(x), hwc(y), None, None, None, params, 0]
    return None


def measure(model, height, width):
    rows = []

    def hook(module, inputs, output):
        row = layer_row(module, inputs[0], output)
        if row:
            rows.append(row)

    for module in model.modules():
        module.register_forward_hook(hook)
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, 3, height, width))
    trainable = sum(p.numel() for p in model.parameters())
    statistics = sum(b.numel() for name, b in model.named_buffers() if "running" in name)
    return trainable, trainable + statistics, sum(row[-1] for row in rows), rows


def asked():
    """Yield (design, alpha, (height, width), classes, builder)."""
    sizes = [(n, n) for n in (192, 160, 128, 96, 256, 225, 223, 200, 65, 33)] + [(160, 224)]
    for design, build, alphas in [
        ("torchvision/v2", MODELS.mobilenet_v2, [0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4]),
        ("torchvision/v3-large", V3["large"], [0.35, 0.5, 0.75, 1.0, 1.25, 1.5]),
        ("torchvision/v3-small", V3["small"], [0.35, 0.5, 0.75, 1.0, 1.25, 1.5]),
    ]:
        for alpha in alphas:
            yield design, alpha, (224, 224), 1000, lambda a=alpha, b=build: b(width_mult=a)
        for size in sizes:
            yield design, 1.0, size, 1000, build
            yield design, 0.5, size, 1000, lambda b=build: b(width_mult=0.5)
        yield design, 1.0, (224, 224), 10, lambda b=build: b(num_classes=10)
    for name, build in V3.items():
        for alpha in (1.0, 0.5):
            for size in ((224, 224), (225, 225)):
                yield (
                    f"torchvision/v3-{name}-reduced-tail",
                    alpha,
                    size,
                    1000,
                    lambda b=build, a=alpha: b(reduced_tail=True, width_mult=a),
                )
                yield (
                    f"torchvision/v3-{name}-dilated",
                    alpha,
                    size,
                    1000,
                    lambda b=build, a=alpha: b(dilated=True, width_mult=a),
                )
    for design, build in [
        ("vgg16", MODELS.vgg16),
        ("resnet50", MODELS.resnet50),
        ("resnet152", MODELS.resnet152),
    ]:
        for size in ((224, 224), (225, 225), (160, 160)):
            yield design, 1.0, size, 1000, build
    timm_names = [("v1", "mobilenetv1", (100, 125)), ("v2", "mobilenetv2", (35, 50, 75, 100, 140))]
    timm_names += [
        ("v3-large", "mobilenetv3_large", (75, 100, 150)),
        ("v3-small", "mobilenetv3_small", (50, 75, 100)),
    ]
    for design, name, widths in timm_names:
        for width in widths:
            try:
                timm.create_model(f"{name}_{width:03d}")
            except RuntimeError:
                continue
            for size in ((224, 224), (192, 192), (225, 225)):
                yield (
                    f"timm/{design}",
                    width / 100,
                    size,
                    1000,
                    lambda n=name, w=width: timm.create_model(f"{n}_{w:03d}"),
                )
            yield (
                f"timm/{design}",
                width / 100,
                (224, 224),
                10,
                lambda n=name, w=width: timm.create_model(f"{n}_{w:03d}", num_classes=10),
            )


def main():
    records, layers = [], {}
    for design, alpha, (height, width), classes, build in asked():
        trainable, total, macs, rows = measure(build(), height, width)
        size = height if height == width else [height, width]
        records.append([design, alpha, size, classes, trainable, total, macs])
        if (alpha, size, classes) == (1.0, 224, 1000):
            layers[design] = rows
        print(*records[-1], file=sys.stderr)
    source = f"torchvision {torchvision.__version__}, timm {timm.__version__}, torch {torch.__version__}"
    dump(source, records, layers)


if __name__ == "__main__":
    main()
