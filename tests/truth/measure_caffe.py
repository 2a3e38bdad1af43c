"""What do the four Caffe files cost? Counted from the prototxt's own text, apart from mnetcost's reader.

    python tests/truth/measure_caffe.py FOLDER > tests/truth/caffe.json

FOLDER holds the four files under the names below (github shicai/MobileNet-Caffe and
jixing0415/caffe-mobilenet-v3). Needs nothing but Python. Only what these files hold is understood: chains
of convolutions, inner products, poolings and element-wise layers.
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


def measure(text):
    shapes, rows, learned, statistics = {"data": (3, 224, 224)}, [], 0, 0
    for layer in layers_of(text):
        kind, tops = word(layer, "type"), re.findall(r'\btop\s*:\s*"([^"]+)"', layer)
        bottoms = re.findall(r'\bbottom\s*:\s*"([^"]+)"', layer)
        if kind == "Input" or not bottoms:
            continue
        c, h, w = x = shapes[bottoms[0]]
        if kind in ("Convolution", "DepthwiseConvolution"):
            out, k, s, p = (
                int(word(layer, key, d))
                for key, d in (("num_output", 0), ("kernel_size", 1), ("stride", 1), ("pad", 0))
            )
            groups = c if kind == "DepthwiseConvolution" else int(word(layer, "group", 1))
            y = (out, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1)
            weights = out * (c // groups) * k * k
            params = weights + out * (word(layer, "bias_term", "true") == "true")
            rows.append(["conv", [h, w, c], [*y[1:], out], [k, k], s, groups, params, weights * y[1] * y[2]])
        elif kind == "InnerProduct":
            y = (int(word(layer, "num_output")), 1, 1)
            params = c * h * w * y[0] + y[0] * (word(layer, "bias_term", "true") == "true")
            rows.append(
                ["dense", [1, 1, c * h * w], [1, 1, y[0]], None, None, None, params, c * h * w * y[0]]
            )
        elif kind == "Pooling":
            assert word(layer, "global_pooling") == "true"
            y, params = (c, 1, 1), 0
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
    records, layers = [], {}
    for design, name in FILES.items():
        learned, total, macs, rows = measure((Path(sys.argv[1]) / name).read_text())
        records.append([design, 1.0, 224, 1000, learned, total, macs])
        layers[design] = rows
    dump("the four prototxt files, counted from their text", records, layers)


if __name__ == "__main__":
    main()
