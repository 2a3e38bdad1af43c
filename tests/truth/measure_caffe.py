"""What do Caffe files cost? Counted from the prototxt's own text, apart from mnetcost's reader.

    python tests/truth/measure_caffe.py FOLDER > tests/truth/caffe.json

FOLDER holds the files under the names below (github shicai/MobileNet-Caffe, jixing0415/caffe-mobilenet-v3 and
amirgholami/SqueezeNext). Needs nothing but Python. Only what these files hold is understood: convolutions,
inner products, poolings and element-wise layers.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump

FILES = {
    "shicai-caffe/v1": "shicai_mobilenet_deploy.prototxt",
    "shicai-caffe/v2": "shicai_mobilenet_v2_deploy.prototxt",
    "jixing-caffe/v3-large": "jixing_mobilenet_v3_large_1.0.prototxt",
    "jixing-caffe/v3-small": "jixing_mobilenet_v3_small_1.0.prototxt",
}

SQUEEZENEXT = {
    "1.0-SqNxt-23": ("squeezenext-23", 1.0),
    "2.0-SqNxt-23": ("squeezenext-23", 2.0),
    "1.0-G-SqNxt-23": ("squeezenext-23-g", 1.0),
    "1.0-SqNxt-23v5": ("squeezenext-23v5", 1.0),
    "2.0-SqNxt-23v5": ("squeezenext-23v5", 2.0),
}
"""The folders of github amirgholami/SqueezeNext, each with its train_val.prototxt."""


def layers_of(text):
    """Yield the text of every `layer { ... }` by counting braces."""
    text = re.sub(r"#[^\n]*", "", text)
    for found in re.finditer(r"\blayer\s*\{", text):
        depth, at = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield text[found.end() : at - 1]


def word(layer, key, default=None):
    found = re.search(rf'\b{key}\s*:\s*"?([^"\s}}]+)', layer)
    return found[1] if found else default


def sides(layer, key, default):
    """A pair of numbers: `kernel_h` and `kernel_w`, or `kernel_size` for both; `pad` has no suffix."""
    both = word(layer, {"kernel": "kernel_size"}.get(key, key), default)
    return [int(word(layer, f"{key}_{side}", both)) for side in "hw"]


def pooled(layer, x):
    """The shape behind a pool: one place, or windows that may end beyond the map, as Caffe's do."""
    c, h, w = x
    if word(layer, "global_pooling") == "true":
        return (c, 1, 1)
    k, s = int(word(layer, "kernel_size")), int(word(layer, "stride", 1))
    assert word(layer, "pad") is None
    return (c, -((k - h) // s) + 1, -((k - w) // s) + 1)


def measure(text, size=224):
    """Learned parameters, those with running statistics, multiply-adds, and a row for each layer."""
    shapes, rows, learned, statistics = {"data": (3, size, size)}, [], 0, 0
    for layer in layers_of(text):
        kind, tops = word(layer, "type"), re.findall(r'\btop\s*:\s*"([^"]+)"', layer)
        bottoms = re.findall(r'\bbottom\s*:\s*"([^"]+)"', layer)
        if kind == "Input" or not bottoms:
            continue
        c, h, w = x = shapes[bottoms[0]]
        if kind in ("Convolution", "DepthwiseConvolution"):
            out, s = int(word(layer, "num_output")), int(word(layer, "stride", 1))
            kernel, pad = sides(layer, "kernel", 1), sides(layer, "pad", 0)
            groups = c if kind == "DepthwiseConvolution" else int(word(layer, "group", 1))
            y = (out, *((n + 2 * p - k) // s + 1 for n, k, p in zip((h, w), kernel, pad, strict=True)))
            weights = out * (c // groups) * kernel[0] * kernel[1]
            params = weights + out * (word(layer, "bias_term", "true") == "true")
            rows.append(["conv", [h, w, c], [*y[1:], out], kernel, s, groups, params, weights * y[1] * y[2]])
        elif kind == "InnerProduct":
            y = (int(word(layer, "num_output")), 1, 1)
            params = c * h * w * y[0] + y[0] * (word(layer, "bias_term", "true") == "true")
            rows.append(
                ["dense", [1, 1, c * h * w], [1, 1, y[0]], None, None, None, params, c * h * w * y[0]]
            )
        elif kind == "Pooling":
            y, params = pooled(layer, x), 0
        else:
            y, params = x, 0
            if kind == "BatchNorm":
                statistics += 2 * c
            if kind == "Scale" and len(bottoms) == 1:
                params = 2 * c
                rows.append(["norm", [h, w, c], [h, w, c], None, None, None, params, 0])
        learned += params
        shapes[tops[0]] = y
    return learned, learned + statistics, sum(row[-1] for row in rows), rows


def main():
    records, layers, folder = [], {}, Path(sys.argv[1])
    for design, name in FILES.items():
        learned, total, macs, rows = measure((folder / name).read_text())
        records.append([design, 1.0, 224, 1000, learned, total, macs])
        layers[design] = rows
    for name, (design, alpha) in SQUEEZENEXT.items():
        for size in (227, 192):
            counted = measure((folder / name / "train_val.prototxt").read_text(), size)
            records.append([design, alpha, size, 1000, *counted[:3]])
    dump("the prototxt files, counted from their text", records, layers)


if __name__ == "__main__":
    main()
