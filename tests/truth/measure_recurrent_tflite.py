"""Write small TFLite files of recurrent layers, with what the frameworks say of each.

    python tests/truth/measure_recurrent_tflite.py tests/truth/recurrent > tests/truth/recurrent_tflite.json

Needs tensorflow and tf_keras, whose LSTM is converted to the fused operator. There are two kinds of files:

- layers of Keras 3 and of tf_keras, converted: parameters are Keras's; multiply-adds are those of the
  weights, a product each at every step. Where the first state is known to be zero (a batch of 1, unrolled),
  the converter leaves out what multiplies it, which is seen in the file: the products of its dense layers,
  as TensorFlow's interpreter gives their tensors, are held against the sum;
- operators that no converter of today writes, by TensorFlow's own schema: each is run by the interpreter, and
  computed again here by numpy with every product counted. Both have to give the same numbers.
"""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.lite.python import schema_py_generated as schema

STEPS, INNER, UNITS = 5, 6, 4
FOLDER = Path(sys.argv[1])
RANDOM = np.random.RandomState(1)


def drawn(*dims):
    return RANDOM.normal(size=dims).astype("float32")


def names(enum):
    return {value: name for name, value in vars(enum).items() if not name.startswith("_")}


def quantised(converter, how):
    """A converter that is set to whole numbers, to weights of eight bits, or to halves."""
    lite = tf.lite
    converter.optimizations = [lite.Optimize.DEFAULT]
    if how == "half":
        converter.target_spec.supported_types = [tf.float16]
    if how == "int8":
        converter.representative_dataset = lambda: ([drawn(1, STEPS, INNER)] for _ in range(2))
        converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]


def converted(name, kind, make, batch, dims=(STEPS, INNER)):
    """A converted net of one layer, and its parameters, weights and recurrent weights."""
    x = kind.Input(dims, batch_size=batch)
    net = kind.Model(x, make(kind.layers)(x))
    net.set_weights([drawn(*w.shape) for w in net.get_weights()])
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    for how in ("half", "int8", "dynamic"):
        if name.endswith(how):
            quantised(converter, how)
    with contextlib.redirect_stdout(io.StringIO()):
        data = converter.convert()
    sizes = {w.path if kind is keras else w.name: int(np.prod(w.shape)) for w in net.weights}
    recurrent = sum(n for name, n in sizes.items() if "recurrent_kernel" in name)
    return data, net.count_params(), sum(n for name, n in sizes.items() if "kernel" in name), recurrent


def operators(data):
    """The operators of the first graph, by name, with their tensors' numbers."""
    model = schema.Model.GetRootAs(data, 0)
    types, graph = names(schema.BuiltinOperator), model.Subgraphs(0)
    for i in range(graph.OperatorsLength()):
        o = graph.Operators(i)
        code = model.OperatorCodes(o.OpcodeIndex())
        yield types[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())], o


def dense_products(data):
    """The products of all dense layers of a file."""
    interpreter = tf.lite.Interpreter(model_content=data)
    dims = {t["index"]: t["shape"] for t in interpreter.get_tensor_details()}
    return sum(
        int(np.prod(dims[o.Outputs(0)])) * int(dims[o.Inputs(1)][-1])
        for type_, o in operators(data)
        if type_ == "FULLY_CONNECTED"
    )


CONVERTED = {
    "keras2_lstm": (tf_keras, lambda k: k.LSTM(UNITS), 1),
    "keras2_lstm_both": (tf_keras, lambda k: k.Bidirectional(k.LSTM(UNITS, return_sequences=True)), 1),
    "keras2_lstm_steps_first": (
        tf_keras,
        lambda k: k.LSTM(UNITS, return_sequences=True, time_major=True),
        STEPS,
        (1, INNER),
    ),
    "keras2_gru_unrolled": (tf_keras, lambda k: k.GRU(UNITS, unroll=True), None),
    "lstm_unrolled": (keras, lambda k: k.LSTM(UNITS, unroll=True), None),
    "lstm_unrolled_one": (keras, lambda k: k.LSTM(UNITS, unroll=True), 1),
    "lstm_both_unrolled": (keras, lambda k: k.Bidirectional(k.LSTM(UNITS, unroll=True)), None),
    "gru_unrolled": (keras, lambda k: k.GRU(UNITS, unroll=True), None),
    "gru_before_unrolled": (keras, lambda k: k.GRU(UNITS, unroll=True, reset_after=False), None),
    "gru_unrolled_one": (keras, lambda k: k.GRU(UNITS, unroll=True), 1),
    "rnn_unrolled": (keras, lambda k: k.SimpleRNN(UNITS, unroll=True, return_sequences=True), None),
    "rnn_unrolled_one": (keras, lambda k: k.SimpleRNN(UNITS, unroll=True, return_sequences=True), 1),
    "lstm_loop": (keras, lambda k: k.LSTM(UNITS), 1),
    "gru_loop": (tf_keras, lambda k: k.GRU(UNITS), 1),
}
QUANTISED = {
    "keras2_lstm_int8": (tf_keras, lambda k: k.LSTM(UNITS), 1),
    "keras2_lstm_half": (tf_keras, lambda k: k.LSTM(UNITS), 1),
    "gru_unrolled_one_half": (keras, lambda k: k.GRU(UNITS, unroll=True), 1),
    "gru_unrolled_one_dynamic": (keras, lambda k: k.GRU(UNITS, unroll=True), 1),
    "lstm_unrolled_one_int8": (keras, lambda k: k.LSTM(UNITS, unroll=True), 1),
}


class Products:
    """Multiplies, and counts the products."""

    def __init__(self):
        self.count = 0

    def matrix(self, w, x):
        self.count += w.size
        return w @ x

    def vector(self, w, x):
        self.count += w.size
        return w * x


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Lstm:
    """The weights of a direction of TFLite's LSTM; None is what it has not."""

    def __init__(self, inner, units, out=0, *, peepholes=False, coupled=False, norms=False, more=0):
        gates = [None if coupled and not n else n for n in range(4)]
        every = lambda *dims: [None if n is None else drawn(*dims) for n in gates]  # noqa: E731
        self.units, self.out = units, out or units
        self.inputs, self.states = every(units, inner), every(units, self.out)
        self.biases = every(units)
        peeps = [None if coupled else drawn(units), drawn(units), drawn(units)]
        self.peepholes = peeps if peepholes else [None] * 3
        self.project = [drawn(out, units), drawn(out)] if out else [None, None]
        self.norms = every(units) if norms else [None] * 4
        self.more = every(units, more) if more else [None] * 4

    def weights(self):
        return [
            *self.inputs,
            *self.states,
            *self.peepholes,
            *self.biases,
            *self.project,
        ]

    def run(self, p, xs, more):
        """What it gives at each step, as TFLite's kernel computes it."""
        h, c, ys = np.zeros(self.out), np.zeros(self.units), []

        def gate(n, x, y, peephole):
            z = p.matrix(self.inputs[n], x) + p.matrix(self.states[n], h)
            if self.more[n] is not None:
                z += p.matrix(self.more[n], y)
            if peephole is not None:
                z += p.vector(peephole, c)
            if self.norms[n] is not None:
                z = (z - z.mean()) / np.sqrt(z.var() + 1e-8) * self.norms[n]
            return z + self.biases[n]

        for x, y in zip(xs, more, strict=True):
            f = sigmoid(gate(1, x, y, self.peepholes[1]))
            i = 1 - f if self.inputs[0] is None else sigmoid(gate(0, x, y, self.peepholes[0]))
            c = f * c + i * np.tanh(gate(2, x, y, None))
            h, o = h, sigmoid(gate(3, x, y, self.peepholes[2]))
            h = o * np.tanh(c)
            if self.project[0] is not None:
                h = p.matrix(self.project[0], h) + self.project[1]
            ys.append(h)
        return ys


class Rnn:
    """The weights of a direction of TFLite's simple recurrent layer."""

    def __init__(self, inner, units, more=0):
        self.units = self.out = units
        self.all = [drawn(units, inner), drawn(units, units), drawn(units)]
        self.more = [drawn(units, more) if more else None]

    def weights(self):
        return self.all

    def run(self, p, xs, more):
        h, ys = np.zeros(self.units), []
        w, r, b = self.all
        for x, y in zip(xs, more, strict=True):
            z = p.matrix(w, x) + p.matrix(r, h) + b
            h = np.tanh(z if self.more[0] is None else z + p.matrix(self.more[0], y))
            ys.append(h)
        return ys


class Basic:
    """The weights of TFLite's LSTM of one matrix."""

    def __init__(self, inner, units):
        self.units = self.out = units
        self.all = [drawn(4 * units, inner + units), drawn(4 * units)]

    def run(self, p, xs, more):
        z = p.matrix(self.all[0], np.concatenate([xs[0], np.zeros(self.units)])) + self.all[1]
        i, g, _, o = np.split(z, 4)
        return [sigmoid(o) * np.tanh(sigmoid(i) * np.tanh(g))]


class File:
    """A file of one operator: tensors by their numbers, None is left out."""

    def __init__(self):
        self.model = schema.ModelT()
        self.model.version, self.model.buffers = 3, [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors = []

    def tensor(self, name, dims, data=None, variable=False):
        t = schema.TensorT()
        t.name, t.shape, t.type, t.isVariable = name, list(dims), schema.TensorType.FLOAT32, variable
        t.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = list(data.tobytes())
            t.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def stored(self, arrays, name):
        return [-1 if w is None else self.tensor(f"{name}{n}", w.shape, w) for n, w in enumerate(arrays)]

    def written(self, type_, options, inputs, outputs, read):
        import flatbuffers

        code, o = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, type_)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        o.opcodeIndex, o.inputs, o.outputs, o.builtinOptions = 0, inputs, outputs, options
        class_ = type(options).__name__.removesuffix("T")
        o.builtinOptionsType = getattr(schema.BuiltinOptions, class_)
        self.graph.operators, self.graph.inputs, self.graph.outputs = [o], read, outputs[:2]
        self.model.operatorCodes, self.model.subgraphs = [code], [self.graph]
        b = flatbuffers.Builder(1024)
        b.Finish(self.model.Pack(b), b"TFL3")
        return bytes(b.Output())


def options_of(kind, **values):
    options = getattr(schema, f"{kind}OptionsT")()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    for key, value in values.items():
        setattr(options, key, value)
    return options


def states(file, side, lstm, batch):
    """The tensors of its state: the output, and the cell of an LSTM."""
    sizes = (side.out, side.units) if lstm else (side.out,)
    return [file.tensor("state", (batch, n), variable=True) for n in sizes]


def one_way(type_, side, options, *, first=False, batch=1, steps=STEPS):
    """A file of an operator in one direction; without steps it reads one."""
    file, lstm = File(), isinstance(side, Lstm)
    dims = (batch,) if not steps else (steps, batch) if first else (batch, steps)
    x = file.tensor("x", (*dims, INNER))
    weights = file.stored(side.weights(), "w")
    kept = states(file, side, lstm, batch)
    norms = file.stored(side.norms, "n") if lstm and side.norms[1] is not None else []
    y = file.tensor("y", (*dims, side.out))
    return file.written(type_, options, [x, *weights, *kept, *norms], [y], [x])


def two_ways(type_, forward, backward, options, more=0):
    """A file of an operator in both directions, perhaps with an auxiliary input."""
    file, lstm = File(), isinstance(forward, Lstm)
    x = file.tensor("x", (1, STEPS, INNER))
    aux = file.tensor("more", (1, STEPS, more)) if more else -1
    inputs, kept = [x], []
    for side in (forward, backward):
        inputs += file.stored(side.weights(), "w")
        own = states(file, side, lstm, 1)
        kept += own if lstm else []
        inputs += [] if lstm else own
    inputs += [*kept, aux, *file.stored([*forward.more, *backward.more], "m")]
    widths = [forward.out + backward.out] if options.mergeOutputs else [forward.out, backward.out]
    outputs = [file.tensor(f"y{n}", (1, STEPS, width)) for n, width in enumerate(widths)]
    return file.written(type_, options, inputs, outputs, [x, aux] if more else [x])


def basic(side):
    file = File()
    x, h = file.tensor("x", (1, INNER)), file.tensor("h", (1, UNITS), variable=True)
    c = file.tensor("c", (1, UNITS), variable=True)
    w, b = file.stored(side.all, "w")
    widths = (UNITS, UNITS, INNER + UNITS, 4 * UNITS)
    outputs = [file.tensor(f"y{n}", (1, width)) for n, width in enumerate(widths)]
    kernel = schema.LSTMKernelType.BASIC
    return file.written("LSTM", options_of("LSTM", kernelType=kernel), [x, h, w, b, c], outputs, [x])


def result(data, feeds):
    """What the interpreter gives."""
    interpreter = tf.lite.Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for given, values in zip(interpreter.get_input_details(), feeds, strict=True):
        interpreter.set_tensor(given["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(t["index"]) for t in interpreter.get_output_details()]


def held(name, data, sides, dims, more=0, *, merged=False, first=False):
    """The row of a hand-made file, once the interpreter and numpy agree."""
    x, aux = drawn(*dims, INNER), drawn(*dims, more)
    found = result(data, [x, aux] if more else [x])
    linked = any(w is not None for side in sides for w in getattr(side, "more", ()))
    rows = x.reshape(-1, 1, INNER) if len(dims) == 1 else np.swapaxes(x, 0, 1) if first else x
    most = None
    for n, row in enumerate(rows):
        p, ys = Products(), []
        beside = aux[n] if more else np.zeros((len(row), 0))
        for back, side in enumerate(sides):
            xs = beside if back and more and not linked and isinstance(side, Lstm) else row
            turn = slice(None, None, -1 if back else 1)
            ys.append(np.array(side.run(p, xs[turn], beside[turn])[turn]))
        wanted = [np.concatenate(ys, -1)] if merged else ys
        for y, got in zip(wanted, found, strict=False):
            one = got[n : n + 1] if len(dims) == 1 else np.swapaxes(got, 0, 1)[n] if first else got[n]
            assert np.allclose(y, one, atol=1e-4), (name, y, one)
        assert most in (None, p.count)
        most = p.count
    arrays = [
        w
        for side in sides
        for kind in vars(side).values()
        if isinstance(kind, list)
        for w in kind
        if w is not None
    ]
    return {"params": sum(w.size for w in arrays), "madds": most}


def hand_made():
    """Each file by name, its rows and what was fed."""
    uni, seq = "UNIDIRECTIONAL_SEQUENCE_LSTM", (1, STEPS)
    lstm = lambda **more: Lstm(INNER, UNITS, **more)  # noqa: E731
    own = lambda **more: options_of("UnidirectionalSequenceLSTM", **more)  # noqa: E731
    for name, side in {
        "peepholes": lstm(peepholes=True),
        "projection": lstm(out=3, peepholes=True),
        "coupled": lstm(coupled=True),
        "norms": lstm(norms=True),
        "all": lstm(out=3, peepholes=True, coupled=True, norms=True),
    }.items():
        yield f"op_lstm_{name}", one_way(uni, side, own()), [side], seq, {}
    side = lstm()
    data = one_way(uni, side, own(timeMajor=True), first=True, batch=2)
    yield "op_lstm_steps_first", data, [side], (STEPS, 2), {"first": True}
    data = one_way("LSTM", side := lstm(out=3), options_of("LSTM"), steps=0)
    yield "op_lstm_step", data, [side], (1,), {}
    yield "op_lstm_basic", basic(side := Basic(INNER, UNITS)), [side], (1,), {}
    side = Rnn(INNER, UNITS)
    yield "op_rnn_step", one_way("RNN", side, options_of("RNN"), steps=0), [side], (1,), {}
    data = one_way(
        "UNIDIRECTIONAL_SEQUENCE_RNN", side := Rnn(INNER, UNITS), options_of("SequenceRNN"), batch=2
    )
    yield "op_rnn", data, [side], (2, STEPS), {}
    for kind, make in {"LSTM": Lstm, "RNN": Rnn}.items():
        for name, more, linked, merged in (
            ("both", 0, 0, True),
            ("both_apart", 0, 0, False),
            ("both_linked", INNER, INNER, True),
            ("both_beside", INNER, 0, False),
        ):
            back = UNITS if make is Lstm else 3
            sides = [make(INNER, UNITS, more=linked), make(INNER, back, more=linked)]
            options = options_of(f"BidirectionalSequence{kind}", timeMajor=False, mergeOutputs=merged)
            data = two_ways(f"BIDIRECTIONAL_SEQUENCE_{kind}", *sides, options, more)
            yield f"op_{kind.lower()}_{name}", data, sides, seq, {"more": more, "merged": merged}


def row_of(name, kind, make, batch, *dims):
    """The row of a converted file."""
    data, params, weights, recurrent = converted(name, kind, make, batch, *dims)
    (FOLDER / f"{name}.tflite").write_bytes(data)
    loops = any(type_ == "WHILE" for type_, _ in operators(data))
    zero = recurrent if "_one" in name else 0
    madds = STEPS * weights - zero
    if "unrolled" in name:
        assert dense_products(data) == madds, (name, dense_products(data), madds)
    row = {"file": f"{name}.tflite", "params": params, "madds": madds}
    refused = "loop" if loops else "unrolled int8" if name.endswith("unrolled_one_int8") else ""
    return row | {"refused": refused} if refused else row


rows = [row_of(name, *given) for name, given in CONVERTED.items()]
for name, data, sides, dims, more in hand_made():
    (FOLDER / f"{name}.tflite").write_bytes(data)
    rows.append({"file": f"{name}.tflite"} | held(name, data, sides, dims, **more))
rows += [row_of(name, *given) for name, given in QUANTISED.items()]
text = ",\n".join(json.dumps(row) for row in rows)
versions = (
    f'"tensorflow": "{tf.__version__}", "keras": "{keras.__version__}", "tf_keras": "{tf_keras.__version__}"'
)
print(f'{{{versions}, "files": [\n{text}\n]}}')
