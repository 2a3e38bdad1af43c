"""Write models of Keras 3 and of tf.keras (Keras 2) with one operation beside layers, as JSON, and what
Keras says of their outputs.

    python tests/truth/measure_operations.py > tests/truth/operations.json

needs TensorFlow, Keras 3 and tf_keras. Every model is a convolution of 216 weights on an image of 16 x 16 x
3, the operation, and a dense layer of 2 units over the last axis of what it gives, whose multiply-adds are
twice the numbers that the operation gave.
"""

import json
import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # so that TensorFlow's operations take tensors of Keras 2

import keras
import tensorflow as tf
import tf_keras

TABLE = [[[0.5] * 4] * 64]
OLD = {  # on y of 8 x 8 x 8
    "slices": lambda y: y[:, ::2, 1:-1, 2:5],
    "an index and a new axis": lambda y: y[:, 0, tf.newaxis],
    "an ellipsis": lambda y: y[..., :4],
    "a last axis": lambda y: y[..., tf.newaxis],
    "reshape by shape": lambda y: tf.reshape(y, [tf.shape(y)[0], tf.shape(y)[1] * tf.shape(y)[2], 8]),
    "reshape by stack": lambda y: tf.reshape(y, tf.stack([tf.shape(y)[0], -1, 16])),
    "tile a table": lambda y: tf.tile(tf.constant(TABLE), [tf.shape(y)[0], 1, 1]),
    "tile": lambda y: tf.tile(y, [1, 2, 1, 3]),
    "resize to a shape": lambda y: tf.image.resize(y[:, ::2, ::2], tf.shape(y)[1:3]),
    "resize": lambda y: tf.image.resize(y, [4, 12], "nearest"),
    "transpose": lambda y: tf.transpose(y, [0, 3, 1, 2]),
    "stack": lambda y: tf.stack([y, y, y], axis=1),
    "unstack": lambda y: tf.unstack(y, axis=-1)[2],
    "split": lambda y: tf.split(y, 4, axis=-1)[1],
    "split by sizes": lambda y: tf.split(y, [1, -1, 2], axis=1)[1],
    "depth to space": lambda y: tf.nn.depth_to_space(y, 2),
    "space to depth": lambda y: tf.nn.space_to_depth(y, 4),
    "broadcast": lambda y: tf.broadcast_to(y[:, :1, :1], tf.shape(y)),
    "zeros": lambda y: tf.zeros_like(y),
    "gather": lambda y: tf.gather(y, [0, 2, 5], axis=-1),
    "pad": lambda y: tf.pad(y, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "matmul": lambda y: tf.matmul(tf.reshape(y, [-1, 64, 8]), tf.reshape(y, [-1, 64, 8]), transpose_b=True),
    "concat": lambda y: tf.concat([y, y], -1),
    "squeeze": lambda y: tf.squeeze(y[:, :1], 1),
    "expand": lambda y: tf.expand_dims(y, 1),
    "reverse": lambda y: tf.reverse(y, [1]),
}
o = keras.ops
NEW = {
    "slices": lambda y: y[:, ::2, 1:-1, 2:5],
    "an index and a new axis": lambda y: y[:, 0, None],
    "an ellipsis": lambda y: y[..., :4],
    "a last axis": lambda y: y[..., None],
    "reshape": lambda y: o.reshape(y, (-1, 64, 8)),
    "tile": lambda y: o.tile(y, [1, 2, 1, 3]),
    "stack": lambda y: o.stack([y, y, y], axis=1),
    "unstack": lambda y: o.unstack(y, axis=-1)[2],
    "resize": lambda y: o.image.resize(y, (4, 12)),
    "take": lambda y: o.take(y, [0, 2, 5], axis=-1),
    "take one": lambda y: o.take(y, 3, axis=1),
    "swap": lambda y: o.swapaxes(y, 1, 3),
    "transpose": lambda y: o.transpose(y, (0, 3, 1, 2)),
    "repeat": lambda y: o.repeat(y, 2, axis=1),
    "broadcast": lambda y: o.broadcast_to(y[:, :1, :1], (1, 8, 8, 8)),
    "pad": lambda y: o.pad(y, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "split": lambda y: o.split(y, 4, axis=-1)[1],
    "split at places": lambda y: o.split(y, [1, 6], axis=1)[1],
    "zeros": lambda y: o.zeros_like(y),
    "flip": lambda y: o.flip(y, 1),
    "squeeze": lambda y: o.squeeze(y[:, :1], 1),
    "expand": lambda y: o.expand_dims(y, 1),
    "concatenate": lambda y: o.concatenate([y, y], -1),
    "matmul": lambda y: o.matmul(
        o.reshape(y, (-1, 64, 8)), o.transpose(o.reshape(y, (-1, 64, 8)), (0, 2, 1))
    ),
    "mean": lambda y: o.mean(y, axis=(1, 2), keepdims=True),
}


def plain(said):
    """A config without what says how numbers begin and are trained."""
    if isinstance(said, dict):
        ends = ("_initializer", "_regularizer", "_constraint", "build_config")
        return {key: plain(value) for key, value in said.items() if not key.endswith(ends)}
    return [plain(value) for value in said] if isinstance(said, list) else said


def model(k, operation):
    """The JSON of one model, and the axes that the operation gives."""
    x = k.Input((16, 16, 3))
    y = operation(k.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x))
    out = k.layers.Dense(2, use_bias=False)(y)
    given = k.Model(x, y)(tf.zeros((1, 16, 16, 3)))
    return {"config": plain(json.loads(k.Model(x, out).to_json())), "dims": [int(n) for n in given.shape[1:]]}


versions = {"keras": keras.__version__, "tensorflow": tf.__version__, "tf_keras": tf_keras.__version__}
rows = [
    f"{json.dumps(f'Keras 2: {name}')}: {json.dumps(model(tf_keras, operation))}"
    for name, operation in OLD.items()
]
rows += [
    f"{json.dumps(f'Keras 3: {name}')}: {json.dumps(model(keras, operation))}"
    for name, operation in NEW.items()
]
print(f'{{"versions": {json.dumps(versions)}, "models": {{\n' + ",\n".join(rows) + "\n}}")
