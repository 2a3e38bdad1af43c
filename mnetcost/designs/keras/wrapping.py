"""Where in a JSON does the Keras model's config stand?

Bare, under `model_config`, or in a TensorFlow.js `model.json`; else what it is.
"""

from __future__ import annotations

import json
from typing import Any

from ...errors import Fault, SpecError

WRITES = "`model.to_json()` writes what is read here"
ELSEWHERE = "export the network as ONNX or TFLite"

NO_MODELS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("nodes", "arg_nodes"), "is an MXNet symbol, which is not read", ELSEWHERE),
    (
        ("irVersion", "graph"),
        "is an ONNX model written as JSON; read is the binary .onnx",
        "`onnx.save(model, 'net.onnx')` writes one",
    ),
    (
        ("architectures", "model_type"),
        "is a Hugging Face configuration: it names a class and holds no layers",
        ELSEWHERE,
    ),
    (("model_type",), "is a Hugging Face configuration: it names a class and holds no layers", ELSEWHERE),
    (("node", "versions"), "is a TensorFlow GraphDef written as JSON, which is not read", ELSEWHERE),
    (("weightsManifest",), "is a TensorFlow.js file of weights: it has no 'modelTopology'", WRITES),
)
"""Files of JSON that people take for a Keras model: their keys, what they are, and the way out."""

GRAPH_MODEL = "is a TensorFlow.js graph model: a TensorFlow GraphDef, which holds no Keras layers"
FROM_ITS_SOURCE = (
    "convert the SavedModel that it was made from to TFLite or ONNX, or save the Keras model as a layers"
    " model"
)


def unwrapped(data: Any, file: str) -> dict[str, Any]:
    """Return the table with the model's `class_name` and `config`.

    Raises SpecError where there is none, saying what the file is instead.
    """
    if isinstance(data, str):  # json.dump(model.to_json(), file) writes the JSON as one text
        data = _parsed(data, file)
    if isinstance(data, dict) and "modelTopology" in data:
        topology = data["modelTopology"]
        topology = _parsed(topology, file) if isinstance(topology, str) else topology
        if data.get("format") == "graph-model" or (isinstance(topology, dict) and "node" in topology):
            raise SpecError(Fault(GRAPH_MODEL, file, hint=FROM_ITS_SOURCE))
        data = topology
    if isinstance(data, dict) and "class_name" not in data and "model_config" in data:
        config = data["model_config"]
        data = _parsed(config, file) if isinstance(config, str) else config
    if isinstance(data, dict) and isinstance(data.get("class_name"), str):
        return data
    for keys, what, hint in NO_MODELS if isinstance(data, dict) else ():
        if all(key in data for key in keys):
            raise SpecError(Fault(what, file, hint=hint))
    raise SpecError(Fault("is no Keras model: it has no 'class_name'", file, hint=WRITES))


def _parsed(text: str, file: str) -> Any:
    """JSON that stands as a text within JSON: no longer than the file, and looked into once."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SpecError(Fault("is no Keras model: the text in it is no JSON", file, hint=WRITES)) from None
