"""The JSON Schema of the spec language says what the reader says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnetcost.cli.schema import command
from mnetcost.designs.find import parent_of, shipped_spec
from mnetcost.designs.schema import schema, schema_text
from mnetcost.designs.shipped import block_path, shipped, shipped_blocks
from mnetcost.designs.sorts import SORTS
from mnetcost.designs.spec import VOCABULARY, read_spec
from mnetcost.designs.spec.language import FIXED
from mnetcost.errors import SpecError

from .mutants import mutated_trees, toml

VALIDATOR = jsonschema.Draft202012Validator(schema())
FLAT = [
    name
    for name in shipped()
    if not {"extends", "change", "block"} & set(tomllib.loads(shipped_spec(name).text))
]


def reader_takes(tree: dict[str, Any]) -> bool:
    try:
        read_spec(toml(tree), "mutant.toml", "mutant", None, parent_of)
    except SpecError:
        return False
    return True


def test_it_is_a_valid_schema_of_the_draft_it_names() -> None:
    """JSON Schema 2020-12, every reference of which leads somewhere."""
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema())
    references = {part.split('"')[0] for part in schema_text().split('"$ref": "#/$defs/')[1:]}
    assert references <= set(schema()["$defs"])
    assert {*VOCABULARY} == {
        name.removeprefix("row-") for name in schema()["$defs"] if name.startswith("row-")
    }
    assert {*FIXED} == {
        name.removeprefix("inner-row-") for name in schema()["$defs"] if name.startswith("inner-row-")
    }


@pytest.mark.parametrize("word", shipped_blocks())
def test_it_takes_every_shipped_block(word: str) -> None:
    """In a spec that has it for its own."""
    path = block_path(word)
    assert path is not None
    tree = tomllib.loads(Path(path).read_text("utf-8"))
    VALIDATOR.validate({"resolution": 8, "layers": [{"op": "flatten"}], **tree})


def test_a_block_of_the_spec_takes_the_place_of_a_shipped_one() -> None:
    """Its rows have the keys of the spec's own."""
    text = """resolution = 8
    layers = [{ op = "fire", width = 8 }]
    [block.fire]
    fields.width = "width"
    layers = [{ op = "conv", out = "width" }]"""
    tree = tomllib.loads(text)
    assert reader_takes(tree)
    VALIDATOR.validate(tree)


@pytest.mark.parametrize("name", shipped())
def test_it_takes_every_shipped_spec(name: str) -> None:
    """As it stands in its file, with what it extends left unsaid."""
    VALIDATOR.validate(tomllib.loads(shipped_spec(name).text))


@pytest.mark.parametrize(
    "text",
    [
        "resolution = 224",
        "layers = [{ op = 'flatten' }]",
        "resolution = 224\nlayers = []",
        "resolution = 0\nlayers = [{ op = 'flatten' }]",
        "resolution = [224, 224, 3, 1]\nlayers = [{ op = 'flatten' }]",
        "resolution = 224\nlayers = [{ op = 'flaten' }]",
        "resolution = 224\nlayers = [{ op = 'bneck', out = 8, strid = 2 }]",
        "resolution = 224\nlayers = [{ op = 'bneck', out = 8, stride = '2' }]",
        "resolution = 224\nlayers = [{ op = 'bneck', out = 8, stride = true }]",
        "resolution = 224\nlayers = [{ op = 'bneck', expand = 6 }]",
        "resolution = 224\nlayers = [{ op = 'bneck', out = 8, expand = 6, exp = 48 }]",
        "resolution = 224\nlayers = [{ op = 'bneck', out = 8, role = 'middle' }]",
        "resolution = 224\nlayers = [{ op = 'conv_norm' }]",
        "resolution = 224\nlayers = [{ op = 'conv_norm', out = 8, expand = 2 }]",
        "resolution = 224\nlayers = [{ op = 'add' }]",
        "resolution = 224\nlayers = [{ op = 'add', from = 'input' }]",
        "resolution = 224\nlayers = [{ op = 'gate', from = ['a', 'b', 'c'] }]",
        "resolution = 224\nlayers = [{ op = 'conv', out = 8, from = ['a', 'b'] }]",
        "resolution = 224\nlayers = [{ op = 'flatten' }]\n[widths]\nscale = 'scaled from 0'",
        "resolution = 224\nlayers = [{ op = 'flatten' }]\n[widths]\nbody = { scale = 'fixed' }",
        "resolution = 224\nlayers = [{ op = 'flatten' }]\n[style]\nactivation = 'rellu'",
        *(
            f"resolution = 8\nlayers = [{{ op = 'u' }}]\n[block.u]\n{block}"
            for block in (
                "why = 'no rows'",
                "layers = []",
                "layers = [{ out = 8 }]",
                "layers = [{ op = 'conv' }]",
                "layers = [{ op = 'conv', out = 8, strid = 2 }]",
                "layers = [{ op = 'conv', out = 0 }]",
                "layers = [{ op = 'conv', out = 8, kernel = true }]",
                "layers = [{ op = 'conv', out = '' }]",
                "layers = [{ op = 'conv', out = 8, repeat = -1 }]",
                "layers = [{ op = 'conv', out = 8, when = 2 }]",
                "layers = [{ op = 'conv', out = 8, from = ['in', 'in'] }]",
                "layers = [{ op = 'conv', out = 8, name = '' }]",
                "layers = [{ op = 'add', from = 'in' }]",
                "layers = [{ op = 'conv_norm', out = 8, expand = 2 }]",
                "layers = [{ op = 'resize', like = 3 }]",
                "layer = [{ op = 'conv', out = 8 }]\nlayers = [{ op = 'conv', out = 8 }]",
                "fields.a = 'widht'\nlayers = [{ op = 'conv', out = 8 }]",
                "fields.A = 'width'\nlayers = [{ op = 'conv', out = 8 }]",
                "fields.a = { default = 3 }\nlayers = [{ op = 'conv', out = 8 }]",
                "fields.a = { sort = 'count', multiple = 0 }\nlayers = [{ op = 'conv', out = 8 }]",
                "fields.a = { sort = 'count', least = 2 }\nlayers = [{ op = 'conv', out = 8 }]",
                "inputs = []\nlayers = [{ op = 'conv', out = 8 }]",
            )
        ),
        "extends = 'v2'\n[[change]]\nset = { out = 8 }",
        "extends = 'v2'\n[[change]]\nmatch = { nane = 'stem' }",
        "extends = 'v2'\n[[change]]\nmatch = { name = 'stem' }\nset = { strid = 8 }",
        "extends = 'v2'\n[[change]]\nmatch = { name = 'stem' }\nunset = ['strid']",
        "extends = 'v2'\n[[change]]\nmatch = { name = 'stem' }\nremove = 1",
    ],
)
def test_schema_and_reader_refuse_the_same_mistakes(text: str) -> None:
    """Each kind of mistake that can be seen in one file by itself."""
    tree = tomllib.loads(text)
    assert not VALIDATOR.is_valid(tree)
    assert not reader_takes(tree)


@settings(max_examples=600)
@given(mutated_trees(FLAT))
@example({"resolution": 224, "layers": [{"op": "conv", "out": 8, "padding": [1, 2]}]})
def test_schema_and_reader_agree_on_mutants(tree: dict[str, Any]) -> None:
    """A spec that extends nothing is taken by both or by neither."""
    assert VALIDATOR.is_valid(tree) == reader_takes(tree)


@settings(max_examples=400)
@given(mutated_trees([name for name in shipped() if name not in FLAT]))
def test_what_the_schema_refuses_the_reader_refuses(tree: dict[str, Any]) -> None:
    """Of a spec that extends another the schema sees half: what is wrong in that half is wrong."""
    assert VALIDATOR.is_valid(tree) or not reader_takes(tree)


@pytest.mark.parametrize("sort", [s for s in SORTS if s != "Choice"])
@given(st.data())
@settings(max_examples=150)
def test_a_sort_is_described_as_it_is_read(sort: str, data: st.DataObject) -> None:
    """What a sort's reader takes, its schema takes, and the other way round."""
    whole = st.integers(-2, 12) | st.sampled_from(
        [99, 100, 101, 1000, 1001, 65_536, 65_537, 1_000_000, 1_000_001]
    )
    number = whole | st.floats(-1, 1001, allow_nan=False).filter(lambda x: not x.is_integer())
    words = [
        "classes",
        "same",
        "relu",
        "none",
        "stem",
        "scaled",
        "fixed",
        "scaled from 1",
        "scaled from 0.75",
        "scaled from 0",
        "divisible",
        "",
    ]
    text = st.sampled_from(
        [*words, " a", "a ", "a b", "scaled from 100", "scaled from 100.5", "scaled from nan", "x" * 201]
    )
    one = number | text | st.booleans()
    value = data.draw(one | st.lists(one, max_size=5) | st.lists(whole, max_size=5) | st.just({}))
    takes = jsonschema.Draft202012Validator(SORTS[sort].schema).is_valid(value)
    assert takes == _reads(sort, value), value


def _reads(sort: str, value: Any) -> bool:
    from mnetcost.designs.sorts import Wrong

    try:
        SORTS[sort].read(value, "key")
    except Wrong:
        return False
    return True


def test_the_command_prints_the_shipped_schema() -> None:
    """`mnetcost schema` says what specs/spec.schema.json says."""
    said = CliRunner().invoke(command)
    assert said.exit_code == 0
    assert json.loads(said.stdout) == schema()
