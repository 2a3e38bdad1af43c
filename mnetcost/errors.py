"""What a user can mend: mistakes in a call, a spec or a file, each with its place and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_WORDS = 5000  # that a misspelt one is compared with


def plain(text: object) -> str:
    """Text from a stranger as one harmless line: control and bidirectional characters, and commands to a
    CI service, are shown, not sent.

    >>> plain("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    said = str(text)
    if not (said.isascii() and said.isprintable()):
        said = "".join(
            (
                c
                if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF
                else c.encode("unicode_escape", "backslashreplace").decode()
            )
            for c in said
        )
    if "##[" in said:  # the runner of GitHub Actions takes commands out of a log: these anywhere in a line,
        said = said.replace("##[", "##\\x5b")
    if said.lstrip().startswith("::"):  # and these at its beginning
        said = said.replace("::", "\\x3a:", 1)
    return said


def nearest(word: str, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """Return the known word most like this one, or None; of very many words the first few thousand are
    looked at.
    """
    from difflib import get_close_matches
    from itertools import islice

    found = get_close_matches(
        str(word)[:200], [str(k)[:200] for k in islice(known, MOST_WORDS)], n=1, cutoff=cutoff
    )
    return found[0] if found else None


class Fault(NamedTuple):
    """One mistake: where it stands, what is wrong, and the nearest right thing."""

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
    """Anything a user can mend; `faults` lists every mistake found, `exit_code` what a command ends with."""

    exit_code = 2

    def __init__(self, *faults: Fault | str, hint: str = "") -> None:
        self.faults = tuple(f if isinstance(f, Fault) else Fault(f, hint=hint) for f in faults)
        super().__init__("\n".join(map(str, self.faults)))


class SpecError(MnetcostError):
    """A design cannot be read or built."""


class ShapeError(MnetcostError):
    """Shapes do not fit: a map vanishes, or two inputs disagree.

    Ops raise it; the graph adds the layer's name.
    """


class UnknownOpError(MnetcostError):
    """The design holds an op that cannot be costed."""


class CallError(MnetcostError):
    """An option's value makes no sense."""


class BudgetError(MnetcostError):
    """A file of budgets, or a baseline, cannot be read."""


class CompareError(MnetcostError):
    """There is nothing to compare with: no such revision, a shallow clone."""

    exit_code = 3
