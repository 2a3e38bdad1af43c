"""Is the kit enough for a reader: forty lines for a new format, whose wrong fields are all clean errors?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings
from mnetcost.designs.kit.calls import Call
from mnetcost.designs.kit.fields import Fields
from mnetcost.designs.kit.layers import Layers, convolution, plain_size
from mnetcost.designs.kit.maps import Maps
from mnetcost.designs.kit.stored import Stored
from mnetcost.designs.kit.tensors import UNFIT, NotKnown, Tensor, Value, image_size, view
from mnetcost.designs.kit.verify import TABLE, verify
from mnetcost.designs.readers import Model, Reader
from mnetcost.engine.costs import cost
from mnetcost.engine.graph import Graph, Node
from mnetcost.engine.ops import Conv, Input
from mnetcost.engine.ops.elements import Activation
from mnetcost.engine.shapes import Shape
from mnetcost.errors import SpecError, UnknownOpError


class TinyReader:
    """A reader of a made-up format: JSON with an image's size, and layers that name what they read."""

    def read(self, file: str, settings: Settings) -> Model:
        """Read a file of the made-up format."""
        net = Maps(file, bool(settings.allow_unknown), channels_first=False)
        top = Fields(json.loads(Path(file).read_text("utf-8")), net.at()).known("image", "layers")
        h, w, c = top.integers("image", counts=(3,))
        size, file_size = image_size(file, "image", h, w, settings)
        dims = net.checked((1, *size, c), "image")
        values: dict[str, Value] = {"image": Tensor(net.node("image", Input(*view(dims, 3))), dims, 3)}
        for k, layer in enumerate(top.several("layers") or ()):
            head = Fields(layer if isinstance(layer, dict) else {"type": layer}, net.at(f"layer {k}"))
            name, type_ = head.text("name", f"layer {k}"), head.choice("type", list(RULES))
            read = [values.get(source) for source in head.texts("reads", ["image"])]
            if None in read:
                raise net.fault("reads what no layer before it gives", name)
            values[name] = self.give(Call(net, type_, name, read, head.fields("options").given))
        return Model(net.layers.graph(), size, file_size, "Tiny")

    def give(self, call: Call) -> Value:
        try:
            return RULES[call.type](call)
        except NotKnown:
            return call.net.unknown(call.type, call.name, call.values(), None)
        except UNFIT:
            raise call.unfit() from None


def conv(call: Call) -> Value:
    x, options = call.tensor(), call.known("out", "kernel", "stride", "groups", "bias", "relu")
    out, groups = options.integer("out", high=1_000_000), options.integer("groups", 1)
    kernel, stride = options.sides("kernel", 1), options.sides("stride", 1)
    sizes = plain_size(*kernel), plain_size(*stride), 1
    op: Any = convolution(x.dims[3], out, *sizes, groups, "same", call.flag("bias", False))
    y = call.net.window(call.name, op, x)
    t = call.add(op, x, dims=(1, y.h, y.w, y.c), c=3)
    return call.same(Activation("relu"), t, "relu") if call.flag("relu", False) else t


RULES: dict[str, Callable[[Call], Value]] = {
    "conv": conv,
    "add": lambda call: call.combine("add", *call.values()),
    "dense": lambda call: call.net.dense(
        call.name, call.tensor(), -1, Stored((8, 4), call.name, 32), 8, call.integer("out")
    ),
}


def tiny(tmp_path: Path, *layers: Any, **top: Any) -> str:
    file = tmp_path / "net.tiny"
    file.write_text(json.dumps({"image": [8, 8, 3], "layers": list(layers), **top}), "utf-8")
    return str(file)


STEM = {"type": "conv", "name": "stem", "options": {"out": 8, "kernel": 3, "stride": 2}}


def test_a_reader_on_the_kit_costs_its_layers(tmp_path: Path) -> None:
    """3 x 3 x 3 x 8 weights at 4 x 4 positions; then 8 x 8 weights and 8 biases."""
    reader: Reader = TinyReader()
    head = {
        "type": "conv",
        "name": "head",
        "reads": "stem",
        "options": {"out": 8, "bias": True, "relu": True},
    }
    add = {"type": "add", "reads": ["head", "stem"]}
    model = reader.read(tiny(tmp_path, STEM, head, add), Settings())
    costs = cost(model.graph)
    assert costs.params_by_kind() == {"conv": 216, "pointwise": 64, "bias": 8}
    assert costs.work_by_kind()["conv"] == 216 * 16
    assert [layer.name for layer in costs.layers] == ["stem", "head", "head/relu", "layer 2"]
    assert (model.resolution, model.format) == ((8, 8), "Tiny")


def test_a_resolution_that_is_asked_for_is_followed(tmp_path: Path) -> None:
    """At 16 x 16 the stem has 8 x 8 positions."""
    model = TinyReader().read(tiny(tmp_path, STEM), Settings(resolution=(16, 16)))
    assert cost(model.graph).work_by_kind() == {"conv": 216 * 64}
    assert model.resolution == (16, 16)


def stem(**options: Any) -> dict[str, Any]:
    return {**STEM, "options": {"out": 8, **options}}


WHOLE = "must be a whole number from 1 to"
WRONG: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "a text for a number": ([stem(out="x")], {}, f"layer 'stem': 'out' {WHOLE} 1,000,000, not \"x\""),
    "a negative number": ([stem(out=-1)], {}, f"layer 'stem': 'out' {WHOLE} 1,000,000, not -1"),
    "a huge number": (
        [stem(out=2**70)],
        {},
        f"layer 'stem': 'out' {WHOLE} 1,000,000, not 1180591620717411303424",
    ),
    "half a number": ([stem(groups=1.5)], {}, f"layer 'stem': 'groups' {WHOLE} 2,147,483,647, not 1.5"),
    "true for a number": ([stem(out=True)], {}, f"layer 'stem': 'out' {WHOLE} 1,000,000, not true"),
    "no number": ([{"type": "conv", "name": "stem"}], {}, "layer 'stem': 'out' is missing"),
    "a number for a truth": ([stem(bias=2)], {}, "layer 'stem': 'bias' must be true or false, not 2"),
    "a text for a truth": ([stem(relu="yes")], {}, "layer 'stem': 'relu' must be true or false, not \"yes\""),
    "three sides": ([stem(kernel=[3, 3, 3])], {}, "layer 'stem': 'kernel' takes 1 or 2 numbers, not 3"),
    "a wrong side": ([stem(kernel=[3, 0])], {}, f"layer 'stem': 'kernel' {WHOLE} 2,147,483,647, not 0"),
    "a list for a number": ([stem(out=[8, 8])], {}, f"layer 'stem': 'out' {WHOLE} 1,000,000, not [8, 8]"),
    "a misspelt key": ([stem(strid=2)], {}, "no field 'strid' is known here\n  hint: did you mean 'stride'?"),
    "a misspelt type": (
        [{"type": "cnov"}],
        {},
        "layer 'layer 0': 'type' must be one of conv, add, dense, not",
    ),
    "no type": ([{}], {}, "layer 'layer 0': 'type' is missing"),
    "no layer": ([7], {}, "layer 'layer 0': 'type' must be one of conv, add, dense, not 7"),
    "a number for a name": ([{**STEM, "name": 5}], {}, "layer 'layer 0': 'name' must be a text, not 5"),
    "numbers for names": ([{**STEM, "reads": [1]}], {}, "layer 'layer 0': 'reads' must be a text, not 1"),
    "an input that is not there": (
        [{**STEM, "reads": "none"}],
        {},
        "layer 'stem': reads what no layer before",
    ),
    "too few inputs": ([{"type": "conv", "reads": []}], {}, "layer 'layer 0': conv needs its input 1"),
    "options that are none": (
        [{**STEM, "options": 3}],
        {},
        "layer 'layer 0': 'options' must be a mapping of",
    ),
    "a wrong number within": ([stem(groups={"a": 1})], {}, f"layer 'stem': 'groups' {WHOLE} 2,147,483,647"),
    "groups that do not fit": ([stem(groups=2)], {}, "layer 'stem'"),
    "weights that do not fit": (
        [STEM, {"type": "dense", "options": {"out": 4}}],
        {},
        "its weights are for 8",
    ),
    "a huge map": ([STEM], {"image": [2**31 - 1, 2**31 - 1, 3]}, "more than"),
    "an image of two sides": ([STEM], {"image": [8, 8]}, "'image' takes 3 numbers, not 2"),
    "an image of texts": ([STEM], {"image": ["8", 8, 3]}, f"'image' {WHOLE} 2,147,483,647, not \"8\""),
    "a key of the file": (
        [STEM],
        {"layer": []},
        "no field 'layer' is known here\n  hint: did you mean 'layers'?",
    ),
    "no layers": ([], {}, "has no layers"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_fields_are_clean_errors(tmp_path: Path, mistake: str) -> None:
    """Whatever stands in a field, the error names the file, the layer and the key."""
    layers, top, message = WRONG[mistake]
    file = tiny(tmp_path, *layers, **top)
    with pytest.raises(SpecError) as e:
        TinyReader().read(file, Settings())
    assert str(e.value).startswith(f"error: {file}: ")
    assert message in str(e.value)


def test_what_cannot_be_costed_is_named(tmp_path: Path) -> None:
    """A rule raises NotKnown, and the reader's user hears the layer's type."""
    nothing = {"type": "add", "name": "sum", "reads": []}
    with pytest.raises((SpecError, UnknownOpError)):
        TinyReader().read(tiny(tmp_path, STEM, nothing), Settings())


def test_nested_fields_name_their_key() -> None:
    """An error within a mapping says within which."""
    fields = Fields({"pad": {"top": -1}}, lambda message, hint="": ValueError(message))
    with pytest.raises(ValueError, match=f"^pad: 'top' {WHOLE.replace('1', '0')}"):
        fields.fields("pad").integer("top", low=0)
    assert fields.fields("none").integer("top", 3) == 3
    assert fields.number("half", 0.5) == 0.5


def layer(**changed: Any) -> Graph:
    """An image and one convolution, of which something may be changed."""
    image = Node("image", Input(8, 8, 3), (), Shape(8, 8, 3), "image")
    conv = Node("conv", Conv(4), (0,), Shape(8, 8, 4), "conv")
    return Graph((image, conv._replace(**changed)))


UNFIT_LAYERS = {
    "reads a layer that does not stand before it": {"inputs": (1,)},
    "gives a map whose sides are not whole numbers from 1": {"output": Shape(8, 8.0, 4)},
    f"gives a map of more than {2**48:,} numbers": {"output": Shape(2**20, 2**20, 2**9)},
    "has an 'out' that is not a whole number from 1": {"op": Conv(-4)},
    "is written in a way that no convention knows": {"written": "backwards"},
    "has the name of a layer before it": {"name": "image"},
}


def test_a_sound_graph_is_verified() -> None:
    """Nothing is wrong with an image and a convolution; every row of the table has a wrong graph below."""
    assert list(verify(layer())) == []
    assert set(TABLE) < set(UNFIT_LAYERS)


@pytest.mark.parametrize("what", UNFIT_LAYERS)
def test_each_row_of_the_table_can_fail(what: str) -> None:
    """A graph with one thing wrong is refused for that."""
    graph = layer(**UNFIT_LAYERS[what])
    assert [wrong for _, wrong in verify(graph)] == [what]


def test_what_a_reader_did_not_check_is_refused_when_the_graph_is_finished() -> None:
    """A convolution of "x" channels, which no reader should add, is an error that names the layer."""
    layers = Layers("net.tiny")
    image = layers.input("image", 8, 8, 3)
    layers.add("conv", Conv(4), image)
    layers.builder.nodes[1] = layers.builder.nodes[1]._replace(op=Conv("x"))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"net\.tiny: layer 'conv': has an 'out' that is not a whole number"):
        layers.graph()
