"""How is a Keras model read? As a graph of the layers in its config.

The config is the JSON of `to_json()`, or stands in a .keras archive or an .h5 file. Nothing in the file is
executed: a Lambda's code, like any class that is not known here, is an op that cannot be costed. Weights
are never read, and an archive is never unpacked to disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import Fault, SpecError
from ..contents import HDF5, JSON, KERAS_ARCHIVE, Content, content_of
from ..files import decode, read_bytes
from ..kit.layers import sizes_in_file
from ..readers import Model
from ..settings import Settings
from . import archive, hdf5
from .net import Net
from .wiring import MODELS, SHAPES, class_name_of, first_channels, is_model
from .wiring import Model as KerasModel
from .wrapping import unwrapped

FORMAT = "Keras model"
DEEPEST_INPUT = 8  # models within models in which an input is looked for


CONTAINERS: dict[Content | None, Callable[[str], bytes]] = {
    KERAS_ARCHIVE: archive.config,
    HDF5: hdf5.config,
    JSON: lambda file: read_bytes(file, hdf5.LARGEST_CONFIG),
}
ENDINGS = {".keras": KERAS_ARCHIVE, ".h5": HDF5, ".hdf5": HDF5}


def container_of(file: str) -> Content | None:
    """Which container a file is, by its first bytes, or else by its ending."""
    found = content_of(file)
    return found if found in CONTAINERS else ENDINGS.get(Path(file).suffix.lower(), JSON)


def _config_of(file: str) -> Any:
    """The JSON of a file, whichever container it is."""
    text = decode(CONTAINERS[container_of(file)](file), file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as e:
        raise SpecError(Fault(f"is no JSON: {e.msg}", file, e.lineno)) from None
    except RecursionError:
        raise SpecError(Fault("is nested too deeply", file)) from None
    except ValueError as e:  # a number of more than 4,300 digits
        raise SpecError(Fault(f"is no JSON: {str(e)[:80]}", file)) from None


def has_image(config: Any, depth: int = 0) -> bool:
    """Whether any layer gives its input the shape of an image: four axes, the batch first."""
    layers = config.get("layers") if isinstance(config, dict) else config
    for layer in layers if isinstance(layers, list) and depth < DEEPEST_INPUT else ():
        inner = layer.get("config") if isinstance(layer, dict) else None
        if not isinstance(inner, dict):
            continue
        shapes = (inner.get(key) for key in SHAPES)
        if any(isinstance(shape, list) and len(shape) == 4 for shape in shapes) or has_image(
            inner, depth + 1
        ):
            return True
    return False


def has_volumes(config: Any, depth: int = 0) -> bool:
    """Whether any layer's class is one over depth, height and width, such as Conv3D."""
    layers = config.get("layers") if isinstance(config, dict) else config
    return any(
        isinstance(layer, dict)
        and ("3D" in str(layer.get("class_name")) or has_volumes(layer.get("config"), depth + 1))
        for layer in (layers if isinstance(layers, list) and depth < DEEPEST_INPUT else ())
    )


def _built(net: Net, class_name: str, config: Any) -> Net:
    net.channels_first = first_channels(config)
    net.images, net.volumes = has_image(config), has_volumes(config)
    KerasModel(net, config).run(class_name, None)
    return net


def read(file: str, settings: Settings) -> Model:
    """Read a Keras model's config.

    Raises SpecError for what is no Keras model, CallError where the file leaves the image's size open and
    none is given, and UnknownOpError for layers of unknown cost.
    """
    model = unwrapped(_config_of(file), file)
    net = Net(file, settings)
    class_name = class_name_of(model, net, "model")
    if not is_model(model):
        hint = "a subclassed model's config does not hold its layers; export it as ONNX or TFLite"
        raise net.fault(f"is a {class_name}, and read are {', '.join(MODELS)}", hint=hint)
    config = model.get("config")
    try:
        net.layers.file_sizes = sizes_in_file(
            lambda at: _built(Net(file, at), class_name, config).layers, settings
        )
        graph = _built(net, class_name, config).layers.graph()
    except RecursionError:
        raise SpecError(Fault("is nested too deeply", file)) from None
    if net.resolution is None and (settings.resolution or settings.rho):
        raise net.fault("no input is an image, a volume or a sequence, so that it has no resolution")
    title = config.get("name") if isinstance(config, dict) else None
    return Model(graph, net.resolution or (1, 1), net.file_size, FORMAT, str(title or "")[:200])
