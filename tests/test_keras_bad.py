"""Which Keras models cannot be, and what is then said?"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnetcost.engine.costs import cost
from mnetcost.errors import MnetcostError, SpecError

from . import keras_models as models
from .keras_models import Config
from .test_keras import Read, inner, one, reading


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return reading(tmp_path)


def _cycle() -> str:
    m = Config([8, 8, 4])
    m.add("ReLU", {}, name="a")
    m.add("ReLU", {}, name="b")
    m.layers[1]["inbound_nodes"] = [m.node(("b",))]
    return m.json()


def _twice() -> str:
    m = Config([8, 8, 4])
    m.add("ReLU", {}, name="a")
    m.add("ReLU", {}, name="a")
    return m.json()


def _without_outputs() -> str:
    m = Config([8, 8, 4])
    m.add("ReLU", {}, name="a")
    nested = {**inner(3), "inbound_nodes": [m.node(("a",))]}
    nested["config"] = {**nested["config"], "output_layers": []}
    m.layers.append(nested)
    m.calls[nested["name"]] = 1
    m.add("ReLU", {}, nested["name"], name="b")
    return m.json()


def _dense_on_numbers() -> str:
    dense = {"class_name": "Dense", "config": {"units": 2, "batch_input_shape": [None]}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [dense]}})


def _laughs() -> str:
    said: dict[str, Any] = inner(3)
    for n in range(35):
        m = Config([8, 8, 4], name=f"level{n}")
        m.layers.append({**said, "inbound_nodes": [m.node(("input",))]})
        m.calls[said["name"]] = 1
        m.x = said["name"]
        m.again(said["name"])
        said = m.model()
    return json.dumps(said)


BAD: list[tuple[Callable[[], str], str]] = [
    (lambda: "{", "is no JSON"),
    (lambda: "[1, 2]", "is no Keras model"),
    (lambda: '{"schema": "mnetcost.report/1"}', "is no Keras model"),
    (lambda: '{"class_name": "MyModel", "config": {}}', "is a MyModel"),
    (lambda: '{"class_name": "Functional", "config": {}}', "must have a list of 'layers'"),
    (lambda: '{"class_name": "Sequential", "config": {"layers": []}}', "has no layers"),
    (lambda: "[" * 200_000, "nested too deeply"),
    (lambda: '{"class_name": ' + "9" * 5000 + "}", "is no JSON"),
    (_cycle, "the layers form a cycle"),
    (_twice, "two layers are called 'a'"),
    (_laughs, "more than 100,000"),
    (_without_outputs, "has no outputs"),
    (_dense_on_numbers, "needs an axis beside the batch"),
    (lambda: one("Conv2D", {"kernel_size": 3}), "'filters' is missing"),
    (lambda: one("Conv2D", {"filters": 2**60, "kernel_size": 3}), "must be a whole number from 1 to"),
    (lambda: one("Conv2D", {"filters": "x", "kernel_size": 3}), "must be a whole number"),
    (lambda: one("Conv2D", {"filters": 2, "kernel_size": 9}), "does not fit into 8"),
    (
        lambda: one("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "some"}),
        "padding 'some' is not known",
    ),
    (lambda: one("RepeatVector", {"n": 3}), "needs one axis beside the batch, not 3"),
    (lambda: one("Reshape", {"target_shape": [7]}), "cannot be read as"),
    (lambda: one("Flatten", {}, [2**31, 4]), "is open"),
    (lambda: one("Flatten", {}, [2**30, 2**30, 4]), "more than 281,474,976,710,656 numbers"),
    (lambda: models.mobilenet().replace('["input", 0, 0]', '["inputs", 0, 0]', 1), "which is not there"),
]


@pytest.mark.parametrize(("write", "message"), BAD, ids=[b[1][:30] for b in BAD])
def test_a_model_that_cannot_be_is_refused(write: Callable[[], str], message: str, read: Read) -> None:
    """One error that says what is wrong and where."""
    with pytest.raises(SpecError) as caught:
        read(write())
    assert message in str(caught.value)


def test_a_config_with_values_changed_is_read_or_refused(read: Read) -> None:
    """400 mutations by a fixed seed, of values and of bytes: a graph, or an error of ours."""
    dice = random.Random(4)
    whole = json.loads(models.mobilenet())
    texts = {d: models.xception(d) for d in (2, 3)}
    values = [
        "null",
        "-1",
        "0",
        str(2**60),
        "1e308",
        '"x"',
        "[]",
        "{}",
        "[[]]",
        "true",
        '["input", 0, 0]',
        '"Lambda"',
        '"Sequential"',
    ]
    values.append('{"class_name": "__keras_tensor__"}')
    seen = set()
    for n in range(400):
        if n % 2:
            text = texts[2 + n % 4 // 2]
            for _ in range(dice.randint(1, 3)):
                at = dice.randrange(len(text))
                text = (
                    text[:at]
                    + dice.choice(["", "0", "}", "]", '"', "9" * 30, text[at : at + 9] * 2])
                    + text[at + dice.randint(0, 4) :]
                )
        else:
            said = json.loads(json.dumps(whole))
            for _ in range(dice.randint(1, 3)):
                here: Any = said
                while True:
                    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
                    key = dice.choice(keys)
                    if not isinstance(here[key], (dict, list)) or not here[key] or dice.random() < 0.1:
                        here[key] = json.loads(dice.choice(values))
                        break
                    here = here[key]
            text = json.dumps(said)
        try:
            cost(read(text).graph)
            seen.add("read")
        except MnetcostError:
            seen.add("refused")
    assert seen == {"read", "refused"}
