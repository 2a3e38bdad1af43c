"""How is one value of a table written? By the kind of its column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..analyses.documents import Branch, Column, state_word
from ..errors import plain
from ..records import NamedTuple

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}
"""The units in which a column of counts may be shown."""
BAR = 10
"""The cells of a bar where there is room."""
EIGHTHS = " ▏▎▍▌▋▊▉█"
SPARKS = "·▁▂▃▄▅▆▇█"
"""A figure of 0, then eighths of the largest."""
LINES = "│├└─ "
ASCII = str.maketrans(SPARKS + "│├└─", "012345678|+`-")
"""What stands for drawn characters where there are only ASCII ones."""
STEPS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def rough(value: int, unit: str = "") -> str:
    """A count to three digits with its unit; "" if the count itself is as short.

    >>> rough(300_774_272), rough(999_999), rough(14_019_488, "B"), rough(640)
    ('301 M', '1.00 M', '14.0 MB', '')
    """
    size = abs(value)
    for step, letter in STEPS:
        if size >= step * 0.9995:
            part = size / step
            digits = 2 if part < 9.995 else 1 if part < 99.95 else 0
            return f"{'-' if value < 0 else ''}{part:,.{digits}f} {letter}{unit}"
    return ""


def binary(value: int) -> str:
    """A size of memory to three digits in KiB, MiB or GiB, as chips are sold; "" below 1 KiB.

    >>> binary(138_240), binary(1_048_576), binary(640)
    ('135 KiB', '1.00 MiB', '')
    """
    for power, letter in ((3, "G"), (2, "M"), (1, "K")):
        if abs(value) >= 1024**power * (0.9995 if power > 1 else 1):
            part = abs(value) / 1024**power
            digits = 2 if part < 9.995 else 1 if part < 99.95 else 0
            return f"{'-' if value < 0 else ''}{part:,.{digits}f} {letter}iB"
    return ""


def signed(value: int) -> str:
    """Write a change to three digits, with its sign.

    >>> signed(128_337_664), signed(-6_105_792), signed(640)
    ('+128 M', '-6.11 M', '')
    """
    text = rough(value)
    return f"+{text}" if text and value > 0 else text


def ratio(value: float) -> str:
    """Write a ratio to four decimals, or to two from 10 on.

    >>> ratio(0.118924), ratio(8.4087), ratio(49.0)
    ('0.1189', '8.4087', '49.00')
    """
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"


def size(value: Any) -> str:
    """Write a shape or a kernel size.

    >>> size((112, 112, 32)), size(3)
    ('112x112x32', '3')
    """
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def per_cent(value: float) -> str:
    """A fraction of 1 as per cent, to two decimals."""
    return f"{100 * value:.2f} %"


def bar(part: float, blocks: bool, width: int = BAR) -> str:
    """Return a bar of up to `width` cells, in eighths of a cell if there are block characters.

    >>> bar(0.25, True), bar(0.25, False)
    ('██▌       ', '##        ')
    """
    if not blocks:
        return ("#" * round(part * width)).ljust(width)
    eighths = max(round(part * width * 8), 1 if part > 0 else 0)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()).ljust(width)


def levels(figures: Sequence[int]) -> list[int]:
    """The bars of a sparkline in eighths of the largest figure, rounded; 0 for a figure of 0 only.

    >>> levels((0, 1, 50, 100))
    [0, 1, 4, 8]
    """
    top = max(figures, default=0)
    return [max((16 * n + top) // (2 * top), 1) if n > 0 else 0 for n in figures]


def spark(figures: Sequence[int]) -> str:
    """Draw figures as one line of block characters.

    >>> spark((0, 1, 50, 100))
    '·▁▄█'
    """
    return "".join(SPARKS[n] for n in levels(figures))


def branch(value: Branch) -> str:
    """Draw the lines of a tree before a name.

    >>> branch(Branch((True, False), "conv"))
    '│   └── conv'
    """
    lines = ["│   " if more else "    " for more in value.more]
    last = ["├── " if value.more[-1] else "└── "] if value.more else []
    return "".join([*lines[:-1], *last]) + plain(value.name)


def in_ascii(text: str, kind: str) -> str:
    """A written cell without block characters and lines; names stay as they are.

    >>> in_ascii("│   └── conv", "tree"), in_ascii("·▁▄█", "spark")
    ('|   `-- conv', '0148')
    """
    if kind not in DRAWN:
        return text
    end = len(text) - len(text.lstrip(LINES)) if kind == "tree" else len(text)
    return text[:end].translate(ASCII) + text[end:]


class Kind(NamedTuple):
    """How people read a kind of value: how it is written, what stands beside it, and whether it is aligned to
    the right.
    """

    write: Callable[[Any], str]
    beside: Callable[[Any], str] | None = None
    right: bool = True


KINDS = {
    "text": Kind(plain, right=False),
    "state": Kind(lambda v: plain(state_word(v)), right=False),
    "gauge": Kind(plain, right=False),
    "count": Kind("{:,}".format, rough),
    "bytes": Kind("{:,}".format, lambda v: rough(v, "B")),
    "memory": Kind("{:,}".format, binary),
    "integer": Kind("{:,}".format),
    "change": Kind("{:+,}".format, signed),
    "share": Kind(per_cent),
    "growth": Kind(lambda v: f"{100 * v:+.2f} %"),
    "ratio": Kind(ratio),
    "number": Kind(lambda v: f"{v:g}" if isinstance(v, float) else f"{v}"),
    "size": Kind(size),
    "spark": Kind(spark),
    "tree": Kind(branch, right=False),
}
"""The kinds of column, by name (`Column.kind`)."""
DRAWN = ("spark", "tree")
"""Kinds that are written with other characters than ASCII."""


def written(value: Any, column: Column) -> str:
    """A value as people read it, exact if it is a count; control characters in names are made visible."""
    if column.unit and value is not None:
        return f"{value / UNITS[column.unit]:,.2f}"
    return "" if value is None else KINDS[column.kind].write(value)


def beside(value: Any, column: Column) -> str:
    """A count to three digits with k, M or G, which stands beside it; "" for other kinds."""
    kind = KINDS[column.kind]
    return "" if value is None or kind.beside is None or column.unit else kind.beside(value)
