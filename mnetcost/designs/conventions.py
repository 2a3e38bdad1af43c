"""Which counting conventions are shipped, and what does each say? Strict reading of `specs/conventions/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from ..engine.conventions import UNITS, Convention
from ..engine.terms import BIASED, FOLDED, KEPT, PARAM_KINDS, WORK_KINDS, WRITTEN
from ..errors import CallError, Fault, SpecError, nearest, plain
from .files import read_text_file
from .places import KeyPath as Place
from .places import line_of, lines, spelled
from .reading import MOST_FAULTS, shown
from .shipped import CONVENTIONS_FOLDER, specs_folder
from .toml import parse_short

DEFAULT = "paper"
HEAVIEST = 1000  # what a tool weighs most is an exponential, 32
TEXTS = {"title": True, "source": True, "unit": True, "version": False, "rule": True}
"""The texts of a convention's file, and whether it must have them."""
KEYS = (*TEXTS, "float32", "rare", "unknown", "work", "params")


@lru_cache(None)
def convention_names() -> tuple[str, ...]:
    """Names of the shipped conventions, the default first."""
    names = sorted(p.stem for p in (specs_folder() / CONVENTIONS_FOLDER).glob("*.toml"))
    return (DEFAULT, *(n for n in names if n != DEFAULT))


@lru_cache(None)
def load_convention(name: str = DEFAULT) -> Convention:
    """Load a convention: a shipped name, or a .toml file of one's own.

    Raises CallError, with the nearest name, where there is none; SpecError where its file is wrong.
    """
    if name.endswith(".toml"):
        return read_convention(read_text_file(name), name, PurePath(name).stem)
    path = specs_folder() / CONVENTIONS_FOLDER / f"{name}.toml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        from .synonyms import did_you_mean

        raise CallError(
            f"there is no convention '{name[:60]}'", hint=did_you_mean(name, convention_names(), "convention")
        )
    return read_convention(read_text_file(path), f"specs/{CONVENTIONS_FOLDER}/{name}.toml", name)


def read_convention(text: str, file: str, name: str) -> Convention:
    """Read a convention's text.

    Raises SpecError with every fault found: file, line, place, and the nearest right key.
    """
    data, faults = parse_short(text, file), []

    def fault(place: Place, message: str, hint: str = "") -> None:
        faults.append(Fault(message, file, line_of(lines(text), place), spelled(place), hint))
        if len(faults) > MOST_FAULTS:
            raise SpecError(*faults, f"there are more than {MOST_FAULTS} mistakes")

    def unknown(place: Place, what: str, known: Iterable[str]) -> None:
        fault(place, f"{what} '{place[-1]}'", _like(str(place[-1]), known))

    def weights(table: str, kinds: tuple[str, ...]) -> Mapping[str, Any]:
        given = data.get(table, {})
        if not isinstance(given, dict) or not given:
            fault((table,), f"a convention needs a table [{table}] of weights")
            return {}
        for key, value in given.items():
            kind, _, _ = key.partition(" as ")[0].partition(".")
            written = key.partition(" as ")[2]
            if kind not in kinds:
                unknown((table, key), f"there is no kind of {table}", kinds)
            elif written and written not in WAYS:
                unknown((table, key), "nothing is written as", WAYS)
            elif isinstance(value, dict) and table == "work" and value:
                for unit, n in value.items():
                    if unit not in UNITS:
                        unknown((table, key, unit), "there is no unit", UNITS)
                    elif n.__class__ is not int or not -HEAVIEST <= n <= HEAVIEST:
                        fault(
                            (table, key, unit),
                            f"a weight must be a whole number up to {HEAVIEST:,}, not {shown(n)}",
                        )
            elif value.__class__ is not int or not 0 <= value <= HEAVIEST:
                fault(
                    (table, key),
                    f"a weight must be a whole number from 0 to {HEAVIEST:,}, not {shown(value)}",
                )
        return given

    for key in data:
        if key not in KEYS:
            unknown((key,), "a convention has no key", KEYS)
    for key, needed in TEXTS.items():
        if not isinstance(data.get(key, "" if not needed else None), str):
            fault((key,), f"a convention must say its '{key}', a text")
    for key in ("float32", "rare"):
        if data.get(key, False).__class__ is not bool:
            fault((key,), f"'{key}' must be true or false, not {shown(data[key])}")
    unsure = data.get("unknown", [])
    if not isinstance(unsure, list) or not all(isinstance(key, str) for key in unsure):
        fault(("unknown",), f"'unknown' must be a list of kinds of work, not {shown(unsure)}")
        unsure = []
    for key in unsure:
        if key.partition(".")[0] not in (*WORK_KINDS, FOLDED):
            fault(
                ("unknown",),
                f"there is no kind of work '{plain(key)[:60]}'",
                _like(key, (*WORK_KINDS, FOLDED)),
            )
    work, params = weights("work", WORK_KINDS), weights("params", PARAM_KINDS)
    if faults:
        raise SpecError(*sorted(faults, key=lambda f: f.line))
    rule = " ".join(data["rule"].split())
    texts = (name, data["title"], data["source"], work, params, data["unit"], data.get("version", ""), rule)
    return Convention(*texts, data.get("float32", False), data.get("rare", False), tuple(unsure))


def _like(word: str, known: Iterable[str]) -> str:
    like = nearest(word, known)
    return f"did you mean '{like}'?" if like else "it may be: " + ", ".join(known)


WAYS = tuple(dict.fromkeys(word for words in WRITTEN.values() for word in (*words[1:], BIASED, KEPT)))
