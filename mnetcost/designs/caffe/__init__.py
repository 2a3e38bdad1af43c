"""What does a Caffe prototxt say? The net it defines at test time, layer by layer, as a graph.

Source: BVLC Caffe, caffe.proto, net.cpp (phases, in-place tops) and each layer's Reshape; a layer of a fork
names the fork in its docstring.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...engine.graph import MOST_LAYERS, Origin
from ..files import decode, read_bytes
from ..kit.layers import sizes_in_file
from ..readers import Model
from ..settings import Settings
from .layers import convert
from .net import Fields, Layer, Net
from .prototxt import Prototxt
from .shapes import shapes_of

LARGEST_FILE = 8 << 20  # bytes; the longest published nets have a few hundred kB
FORMAT = "Caffe prototxt"


def _meets(rule: Fields, level: int, stages: set[str]) -> bool:
    """Does test time, at this level and these stages, meet a rule? Source: net.cpp, StateMeetsRule."""
    rule.known("phase", "min_level", "max_level", "stage", "not_stage")
    if "phase" in rule and rule.enum("phase", {"TRAIN": 0, "TEST": 1}, "TEST") != "TEST":
        return False
    span = 2**31
    if not rule.integer("min_level", -span, -span) <= level <= rule.integer("max_level", span - 1, -span):
        return False
    return set(rule.texts("stage", ())) <= stages and not stages & set(rule.texts("not_stage", ()))


def _included(layer: Fields, level: int, stages: set[str]) -> bool:
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include and exclude:
        raise layer.fault("give 'include' or 'exclude', not both")
    if include:
        return any(_meets(rule, level, stages) for rule in include)
    return not any(_meets(rule, level, stages) for rule in exclude)


def _net_inputs(net: Net, root: Fields) -> None:
    """Inputs that stand above all layers: `input` with four `input_dim` or one `input_shape` each."""
    names, sizes = root.texts("input", ()), root.integers("input_dim", ())
    shapes = shapes_of(root.messages("input_shape"))
    if sizes and shapes:
        raise root.fault("give 'input_dim' or 'input_shape', not both")
    if sizes:
        if len(sizes) != 4 * len(names):
            raise root.fault(
                f"{len(names)} inputs need {4 * len(names)} values of 'input_dim', not {len(sizes)}"
            )
        shapes = [sizes[i : i + 4] for i in range(0, len(sizes), 4)]
    if len(shapes) != len(names):
        raise root.fault(f"{len(names)} inputs have {len(shapes)} shapes")
    for name, shape in zip(names, shapes, strict=True):
        net.input(name, tuple(shape), root.message)


def _layers_of(net: Net, root: Fields) -> tuple[list[Fields], bool]:
    """The layers of the file, and whether they are written in the old way, as `layers`."""
    old, new = root.messages("layers"), root.messages("layer")
    if old and new:
        raise net.fault_at("a net has either 'layer' or 'layers', not both", old[0].message)
    if not old and not new:
        train = next((key for key in ("net", "train_net", "base_lr") if key in root.given), None)
        raise net.fault_at("has no layers", hint="this is a solver's file, not a net's" if train else "")
    if len(old) + len(new) > MOST_LAYERS:
        raise net.fault_at(f"more than {MOST_LAYERS:,} layers")
    return old or new, bool(old)


def _built(text: Prototxt, file: str, settings: Settings, file_sizes: dict[str, Any] | None = None) -> Net:
    """The net at the size that is asked for.

    file_sizes: `Layers.sizes` at the size in the file, where another is asked for.
    """
    net = Net(text, file, settings)
    net.layers.file_sizes = file_sizes or {}
    root = Fields(net, text.root, "net")
    layers, old = _layers_of(net, root)
    _net_inputs(net, root)
    state = root.fields("state")
    level, stages = state.integer("level", 0, -(2**31)), set(state.texts("stage", ()))
    times = Counter(fields.text("name", "") for fields in layers if _included(fields, level, stages))
    for fields in layers:
        if _included(fields, level, stages):
            name = fields.text("name", "")
            net.layers.origins = (Origin("node", name),) if name and times[name] == 1 else ()
            convert(Layer(net, fields.message, old))
        else:
            net.training.update(fields.texts("top", ()))
    return net


def read(file: str, settings: Settings) -> Model:
    """Read a prototxt at test time.

    Raises SpecError, with the line, for what is no net, and UnknownOpError for layers of unknown cost.
    """
    text = Prototxt(decode(read_bytes(file, LARGEST_FILE), file), file)
    file_sizes = sizes_in_file(lambda at: _built(text, file, at).layers, settings)
    net = _built(text, file, settings, file_sizes)
    if net.file_size is None and (settings.resolution or settings.rho):
        raise net.fault_at("no input is an image, so that it has no resolution")
    title = Fields(net, text.root, "net").text("name", "")[:200]
    return Model(net.layers.graph(), net.resolution or (1, 1), net.file_size, FORMAT, title)
