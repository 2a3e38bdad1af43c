"""What do TF-slim's own MobileNets cost? Measured on the graphs that tensorflow/models' research/slim builds.

    python tests/truth/measure_slim.py FOLDER > tests/truth/slim.json

FOLDER holds `nets/` of TF-slim's research code. Needs tensorflow 2.15 and tf_slim 1.1, the last that run
it; the tests read the figures only. MACs are counted here from each graph operation's weights and output.
"""

import importlib
import itertools
import os
import sys
import types
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy
import tensorflow as tf
import tf_slim

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump

V3 = {"v3-large": "V3_LARGE", "v3-large-minimalistic": "V3_LARGE_MINIMALISTIC", "v3-small": "V3_SMALL"}
V3 |= {"v3-small-minimalistic": "V3_SMALL_MINIMALISTIC", "v3-edgetpu": "V3_EDGETPU"}


def nets(folder):
    """Import the three modules; older copies ask for tensorflow.contrib, which tf_slim has taken over,
    and for np.int.
    """
    numpy.int = int
    # where tensorflow 2.15 looks for its own layers
    for name in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
        sys.modules[f"tf_keras.legacy_tf_layers{name}"] = importlib.import_module(
            f"keras.src.legacy_tf_layers{name}"
        )
    contrib = types.ModuleType("tensorflow.contrib")
    layers = types.SimpleNamespace(**{"group_norm": None, **vars(tf_slim), **vars(tf_slim.layers)})
    contrib.slim, contrib.layers, contrib.framework = tf_slim, layers, tf_slim
    sys.modules["tensorflow.contrib"] = contrib
    sys.path[:0] = [str(folder), str(folder.parent)]
    prefix = "slim.nets" if (folder.parent / "slim" / "nets").is_dir() else "nets"
    return [
        importlib.import_module(f"{prefix}.{name}")
        for name in ("mobilenet_v1", "mobilenet.mobilenet_v2", "mobilenet.mobilenet_v3")
    ]


def layer_row(op):
    """One convolution as [class, input, output, kernel, stride, groups, weights, MACs]."""
    x = op.inputs[0].shape.as_list()[1:]
    weights = op.inputs[1].shape.as_list()
    y = op.outputs[0].shape.as_list()[1:]
    depthwise = op.type != "Conv2D"
    size = weights[0] * weights[1] * weights[2] * weights[3]
    return [
        "conv",
        x,
        y,
        weights[:2],
        op.get_attr("strides")[1],
        x[2] if depthwise else 1,
        size,
        size * y[0] * y[1],
    ]


def measure(build, size):
    graph = tf.Graph()
    with graph.as_default():
        build(tf.compat.v1.placeholder(tf.float32, (1, size, size, 3)))
        rows = [
            layer_row(op) for op in graph.get_operations() if op.type in ("Conv2D", "DepthwiseConv2dNative")
        ]
        variables = graph.get_collection("variables")
        trainable = sum(v.shape.num_elements() for v in variables if "moving_" not in v.name)
        total = sum(v.shape.num_elements() for v in variables)
    return trainable, total, sum(row[-1] for row in rows), rows


def main():
    v1, v2, v3 = nets(Path(sys.argv[1]).resolve())
    records, layers = [], {}

    def add(design, alpha, size, build):
        trainable, total, macs, rows = measure(build, size)
        records.append([design, alpha, size, 1001, trainable, total, macs])
        if (alpha, size) == (1.0, 224):
            layers[design] = rows
        print(*records[-1], file=sys.stderr)

    sizes = (224, 192, 160, 128, 96, 225)
    for alpha, size in itertools.product((0.25, 0.35, 0.5, 0.75, 1.0), sizes):
        with tf_slim.arg_scope(v1.mobilenet_v1_arg_scope(is_training=False)):
            add(
                "slim/v1",
                alpha,
                size,
                lambda x, a=alpha: v1.mobilenet_v1(
                    x, num_classes=1001, depth_multiplier=a, is_training=False
                ),
            )
    grids = [((0.35, 0.5, 0.75, 1.0, 1.25, 1.3, 1.4), (224,)), ((1.0, 0.5), sizes[1:])]
    for alpha, size in itertools.chain(*(itertools.product(*grid) for grid in grids)):
        for fixed in (True, False):
            # the published checkpoints keep the head below alpha 1 and scale it above
            keep = fixed and alpha < 1
            suffix = "" if fixed else "-scaled-head"

            def build2(x, a=alpha, k=keep):
                with tf_slim.arg_scope(v2.training_scope(is_training=False)):
                    return v2.mobilenet(
                        x, num_classes=1001, depth_multiplier=a, finegrain_classification_mode=k
                    )

            add(f"slim/v2{suffix}", alpha, size, build2)
            for name, defs in V3.items():

                def build3(x, a=alpha, f=fixed, d=defs):
                    with tf_slim.arg_scope(v3.training_scope(is_training=False)):
                        return v3.mobilenet(
                            x, 1001, a, conv_defs=getattr(v3, d), finegrain_classification_mode=f
                        )

                add(f"slim/{name}{suffix}", alpha, size, build3)
    dump(
        f"tensorflow/models research/slim under tf_slim {metadata.version('tf_slim')}, tensorflow"
        f" {tf.__version__}",
        records,
        layers,
    )


if __name__ == "__main__":
    main()
