"""Small ONNX files for the tests, as the onnx package writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def weights(name: str, *dims: int, kind: Any = np.float32) -> TensorProto:
    """A tensor of this shape, its numbers inside."""
    return numpy_helper.from_array(np.ones(dims, kind), name)


def elsewhere(name: str, *dims: int) -> TensorProto:
    """A tensor of this shape whose numbers are in another file."""
    t = weights(name, *dims)
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    t.external_data.add(key="location", value="net.onnx.data")
    return t


def numbers(name: str, *values: int) -> TensorProto:
    """A row of whole numbers, such as a shape."""
    return numpy_helper.from_array(np.array(values, np.int64), name)


def scalar(name: str, value: Any) -> TensorProto:
    """One number."""
    return numpy_helper.from_array(np.array(value), name)


def tensor(name: str, dims: Any) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)


def model(
    nodes: list[Any],
    stored: list[Any] = (),
    image: Any = (1, 3, 8, 8),
    opset: int = 17,
    outputs: list[str] | None = None,
    **more: Any,
) -> Any:
    """A model with one image `x` and the last node's output as its own."""
    inputs = [tensor("x", image), *more.pop("inputs", [])]
    gives = [tensor(name, None) for name in outputs or nodes[-1].output[:1]]
    graph = helper.make_graph(
        nodes, "net", inputs, gives, list(stored), value_info=more.pop("value_info", [])
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, **more)


def write(path: Path, *args: Any, **more: Any) -> str:
    """Write a model and return its path."""
    file = path / "net.onnx"
    file.write_bytes(model(*args, **more).SerializeToString())
    return str(file)


node = helper.make_node
