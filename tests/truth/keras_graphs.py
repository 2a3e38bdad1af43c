"""What does a Keras model multiply, and how is its config kept? Shared by the scripts that measure Keras."""

from math import prod

import tensorflow as tf


def product(op):
    """The products of one op of TensorFlow's graph."""
    shapes = [tuple(map(int, t.shape)) for t in op.inputs]
    if op.type == "Conv2D":
        return prod(map(int, op.outputs[0].shape)) * prod(shapes[1][:3])
    if op.type == "Einsum":
        terms = op.get_attr("equation").decode().split("->")[0].split(",")
        return prod(
            {a: n for t, s in zip(terms, shapes, strict=True) for a, n in zip(t, s, strict=True)}.values()
        )
    if op.type in ("MatMul", "BatchMatMulV2"):
        flipped = op.get_attr("transpose_b" if op.type == "MatMul" else "adj_y")
        return prod(shapes[0]) * shapes[1][-2 if flipped else -1]
    return 0


def plain(given):
    """A config without what says how numbers begin and are trained."""
    if isinstance(given, dict):
        ends = ("_initializer", "_regularizer", "_constraint", "build_config")
        return {key: plain(value) for key, value in given.items() if not key.endswith(ends)}
    return [plain(value) for value in given] if isinstance(given, list) else given


def products(net, *shape):
    """The multiply-adds of a model for one input of this shape, in TensorFlow's graph."""
    traced = tf.function(net).get_concrete_function(tf.TensorSpec((1, *shape)))
    return sum(map(product, traced.graph.get_operations()))
