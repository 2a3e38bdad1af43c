"""How large is the arena of a file of one operator? TensorFlow's functions, converted to int8 and run.

    python tests/truth/measure_operators.py tests/truth/arenas

writes op_*.tflite there and prints the heads that tests/test_lowering.py holds. Needs tensorflow and
tflite_micro.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from measure_arenas import captured, measure

SIZE = (1, 9, 11, 5)
FUNCTIONS = {
    "addn3": (lambda a, b, c: tf.nn.relu(tf.add_n([a, b, c])) * a, 3),
    "mirror": (lambda a: tf.pad(a, [[0, 0], [1, 1], [2, 2], [0, 0]], "REFLECT") * 2.0, 1),
    "sum": (lambda a: tf.reduce_sum(a, [1, 2]) * 2.0, 1),
    "max": (lambda a: tf.reduce_max(a, [1]) * 2.0, 1),
    "gather": (lambda a: tf.gather(a, [2, 0], axis=1) * 2.0, 1),
    "split": (lambda a: tf.concat(tf.split(a, 5, 3)[::-1], 3), 1),
}


def converted(function, inputs):
    """The function as an int8 file."""
    module = tf.Module()
    module.call = tf.function(function, input_signature=[tf.TensorSpec(SIZE, tf.float32)] * inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.call.get_concrete_function()], module)
    rng = np.random.default_rng(0)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.uniform(-1, 1, SIZE).astype("float32") for _ in range(inputs)] for _ in range(4)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with captured():
        return bytes(converter.convert())


def main(folder):
    for name, (function, inputs) in FUNCTIONS.items():
        data = converted(function, inputs)
        (folder / f"op_{name}.tflite").write_bytes(data)
        print(name, measure(data, 1 << 24)["head"], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
