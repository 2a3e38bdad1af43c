"""Which colours has a picture, by day and by night?

The colours of series are those of Okabe and Ito (2008), chosen so that people who see fewer colours tell them
apart; the first four of `SERIES` also differ in lightness, so that they survive a grey print.
"""

from __future__ import annotations

from collections.abc import Iterable

TONES = {
    "paper": ("#ffffff", "#0d1117"),
    "panel": ("#f3f5f8", "#1a2029"),
    "ink": ("#1b1f24", "#e6edf3"),
    "dim": ("#57606a", "#9da7b1"),
    "grid": ("#d8dde3", "#30363d"),
    "blue": ("#0072b2", "#0a7bc0"),
    "orange": ("#e69f00", "#e69f00"),
    "green": ("#009e73", "#009e73"),
    "vermillion": ("#d55e00", "#d55e00"),
    "sky": ("#56b4e9", "#56b4e9"),
    "purple": ("#cc79a7", "#cc79a7"),
    "yellow": ("#f0e442", "#f0e442"),
    "dark": ("#1b1f24", "#0d1117"),  # text on these, but blue
    # words on what passes and what fails
    "passes": ("#00704f", "#3fb68b"),
    "fails": ("#b34700", "#f0883e"),
    # from little to much: away from the colour of the paper
    "heat0": ("#eef5fb", "#14212e"),
    "heat1": ("#d3e5f4", "#16324a"),
    "heat2": ("#b2d2eb", "#184465"),
    "heat3": ("#8abbde", "#1a5781"),
    "heat4": ("#5fa1cf", "#226c9d"),
    "heat5": ("#2a79b0", "#3583b8"),
    "heat6": ("#15669e", "#569dce"),
    "heat7": ("#075488", "#80b8e0"),
    "heat8": ("#043d66", "#afd3ee"),
    "heat9": ("#032945", "#deeefa"),
    # text on each of them
    **{f"on{n}": ("#1b1f24", "#e6edf3") if n < 5 else ("#ffffff", "#0d1117") for n in range(10)},
}
"""The colour of everything that is drawn, by day and by night."""

SERIES = ("blue", "orange", "green", "yellow", "vermillion", "sky", "purple")
"""The tones of a first, second ... series."""
HEATS = 10
"""The steps from little to much, `heat0` to `heat9`."""


def heat(part: float) -> int:
    """The step of a part of the most, from 0 to 9.

    >>> heat(0), heat(0.55), heat(1)
    (0, 5, 9)
    """
    return min(max(int(part * HEATS), 0), HEATS - 1)


def page_tones() -> str:
    """The style sheet of a page that holds pictures: every tone as a variable (`--ink`), by day and by night,
    and what is drawn in it. A page is printed by day.
    """
    day, dark = (";".join(f"--{tone}:{colours[way]}" for tone, colours in TONES.items()) for way in (0, 1))
    drawn = "\n".join(f".f-{tone}{{fill:var(--{tone})}}.s-{tone}{{stroke:var(--{tone})}}" for tone in TONES)
    return f":root{{{day}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{drawn}"


def night(tones: Iterable[str]) -> str:
    """The style sheet of a picture: how the colours of these tones are by night.

    By day they are attributes of what is drawn, for programs that know no style sheets.
    """
    rules = [
        f".f-{tone}{{fill:{TONES[tone][1]}}}.s-{tone}{{stroke:{TONES[tone][1]}}}" for tone in sorted(tones)
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
