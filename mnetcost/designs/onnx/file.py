"""What is in an ONNX file, apart from its weights? The messages that are read, as protobuf decodes them.

Weights are left where they are: the file is mapped, every field that is not read or holds a large tensor's
numbers is skipped, and only what remains is decoded, so that a file of any size needs the memory of its
structure. External data is never opened.

Source: the ONNX IR's onnx.proto, whose field numbers do not change.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import Fault, SpecError
from ..files import mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_KEPT = 4096  # bytes of a tensor's numbers that are read: shapes, bounds, pads
LARGEST_STRUCTURE = 128 << 20  # bytes without weights
MOST_FIELDS = 4_000_000
DEEPEST = 40  # messages within messages
DROPPED = 1000  # the field, ours, in which a tensor says how many bytes were skipped
REPEATED = 1001  # and the one that says which eight bytes all of them repeat, where they do
LARGEST_REPEATED = 1 << 16

# message: {field's number: (its name, its type, whether it repeats)}; a type that starts with a capital is
# a message
MESSAGES: dict[str, dict[int, tuple[str, str, bool]]] = {
    "Model": {
        1: ("ir_version", "int64", False),
        7: ("graph", "Graph", False),
        8: ("opset_import", "OpSet", True),
        25: ("functions", "Function", True),
    },
    "OpSet": {1: ("domain", "bytes", False), 2: ("version", "int64", False)},
    "Graph": {
        1: ("node", "Node", True),
        2: ("name", "bytes", False),
        5: ("initializer", "Tensor", True),
        11: ("input", "ValueInfo", True),
        12: ("output", "ValueInfo", True),
        13: ("value_info", "ValueInfo", True),
        15: ("sparse_initializer", "Sparse", True),
    },
    "Node": {
        1: ("input", "bytes", True),
        2: ("output", "bytes", True),
        3: ("name", "bytes", False),
        4: ("op_type", "bytes", False),
        5: ("attribute", "Attribute", True),
        7: ("domain", "bytes", False),
        9: ("metadata_props", "Entry", True),
    },
    "Entry": {1: ("key", "bytes", False), 2: ("value", "bytes", False)},
    "Attribute": {
        1: ("name", "bytes", False),
        2: ("f", "float", False),
        3: ("i", "int64", False),
        4: ("s", "bytes", False),
        5: ("t", "Tensor", False),
        6: ("g", "Graph", False),
        7: ("floats", "float", True),
        8: ("ints", "int64", True),
        9: ("strings", "bytes", True),
        20: ("type", "int64", False),
        21: ("ref_attr_name", "bytes", False),
    },
    "Tensor": {
        1: ("dims", "int64", True),
        2: ("data_type", "int64", False),
        4: ("float_data", "float", True),
        5: ("int32_data", "int32", True),
        7: ("int64_data", "int64", True),
        8: ("name", "bytes", False),
        9: ("raw_data", "bytes", False),
        10: ("double_data", "double", True),
        11: ("uint64_data", "uint64", True),
        14: ("data_location", "int64", False),
        DROPPED: ("dropped", "int64", False),
        REPEATED: ("repeated", "bytes", False),
    },
    "Sparse": {1: ("values", "Tensor", False), 3: ("dims", "int64", True)},
    "ValueInfo": {
        1: ("name", "bytes", False),
        2: ("type", "Type", False),
        4: ("metadata_props", "Entry", True),
    },
    "Type": {1: ("tensor_type", "TensorType", False)},
    "TensorType": {1: ("elem_type", "int64", False), 2: ("shape", "TensorShape", False)},
    "TensorShape": {1: ("dim", "Dim", True)},
    "Dim": {1: ("dim_value", "int64", False), 2: ("dim_param", "bytes", False)},
    "Function": {
        1: ("name", "bytes", False),
        4: ("input", "bytes", True),
        5: ("output", "bytes", True),
        7: ("node", "Node", True),
        10: ("domain", "bytes", False),
        11: ("attribute_proto", "Attribute", True),
    },
}
SCOPES = b"pkg.torch.onnx.name_scopes"
FOLDED = b"pkg.onnxscript.optimizer.folded_from"
ENTRIES = (SCOPES, FOLDED)  # the entries of metadata that are read: a node's modules, what a value is made of
LONGEST_ENTRY = 4096  # bytes; a longer one is not read
NUMBERS = {4, 5, 7, 9, 10, 11}  # the fields of a tensor that hold its numbers


@cache
def _model() -> Any:
    """The class that protobuf makes of the table."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="mnetcost_onnx.proto", package="mnetcost_onnx", syntax="proto2"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in MESSAGES.items():
        table = file.message_type.add(name=message)
        for number, (name, type_, repeats) in fields.items():
            field = table.field.add(
                name=name, number=number, label=kinds.LABEL_REPEATED if repeats else kinds.LABEL_OPTIONAL
            )
            if type_ in MESSAGES:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".mnetcost_onnx.{type_}"
            else:
                field.type = getattr(kinds, f"TYPE_{type_.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("mnetcost_onnx.Model"))


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


class Skim:
    """Copies the fields that are read, and of a large tensor's numbers only how many bytes they are."""

    def __init__(self, file: str, data: memoryview) -> None:
        self.file, self.data = file, data
        self.fields = self.kept = 0

    def fault(self, message: str, at: int) -> SpecError:
        """Make the error for a mistake at a byte of the file."""
        return SpecError(Fault(message, self.file, place=f"byte {at:,}"))

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Read one protobuf varint; return the number and where the next byte stands."""
        n = shift = 0
        for k in range(at, min(end, at + 10)):
            byte = self.data[k]
            n |= (byte & 127) << shift
            if byte < 128:
                return n, k + 1
            shift += 7
        raise self.fault("is no ONNX file, or is cut off: a number does not end", at)

    def fields_of(self, at: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
        """Each field: its number, its wire type, where it stands, where its content starts and ends."""
        while at < end:
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise self.fault(f"has more than {MOST_FIELDS:,} fields", at)
            key, start = self.varint(at, end)
            wire = key & 7
            if wire == 2:
                length, start = self.varint(start, end)
                stop = start + length
            elif wire == 0:
                _, stop = self.varint(start, end)
            elif wire in (1, 5):
                stop = start + (8 if wire == 1 else 4)
            else:
                raise self.fault("is no ONNX file: a field is of no known wire type", at)
            if stop > end:
                raise self.fault("is no ONNX file, or is cut off: a field goes past the end", at)
            yield key >> 3, wire, at, start, stop
            at = stop

    def message(self, name: str, at: int, end: int, depth: int = 0) -> bytearray:
        """Copy one protobuf message: the fields that are read, and the messages in it."""
        if depth > DEEPEST:
            raise self.fault("is nested too deeply", at)
        known, out, dropped = MESSAGES[name], bytearray(), 0
        for number, wire, begins, start, stop in self.fields_of(at, end):
            if number not in known or number in (DROPPED, REPEATED):
                continue
            if known[number][1] == "Entry" and not self.is_read(start, stop):
                continue
            type_ = known[number][1]
            if type_ in MESSAGES:
                if wire != 2:
                    raise self.fault("is no ONNX file: a message is written as a number", begins)
                inner = self.message(type_, start, stop, depth + 1)
                out += _varint(number << 3 | 2) + _varint(len(inner)) + inner
            elif name == "Tensor" and number in NUMBERS and stop - start > LARGEST_KEPT:
                dropped += stop - start
                first = bytes(self.data[start : start + 8])
                if stop - start <= LARGEST_REPEATED and self.data[start:stop] == first * (
                    (stop - start) // 8
                ):
                    out += _varint(REPEATED << 3 | 2) + _varint(8) + first
            else:
                self.kept += stop - begins
                if self.kept > LARGEST_STRUCTURE:
                    raise self.fault(
                        f"holds more than {LARGEST_STRUCTURE:,} bytes beside its weights", begins
                    )
                out += self.data[begins:stop]
        if dropped:
            out += _varint(DROPPED << 3) + _varint(dropped)
        return out

    def is_read(self, start: int, stop: int) -> bool:
        """Is this entry of metadata one that is read? The others, such as stack traces, are skipped."""
        heads = (bytes((10, len(key))) + key for key in ENTRIES)  # field 1, its length, the key
        return stop - start <= LONGEST_ENTRY and any(self.data[start : start + len(h)] == h for h in heads)


def read_model(file: str) -> Any:
    """Read a file as a Model message without its weights.

    Raises SpecError where it cannot be read, with the byte; where protobuf is not installed, with the extra
    that brings it.
    """
    try:
        from google.protobuf.message import DecodeError
    except ImportError:
        raise SpecError(
            Fault("an .onnx file is read with protobuf", file, hint="pip install 'mnetcost[onnx]'")
        ) from None
    data = mapped(file)
    slim = bytes(Skim(file, data).message("Model", 0, len(data)))
    try:
        return _model().FromString(slim)
    except DecodeError as e:
        raise SpecError(Fault(f"is no ONNX file: {e}", file)) from None
