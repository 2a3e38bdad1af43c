"""Which counting conventions are shipped, and what does each say? Strict reading of `specs/conventions/`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..engine.conventions import UNITS, Convention
from ..engine.terms import BIASED, FOLDED, KEPT, PARAM_KINDS, WORK_KINDS, WRITTEN
from ..errors import CallError, plain
from .files import is_file, read_text_file, stem
from .reading import Reading, Spot, Table, shown
from .shipped import CONVENTIONS_FOLDER, names_in, shipped_file
from .sorts import Wrong, read_flag
from .toml import parse_short

DEFAULT = "paper"
HEAVIEST = 1000  # what a tool weighs most is an exponential, 32
TEXTS = {"title": True, "source": True, "unit": True, "version": False, "rule": True}
"""The texts of a convention's file, and whether it must have them."""
FLAGS = ("float32", "rare")
KEYS = (*TEXTS, *FLAGS, "unknown", "work", "params")
WRITTEN_AS = tuple(dict.fromkeys(word for words in WRITTEN.values() for word in (*words[1:], BIASED, KEPT)))
"""What may stand behind a kind's " as ": how the file has written what is counted."""


@lru_cache(None)
def convention_names() -> tuple[str, ...]:
    """Names of the shipped conventions, the default first."""
    return (DEFAULT, *(n for n in names_in(CONVENTIONS_FOLDER) if n != DEFAULT))


@lru_cache(None)
def load_convention(name: str = DEFAULT) -> Convention:
    """Load a convention: a shipped name, or a .toml file.

    Raises CallError, with the nearest name, where there is none; SpecError where its file is wrong.
    """
    if name.endswith(".toml"):
        return read_convention(read_text_file(name), name, stem(name))
    path = shipped_file(CONVENTIONS_FOLDER, f"{name}.toml")
    if not name.replace("-", "").isalnum() or not is_file(path):
        from .synonyms import did_you_mean

        raise CallError(
            f"there is no convention '{name[:60]}'", hint=did_you_mean(name, convention_names(), "convention")
        )
    return read_convention(read_text_file(path), f"specs/{CONVENTIONS_FOLDER}/{name}.toml", name)


def read_convention(text: str, file: str, name: str) -> Convention:
    """Read a convention's text.

    Raises SpecError with every fault found: file, line, place, and the nearest right key.
    """
    reading = Reading()
    reading.texts[file] = text
    table = Table(reading, Spot(file), parse_short(text, file))
    table.only(KEYS, "a convention")
    for key, needed in TEXTS.items():
        if not isinstance(table.values.get(key, None if needed else ""), str):
            table.fault(f"a convention must have '{key}', a text", key=key)
    flags = {key: table.read(key, read_flag, False) for key in FLAGS}
    unsure = table.read("unknown", _kinds, [])
    for kind in unsure:
        if kind.partition(".")[0] not in (*WORK_KINDS, FOLDED):
            reading.unknown(
                table.at("unknown"),
                f"there is no kind of work '{plain(kind)[:60]}'",
                (*WORK_KINDS, FOLDED),
                kind,
            )
    work, params = _weights(table, "work", WORK_KINDS), _weights(table, "params", PARAM_KINDS)
    reading.finish()
    given = table.values
    return Convention(
        name,
        given["title"],
        given["source"],
        work,
        params,
        given["unit"],
        given.get("version", ""),
        " ".join(given["rule"].split()),
        flags["float32"],
        flags["rare"],
        tuple(unsure),
    )


def _kinds(value: Any, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise Wrong("a list of kinds of work")
    return value


def _weight(low: int) -> Callable[[Any, str], int]:
    """A reader of a weight: a whole number from `low` to `HEAVIEST`."""
    allowed = f"from {low} to {HEAVIEST:,}" if low == 0 else f"up to {HEAVIEST:,}"

    def read(value: Any, key: str) -> int:
        if value.__class__ is not int or not low <= value <= HEAVIEST:
            raise CallError(f"a weight must be a whole number {allowed}, not {shown(value)}")
        return int(value)

    return read


def _weights(convention: Table, of: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    """The table [work] or [params]: kinds, each with a weight, or with one for each unit of work."""
    missing = f"a convention needs a table [{of}] of weights"
    if convention.values.get(of) == {} or of not in convention.values:
        convention.fault(missing, key=of)
    table = convention.inner(of, missing)
    for key, value in table.values.items():
        kind, _, written = key.partition(" as ")
        if kind.partition(".")[0] not in kinds:
            table.unknown(key, f"there is no kind of {of}", kinds)
        elif written and written not in WRITTEN_AS:
            table.unknown(key, "nothing is written as", WRITTEN_AS)
        elif isinstance(value, dict) and of == "work" and value:
            units = table.inner(key, "")
            for unit in units.values:
                if unit not in UNITS:
                    units.unknown(unit, "there is no unit", UNITS)
                else:
                    units.read(unit, _weight(-HEAVIEST))
        else:
            table.read(key, _weight(0))
    return table.values
