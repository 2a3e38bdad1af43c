"""What do networks of segmentation and detection cost? Measured by hooks on PyTorch builds, layer by layer.

    python tests/truth/measure_dense.py > tests/truth/dense.json

Needs torch, torchvision and timm. A network that torchvision has is taken from there, or put together from
its own parts; the others are written here from their papers: U-Net, DeepLabV3+, and the nets on MobileNetV2.
"""

import sys
from functools import partial
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn import functional
from torchvision.models import mobilenet_v2, mobilenet_v3_large, mobilenet_v3_small
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection import ssdlite
from torchvision.models.segmentation import deeplabv3, lraspp

sys.path.insert(0, str(Path(__file__).parent))
from measure_torch import layer_row
from rows import dump, size_of


def conv(inside, out, kernel=1, stride=1, dilation=1, groups=1):
    """A convolution without bias, batch norm and ReLU."""
    pad = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inside, out, kernel, stride, pad, dilation, groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )


def separable(inside, out, dilation=1):
    """DeepLab's `split_separable_conv2d`: depthwise and pointwise, batch norm and ReLU after each."""
    return nn.Sequential(conv(inside, inside, 3, 1, dilation, inside), conv(inside, out))


class UNet(nn.Module):
    """Ronneberger et al. 2015, arXiv 1505.04597, figure 1; with `padded`, every 3x3 pads 1 and has a norm,
    as in github.com/milesial/Pytorch-UNet, `UNet(3, classes)`.
    """

    def __init__(self, inside, classes, padded):
        super().__init__()
        self.padded = padded
        widths = [64, 128, 256, 512, 1024]
        self.down = nn.ModuleList(self.double(a, b) for a, b in zip([inside, *widths], widths, strict=False))
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(self.double(a, b) for a, b in pairs)
        self.last = nn.Conv2d(64, classes, 1)

    def double(self, inside, out):
        if self.padded:
            return nn.Sequential(conv(inside, out, 3), conv(out, out, 3))
        return nn.Sequential(nn.Conv2d(inside, out, 3), nn.ReLU(), nn.Conv2d(out, out, 3), nn.ReLU())

    def forward(self, x):
        kept = []
        for step in self.down:
            x = step(functional.max_pool2d(x, 2) if kept else x)
            kept.append(x)
        for up, merge, skip in zip(self.up, self.merge, kept[-2::-1], strict=True):
            x = up(x)
            d_h, d_w = skip.shape[-2] - x.shape[-2], skip.shape[-1] - x.shape[-1]
            skip = skip[..., d_h // 2 : d_h // 2 + x.shape[-2], d_w // 2 : d_w // 2 + x.shape[-1]]
            x = merge(torch.cat([skip, x], 1))
        return self.last(x)


class DeepLabPlus(nn.Module):
    """Chen et al. 2018, arXiv 1802.02611, figure 2: ASPP of 256 with rates 6, 12, 18 at an output stride of
    16, and a decoder with 48 channels of the features at stride 4; 3x3 convolutions are separable, as
    section 4.3 has them in ASPP and decoder.
    """

    def __init__(self, features, low, classes):
        super().__init__()
        self.low, self.high = features[: low + 1], features[low + 1 :]
        with torch.no_grad():
            x = self.low(torch.zeros(1, 3, 64, 64))
            high = self.high(x).shape[1]
        self.branches = nn.ModuleList([conv(high, 256), *(separable(high, 256, r) for r in (6, 12, 18))])
        self.image = conv(high, 256)
        self.project = conv(5 * 256, 256)
        self.narrow = conv(x.shape[1], 48)
        self.decode = nn.Sequential(separable(256 + 48, 256), separable(256, 256))
        self.last = nn.Conv2d(256, classes, 1)

    def forward(self, image):
        low = self.low(image)
        x = self.high(low)
        maps = [branch(x) for branch in self.branches]
        pooled = self.image(functional.adaptive_avg_pool2d(x, 1))
        maps.append(functional.interpolate(pooled, x.shape[-2:], mode="bilinear"))
        x = self.project(torch.cat(maps, 1))
        x = functional.interpolate(x, low.shape[-2:], mode="bilinear")
        x = self.last(self.decode(torch.cat([x, self.narrow(low)], 1)))
        return functional.interpolate(x, image.shape[-2:], mode="bilinear")


class DeepLab(nn.Module):
    """DeepLabV3 of arXiv 1801.04381, section 6.3: without atrous convolutions in its head."""

    def __init__(self, features, inside, classes):
        super().__init__()
        self.features = features
        self.one, self.image, self.project = conv(inside, 256), conv(inside, 256), conv(512, 256)
        self.last = nn.Conv2d(256, classes, 1)

    def forward(self, image):
        x = self.features(image)
        maps = [self.one(x), self.image(functional.adaptive_avg_pool2d(x, 1))]
        maps[1] = functional.interpolate(maps[1], x.shape[-2:], mode="bilinear")
        x = self.last(self.project(torch.cat(maps, 1)))
        return functional.interpolate(x, image.shape[-2:], mode="bilinear")


def v2_at_16(alpha):
    """MobileNetV2 to its last bottleneck, the last stride made a dilation, as in DeepLab."""
    features = mobilenet_v2(width_mult=alpha).features[:-1]
    for i in range(14, 18):
        depthwise = features[i].conv[1][0]
        depthwise.stride = (1, 1)
        if i > 14:
            depthwise.dilation = depthwise.padding = (2, 2)
    return features


def lraspp_v2(alpha, classes):
    """torchvision's LR-ASPP, which reads the maps at strides 8 and 16 of a MobileNetV2."""
    features = v2_at_16(alpha)
    low, high = (features[i].out_channels for i in (6, 17))
    maps = IntermediateLayerGetter(features, {"6": "low", "17": "high"})
    return lraspp.LRASPP(maps, low, high, classes)


class Heads(nn.Module):
    """torchvision's SSDLite without anchors, resizing of the image, and the choice of boxes: all its heads.

    Section 6.2 of arXiv 1801.04381: the first head reads the expansion of the block that strides to 32;
    `first` is the number of its default boxes, 3 in TensorFlow's SSD on MobileNets.
    """

    def __init__(self, backbone, classes, alpha, first=6):
        super().__init__()
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
        self.backbone = backbone(alpha, norm)
        with torch.no_grad():
            channels = [x.shape[1] for x in self.backbone.eval()(torch.zeros(1, 3, 320, 320)).values()]
        self.head = ssdlite.SSDLiteHead(channels, [first, 6, 6, 6, 6, 6], classes, norm)

    def forward(self, x):
        heads = self.head.classification_head.module_list, self.head.regression_head.module_list
        maps = self.backbone(x).values()
        return [(scores(x), boxes(x)) for x, scores, boxes in zip(maps, *heads, strict=True)]


def ssd_v3(build, alpha, norm):
    net = build(width_mult=alpha, norm_layer=norm, reduced_tail=True).features
    strided = [i for i, b in enumerate(net) if getattr(b, "_is_cn", False)]
    return ssdlite.SSDLiteFeatureExtractorMobileNet(net, strided[-1], norm, alpha)


def ssd_v2(alpha, norm):
    net = mobilenet_v2(width_mult=alpha, norm_layer=norm).features
    for block in net[1:-1]:
        block.block = block.conv
    net[-1].out_channels = net[-1][0].out_channels
    return ssdlite.SSDLiteFeatureExtractorMobileNet(net, 14, norm, alpha)


def wide(build, **how):
    """A function from alpha and classes to torchvision's head on a dilated MobileNetV3."""
    net, head = build
    return lambda alpha, classes: head(net(width_mult=alpha, dilated=True, **how), classes)


large, small = partial(mobilenet_v3_large), partial(mobilenet_v3_small)
v3_at_16 = partial(mobilenet_v3_large, dilated=True)
deeplab = partial(deeplabv3._deeplabv3_mobilenetv3, aux=None)
NETS = {  # spec: channels, classes, alphas, sizes, build
    "unet": (1, 2, [1.0], [(572, 572), (700, 444), (316, 316)], lambda a, n: UNet(1, n, False)),
    "unet-padded": (3, 2, [1.0], [(512, 512), (256, 384), (250, 333)], lambda a, n: UNet(3, n, True)),
    "lraspp-v2": (3, 21, [1.0, 0.5, 1.4], [(520, 520), (225, 321)], lraspp_v2),
    "lraspp-v3-large": (
        3,
        21,
        [1.0, 0.75],
        [(520, 520), (225, 321)],
        wide((large, lraspp._lraspp_mobilenetv3)),
    ),
    "lraspp-v3-small": (
        3,
        21,
        [1.0, 0.75],
        [(520, 520), (225, 321)],
        wide((small, lraspp._lraspp_mobilenetv3)),
    ),
    "deeplabv3-v3-large": (3, 21, [1.0, 0.75], [(520, 520), (225, 321)], wide((large, deeplab))),
    "deeplabv3-v2": (
        3,
        21,
        [1.0, 0.5],
        [(513, 513), (224, 320)],
        lambda a, n: DeepLab(v2_at_16(a), int(320 * a), n),
    ),
    "deeplabv3plus-v2": (
        3,
        21,
        [1.0, 0.5],
        [(513, 513), (224, 320)],
        lambda a, n: DeepLabPlus(v2_at_16(a), 3, n),
    ),
    "deeplabv3plus-v3-large": (
        3,
        21,
        [1.0, 0.75],
        [(513, 513), (224, 320)],
        lambda a, n: DeepLabPlus(v3_at_16(width_mult=a).features, 3, n),
    ),
    "ssdlite-v3-large": (
        3,
        91,
        [1.0, 0.75, 0.35],
        [(320, 320), (300, 416)],
        lambda a, n: Heads(partial(ssd_v3, large), n, a),
    ),
    "ssdlite-v3-small": (
        3,
        91,
        [1.0, 0.75, 0.35],
        [(320, 320), (300, 416)],
        lambda a, n: Heads(partial(ssd_v3, small), n, a),
    ),
    "ssdlite-v2": (
        3,
        81,
        [1.0, 0.75, 0.45, 1.4],
        [(320, 320), (300, 416)],
        lambda a, n: Heads(ssd_v2, n, a, 3),
    ),
}
TORCHVISION = {  # what must count the same, as torchvision's own builders make it
    "lraspp-v3-large": lraspp.lraspp_mobilenet_v3_large,
    "deeplabv3-v3-large": deeplabv3.deeplabv3_mobilenet_v3_large,
    "ssdlite-v3-large": ssdlite.ssdlite320_mobilenet_v3_large,
}


def measured(net, channels, size):
    """Trainable parameters, those with running statistics, multiply-adds, and the rows of all layers but
    transposed convolutions.
    """
    rows, transposed, seen = [], [], set()

    def hook(layer, inputs, output):
        seen.add(layer)
        if isinstance(layer, nn.ConvTranspose2d):
            transposed.append(size_of(layer.weight.shape) * size_of(inputs[0].shape[2:]))
        elif row := layer_row(layer, inputs[0], output):
            rows.append(row)

    weighted = [layer for layer in net.modules() if next(layer.parameters(recurse=False), None) is not None]
    for layer in weighted:
        layer.register_forward_hook(hook)
    with torch.no_grad():
        net.to("meta").eval()(torch.zeros(1, channels, *size, device="meta"))
    assert seen == set(weighted)
    trainable = sum(size_of(p.shape) for p in net.parameters())
    statistics = sum(size_of(b.shape) for name, b in net.named_buffers() if "running" in name)
    return [trainable, trainable + statistics, sum(row[-1] for row in rows) + sum(transposed)], rows


def main():
    records, layers = [], {}
    for name, (channels, classes, alphas, sizes, build) in NETS.items():
        if name in TORCHVISION:
            own = TORCHVISION[name](weights=None, weights_backbone=None)
            ours = [x.shape for x in build(1.0, classes).parameters()]
            assert ours == [x.shape for x in own.parameters()]
        for alpha in alphas:
            asked = [(size, classes) for size in sizes] + [(sizes[0], 5)]
            for size, n in asked:
                figures, rows = measured(build(alpha, n), channels, size)
                records.append([name, alpha, size[0] if size[0] == size[1] else list(size), n, *figures])
                if (alpha, size, n) == (1.0, sizes[0], classes):
                    layers[name] = rows
    dump(f"torchvision {torchvision.__version__}, torch {torch.__version__}", records, layers)


if __name__ == "__main__":
    main()
