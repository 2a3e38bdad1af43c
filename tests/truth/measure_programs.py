"""What do the two Keras programs cost? Measured on what they build, under today's Keras.

    python tests/truth/measure_programs.py FOLDER_OF_HEDLEN FOLDER_OF_XIAOCHUS > tests/truth/programs.json

The folders are checkouts of github Hedlen/Mobilenet-Keras and xiaochus/MobileNetV2. Both were written for
Keras 2; the few names they import that have since moved are put in their old places here. Needs tensorflow
(keras 3); the tests read the figures only.
"""

import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measure_keras import keras, layer_row, size_of
from rows import dump


def module(name, **names):
    """Put a module of these names in its old place."""
    made = types.ModuleType(name)
    made.__dict__.update(names)
    sys.modules[name] = made


def depthwise(filters, kernel, **options):
    # the program's own class, whose `filters` only repeats the input's
    return keras.layers.DepthwiseConv2D(kernel, **options)


def run(path):
    names = {"__name__": "program"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names


def programs(hedlen, xiaochus):
    module("keras.applications.imagenet_utils", _obtain_input_shape=lambda shape, **_: shape)
    module("keras.engine.topology", get_source_inputs=None)
    module("keras.engine")
    module("keras.utils.vis_utils", plot_model=None)
    module("model.depthwise_conv2d", DepthwiseConvolution2D=depthwise)
    module("model")
    keras.layers.Convolution2D = keras.layers.Conv2D
    keras.backend.int_shape = lambda x: tuple(x.shape)
    keras.backend.relu = lambda x, max_value=None: keras.activations.relu(x, max_value=max_value)
    return (
        run(hedlen / "model" / "mobilenet.py")["MobileNet"],
        run(xiaochus / "mobilenet_v2.py")["MobileNetv2"],
    )


def main():
    v1, v2 = programs(*map(Path, sys.argv[1:3]))
    records, layers = [], {}

    def add(design, alpha, size, classes, model):
        rows = [row for row in map(layer_row, model.layers) if row]
        trainable = sum(size_of(w.shape) for w in model.trainable_weights)
        records.append(
            [design, alpha, size, classes, trainable, model.count_params(), sum(row[-1] for row in rows)]
        )
        if (alpha, size, classes) == (1.0, 224, 1000):
            layers[design] = rows
        print(*records[-1], file=sys.stderr)

    for alpha in (0.25, 0.35, 0.5, 0.75, 1.0):
        for size, classes in ((224, 1000), (128, 1000), (225, 10)):
            for shallow, design in ((False, "hedlen-keras/v1"), (True, "hedlen-keras/v1-shallow")):
                add(
                    design,
                    alpha,
                    size,
                    classes,
                    v1(input_shape=(size, size, 3), alpha=alpha, shallow=shallow, classes=classes),
                )
    for alpha, size, classes in (
        (1.0, 224, 1000),
        (1.0, 192, 1000),
        (1.0, 225, 100),
        (1.0, 96, 10),
        (0.35, 224, 1000),
        (0.5, 224, 1000),
    ):
        add("xiaochus-keras/v2", alpha, size, classes, v2((size, size, 3), classes, alpha))
    for alpha in (0.75, 1.3, 1.4):
        add("xiaochus-keras/v2", alpha, 224, 1000, v2((224, 224, 3), 1000, alpha))
    dump(
        f"github Hedlen/Mobilenet-Keras and xiaochus/MobileNetV2 under keras {keras.__version__}",
        records,
        layers,
    )


if __name__ == "__main__":
    main()
