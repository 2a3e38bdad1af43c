"""The errors that a user can mend: mistakes in a call, a spec or a file, each with its place and a hint."""

from __future__ import annotations

from collections.abc import Iterable

from .records import NamedTuple

MOST_WORDS = 5000  # that a misspelt word is compared with


def plain(text: object) -> str:
    """Text from a file or a call as one line that is safe to print: control and bidirectional characters are
    escaped, and so are commands to a CI service.

    >>> plain("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    shown = str(text)
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(
            (
                c
                if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF
                else c.encode("unicode_escape", "backslashreplace").decode()
            )
            for c in shown
        )
    if "##[" in shown:  # GitHub Actions runs commands that it finds in a log: these anywhere in a line,
        shown = shown.replace("##[", "##\\x5b")
    if shown.lstrip().startswith("::"):  # and these at its beginning
        shown = shown.replace("::", "\\x3a:", 1)
    return shown


def nearest(word: str, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """Return the known word most like this one, or None if none is like it; only the first `MOST_WORDS` are
    compared.
    """
    from difflib import get_close_matches
    from itertools import islice

    found = get_close_matches(
        str(word)[:200], [str(k)[:200] for k in islice(known, MOST_WORDS)], n=1, cutoff=cutoff
    )
    return found[0] if found else None


class Fault(NamedTuple):
    """One mistake: where it is, what is wrong, and a hint that mends it."""

    message: str
    file: str = ""
    line: int = 0
    place: str = ""
    hint: str = ""

    def __str__(self) -> str:
        where = plain(self.file) + (f":{self.line}" if self.line else "")
        head = ": ".join(part for part in (where, plain(self.place), plain(self.message)) if part)
        return f"error: {head}" + (f"\n  hint: {plain(self.hint)}" if self.hint else "")


class MnetcostError(Exception):
    """Base of all errors: `faults` lists every mistake found, `exit_code` is the exit code of a command."""

    exit_code = 2

    def __init__(self, *faults: Fault | str, hint: str = "") -> None:
        self.faults = tuple(f if isinstance(f, Fault) else Fault(f, hint=hint) for f in faults)
        super().__init__("\n".join(map(str, self.faults)))


class SpecError(MnetcostError):
    """A design cannot be read or built."""


class ShapeError(MnetcostError):
    """Shapes do not fit: an output has no elements, or two inputs disagree.

    Ops raise it; the graph adds the layer's name.
    """


class UnknownOpError(MnetcostError):
    """The design has an op that cannot be costed."""


class CallError(MnetcostError):
    """The value of an option or argument is not valid."""


class BudgetError(MnetcostError):
    """A file of budgets, or a baseline, cannot be read."""


class CompareError(MnetcostError):
    """There is nothing to compare with: no such revision, a shallow clone."""

    exit_code = 3
