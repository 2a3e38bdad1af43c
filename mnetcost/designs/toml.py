"""How is a value written in TOML, on one line?"""

from __future__ import annotations

from typing import Any


def quoted(text: str) -> str:
    """A basic string; what TOML forbids in one, and what a terminal would not show, is escaped.

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
    """A number, a flag, a string, a list, or an inline table.

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
