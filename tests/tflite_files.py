"""Small TFLite files for the tests, written with flatbuffers by the schema's slots."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import flatbuffers
from tflite import BuiltinOperator, BuiltinOptions

INT8, INT32, FLOAT = 9, 2, 0


class T(NamedTuple):
    """A tensor: its axes, its numbers where they are stored, its type, its axes as `signature` where some
    are open.

    `variable`: a state that is kept from one run to the next.
    """

    dims: tuple[int, ...]
    data: bytes | None = None
    type: int = FLOAT
    signature: tuple[int, ...] = ()
    variable: bool = False


def floats(*dims: int) -> T:
    """Stored numbers of this shape."""
    count = 1
    for n in dims:
        count *= n
    return T(dims, b"\0\0\x80?" * count)


def ints(*values: int, dims: tuple[int, ...] | None = None) -> T:
    """Stored whole numbers."""
    return T((len(values),) if dims is None else dims, struct.pack(f"<{len(values)}i", *values), INT32)


class O(NamedTuple):  # noqa: E742
    """An operator: its type, what it reads and writes by name, its options' class and (kind, slot,
    value)s.
    """

    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: str = ""
    slots: tuple[tuple[str, int, int], ...] = ()


def conv(x: str, w: str, y: str, stride: int = 1, fused: int = 0, bias: str = "", padding: int = 0) -> O:
    slots = (
        ("Int8", 0, padding),
        ("Int32", 1, stride),
        ("Int32", 2, stride),
        ("Int8", 3, fused),
        ("Int32", 4, 1),
        ("Int32", 5, 1),
    )
    return O("CONV_2D", (x, w, *([bias] if bias else [])), (y,), "Conv2DOptions", slots)


def depthwise(x: str, w: str, y: str, stride: int = 1, fused: int = 0) -> O:
    slots = (
        ("Int32", 1, stride),
        ("Int32", 2, stride),
        ("Int32", 3, 1),
        ("Int8", 4, fused),
        ("Int32", 5, 1),
        ("Int32", 6, 1),
    )
    return O("DEPTHWISE_CONV_2D", (x, w), (y,), "DepthwiseConv2DOptions", slots)


def _vector(b: Any, values: Any, prepend: str, size: int = 4) -> int:
    b.StartVector(size, len(values), size)
    for v in reversed(values):
        getattr(b, prepend)(v)
    return int(b.EndVector())


def _table(b: Any, count: int, *fields: tuple[str, int, Any]) -> int:
    b.StartObject(count)
    for kind, slot, value in fields:
        getattr(b, f"Prepend{kind}Slot")(slot, value, 0 if kind != "Bool" else False)
    return int(b.EndObject())


def model(
    tensors: dict[str, T],
    operators: list[O],
    inputs: tuple[str, ...] = ("x",),
    outputs: tuple[str, ...] = (),
    graphs: int = 1,
) -> bytes:
    """A file of these tensors and operators, the last operator's outputs as its own; further graphs are
    the same again.
    """
    b = flatbuffers.Builder(1024)
    order, types = list(tensors), list(dict.fromkeys(o.type for o in operators))
    buffers, at = [_table(b, 1)], {}
    for name, t in tensors.items():
        at[name] = len(buffers) if t.data is not None else 0
        if t.data is not None:
            buffers.append(_table(b, 1, ("UOffsetTRelative", 0, b.CreateByteVector(t.data))))
    codes = []
    for type_ in types:
        number = getattr(BuiltinOperator, type_, BuiltinOperator.CUSTOM)
        name = b.CreateString(type_)
        codes.append(
            _table(b, 4, ("Int8", 0, min(number, 127)), ("UOffsetTRelative", 1, name), ("Int32", 3, number))
        )
    ends = tuple(outputs) or operators[-1].outputs

    def numbers(names: tuple[str, ...]) -> int:
        return _vector(
            b, [order.index(n) if n in order else 99_999 if n else -1 for n in names], "PrependInt32"
        )

    def graph() -> int:
        said = []
        for name, t in tensors.items():
            text = b.CreateString(name)
            dims = _vector(b, t.dims, "PrependInt32")
            signature = _vector(b, t.signature, "PrependInt32")
            fields = [
                ("UOffsetTRelative", 0, dims),
                ("Int8", 1, t.type),
                ("Uint32", 2, at[name]),
                ("UOffsetTRelative", 3, text),
            ]
            fields += [("UOffsetTRelative", 7, signature)] if t.signature else []
            said.append(_table(b, 8, *fields, *([("Bool", 5, True)] if t.variable else [])))
        done = []
        for o in operators:
            reads, writes = numbers(o.inputs), numbers(o.outputs)
            fields = [
                ("Uint32", 0, types.index(o.type)),
                ("UOffsetTRelative", 1, reads),
                ("UOffsetTRelative", 2, writes),
            ]
            if o.options:
                options = _table(b, 8, *o.slots)
                fields += [("Uint8", 3, getattr(BuiltinOptions, o.options)), ("UOffsetTRelative", 4, options)]
            done.append(_table(b, 5, *fields))
        parts = [
            _vector(b, said, "PrependUOffsetTRelative"),
            numbers(inputs),
            numbers(ends),
            _vector(b, done, "PrependUOffsetTRelative"),
        ]
        return _table(b, 5, *(("UOffsetTRelative", k, part) for k, part in enumerate(parts)))

    whole = [graph() for _ in range(graphs)]
    vectors = [_vector(b, rows, "PrependUOffsetTRelative") for rows in (codes, whole, buffers)]
    top = _table(b, 5, ("Uint32", 0, 3), *zip(["UOffsetTRelative"] * 3, (1, 2, 4), vectors, strict=True))
    b.Finish(top, b"TFL3")
    return bytes(b.Output())


def write(path: Path, *args: Any, **more: Any) -> str:
    """Write a model and return its path."""
    file = path / "net.tflite"
    file.write_bytes(model(*args, **more))
    return str(file)
