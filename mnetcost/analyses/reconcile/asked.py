"""Which figures would be written as this number?

"320.3M" stands for all figures of an interval, and there are several ways to read it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ...errors import CallError
from ...records import NamedTuple

UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "b": 3, "t": 4}
COUNTED = {
    r"(?:mult(?:iply|i)?[-_ ]?adds?|madds?|macc?s?)": ("madds", "MACs"),
    r"(?:fl)?ops?|fl(?:oating[- ]point )operations|operations": ("madds", "FLOPs"),
    r"params?|parameters|weights": ("params", ""),
    r"i?b|i?bytes?": ("params", "bytes"),
}
"""What a number counts, by a pattern for the word behind it: the kind of figure, and the unit, which is
evidence of how it was counted.
"""
NUMBER = re.compile(
    r"[~≈]?\s*(\d[\d,_'"
    r" ]*|(?=\.\d))(?:\.(\d*))?\s*(?:(?:e|x\s*10\s*\^)\s*([+-]?\d{1,2}))?\s*([kmgbt]?)(illion)?\s*"
    rf"({'|'.join(COUNTED)})?(?:\s*/\s*s)?",
    re.IGNORECASE | re.ASCII,
)
LONGEST = 48
MOST_NUMBERS = 6
MOST_DIGITS = 30
LARGEST_POWER = 18
# times, dot, apostrophe, ideographic comma, minus
SIGNS = {0xD7: "x", 0xB7: "x", 0x2019: "'", 0x3001: ",", 0x2212: "-"}
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
DTYPES = (("float32", 4, 0), ("float16", 2, 1), ("int8", 1, 1))
"""The types in which weights may be stored: name, bytes, and the points of assuming it."""
HEADERS, HEADERS_H5 = 640, 2560
"""At most how many bytes a file needs for the names and headers of one layer: .pth, .onnx and .tflite
files take up to 500, .h5 files of Keras 2.4 kB.
"""


class Reading(NamedTuple):
    """One way to read a number, such as "rounded to a tenth of a million"."""

    words: str
    points: int
    # a figure of `scale` is written as `per`: 100,000 as 1 in 320.3M, 1024 x 1024 as 10 in M of 1024 x 1024
    scale: int
    per: int
    rounded: bool
    digits: int  # the number's digits as one whole number
    slack: int = (
        0  # by how much more the figure may look, and be written so: a file's names and headers, in weights
    )

    def written(self, figure: int) -> int:
        """The digits with which this reading writes a figure, as one whole number."""
        return (2 * figure * self.per + self.scale * self.rounded) // (2 * self.scale)

    @property
    def edges(self) -> tuple[int, int]:
        """The figures that are written as the number: those in [first, second)."""
        low, high = (
            -(-(2 * n - self.rounded) * self.scale // (2 * self.per)) for n in (self.digits, self.digits + 1)
        )
        return max(low - self.slack, 0), high

    def holds(self, figure: int) -> bool:
        """Would this figure be written as the number?"""
        return self.written(figure) <= self.digits <= self.written(figure + self.slack)


class Asked(NamedTuple):
    """A number as a user wrote it."""

    text: str
    digits: int  # 3203 for 320.3M
    significant: int
    value: int
    readings: tuple[Reading, ...]
    kind: str = ""  # "madds" or "params", where the unit says so
    unit: str = ""  # "MACs", "FLOPs" or "bytes", where that was typed

    @property
    def target(self) -> int:
        """The figure that the number means in its first reading: a count, or for bytes that many weights."""
        r = self.readings[0]
        return r.digits * r.scale // r.per

    @property
    def exact(self) -> bool:
        """Is the number given to the last digit?"""
        return all(r.scale == 1 for r in self.readings)


def _plain(text: str) -> str:
    """The text in ASCII: replaces full-width and superscript digits, other blanks and signs for "times"."""
    text = re.sub(r"(?<=10)[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(SUPERSCRIPT), text.strip())
    text = unicodedata.normalize("NFKC", text).translate(SIGNS)
    return (
        "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
        .replace("**", "^")
        .replace("*", "x")
    )


def read_number(text: str) -> Asked:
    """Read a count such as 320.3M, 3.4 M, 603,134,720, 6.388e+05, 0.3 GFLOPs or 14.2 MB.

    The zeros at the end of a round number without a unit are not taken as given digits.
    >>> [r.holds(320_300_008) for r in read_number("320.3M").readings]
    [True, True, False, False]

    Raises CallError if it is no such number.
    """
    found = _matched(text)
    fraction, power, unit, word = found[2] or "", int(found[3] or 0), found[4].lower(), found[6] or ""
    whole = _ungrouped(found[1], power, text)
    kind, counted = _counts(word)
    if unit == "b" and not found[5] and not kind and len(whole) > 3:  # 25448 B; 3.86B are billions
        kind, counted, unit = "params", "bytes", ""
    digits, places, decimals = _significant(whole, fraction, power, unit)
    if not digits or places < 0 or abs(power) > LARGEST_POWER:
        raise CallError(f"NUMBER must be a whole count above 0, not '{text[:60]}'")
    make = _in_bytes if counted == "bytes" else _counted
    readings = make(digits, places, unit, 10 ** max(decimals, 0), word.lower().startswith("i"))
    return Asked(text.strip(), digits, len(str(digits)), digits * 10**places, tuple(readings), kind, counted)


def _matched(text: str) -> re.Match[str]:
    """The parts of a number, as NUMBER finds them; raises CallError where it is no number."""
    found = NUMBER.fullmatch(_plain(text)) if len(text) <= LONGEST else None
    if not found or sum(c.isdigit() for c in text) > MOST_DIGITS:
        raise CallError(
            f"NUMBER must be a count such as 320.3M, 3.4M, 6.388e+05 or 603134720, not '{text[:60]}'"
        )
    return found


def _ungrouped(whole: str, power: int, text: str) -> str:
    """The digits before the point, without what separates groups of them.

    Raises CallError where a comma does not separate groups of three.
    """
    if "," in whole and (power or not re.fullmatch(r"\d{1,3}(?:,\d{2,3})*,\d{3}\s*", whole)):
        raise CallError(
            f"the comma in NUMBER '{text[:60]}' does not separate groups of three digits",
            hint="a decimal point is written '.'",
        )
    return re.sub(r"[,_' ]", "", whole)


def _counts(word: str) -> tuple[str, str]:
    """The kind of figure and the unit that the word behind a number means; "" for what it leaves open."""
    known = (what for pattern, what in COUNTED.items() if re.fullmatch(pattern, word, re.IGNORECASE))
    return next(known, ("", "")) if word else ("", "")


def _significant(whole: str, fraction: str, power: int, unit: str) -> tuple[int, int, int]:
    """The significant digits as one whole number, the power of ten to multiply them by, and the number of
    decimals among them.
    """
    digits = int(whole + fraction or "0")
    places, decimals = power + 3 * UNITS[unit] - len(fraction), len(fraction)
    while places < 0 and digits and digits % 10 == 0:  # 327486720.0, as thop prints a float
        digits, places, decimals = digits // 10, places + 1, decimals - 1
    zeros = len(whole) - len(whole.rstrip("0"))
    if not unit and zeros >= 4 and not fraction and not power:  # 569000000 is 569 M
        digits, places = int(whole[:-zeros] or "0"), zeros
    return digits, places, decimals


def read_numbers(texts: Sequence[str]) -> list[Asked]:
    """Read the numbers of one printout; a word that stands alone is the unit of the number before it:
    `0.3 GFLOPs`.

    Raises CallError where one is no such number, or there are too many.
    """
    joined: list[str] = []
    for text in texts:
        if joined and re.fullmatch(r"[A-Za-z][A-Za-z -]*", text.strip()):
            joined[-1] += f" {text}"
        else:
            joined.append(text)
    if len(joined) > MOST_NUMBERS:
        raise CallError(
            f"{len(joined)} numbers are more than the {MOST_NUMBERS} of one printout that can be explained"
            " together"
        )
    return [read_number(text) for text in joined]


def _counted(digits: int, places: int, unit: str, per: int, binary: bool) -> list[Reading]:
    """The ways to read a count: rounded or cut off, in units of 1000 or of 1024."""
    readings = [Reading("", 0, 10**places, 1, True, digits)]
    if places:
        readings.append(Reading("digits cut off, not rounded", 1, 10**places, 1, False, digits))
    if UNITS[unit] > 1:
        scale, words = 1024 ** UNITS[unit], f"{unit.upper()} of {' x '.join(['1024'] * UNITS[unit])}"
        readings.append(Reading(words, 2, scale, per, True, digits))
        readings.append(Reading(f"{words}, digits cut off", 3, scale, per, False, digits))
    return readings


def _in_bytes(digits: int, places: int, unit: str, per: int, binary: bool) -> list[Reading]:
    """The ways to read the size of a file: by the type of its weights, with or without names and headers,
    in units of 1000 or of 1024.
    """
    units = [] if binary else [("", 0, 10**places, 1)]
    if UNITS[unit]:
        words = "" if binary else f", {unit.upper()}B of {' x '.join(['1024'] * UNITS[unit])}"
        units.append((words, 0 if binary else 1, 1024 ** UNITS[unit], per))
    found = []
    for name, width, points in DTYPES:
        for words, more, scale, over in units:
            exact = Reading(
                f"bytes of {name} weights{words}", points + more, scale, over * width, True, digits
            )
            found += [exact] if scale == 1 else []
            for headers, beside in ((HEADERS, 0), (HEADERS_H5, 2)) if width == 4 else ((HEADERS, 0),):
                text = (
                    f"a file of {name} weights, up to {headers:,} bytes a layer for names and headers{words}"
                )
                cost = exact.points + beside + (scale == 1)
                found.append(exact._replace(words=text, points=cost, slack=headers // width))
    return found
