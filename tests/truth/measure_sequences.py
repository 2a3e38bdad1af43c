"""Which parameters and products have Keras' recurrent and attention layers? Build models, and count.

    python tests/truth/measure_sequences.py > tests/truth/sequences.json

Parameters are those of `count_params`. Products are counted in TensorFlow's graph of the model, one image at
a time, recurrent layers unrolled: a MatMul of m x k by k x n is m x k x n, and an Einsum the product of all
its axes.
"""

import json
import os
from math import prod

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers as k


def one(layer):  # type: ignore[no-untyped-def]
    """A layer on the first of the two inputs, a sequence of 12 steps; the other has 7."""
    return lambda x, other: layer(x)


def first(layer):  # type: ignore[no-untyped-def]
    """The first output of a layer that gives several."""
    return lambda x, other: layer(x)[0]


def states(x, other):  # type: ignore[no-untyped-def]
    """An encoder whose states a decoder begins with."""
    _, h, c = k.LSTM(8, return_state=True, unroll=True)(x)
    return k.LSTM(8, return_sequences=True, unroll=True)(other, initial_state=[h, c])


MODELS = {
    "LSTM": one(k.LSTM(8, unroll=True)),
    "LSTM, every step": one(k.LSTM(8, return_sequences=True, unroll=True)),
    "LSTM, no bias, backwards": one(k.LSTM(8, use_bias=False, go_backwards=True, unroll=True)),
    "LSTM, stateful activations": one(
        k.LSTM(8, activation="relu", recurrent_activation="hard_sigmoid", unroll=True)
    ),
    "GRU": one(k.GRU(8, unroll=True)),
    "GRU, reset before": one(k.GRU(8, reset_after=False, return_sequences=True, unroll=True)),
    "GRU, no bias": one(k.GRU(8, use_bias=False, unroll=True)),
    "SimpleRNN": one(k.SimpleRNN(8, unroll=True)),
    "SimpleRNN, no bias": one(k.SimpleRNN(8, use_bias=False, return_sequences=True, unroll=True)),
    "Bidirectional": one(k.Bidirectional(k.LSTM(8, return_sequences=True, unroll=True))),
    "Bidirectional, last": one(k.Bidirectional(k.GRU(8, unroll=True))),
    "Bidirectional, sum": one(
        k.Bidirectional(k.GRU(8, return_sequences=True, unroll=True), merge_mode="sum")
    ),
    "Bidirectional, mul": one(k.Bidirectional(k.LSTM(8, unroll=True), merge_mode="mul")),
    "Bidirectional, ave": one(k.Bidirectional(k.SimpleRNN(8, unroll=True), merge_mode="ave")),
    "Bidirectional, both": lambda x, other: k.Add()(
        k.Bidirectional(k.LSTM(8, unroll=True), merge_mode=None)(x)
    ),
    "Bidirectional, other backwards": one(
        k.Bidirectional(k.LSTM(8, unroll=True), backward_layer=k.GRU(8, go_backwards=True, unroll=True))
    ),
    "Bidirectional, states": first(k.Bidirectional(k.LSTM(8, return_state=True, unroll=True))),
    "RNN of a cell": one(k.RNN(k.LSTMCell(8), unroll=True)),
    "RNN of cells": one(k.RNN([k.GRUCell(8), k.SimpleRNNCell(6)], return_sequences=True, unroll=True)),
    "encoder and decoder": states,
    "TimeDistributed": one(k.TimeDistributed(k.Dense(8), name="steps")),
    "attention": lambda x, other: k.MultiHeadAttention(4, 3)(x, x),
    "attention, widths": lambda x, other: k.MultiHeadAttention(
        4, 3, value_dim=5, use_bias=False, output_shape=10
    )(x, x),
    "attention, cross": lambda x, other: k.MultiHeadAttention(2, 4)(x, other),
    "attention, key": lambda x, other: k.MultiHeadAttention(2, 4, value_dim=3)(x, other, other),
    "attention, groups": lambda x, other: k.GroupQueryAttention(6, 4, 2)(x, other),
    "attention, groups, no bias": lambda x, other: k.GroupQueryAttention(6, 4, 2, use_bias=False)(x, x),
    "Attention": lambda x, other: k.Attention()([x, other]),
    "Attention, scale": lambda x, other: k.Attention(use_scale=True, score_mode="dot")([x, other, other]),
    "AdditiveAttention": lambda x, other: k.AdditiveAttention()([x, other]),
    "EinsumDense": one(k.EinsumDense("abc,cde->abde", (None, 4, 5), bias_axes="de")),
    "EinsumDense, last": one(k.EinsumDense("...c,cd->...d", 7, bias_axes="d")),
    "LayerNormalization": one(k.LayerNormalization()),
    "LayerNormalization, no scale": one(k.LayerNormalization(scale=False)),
    "LayerNormalization, two axes": one(k.LayerNormalization(axis=[1, 2])),
    "GroupNormalization": one(k.GroupNormalization(3)),
    "RMSNormalization": one(k.RMSNormalization()),
}


def plain(given):  # type: ignore[no-untyped-def]
    """A config without what says how numbers begin and are trained."""
    if isinstance(given, dict):
        ends = ("_initializer", "_regularizer", "_constraint", "build_config")
        return {key: plain(value) for key, value in given.items() if not key.endswith(ends)}
    return [plain(value) for value in given] if isinstance(given, list) else given


def axes(term, shape):  # type: ignore[no-untyped-def]
    """The sizes of an Einsum's axes by their letters; those of an ellipsis by their place from its end."""
    before, dots, behind = term.partition("...")
    many = len(shape) - len(before) - len(behind)
    names = [*before, *(f".{n}" for n in range(many, 0, -1) if dots), *behind]
    return dict(zip(names, shape, strict=True))


def product(op):  # type: ignore[no-untyped-def]
    """The products of one op of a graph."""
    shapes = [tuple(map(int, t.shape)) for t in op.inputs]
    if op.type == "Einsum":
        terms = op.get_attr("equation").decode().split("->")[0].split(",")
        return prod(
            {k: n for pair in zip(terms, shapes, strict=True) for k, n in axes(*pair).items()}.values()
        )
    turned = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return prod(map(int, op.outputs[0].shape)) * shapes[0][-2 if turned else -1]


def products(model, specs):  # type: ignore[no-untyped-def]
    """The products of matrices in the model's graph."""
    run = tf.function(lambda *xs: model(list(xs) if len(xs) > 1 else xs[0]))
    todo, ops = [t.op for t in run.get_concrete_function(*specs).outputs], set()
    while todo:  # only what the outputs need: Keras calls stacked cells once more than there are steps
        op = todo.pop()
        if op not in ops:
            ops.add(op)
            todo += [t.op for t in op.inputs]
    return sum(product(op) for op in ops if op.type in ("MatMul", "BatchMatMulV2", "Einsum"))


def measured(build):  # type: ignore[no-untyped-def]
    """The JSON of one model, its parameters, its products, and the axes that it gives."""
    x, other = k.Input((12, 6), name="x"), k.Input((7, 6), name="other")
    y = build(x, other)
    try:
        model, lengths = keras.Model(x, y), (12,)
    except ValueError:  # it reads both
        model, lengths = keras.Model([x, other], y), (12, 7)
    given = model([tf.zeros((1, n, 6)) for n in lengths] if len(lengths) > 1 else tf.zeros((1, 12, 6)))
    return {
        "config": plain(json.loads(model.to_json())),
        "params": model.count_params(),
        "madds": products(model, [tf.TensorSpec((1, n, 6)) for n in lengths]),
        "dims": [int(n) for n in given.shape[1:]],
    }


versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
rows = [f"{json.dumps(name)}: {json.dumps(measured(build))}" for name, build in MODELS.items()]
print(f'{{"versions": {json.dumps(versions)}, "models": {{\n' + ",\n".join(rows) + "\n}}")
