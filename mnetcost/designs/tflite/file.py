"""What is in a TFLite file?

Its graphs as plain values; weights stay where they are, only their sizes are read.

A flatbuffer is full of offsets; whatever they point to is read within the file, and what makes no sense
there is one clear error.
"""

from __future__ import annotations

import struct
from functools import cache
from math import prod
from typing import Any

from ...errors import Fault, SpecError
from ...records import NamedTuple
from ..files import mapped
from ..kit.layers import LARGEST_DIMENSION
from ..kit.stored import Dims
from ..kit.tensors import MOST_AXES
from .detections import DETECTIONS, numbers

LARGEST_KEPT = 4096  # bytes of a buffer that are read as numbers: shapes, axes, pads
LARGEST_VECTOR = 1 << 16  # and of a vector: biases
MOST_ENTRIES = 200_000  # tensors, operators or buffers
MOST_SUBGRAPHS = 1000
LONGEST_TEXT = 400
MAGIC = b"TFL3"

# TensorType: how struct reads a number of it ("" where nobody asks), and its bits
KINDS: dict[int, tuple[str, int]] = {
    0: ("f", 32),
    1: ("e", 16),
    2: ("i", 32),
    3: ("B", 8),
    4: ("q", 64),
    5: ("", 0),
    6: ("?", 8),
    7: ("h", 16),
    8: ("", 64),
    9: ("b", 8),
    10: ("d", 64),
    11: ("", 128),
    12: ("Q", 64),
    15: ("I", 32),
    16: ("H", 16),
    17: ("", 4),
    18: ("", 16),
    19: ("", 2),
}

FUSED = "FusedActivationFunction"
WINDOW = ("Padding", "StrideH", "StrideW", FUSED)
DILATED = (*WINDOW, "DilationHFactor", "DilationWFactor")
POOL = (*WINDOW, "FilterHeight", "FilterWidth")
STRIDED = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask")

OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CONV_2D": ("Conv2DOptions", DILATED),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", DILATED),
    "TRANSPOSE_CONV": ("TransposeConvOptions", WINDOW),
    "FULLY_CONNECTED": ("FullyConnectedOptions", (FUSED, "KeepNumDims")),
    "BATCH_MATMUL": ("BatchMatMulOptions", ("AdjX", "AdjY")),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), ("Pool2DOptions", POOL)),
    **{name.upper(): (f"{name}Options", (FUSED,)) for name in ("Add", "Sub", "Mul", "Div")},
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), ("ReducerOptions", ("KeepDims",))
    ),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", FUSED)),
    "PACK": ("PackOptions", ("Axis", "ValuesCount")),
    "UNPACK": ("UnpackOptions", ("Axis", "Num")),
    "SPLIT": ("SplitOptions", ("NumSplits",)),
    "SPLIT_V": ("SplitVOptions", ("NumSplits",)),
    "GATHER": ("GatherOptions", ("Axis", "BatchDims")),
    "SVDF": ("SVDFOptions", ("Rank", FUSED)),
    "LSTM": ("LSTMOptions", ("KernelType",)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("UnidirectionalSequenceLSTMOptions", ("TimeMajor",)),
    "UNIDIRECTIONAL_SEQUENCE_RNN": ("SequenceRNNOptions", ("TimeMajor",)),
    "BIDIRECTIONAL_SEQUENCE_LSTM": ("BidirectionalSequenceLSTMOptions", ("TimeMajor", "MergeOutputs")),
    "BIDIRECTIONAL_SEQUENCE_RNN": ("BidirectionalSequenceRNNOptions", ("TimeMajor", "MergeOutputs")),
    "VAR_HANDLE": ("VarHandleOptions", ("SharedName",)),
    "STRIDED_SLICE": ("StridedSliceOptions", STRIDED),
    "RESHAPE": ("ReshapeOptions", ("NewShape",)),
    "SQUEEZE": ("SqueezeOptions", ("SqueezeDims",)),
    "SPACE_TO_DEPTH": ("SpaceToDepthOptions", ("BlockSize",)),
    "DEPTH_TO_SPACE": ("DepthToSpaceOptions", ("BlockSize",)),
    "LOCAL_RESPONSE_NORMALIZATION": ("LocalResponseNormalizationOptions", ("Radius",)),
    "L2_NORMALIZATION": ("L2NormOptions", (FUSED,)),
}
"""Which fields are read of which operator's options."""
CUSTOM = "bytes of a custom operator's options"


class TensorInFile(NamedTuple):
    """A tensor as it is in the file; `open`: its axes that are only known when it runs."""

    name: str
    dims: Dims
    open: tuple[int, ...]
    type: int
    buffer: int
    nbytes: int  # of its numbers in the file; 0 for what is computed
    values: tuple[Any, ...] | None  # where they are few
    variable: bool = False  # a state that is kept from one run to the next


class Operator(NamedTuple):
    """One operation: its name, its options, the numbers of the tensors it reads and writes; -1 is left
    out.
    """

    type: str
    options: dict[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Subgraph(NamedTuple):
    """One graph of the file."""

    name: str
    tensors: tuple[TensorInFile, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]


@cache
def _names(enum: str) -> dict[int, str]:
    import tflite

    return {value: name for name, value in vars(getattr(tflite, enum)).items() if isinstance(value, int)}


class FileReader:
    """A TFLite file: its bytes, and what is read of them within bounds."""

    def __init__(self, file: str) -> None:
        import tflite

        self.file = file
        self.data = mapped(file)
        if len(self.data) < 8 or bytes(self.data[4:8]) != MAGIC:
            raise self.fault("is no TFLite file: its bytes 4 to 8 are not 'TFL3'")
        self.model = tflite.Model.GetRootAs(self.data, 0)
        self.place = ""
        self.kept = 0

    def fault(self, message: str, place: str = "") -> SpecError:
        """Make the error for a mistake at a place in the file."""
        return SpecError(Fault(message, self.file, place=place))

    def count(self, n: int, what: str, most: int = MOST_ENTRIES) -> range:
        """How many entries a vector has, which the file must be large enough to hold."""
        if not 0 <= n <= most or n * 4 > len(self.data):
            raise self.fault(f"says it has {n:,} {what}", self.place)
        return range(n)

    def graphs(self) -> int:
        """How many graphs there are; raises SpecError where there is none, or the schema is another."""
        if self.model.Version() != 3:
            raise self.fault(f"is of schema version {self.model.Version():,}, and read is 3")
        found = len(self.count(self.model.SubgraphsLength(), "graphs", MOST_SUBGRAPHS))
        if not found:
            raise self.fault("holds no graph")
        return found

    def text(self, table: Any, slot: int) -> str:
        """A string field, cut to a bounded length."""
        tab = table._tab
        offset = tab.Offset(slot)
        if not offset:
            return ""
        at = tab.Pos + offset
        at += self.number("<I", at)
        length = self.number("<I", at)
        return bytes(self.data[at + 4 : at + 4 + min(length, LONGEST_TEXT)]).decode(
            "utf-8", "backslashreplace"
        )

    def number(self, kind: str, at: int) -> int:
        """Unpack one number; raises struct.error outside of the file."""
        if not 0 <= at < len(self.data):
            raise struct.error("an offset points outside of the file")
        return int(struct.unpack_from(kind, self.data, at)[0])

    def vector(self, table: Any, field: str, what: str) -> tuple[int, ...]:
        """A vector of whole numbers, of bounded length."""
        read = getattr(table, field)
        return tuple(int(read(i)) for i in self.count(getattr(table, f"{field}Length")(), what, 20_000))

    def tensor(self, t: Any, n: int) -> TensorInFile:
        """Read one tensor; raises SpecError where its axes do not fit the bytes of its buffer."""
        self.place = f"tensor {n}"
        name = self.text(t, 10)
        dims, signature = self.vector(t, "Shape", "axes"), self.vector(t, "ShapeSignature", "axes")
        if len(dims) > MOST_AXES or not all(0 <= d <= LARGEST_DIMENSION for d in dims):
            raise self.fault(
                f"its axes {list(dims)[:MOST_AXES]} are no tensor's", f"{self.place} {name[:80]!r}"
            )
        kind, bits = KINDS.get(t.Type(), ("", 0))
        at, size = self.buffer(t.Buffer())
        count = prod(dims)
        values = None
        if size and bits and size != (count * bits + 7) // 8 and t.Sparsity() is None:
            raise self.fault(
                f"its axes say {count:,} numbers, its buffer has {size:,} bytes",
                f"{self.place} {name[:80]!r}",
            )
        most = LARGEST_VECTOR if count in dims else LARGEST_KEPT
        if kind and 0 < size <= most and size == count * bits // 8:
            values = struct.unpack_from(f"<{count}{kind}", self.data, at)
        open_ = tuple(i for i, d in enumerate(signature) if d < 0 and i < len(dims))
        return TensorInFile(name, dims, open_, t.Type(), t.Buffer(), size, values, bool(t.IsVariable()))

    def buffer(self, index: int) -> tuple[int, int]:
        """Where a buffer's bytes are, and how many."""
        if not 0 <= index < self.model.BuffersLength():
            raise self.fault(f"its buffer {index:,} is not there", self.place)
        b = self.model.Buffers(index)
        offset = b._tab.Offset(4)
        if offset:
            at, size = b._tab.Vector(offset), b.DataLength()
        else:
            at, size = b.Offset(), b.Size()  # in files above 2 GB
            if at <= 1:
                return 0, 0
        if at < 0 or at + size > len(self.data):
            raise self.fault(f"its buffer {index:,} goes past the end of the file", self.place)
        return at, size

    def operator(self, o: Any, types: list[str], n: int) -> Operator:
        """Read one operator, with its options and the numbers of its tensors."""
        self.place = f"operator {n}"
        if not 0 <= o.OpcodeIndex() < len(types):
            raise self.fault(f"its type {o.OpcodeIndex():,} is not there", self.place)
        type_ = types[o.OpcodeIndex()]
        inputs, outputs = self.vector(o, "Inputs", "inputs"), self.vector(o, "Outputs", "outputs")
        self.kept += len(inputs) + len(outputs)
        if self.kept > 10 * MOST_ENTRIES:
            raise self.fault("its operators have too many inputs", self.place)
        return Operator(type_, self.options(o, type_), inputs, outputs)

    def options(self, o: Any, type_: str) -> dict[str, Any]:
        """The options of an operator that are used, by name; of most custom operators only their length."""
        import tflite

        if type_.startswith("custom"):
            length = o.CustomOptionsLength()
            told = (
                bytes(o.CustomOptions(i) for i in range(length))
                if type_ == DETECTIONS and length <= LARGEST_KEPT
                else b""
            )
            return {CUSTOM: length, **(numbers(told) if told else {})}
        if type_ not in OPTIONS or o.BuiltinOptions() is None:
            return {}
        class_, fields = OPTIONS[type_]
        found = _names("BuiltinOptions").get(o.BuiltinOptionsType())
        if found != class_:
            raise self.fault(
                f"{type_} has options of type {found or o.BuiltinOptionsType()}, not {class_}", self.place
            )
        tab, table = o.BuiltinOptions(), getattr(tflite, class_)()
        table.Init(tab.Bytes, tab.Pos)
        return {
            f: self.vector(table, f, "numbers") if hasattr(table, f"{f}Length") else getattr(table, f)()
            for f in fields
        }

    def subgraph(self, n: int) -> Subgraph:
        """Read a subgraph: its tensors, operators, inputs and outputs."""
        import tflite

        model = self.model
        names = _names("BuiltinOperator")
        types = []
        for i in self.count(model.OperatorCodesLength(), "operator types"):
            code = model.OperatorCodes(i)
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            custom = number == tflite.BuiltinOperator.CUSTOM
            types.append(
                f"custom {self.text(code, 6)}" if custom else names.get(number, f"operator {number}")
            )
        g = model.Subgraphs(n)
        return Subgraph(
            self.text(g, 12),
            tuple(self.tensor(g.Tensors(i), i) for i in self.count(g.TensorsLength(), "tensors")),
            self.vector(g, "Inputs", "inputs"),
            self.vector(g, "Outputs", "outputs"),
            tuple(
                self.operator(g.Operators(i), types, i) for i in self.count(g.OperatorsLength(), "operators")
            ),
        )


OFFLINE = b"OfflineMemoryAllocation"


def offline_plan(file: str) -> tuple[int, ...]:
    """The offsets of the file's offline plan, one a tensor, -1 for a tensor without one; empty where the file
    has none.

    Its numbers are int32: version, graph, how many tensors, then the offsets.
    Raises SpecError where it is cut off.
    """
    reader = FileReader(file)
    model = reader.model
    try:
        for n in reader.count(model.MetadataLength(), "metadata"):
            reader.place = f"metadata {n}"
            if model.Metadata(n).Name() == OFFLINE:
                at, size = reader.buffer(model.Metadata(n).Buffer())
                many = reader.count(reader.number("<i", at + 8), "offsets")
                if 4 * (3 + len(many)) > size:
                    raise reader.fault("its offline plan is cut off", reader.place)
                return struct.unpack_from(f"<{len(many)}i", reader.data, at + 12)
    except (struct.error, TypeError, IndexError, ValueError, OverflowError, AttributeError) as e:
        raise reader.fault(f"is cut off or corrupt: {str(e)[:120]}", reader.place) from None
    return ()


def required(file: str) -> None:
    """Raise SpecError where tflite is not installed, with the extra that brings it."""
    try:
        import tflite  # noqa: F401
    except ImportError:
        raise SpecError(
            Fault("a .tflite file is read with tflite", file, hint="pip install 'mnetcost[tflite]'")
        ) from None


def read_subgraphs(file: str) -> tuple[Subgraph, int]:
    """Read the first graph of a file, the one that is run, and how many graphs there are.

    Raises SpecError where it cannot be read, with the tensor or operator; where tflite is not installed,
    with the extra.
    """
    required(file)
    reader = FileReader(file)
    try:
        graphs = reader.graphs()
        return reader.subgraph(0), graphs
    except (struct.error, TypeError, IndexError, ValueError, OverflowError, AttributeError) as e:
        raise reader.fault(f"is cut off or corrupt: {str(e)[:120]}", reader.place) from None
