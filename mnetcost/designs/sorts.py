"""What may a value in a spec be? How each sort of field is read, and its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..engine.fields import ACTIVATIONS, CHOICES, LEARNED
from ..engine.rules import OUTPUT, ROLES
from ..engine.widths import ROUNDING
from ..records import NamedTuple

if TYPE_CHECKING:
    pass

LARGEST_COUNT = 1_000_000  # channels, classes; a wider network is a mistake
LARGEST_SIDE = 65_536
LARGEST_REPEAT = 1_000
LONGEST_LIST = 1_000


class Wrong(Exception):
    """A value is not what its key allows; the message completes the sentence "KEY must be ..."."""

    def __init__(self, must_be: str, hint: str = "") -> None:
        super().__init__(must_be)
        self.hint = hint


def whole(low: int, high: int) -> Callable[[Any, str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(value: Any, key: str) -> int:
        if value.__class__ is not int or not low <= value <= high:
            raise Wrong(f"a whole number from {low} to {high:,}")
        return int(value)

    return read


def number(low: float, high: float, above: bool) -> Callable[[Any, str], float]:
    """A reader of numbers up to `high`, from `low` on or only above it."""

    def read(value: Any, key: str) -> float:
        fits = value.__class__ in (int, float) and (low < value if above else low <= value) and value <= high
        if not fits:
            raise Wrong(
                f"a number {'above' if above else 'from'} {low:g}{' up' if above else ''} to {high:g}"
            )
        return value  # type: ignore[no-any-return]

    return read


def sized(low: int) -> Callable[[Any, str], Any]:
    """A reader of a size in pixels: one number for a square, or [height, width]."""
    one = whole(low, LARGEST_SIDE)

    def read(value: Any, key: str) -> Any:
        try:
            if value.__class__ is list and len(value) == 2:
                h, w = one(value[0], key), one(value[1], key)
                return h if h == w else (h, w)
            return one(value, key)
        except Wrong:
            raise Wrong(f"a whole number from {low} to {LARGEST_SIDE:,}, or [height, width]") from None

    return read


def read_ratios(value: Any, key: str) -> Any:
    """A number above 0, or [height, width] of such numbers."""
    one = number(0, 1000, above=True)
    try:
        if value.__class__ is list and len(value) == 2:
            return one(value[0], key), one(value[1], key)
        return one(value, key)
    except Wrong as e:
        raise Wrong(f"{e}, or [height, width] of such numbers") from None


CLASSES = r"classes( \* ([1-9][0-9]{0,2}))?|\(classes \+ ([1-9][0-9]{0,2})\) \* ([1-9][0-9]{0,2})"
"""As many channels as there are classes; for each of some default boxes; with more beside the classes."""


def read_resolution(value: Any, key: str) -> Any:
    """The input's size: one side, [height, width], or [depth, height, width] of a volume."""
    try:
        if value.__class__ is list and len(value) == 3:
            return tuple(whole(1, LARGEST_SIDE)(n, key) for n in value)
        return sized(1)(value, key)
    except Wrong:
        raise Wrong(
            f"a whole number from 1 to {LARGEST_SIDE:,}, or [height, width], or [depth, height, width]"
        ) from None


def read_three(low: int) -> Callable[[Any, str], Any]:
    """A reader of a size along three axes: one number, or [depth, height, width]."""
    one = whole(low, LARGEST_SIDE)

    def read(value: Any, key: str) -> Any:
        try:
            if value.__class__ is list and len(value) == 3:
                d, h, w = (one(n, key) for n in value)
                return d if d == h == w else (d, h, w)
            return one(value, key)
        except Wrong as e:
            raise Wrong(f"{e}, or [depth, height, width]") from None

    return read


def read_zeros3(value: Any, key: str) -> Any:
    """Zeros around a volume: one number, [d, h, w] or [front, back, top, bottom, left, right]."""
    if value.__class__ is list and len(value) == 6:
        return tuple(whole(0, LARGEST_SIDE)(n, key) for n in value)
    try:
        return read_three(0)(value, key)
    except Wrong as e:
        raise Wrong(f"{e}, or [front, back, top, bottom, left, right]") from None


def read_padding3(value: Any, key: str) -> Any:
    """A volume's padding by its name, or as numbers of zeros."""
    if isinstance(value, str) and value in PADDINGS:
        return value
    try:
        return read_zeros3(value, key)
    except Wrong as e:
        names = ", ".join(f'"{w}"' for w in PADDINGS)
        raise Wrong(f"{names}, {e}") from None


def read_width(value: Any, key: str) -> Any:
    """A number of channels, or of classes: "classes", "classes * 6", "(classes + 5) * 3"."""
    if value.__class__ is str and (value == "classes" or re.fullmatch(CLASSES, value)):
        return value
    try:
        return whole(1, LARGEST_COUNT)(value, key)
    except Wrong as e:
        raise Wrong(f'{e}, or "classes"') from None


def read_zeros(value: Any, key: str) -> Any:
    """Rows and columns of zeros: one number, [h, w] or [top, bottom, left, right]."""
    side = whole(0, LARGEST_SIDE)
    try:
        if value.__class__ is list and len(value) in (2, 4):
            return tuple(side(v, key) for v in value)
        return side(value, key)
    except Wrong as e:
        raise Wrong(f"{e}, [h, w] or [top, bottom, left, right]") from None


def read_padding(value: Any, key: str) -> Any:
    """A padding by its name, or as numbers of zeros."""
    if value in PADDINGS:
        return value
    try:
        return read_zeros(value, key)
    except Wrong as e:
        from .synonyms import meant

        like = meant(value, PADDINGS, "paddings") if isinstance(value, str) else None
        raise Wrong(
            ", ".join(f'"{w}"' for w in PADDINGS) + f", {e}", f"did you mean '{like}'?" if like else ""
        ) from None


def read_scale(value: Any, key: str) -> str:
    """How a width follows alpha: "scaled", "fixed" or "scaled from A"."""
    if isinstance(value, str) and (value in ("scaled", "fixed") or re.fullmatch(SCALE, value)):
        return value
    raise Wrong('"scaled", "fixed", or "scaled from A" with an alpha A up to 100')


def word(known: tuple[str, ...], called: str = "") -> Callable[[Any, str], str]:
    """A reader of one of the known words; `called` is what the error calls them."""

    def read(value: Any, key: str) -> str:
        if value not in known if isinstance(value, str) else True:
            from .synonyms import meant

            like = meant(value, known, "functions") if isinstance(value, str) else None
            hint = f"did you mean '{like}'?" if like else "it may be: " + ", ".join(known) if called else ""
            raise Wrong(called or "one of " + ", ".join(f'"{w}"' for w in known), hint)
        return str(value)

    return read


PADDINGS = ("same", "valid", "symmetric")
SCALE = r"scaled|fixed|scaled from (?!0+(\.0*)?$)([0-9]{1,2}(\.[0-9]{1,9})?|100)"


def read_choice(value: Any, key: str) -> str:
    """One of the words that the field of this key may be."""
    return word(CHOICES[key])(value, key)


def read_flag(value: Any, key: str) -> bool:
    """true or false."""
    if value.__class__ is not bool:
        raise Wrong("true or false")
    return bool(value)


def read_text(value: Any, key: str) -> str:
    """A text of up to 2,000 characters."""
    if not isinstance(value, str) or len(value) > 2000:
        raise Wrong("a text of up to 2,000 characters")
    return value


def read_name(value: Any, key: str) -> str:
    """A name of up to 200 characters."""
    if not isinstance(value, str) or not 0 < len(value) <= 200 or value != value.strip():
        raise Wrong("a name of 1 to 200 characters, without blanks around it")
    return value


def read_names(value: Any, key: str) -> tuple[str, ...]:
    """One name or a list of names, as a tuple."""
    if isinstance(value, list) and value and len(value) <= LONGEST_LIST:
        return tuple(read_name(v, key) for v in value)
    try:
        return (read_name(value, key),)
    except Wrong:
        raise Wrong("the name of a row, or a list of names") from None


def read_texts(value: Any, key: str) -> tuple[str, ...]:
    """A list of up to 100 texts."""
    if not isinstance(value, list) or len(value) > 100:
        raise Wrong("a list of texts")
    return tuple(read_text(v, key) for v in value)


def read_numbers(value: Any, key: str) -> tuple[float, ...]:
    """A list of numbers above 0, up to 100."""
    one = number(0, 100, above=True)
    if not isinstance(value, list) or not value or len(value) > LONGEST_LIST:
        raise Wrong("a list of numbers above 0")
    return tuple(one(v, key) for v in value)


def read_sides(value: Any, key: str) -> tuple[int, ...]:
    """A list of sizes in pixels."""
    one = whole(1, LARGEST_SIDE)
    if not isinstance(value, list) or not value or len(value) > LONGEST_LIST:
        raise Wrong("a list of sizes in pixels")
    return tuple(one(v, key) for v in value)


class Sort(NamedTuple):
    """A sort of value: the function that reads and checks one, and its JSON Schema."""

    read: Callable[[Any, str], Any]
    schema: dict[str, Any]


def _integers(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _side(low: int) -> dict[str, Any]:
    one = _integers(low, LARGEST_SIDE)
    return {"anyOf": [one, _several(one, 2, 2)]}


def _several(item: dict[str, Any], low: int, high: int) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": low, "maxItems": high}


_TEXT = {"type": "string", "maxLength": 2000}
_RATIO = {"type": "number", "exclusiveMinimum": 0, "maximum": 1000}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^\S([\s\S]*\S)?$"}
_ZEROS = [_integers(0, LARGEST_SIDE), *(_several(_integers(0, LARGEST_SIDE), n, n) for n in (2, 4))]
_ZEROS3 = [_integers(0, LARGEST_SIDE), *(_several(_integers(0, LARGEST_SIDE), n, n) for n in (3, 6))]

SORTS: dict[str, Sort] = {
    "Width": Sort(
        read_width,
        {"anyOf": [_integers(1, LARGEST_COUNT), {"type": "string", "pattern": f"^({CLASSES})$"}]},
    ),
    "Count": Sort(whole(1, LARGEST_COUNT), _integers(1, LARGEST_COUNT)),
    "Whole": Sort(whole(0, LARGEST_COUNT), _integers(0, LARGEST_COUNT)),
    "Repeat": Sort(whole(1, LARGEST_REPEAT), _integers(1, LARGEST_REPEAT)),
    "Size": Sort(sized(1), _side(1)),
    "Resolution": Sort(
        read_resolution, {"anyOf": [*_side(1)["anyOf"], _several(_integers(1, LARGEST_SIDE), 3, 3)]}
    ),
    "Size3": Sort(
        read_three(1), {"anyOf": [_integers(1, LARGEST_SIDE), _several(_integers(1, LARGEST_SIDE), 3, 3)]}
    ),
    "Whole3": Sort(
        read_three(0), {"anyOf": [_integers(0, LARGEST_SIDE), _several(_integers(0, LARGEST_SIDE), 3, 3)]}
    ),
    "Padding3": Sort(read_padding3, {"anyOf": [{"enum": list(PADDINGS)}, *_ZEROS3]}),
    "Zeros3": Sort(read_zeros3, {"anyOf": _ZEROS3}),
    "Flag": Sort(read_flag, {"type": "boolean"}),
    "Ratio": Sort(number(0, 1000, above=True), _RATIO),
    "Ratios": Sort(read_ratios, {"anyOf": [_RATIO, _several(_RATIO, 2, 2)]}),
    "Alpha": Sort(number(0, 100, above=True), {"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
    "Per": Sort(word(("row",)), {"enum": ["row"]}),
    "Row": Sort(read_name, _NAME),
    "Share": Sort(number(0, 1, above=False), {"type": "number", "minimum": 0, "maximum": 1}),
    "Part": Sort(number(0, 1, above=True), {"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
    "Padding": Sort(read_padding, {"anyOf": [{"enum": list(PADDINGS)}, *_ZEROS]}),
    "Zeros": Sort(read_zeros, {"anyOf": _ZEROS}),
    "Function": Sort(
        word((*ACTIVATIONS, *LEARNED), "an activation's name"), {"enum": [*ACTIVATIONS, *LEARNED]}
    ),
    "MaybeFunction": Sort(
        word((*ACTIVATIONS, *LEARNED, "none"), 'an activation\'s name or "none"'),
        {"enum": [*ACTIVATIONS, *LEARNED, "none"]},
    ),
    "Role": Sort(word((*ROLES, OUTPUT)), {"enum": [*ROLES, OUTPUT]}),
    "Scale": Sort(read_scale, {"type": "string", "pattern": f"^({SCALE})$"}),
    "Rounding": Sort(word(tuple(ROUNDING)), {"enum": list(ROUNDING)}),
    "Choice": Sort(read_choice, {"type": "string"}),
    "Text": Sort(read_text, _TEXT),
    "Texts": Sort(read_texts, _several(_TEXT, 0, 100)),
    "Name": Sort(read_name, _NAME),
    "Names": Sort(read_names, {"anyOf": [_NAME, _several(_NAME, 1, LONGEST_LIST)]}),
    "Numbers": Sort(
        read_numbers, _several({"type": "number", "exclusiveMinimum": 0, "maximum": 100}, 1, LONGEST_LIST)
    ),
    "Sides": Sort(read_sides, _several(_integers(1, LARGEST_SIDE), 1, LONGEST_LIST)),
}
"""How each sort named in an annotation is read and described."""


def sorts_of(cls: Any) -> Mapping[str, str]:
    """The fields of an op, a block or a rule table, each with the name of its sort."""
    found: Mapping[str, str] | None = getattr(cls, "sorts", None)  # of a block that is data
    return _annotated(cls) if found is None else found


@lru_cache(None)
def _annotated(cls: Any) -> Mapping[str, str]:
    return {name: getattr(kind, "__metadata__", (name,))[0] for name, kind in cls.__annotations__.items()}
