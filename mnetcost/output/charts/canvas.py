"""How is a picture written as SVG? Shapes and texts in tones, escaped, with a title, the same every time."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ...errors import plain
from ..layout import cells
from .theme import TONES, night

WIDTH = 900
"""The width of a chart, in pixels at which its text is at least `SMALL` high."""
EDGE = 20
"""Pixels around what is drawn."""
SMALL, MIDDLE, LARGE = 12, 14, 18
"""Sizes of text."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif"
LONGEST = 300
"""Letters of a name; those in the middle of a longer one are not looked at."""
BOLD = 1.15
"""How much wider bold text is than plain text."""
SLIM, BROAD = frozenset("fijlrtI.,:;'|!()[]/\\ "), frozenset("mwMW@%<>=+~#^")


def measure(text: str, size: float = SMALL) -> float:
    """About how wide a text is, in pixels, in whatever font a reader has; rather too much than too little.

    >>> measure("mobile"), measure("网络")
    (40.2, 24.0)
    """
    return round(sum(map(_ems, text)) * size, 1)


def _ems(letter: str) -> float:
    """The width of a letter, as a part of the size of the text."""
    if letter in SLIM:
        return 0.34
    if letter in BROAD:
        return 0.93
    if letter.isupper():
        return 0.7
    if letter.isdigit():
        return 0.62
    return 0.58 if letter.isascii() else 0.5 * max(cells(letter), 1)


def fitted(text: str, width: float, size: float = SMALL) -> str:
    """A text cut to a width, with … for what is left out of its middle; the end tells layers apart.

    >>> fitted("bottleneck 2/1/expand", 80)
    'bottl…expand'
    """
    text = plain(text)
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + text[-LONGEST // 2 :]
    if measure(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head = kept // 2
        short = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if measure(short, size) <= width:
            return short
    return "…"


def broken(text: str, width: float, most: int) -> list[str]:
    """A text as at most so many lines of a width, parted at blanks; of what is longer the last line is cut.

    >>> broken("multiply-adds and trainable parameters", 120, 3)
    ['multiply-adds and', 'trainable', 'parameters']
    """
    lines = [""]
    for word in plain(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(lines) == most or measure(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fitted(line, width) for line in lines]


def number(value: float) -> str:
    """A length or a place, to two decimals, without needless digits.

    >>> number(12), number(0.504), number(-0.001)
    ('12', '0.5', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def clean(text: str) -> str:
    """A text as it may stand in XML, in an attribute too: names are data, whatever is in them."""
    return escape("".join(c for c in plain(text) if c not in "\ufffe\uffff"), quote=True)


class Canvas:
    """A picture to draw on, from the top left corner, in pixels.

    `svg()` is the whole of it, `body` what is on it. Colours are tones of `theme.TONES`.
    """

    def __init__(self, title: str, about: str, height: float = 0, width: float = WIDTH) -> None:
        self.title, self.about, self.height, self.width = title, about, height, width
        self.parts: list[str] = []
        self.tones: set[str] = {"paper", "ink"}

    def fill(self, tone: str) -> str:
        """The attributes of what is filled with a tone."""
        self.tones.add(tone)
        return f'class="f-{tone}" fill="{TONES[tone][0]}"'

    def line_of(self, tone: str, width: float = 1, dashes: str = "") -> str:
        """The attributes of a line of a tone."""
        self.tones.add(tone)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        return (
            f'class="s-{tone}" fill="none" stroke="{TONES[tone][0]}" stroke-width="{number(width)}"{dashed}'
        )

    def add(self, element: str, attributes: str, text: str = "", hover: str = "") -> None:
        """One element: its attributes as written, the text in it, and what is shown when one points at it."""
        inner = (f"<title>{clean(hover)}</title>" if hover else "") + text
        self.parts.append(
            f"<{element} {attributes}>{inner}</{element}>" if inner else f"<{element} {attributes}/>"
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        tone: str = "ink",
        size: float = SMALL,
        anchor: str = "start",
        bold: bool = False,
        hover: str = "",
        turn: float = 0,
    ) -> None:
        """A text whose base line is at y, beginning at x, or with its "middle" or "end" there; turn: by so
        many degrees around that point.
        """
        at = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}" {self.fill(tone)}'
        at += f' text-anchor="{anchor}"' if anchor != "start" else ""
        at += ' font-weight="600"' if bold else ""
        at += f' transform="rotate({number(turn)} {number(x)} {number(y)})"' if turn else ""
        self.add("text", at, clean(text), hover)

    def name(
        self,
        x: float,
        y: float,
        name: str,
        room: float,
        tone: str = "ink",
        size: float = SMALL,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """A name, cut to the room that there is; the whole of it is shown when one points at it."""
        shown = fitted(name, room / (BOLD if bold else 1), size)
        self.text(x, y, shown, tone, size, anchor, bold, hover="" if shown == plain(name) else name)

    def rect(
        self, x: float, y: float, width: float, height: float, tone: str, hover: str = "", edge: str = ""
    ) -> None:
        """A rectangle filled with a tone; edge: the tone of a line around it."""
        at = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        look = self.fill(tone)
        if edge:
            self.tones.add(edge)
            look = look.replace('" fill', f' s-{edge}" fill') + f' stroke="{TONES[edge][0]}"'
        self.add("rect", f"{at} {look}", hover=hover)

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        tone: str = "grid",
        width: float = 1,
        dashes: str = "",
    ) -> None:
        """A straight line."""
        ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
        self.add("line", f"{ends} {self.line_of(tone, width, dashes)}")

    def path(self, steps: str, tone: str, width: float = 1.5, dashes: str = "", hover: str = "") -> None:
        """A line along a path, in the words of SVG."""
        self.add("path", f'd="{steps}" {self.line_of(tone, width, dashes)}', hover=hover)

    def area(self, steps: str, tone: str, hover: str = "") -> None:
        """What a path encloses, filled."""
        self.add("path", f'd="{steps}" {self.fill(tone)}', hover=hover)

    def circle(self, x: float, y: float, radius: float, tone: str, hover: str = "") -> None:
        """A dot, with a thin line of the paper's colour around it."""
        at = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        look = self.fill(tone).replace('" fill', ' s-paper" fill')
        self.add("circle", f'{at} {look} stroke="{TONES["paper"][0]}"', hover=hover)

    def heading(self, under: str = "") -> float:
        """Write the title, and a line under it; returns where the space beneath them begins."""
        self.name(20, 32, self.title, self.width - 40, size=LARGE, bold=True)
        if under:
            self.name(20, 54, under, self.width - 40, "dim", MIDDLE - 1)
        return 74 if under else 52

    @property
    def body(self) -> str:
        """Everything on it, an element a line."""
        return "\n".join(self.parts)

    def svg(self, alone: bool = True) -> str:
        """The picture as one element; alone: as a file of its own, with its colours by night."""
        size = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        own = (
            f'xmlns="http://www.w3.org/2000/svg" width="{number(self.width)}" height="{number(self.height)}" '
        )
        style = f"<style>{night(self.tones)}</style>\n" if alone else ""
        named = f'role="img" aria-label="{clean(self.title)}" font-family="{FONT}"'
        about = f"<title>{clean(self.title)}</title>\n<desc>{clean(self.about)}</desc>"
        paper = f'<rect width="100%" height="100%" class="f-paper" fill="{TONES["paper"][0]}"/>'
        head = f"<svg {own if alone else ''}{size} {named}>\n{about}"
        return f"{head}\n{style}{paper}\n{self.body}\n</svg>\n"


def stacked(canvases: Iterable[Canvas]) -> Canvas:
    """Pictures beneath each other, as one; the same picture where there is one."""
    first, *rest = canvases
    if not rest:
        return first
    whole = Canvas(
        first.title, " ".join(c.about for c in (first, *rest)), width=max(c.width for c in (first, *rest))
    )
    for canvas in (first, *rest):
        whole.parts.append(f'<g transform="translate(0 {number(whole.height)})">\n{canvas.body}\n</g>')
        whole.height += canvas.height
        whole.tones |= canvas.tones
    return whole
