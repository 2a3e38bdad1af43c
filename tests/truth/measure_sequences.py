"""Which parameters and products have Keras' recurrent and attention layers? Build models, and count.

    python tests/truth/measure_sequences.py > tests/truth/sequences.json

Parameters are those of `count_params`, or of the trainable weights where a model has others. Products are
counted in TensorFlow's graph of the model, one image at a time, recurrent layers unrolled: a MatMul of m x k
by k x n is m x k x n, an Einsum the product of all its axes, and a convolution by learned weights its outputs
times the numbers that each reads.
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
    "RNN of stacked cells": one(
        k.RNN(k.StackedRNNCells([k.LSTMCell(8), k.GRUCell(6, reset_after=False)]), unroll=True)
    ),
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
    "Attention, concat": lambda x, other: k.Attention(score_mode="concat")([x, other]),
    "Attention, concat and scale": lambda x, other: k.Attention(use_scale=True, score_mode="concat")(
        [x, other, other]
    ),
    "AdditiveAttention": lambda x, other: k.AdditiveAttention()([x, other]),
    "EinsumDense": one(k.EinsumDense("abc,cde->abde", (None, 4, 5), bias_axes="de")),
    "EinsumDense, last": one(k.EinsumDense("...c,cd->...d", 7, bias_axes="d")),
    "LayerNormalization": one(k.LayerNormalization()),
    "LayerNormalization, no scale": one(k.LayerNormalization(scale=False)),
    "LayerNormalization, two axes": one(k.LayerNormalization(axis=[1, 2])),
    "GroupNormalization": one(k.GroupNormalization(3)),
    "RMSNormalization": one(k.RMSNormalization()),
}

STEPS = 3  # of a sequence of maps or of other things


def cnn(size, *last):  # type: ignore[no-untyped-def]
    """A small model, to be called at every step."""
    return keras.Sequential(
        [
            k.Input(size),
            k.Conv2D(8, 3, strides=2, activation="relu"),
            k.DepthwiseConv2D(3),
            k.BatchNormalization(),
            *last,
        ]
    )


MAPS = (STEPS, 12, 10, 2)
OTHERS = {
    "TimeDistributed, convolution": (MAPS, k.TimeDistributed(k.Conv2D(4, 3, padding="same"))),
    "TimeDistributed, depthwise": (MAPS, k.TimeDistributed(k.DepthwiseConv2D(3, strides=2))),
    "TimeDistributed, pool": (MAPS, k.TimeDistributed(k.MaxPooling2D())),
    "TimeDistributed, norm": (MAPS, k.TimeDistributed(k.BatchNormalization())),
    "TimeDistributed, flatten": (MAPS, k.TimeDistributed(k.Flatten())),
    "TimeDistributed, global pool": (MAPS, k.TimeDistributed(k.GlobalAveragePooling2D())),
    "TimeDistributed, model": (MAPS, k.TimeDistributed(cnn(MAPS[1:]))),
    "TimeDistributed, classifier": (
        MAPS,
        k.TimeDistributed(cnn(MAPS[1:], k.GlobalAveragePooling2D(), k.Dense(5))),
    ),
    "TimeDistributed, LSTM": ((STEPS, 5, 6), k.TimeDistributed(k.LSTM(4, unroll=True))),
    "TimeDistributed, every step of a GRU": (
        (STEPS, 5, 6),
        k.TimeDistributed(k.GRU(4, return_sequences=True, unroll=True)),
    ),
    "TimeDistributed, convolution over a sequence": ((STEPS, 9, 6), k.TimeDistributed(k.Conv1D(4, 3))),
    "TimeDistributed, twice": (
        (STEPS, 2, 9, 9, 2),
        k.TimeDistributed(k.TimeDistributed(k.Conv2D(4, 3))),
    ),
    "TimeDistributed, one step": ((1, 12, 10, 2), k.TimeDistributed(k.Conv2D(4, 3))),
    "ConvLSTM2D": (MAPS, k.ConvLSTM2D(4, 3, unroll=True)),
    "ConvLSTM2D, every step": (
        MAPS,
        k.ConvLSTM2D(4, (3, 5), padding="same", return_sequences=True, unroll=True),
    ),
    "ConvLSTM2D, strides": (
        MAPS,
        k.ConvLSTM2D(4, 3, strides=2, padding="same", use_bias=False, return_sequences=True, unroll=True),
    ),
    "ConvLSTM2D, dilation": (
        MAPS,
        k.ConvLSTM2D(4, 3, dilation_rate=2, recurrent_activation="hard_sigmoid", unroll=True),
    ),
    "ConvLSTM2D, both ways": (
        MAPS,
        k.Bidirectional(k.ConvLSTM2D(4, 3, return_sequences=True, unroll=True)),
    ),
    "ConvLSTM2D, both ways, sum": (
        MAPS,
        k.Bidirectional(k.ConvLSTM2D(4, 3, unroll=True), merge_mode="sum"),
    ),
    "ConvLSTM2D, state": (MAPS, k.ConvLSTM2D(4, 3, return_state=True, unroll=True), k.Conv2D(3, 1)),
    "ConvLSTM2D, next frame": (
        MAPS,
        k.ConvLSTM2D(4, 5, padding="same", return_sequences=True, activation="relu", unroll=True),
        k.BatchNormalization(),
        k.ConvLSTM2D(4, 1, padding="same", return_sequences=True, unroll=True),
        k.Conv3D(1, 3, padding="same", activation="sigmoid"),
    ),
    "ConvLSTM2D, classified": (
        MAPS,
        k.ConvLSTM2D(4, 3, return_sequences=True, unroll=True),
        k.BatchNormalization(),
        k.TimeDistributed(k.MaxPooling2D()),
        k.TimeDistributed(k.Flatten()),
        k.GRU(5, unroll=True),
        k.Dense(3),
    ),
    "autoencoder": (
        (12, 6),
        k.LSTM(8, unroll=True),
        k.RepeatVector(5),
        k.GRU(4, return_sequences=True, unroll=True),
    ),
    "Conv1DTranspose": ((9, 6), k.Conv1DTranspose(4, 3)),
    "Conv1DTranspose, same": ((9, 6), k.Conv1DTranspose(4, 4, strides=2, padding="same")),
    "Conv1DTranspose, wide stride": ((9, 6), k.Conv1DTranspose(4, 2, strides=3, use_bias=False)),
    "Conv1DTranspose, dilation": ((9, 6), k.Conv1DTranspose(4, 3, dilation_rate=2)),
    "Conv1DTranspose, output padding": (
        (9, 6),
        k.Conv1DTranspose(4, 3, strides=2, padding="same", output_padding=1),
    ),
    "Conv1DTranspose, output padding, valid": (
        (9, 6),
        k.Conv1DTranspose(4, 3, strides=3, output_padding=2),
        k.Conv1D(2, 3, padding="causal"),
    ),
    "ConvLSTM1D": ((STEPS, 9, 2), k.ConvLSTM1D(4, 3, unroll=True)),
    "ConvLSTM1D, every step": (
        (STEPS, 9, 2),
        k.ConvLSTM1D(4, 3, strides=2, return_sequences=True, unroll=True),
    ),
}
"""Layers that read a sequence of something else, with the axes of what they read."""


def plain(given):  # type: ignore[no-untyped-def]
    """A config without what says how numbers begin and are trained."""
    if isinstance(given, dict):
        ends = ("_initializer", "_regularizer", "_constraint", "build_config")
        return {key: plain(value) for key, value in given.items() if not key.endswith(ends)}
    return [plain(value) for value in given] if isinstance(given, list) else given


CONVOLUTIONS = {
    "Conv2D": 3,
    "Conv3D": 4,
    "DepthwiseConv2dNative": 2,
}  # and how many axes of a filter an output reads
TRANSPOSED = "Conv2DBackpropInput"  # of a size, a filter, and the map that it is applied to


def learned(op):  # type: ignore[no-untyped-def]
    """Does an op multiply by weights, and not by zeros, as ConvLSTM does to find the shape of its state?"""
    todo = [op.inputs[1].op]
    while todo:
        here = todo.pop()
        if here.type == "ReadVariableOp":
            return True
        todo += [t.op for t in here.inputs]
    return False


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
    if op.type == TRANSPOSED:
        return prod(shapes[1]) * prod(shapes[2][:-1])
    if op.type in CONVOLUTIONS:
        return prod(map(int, op.outputs[0].shape)) * prod(shapes[1][: CONVOLUTIONS[op.type]])
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
    convolutions = (op for op in ops if op.type in (*CONVOLUTIONS, TRANSPOSED) and learned(op))
    matrices = (op for op in ops if op.type in ("MatMul", "BatchMatMulV2", "Einsum"))
    return sum(product(op) for op in (*matrices, *convolutions))


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


def of_others(size, *layers):  # type: ignore[no-untyped-def]
    """The same of layers one behind another, of which the first reads a sequence of something else."""
    x = y = k.Input(size, name="x")
    for layer in layers:
        y = layer(y)
        y = y[0] if isinstance(y, (list, tuple)) else y
    model = keras.Model(x, y)
    return {
        "config": plain(json.loads(model.to_json())),
        "params": sum(prod(w.shape) for w in model.trainable_weights),
        "madds": products(model, [tf.TensorSpec((1, *size))]),
        "dims": [int(n) for n in model.output.shape[1:]],
    }


versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
rows = [f"{json.dumps(name)}: {json.dumps(measured(build))}" for name, build in MODELS.items()]
rows += [f"{json.dumps(name)}: {json.dumps(of_others(*given))}" for name, given in OTHERS.items()]
keras.config.set_image_data_format("channels_first")
FIRST = {
    "TimeDistributed, channels first": (
        (STEPS, 2, 12, 10),
        k.TimeDistributed(k.Conv2D(4, 3)),
        k.TimeDistributed(k.GlobalAveragePooling2D()),
    ),
    "ConvLSTM2D, channels first": (
        (STEPS, 2, 12, 10),
        k.ConvLSTM2D(4, 3, return_sequences=True, unroll=True),
        k.BatchNormalization(axis=2),
        k.ConvLSTM2D(3, 3, strides=(2, 1), unroll=True),
    ),
}
rows += [f"{json.dumps(name)}: {json.dumps(of_others(*given))}" for name, given in FIRST.items()]
print(f'{{"versions": {json.dumps(versions)}, "models": {{\n' + ",\n".join(rows) + "\n}}")
