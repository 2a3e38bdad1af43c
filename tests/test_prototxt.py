"""The grammar of protobuf's text format, and what is no such text."""

from __future__ import annotations

import time

import pytest

from mnetcost.designs.caffe.prototxt import DEEPEST, Message, Prototxt, Word
from mnetcost.errors import SpecError


def fields(text: str) -> dict[str, list[object]]:
    return Prototxt(text, "net").root.fields


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 12", 12),
        ("a: -3", -3),
        ("a:0x1F", 31),
        ("a: 017", 15),
        ("a: 1e-3", 0.001),
        ("a: .5f", 0.5),
        ("a: -inf", float("-inf")),
        ('a: "b"', "b"),
        ("a: 'b \"c\"'", 'b "c"'),
        ('a: "b" \n "c"', "bc"),
        (r'a: "\x41\102\n"', "AB\n"),
        ("a: AVE # mean", Word("AVE")),
        ("# first\n a : true ;", Word("true")),
    ],
)
def test_a_value_is_read_as_the_format_says(text: str, value: object) -> None:
    """Numbers in three bases, strings with escapes, words and comments."""
    assert fields(text) == {"a": [value]}
    assert isinstance(fields(text)["a"][0], type(value))


def test_messages_nest_with_either_bracket_and_without_a_colon() -> None:
    """`a { }`, `a: { }` and `a < >` are the same."""
    for text in ("a { b: 1 }", "a: { b: 1 }", "a < b: 1 >", "a{b:1}"):
        message = fields(text)["a"][0]
        assert isinstance(message, Message)
        assert message.fields == {"b": [1]}


def test_a_field_that_comes_again_is_repeated() -> None:
    """Twice with a value, or once with a list."""
    assert fields("a: 1 a: 2")["a"] == fields("a: [1, 2]")["a"] == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\n b: 1\n", "net:3: the text ends inside the message that begins on line 1"),
        ("a: 1 }", "net:1: this '}' closes nothing"),
        ("\na 1", "net:2: 'a' must be followed by ':' or '{'"),
        ("a:", "net:1: 'a' has no value"),
        ("a: }", "net:1: 'a' must have a value, not '}'"),
        ('a: 1\nb: "x', "net:2: this is no protobuf text: a string is not closed"),
        ("1: 2", "net:1: a field's name must stand here, not '1'"),
        ("a: 1.2.3", "net:1: 'a' has a value that is no number: '1.2.3'"),
        ("a: $", "net:1: 'a' has a value that is neither number nor word: '$'"),
        ("a: " + "9" * 401, "net:1: 'a' has a value of 401 characters"),
        ("a { " * 200, f"net:1: messages are nested deeper than {DEEPEST}"),
        ("a: 1 " * 500_001, "net:1: more than 500,000 fields, which no network has"),
        ("\x00\x01\x02", "net:1: a field's name must stand here"),
    ],
)
def test_what_is_no_such_text_is_refused_with_its_line(text: str, message: str) -> None:
    """One clear error, however the text is broken."""
    with pytest.raises(SpecError) as caught:
        fields(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["#" * 1_000_000 + '\n"', "#\n" * 300_000 + '"', ", ; " * 300_000 + "'", "{" * 100_000, '"' * 99_999],
)
def test_no_text_takes_long(text: str) -> None:
    """Nothing makes the grammar go back over what it has read."""
    start = time.perf_counter()
    with pytest.raises(SpecError):
        fields(text)
    assert time.perf_counter() - start < 5
