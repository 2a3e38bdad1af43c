"""What does a protobuf text file say? Messages of fields, read without a schema by a small grammar.

The library of the text format needs a compiled schema, refuses the fields of every fork of Caffe, and costs
more to import than a whole report; the format is a page long. Source: protobuf's Text Format Language
Specification.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from ...errors import Fault, SpecError

MOST_FIELDS = 500_000  # the largest networks have some 30,000
DEEPEST = 64
LONGEST_WORD = 400

# possessive throughout: no text makes it go back
TOKEN = re.compile(
    r"""(?:[\s,;]++|\#[^\n]*+)*+
    (?:(?P<open>[{<])|(?P<close>[}>])|(?P<colon>:)|(?P<bracket>[\[\]])
    |(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<word>[^\s{}<>\[\]:;,\#"']++)
    |(?P<end>\Z))""",
    re.VERBOSE,
)
NUMBER = re.compile(r"[-+]?(?:\.?\d[\w.+-]*|inf|infinity|nan)\Z", re.IGNORECASE)
IDENTIFIER = re.compile(r"[A-Za-z_][\w.\-/]*\Z")
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Word(str):
    """A bare word: an enum's value, true or false."""

    __slots__ = ()


class Message:
    """Fields by name, each with all its values in order, and where the message begins."""

    __slots__ = ("at", "fields")

    def __init__(self, at: int) -> None:
        self.at = at
        self.fields: dict[str, list[Any]] = {}

    def __repr__(self) -> str:
        """How an error shows a message where a value must stand."""
        return "{ ... }"


def unescape(found: re.Match[str]) -> str:
    """The character that an escape in a string stands for: hexadecimal, octal or one letter."""
    code = found[0][1:]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8)) if code[0] in "01234567" else ESCAPES.get(code, code)


class Prototxt:
    """One text and what it says.

    Raises SpecError with the line where it is no protobuf text.
    """

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.breaks = [m.start() for m in re.finditer("\n", text)]
        self.at = self.count = 0  # characters and fields read so far
        self.root = self._parse()

    def line(self, at: int) -> int:
        """The line a position of the text is on."""
        return bisect_right(self.breaks, at - 1) + 1

    def fault(self, message: str, at: int | None = None) -> SpecError:
        """Make the error for a mistake at a position of the text, by default where reading has got to."""
        return SpecError(Fault(message, self.file, self.line(self.at if at is None else at)))

    def _next(self) -> tuple[str, str]:
        found = TOKEN.match(self.text, self.at)
        if found is None:
            raise self.fault("this is no protobuf text: a string is not closed", self._start())
        self.at = found.end()
        kind = found.lastgroup
        assert kind is not None
        return kind, found[kind]

    def _start(self) -> int:
        """Where the next token begins, past blanks and comments."""
        found = re.compile(r"(?:[\s,;]++|#[^\n]*+)*+").match(self.text, self.at)
        assert found is not None
        return found.end()

    def _parse(self) -> Message:
        """The whole text as one message."""
        stack = [Message(0)]
        while True:
            kind, token = self._next()
            if kind == "end":
                if len(stack) > 1:
                    line = self.line(stack[-1].at)
                    raise self.fault(f"the text ends inside the message that begins on line {line}")
                return stack[0]
            if kind == "close":
                if len(stack) == 1:
                    raise self.fault(f"this '{token}' closes nothing", self.at - 1)
                stack.pop()
                continue
            if kind != "word" or not IDENTIFIER.match(token):
                raise self.fault(f"a field's name must stand here, not '{token[:40]}'", self.at - len(token))
            self._field(token, stack)
            if self.count > MOST_FIELDS:
                raise self.fault(f"more than {MOST_FIELDS:,} fields, which no network has")

    def _field(self, key: str, stack: list[Message]) -> None:
        """Read a field's value, its name just read; a message is put on the stack, to be filled next."""
        self.count += 1
        begin = self.at - len(key)
        values = stack[-1].fields.setdefault(key, [])
        kind, token = self._next()
        if kind == "colon":
            kind, token = self._next()
        elif kind != "open":
            raise self.fault(f"'{key[:40]}' must be followed by ':' or '{{'", begin)
        if kind == "open":
            if len(stack) >= DEEPEST:
                raise self.fault(f"messages are nested deeper than {DEEPEST}", begin)
            values.append(Message(begin))
            stack.append(values[-1])
        elif token == "[":
            self._list(key, values)
        else:
            values.append(self._scalar(key, kind, token))

    def _list(self, key: str, values: list[Any]) -> None:
        """Read the values of a list, its bracket just read."""
        while True:
            kind, token = self._next()
            if token == "]" and kind == "bracket":
                return
            self.count += 1
            values.append(self._scalar(key, kind, token))
            if len(values) > MOST_FIELDS:
                raise self.fault(f"more than {MOST_FIELDS:,} values, which no network has")

    def _scalar(self, key: str, kind: str, token: str) -> Any:
        if kind == "string":
            parts = [token[1:-1]]
            while (found := TOKEN.match(self.text, self.at)) and found.lastgroup == "string":
                if "," in self.text[self.at : found.start("string")]:
                    break  # strings that stand side by side are one
                parts.append(found["string"][1:-1])
                self.at = found.end()
            text = "".join(parts)
            return ESCAPE.sub(unescape, text) if "\\" in text else text
        if kind != "word":
            raise self.fault(
                f"'{key[:40]}' has no value"
                if kind == "end"
                else f"'{key[:40]}' must have a value, not '{token}'"
            )
        return self._word(key, token)

    def _word(self, key: str, token: str) -> Any:
        if len(token) > LONGEST_WORD:
            raise self.fault(f"'{key[:40]}' has a value of {len(token):,} characters")
        if not NUMBER.match(token):
            if not IDENTIFIER.match(token):
                raise self.fault(f"'{key[:40]}' has a value that is neither number nor word: '{token[:40]}'")
            return Word(token)
        digits = token.lstrip("+-")
        try:
            if digits.isdigit():
                return int(token, 8) if digits[0] == "0" and len(digits) > 1 else int(token)
            if digits[:2] in ("0x", "0X"):
                return int(token, 16)
            return float(token[:-1] if token[-1] in "fF" and digits.lower() not in ("inf",) else token)
        except ValueError:
            raise self.fault(f"'{key[:40]}' has a value that is no number: '{token[:40]}'") from None
