"""Keras models as the JSON of `to_json()`, in the dialects of Keras 3 and Keras 2, written from the
papers' tables.
"""

from __future__ import annotations

import json
from typing import Any


class Config:
    """Writes a functional model layer by layer; `x` is the layer that was added last."""

    def __init__(
        self, shape: list[int | None], dialect: int = 3, name: str = "model", first: bool = False
    ) -> None:
        self.dialect, self.name, self.first = dialect, name, first
        self.layers: list[dict[str, Any]] = []
        self.calls: dict[str, int] = {}
        # models whose first call is not saved, and counted by links all the same
        self.skipped: set[str] = set()
        key = "batch_shape" if dialect == 3 else "batch_input_shape"
        self.x = self.add("InputLayer", {key: [None, *shape]}, name="input")

    def link(self, name: str) -> Any:
        """The newest output of a layer as the dialect writes it."""
        call = self.calls[name] - 1 + (name in self.skipped)
        if self.dialect == 2:
            return [name, call, 0]
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": None, "dtype": "float32", "keras_history": [name, call, 0]},
        }

    def node(
        self, inputs: tuple[str, ...], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        links = [self.link(i) for i in inputs]
        if self.dialect == 2:
            return [[*link, kwargs or {}] for link in links]
        return {
            "args": [links if len(links) > 1 and not args else links[0], *links[1:] * bool(args), *args],
            "kwargs": kwargs or {},
        }

    def add(
        self,
        class_name: str,
        config: dict[str, Any] | None = None,
        *inputs: str,
        name: str = "",
        module: str = "keras.layers",
    ) -> str:
        name = name or f"{class_name.lower()}_{len(self.layers)}"
        said = {"name": name, **(config or {})}
        if self.first and class_name not in ("InputLayer", "Dense", "BatchNormalization"):
            said.setdefault("data_format", "channels_first")
        layer = {"class_name": class_name, "config": said, "name": name, "inbound_nodes": []}
        if self.dialect == 3:
            layer["module"] = module
        if class_name != "InputLayer":
            layer["inbound_nodes"] = [self.node(inputs or (self.x,))]
        self.layers.append(layer)
        self.calls[name] = 1
        self.x = name
        return name

    def again(self, name: str, *inputs: str) -> str:
        """Call a layer once more."""
        layer = next(x for x in self.layers if x["name"] == name)
        layer["inbound_nodes"].append(self.node(inputs or (self.x,)))
        self.calls[name] += 1
        self.x = name
        return name

    def conv(
        self,
        filters: int,
        kernel: int,
        stride: int = 1,
        padding: str = "same",
        bias: bool = False,
        **more: Any,
    ) -> str:
        said = {
            "filters": filters,
            "kernel_size": [kernel, kernel],
            "strides": [stride, stride],
            "padding": padding,
            "use_bias": bias,
        }
        return self.add("Conv2D", {**said, **more})

    def norm(self) -> str:
        return self.add("BatchNormalization", {"axis": 1 if self.first else [3] if self.dialect == 2 else -1})

    def model(self) -> dict[str, Any]:
        one = [self.x, self.calls[self.x] - 1 + (self.x in self.skipped), 0]
        config = {
            "name": self.name,
            "layers": self.layers,
            "input_layers": [["input", 0, 0]],
            "output_layers": [one],
        }
        if self.dialect == 3:
            config["output_layers"] = one
        return {
            "class_name": "Functional" if self.dialect == 3 else "Model",
            "config": config,
            "name": self.name,
        }

    def json(self) -> str:
        return json.dumps(self.model())


def mobilenet(dialect: int = 3, first: bool = False) -> str:
    """keras.applications.MobileNet: zeros added before each strided depthwise layer, the classifier as a
    convolution.
    """
    m = Config([3, 224, 224] if first else [224, 224, 3], dialect, first=first)
    relu6 = ("ReLU", {"max_value": 6.0}) if dialect == 3 else ("Activation", {"activation": "relu6"})
    m.conv(32, 3, 2)
    m.norm()
    m.add(*relu6)
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for out, stride in zip([64, 128, 128, 256, 256, *[512] * 6, 1024, 1024], strides, strict=True):
        if stride == 2:
            m.add("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]})
        said = {
            "kernel_size": 3,
            "strides": [stride, stride],
            "padding": "same" if stride == 1 else "valid",
            "use_bias": False,
        }
        m.add("DepthwiseConv2D", {**said, "depth_multiplier": 1})
        m.norm()
        m.add(*relu6)
        m.conv(out, 1)
        m.norm()
        m.add(*relu6)
    m.add("GlobalAveragePooling2D", {"keepdims": True} if dialect == 3 else {})
    if dialect == 2:
        m.add("Reshape", {"target_shape": [1024, 1, 1] if first else [1, 1, 1024]})
    m.add("Dropout", {"rate": 0.001})
    m.conv(1000, 1, bias=True)
    m.add("Reshape", {"target_shape": [1000]})
    m.add("Activation", {"activation": "softmax"})
    return m.json()


def vgg16(dialect: int = 3) -> str:
    """keras.applications.VGG16, its activations arguments of its layers."""
    m = Config([224, 224, 3], dialect)
    for width, times in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(times):
            m.conv(width, 3, bias=True, activation="relu")
        m.add("MaxPooling2D", {"pool_size": [2, 2], "strides": None})
    m.add("Flatten")
    for units, activation in ((4096, "relu"), (4096, "relu"), (1000, "softmax")):
        m.add("Dense", {"units": units, "activation": activation})
    return m.json()


def xception(dialect: int = 3) -> str:
    """keras.applications.Xception (Chollet 2016, figure 5): separable convolutions, projections beside
    them.
    """
    m = Config([299, 299, 3], dialect)
    relu = {"activation": "relu"}

    def separable(out: int) -> None:
        m.add(
            "SeparableConv2D", {"filters": out, "kernel_size": [3, 3], "padding": "same", "use_bias": False}
        )
        m.norm()

    for out, stride in ((32, 2), (64, 1)):
        m.conv(out, 3, stride, "valid")
        m.norm()
        m.add("Activation", relu)
    for n, (first, out) in enumerate([(128, 128), (256, 256), (728, 728), *[(728, 728)] * 8, (728, 1024)]):
        start = m.x
        middle = 3 <= n < 11
        if not middle:
            m.conv(out, 1, 2)
            m.norm()
        project = m.x
        m.x = start
        for k in range(3 if middle else 2):
            if n or k:
                m.add("Activation", relu)
            separable(first if k == 0 else out)
        if not middle:
            m.add("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"})
        m.add("Add", {}, m.x, project)
    for out in (1536, 2048):
        separable(out)
        m.add("Activation", relu)
    m.add("GlobalAveragePooling2D")
    m.add("Dense", {"units": 1000, "activation": "softmax"})
    return m.json()
