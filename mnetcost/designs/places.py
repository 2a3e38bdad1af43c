"""On which line of a TOML file does a key stand? Asked only when there is a fault or an annotation to place.

tomllib keeps no positions, and importing a library that does takes ten times as long as a whole report. So a
text that tomllib has accepted is read once more here, to note where each key begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

KeyPath = tuple[Any, ...]  # ("layers", 3, "stride")

BLANK = r"(?:[ \t\r\n]|#[^\n]*)*"
KEY = r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*"""
STRING = r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
BARE = r"[^,\]}#\n]+"


def match(pattern: str, text: str, at: int) -> re.Match[str] | None:
    """Match one of these patterns; `re` compiles it when a text is scanned for the first time."""
    return re.compile(pattern, re.DOTALL).match(text, at)


class _Scanner:
    """Walks through a valid TOML text and notes the line of each key."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0
        self.lines: dict[KeyPath, int] = {}

    def blank(self) -> None:
        """Go past blanks, ends of lines and comments."""
        self.at = match(BLANK, self.text, self.at).end()  # type: ignore[union-attr]

    def note(self, path: KeyPath) -> None:
        """Note the line of the current position for a path, unless it has one."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        self.lines.setdefault(path, self.line)

    def key(self) -> KeyPath:
        """Read a key, which may have several parts joined by dots."""
        parts = []
        while found := match(KEY, self.text, self.at):
            word = found[1]
            if word[0] in "\"'":
                import tomllib

                word = next(iter(tomllib.loads(word + " = 0")))
            parts.append(word)
            self.at = found.end()
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return tuple(parts)

    def pair(self, base: KeyPath) -> None:
        """Read `key = value`; every part of a dotted key is noted."""
        start = self.at
        key = self.key()
        end, self.at = self.at, start
        for n in range(1, len(key) + 1):
            self.note((*base, *key[:n]))
        self.at = end + 1  # past "="
        self.value((*base, *key))

    def value(self, path: KeyPath) -> None:
        """Go past a value, noting the keys and items in it."""
        self.blank()
        c = self.text[self.at : self.at + 1]
        if c in "\"'":
            self.at = match(STRING, self.text, self.at).end()  # type: ignore[union-attr]
        elif c == "[":
            self.at += 1
            for n in range(len(self.text)):
                self.blank()
                if self.text[self.at] == "]":
                    break
                self.note((*path, n))
                self.value((*path, n))
                self.comma()
            self.at += 1
        elif c == "{":
            self.at += 1
            while True:
                self.blank()
                if self.text[self.at] == "}":
                    break
                self.pair(path)
                self.comma()
            self.at += 1
        else:
            self.at = match(BARE, self.text, self.at).end()  # type: ignore[union-attr]

    def comma(self) -> None:
        """Go past a comma, if there is one."""
        self.blank()
        if self.text.startswith(",", self.at):
            self.at += 1

    def document(self) -> None:
        """Read the text to its end: pairs, and the heads of tables."""
        base: KeyPath = ()
        tables: dict[KeyPath, int] = {}
        while True:
            self.blank()
            if self.at >= len(self.text):
                return
            if self.text[self.at] != "[":
                self.pair(base)
                continue
            start, many = self.at, self.text.startswith("[[", self.at)
            self.at += 2 if many else 1
            words = self.key()
            end, self.at = self.at, start
            base = ()
            for n, word in enumerate(words):
                base = (*base, word)
                self.note(base)
                if n < len(words) - 1 and base in tables:
                    base = (*base, tables[base])
            if many:
                tables[base] = tables.get(base, -1) + 1
                base = (*base, tables[base])
                self.note(base)
            self.at = end + (2 if many else 1)


@lru_cache(4)
def lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line of every key and array item of a valid TOML text (cached for a text with many
    faults).

    >>> lines('a = 1\\nlayers = [\\n  { op = "add" },\\n]')[("layers", 0, "op")]
    3
    """
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (
        AttributeError,
        IndexError,
        RecursionError,
    ):  # a text that tomllib reads and this does not: keep what was found so far
        pass
    return scanner.lines


@lru_cache(4)
def spelled_lines(text: str) -> Mapping[str, int]:
    """The lines of `lines`, by each key path as `spelled` writes it."""
    return {spelled(path): line for path, line in lines(text).items()}


def line_of(known: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Return the line of a key from `lines`, or of the nearest thing around it; 0 if none is known."""
    while path:
        if path in known:
            return known[path]
        path = path[:-1]
    return 0


def spelled(path: KeyPath) -> str:
    """Write a path as a user would.

    >>> spelled(("layers", 7, "strid"))
    'layers[7].strid'
    """
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out
