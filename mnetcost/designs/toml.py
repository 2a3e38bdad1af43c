"""How is TOML read, within bounds, and how is a value written in it, on one line?"""

from __future__ import annotations

import re
import tomllib
from itertools import accumulate
from typing import Any

from ..errors import Fault, SpecError
from .places import KeyPath, line_of, lines, spelled

MOST_PARTS = 16  # of a dotted key; tomllib takes time and memory by their square
DEEPEST = 32  # arrays and tables within one another
LONGEST_INTEGER = 1000  # bits; any of these has a float, and can be printed
LONG = r"0[xob][0-9A-Fa-f_]{250}|[0-9][0-9_]{300}"
TOO_LONG = "is too large a number: it has more than 300 digits"

QUOTED = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+(?:"{3,5})?'
    r"|'''(?:[^']++|'{1,2}(?!'))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
"""A string or a comment.

Every branch matches to the end of what it has begun, closed or not, so that each character is read once.
"""
OBEYED = r"(?m)##\[|^[ \t]*::"
"""What a CI service runs as a command when it reads a log: the first anywhere in a line, the second at its
start.
"""
KEYS_LETTERS = dict.fromkeys(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_- \t"))


def parse_toml(text: str, file: str, most_parts: int = MOST_PARTS) -> dict[str, Any]:
    """Parse TOML.

    Raises SpecError with the line of a syntax error, of a key with more than `most_parts` parts, or of values
    nested more than `DEEPEST` deep.
    """
    refuse_runaway(text, file, most_parts)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        message = str(e)
        line, at = 0, message.rfind(" (at line ")
        if at >= 0:
            line, message = int(message[at + 10 : message.index(",", at)]), message[:at]
        elif message.endswith(" (at end of document)"):
            line, message = text.count("\n") + 1, message.removesuffix(" (at end of document)")
        raise SpecError(Fault(f"TOML: {message}", file, line)) from None
    except ValueError as e:  # a number of more digits than Python reads
        found = re.search(LONG, text)
        line = text.count("\n", 0, found.start()) + 1 if found else 0
        raise SpecError(
            Fault("TOML: a number of more than 300 digits" if found else f"TOML: {e}", file, line)
        ) from None


def parse_short(text: str, file: str, most_parts: int = MOST_PARTS) -> dict[str, Any]:
    """Parse TOML as `parse_toml` does, and refuse integers of more than `LONGEST_INTEGER` bits, which a
    hexadecimal number may have.
    """
    data = parse_toml(text, file, most_parts)
    left: list[tuple[KeyPath, Any]] = [((), data)] if max(map(len, text.split()), default=0) > 250 else []
    while left:
        place, value = left.pop()
        if value.__class__ is int and value.bit_length() > LONGEST_INTEGER:
            raise SpecError(Fault(TOO_LONG, file, line_of(lines(text), place), spelled(place)))
        if isinstance(value, dict):
            left += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            left += [((*place, n), inner) for n, inner in enumerate(value)]
    return data


def refuse_runaway(text: str, file: str, most_parts: int = MOST_PARTS) -> None:
    """Refuse keys of too many parts and values nested too deeply, in one walk over the text and before
    tomllib sees it.

    Strings and comments are left out, and then all that keys are spelled with: a key of n parts is what
    remains as n - 1 dots in a row.

    >>> refuse_runaway("a" + ".a" * 16 + " = 1", "net.toml")
    Traceback (most recent call last):
        ...
    mnetcost.errors.SpecError: error: net.toml:1: TOML: a key of more than 16 parts
    """
    bare = QUOTED.sub(lambda found: "\n" * found[0].count("\n"), text).translate(KEYS_LETTERS)

    def refuse(message: str, at: int) -> None:
        raise SpecError(Fault(f"TOML: {message}", file, bare.count("\n", 0, at) + 1))

    at = bare.find("." * most_parts)
    if at >= 0:
        refuse(f"a key of more than {most_parts} parts", at)
    if bare.count("[") + bare.count("{") > DEEPEST:
        depths = accumulate((c in "[{") - (c in "]}") for c in bare)
        at = next((n for n, depth in enumerate(depths) if depth > DEEPEST), -1)
        if at >= 0:
            refuse("nested too deeply", at)


def quoted(text: str) -> str:
    """Write a basic string; what TOML forbids in one and what is not printable is escaped.

    >>> quoted('a "b"')
    '"a \\\\"b\\\\""'
    """
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    if 0xD800 <= ord(c) <= 0xDFFF:  # half a character, which no text can hold
        return "\\ufffd"
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def value(v: Any) -> str:
    """Write a number, a flag, a string, a list, or an inline table.

    >>> value({"op": "conv", "kernel": (3, 1), "bias": True})
    '{ op = "conv", kernel = [3, 1], bias = true }'
    """
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return quoted(v)
    if isinstance(v, list | tuple):
        return "[" + ", ".join(map(value, v)) + "]"
    if isinstance(v, dict):
        return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in v.items()) + " }"
    return repr(v)


def inert(text: str) -> str:
    """Return a TOML text of the same meaning in which a CI service that reads a log finds no command.

    >>> inert('a = "##[error]x"  # ##[error]y')
    'a = "##\\\\u005berror]x"  # ## [error]y'
    """
    return QUOTED.sub(_inert, text) if re.search(OBEYED, text) else text


def _inert(found: re.Match[str]) -> str:
    piece = found[0]
    if not re.search(OBEYED, piece):
        return piece
    if piece[0] == "#":
        return piece.replace("##[", "## [")
    if piece[0] == "'":  # no escapes: another sort of string says the same
        piece = quoted(tomllib.loads(f"x = {piece}")["x"])
    return re.sub(OBEYED, lambda m: "##\\u005b" if m[0] == "##[" else m[0].replace("::", "\\u003a:"), piece)
