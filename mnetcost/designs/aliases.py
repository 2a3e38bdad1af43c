"""Which design does another name mean?

The names of frameworks, papers and people, from `specs/aliases.toml`, however they are spelled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache

from ..errors import CallError
from ..records import NamedTuple
from .files import read_bytes
from .shipped import ALIASES, LONGEST_NAME, is_shipped, shipped, shipped_file

LARGEST_TABLE = 1 << 16  # bytes
TAG = re.compile(r"\.\w+_in\d+k\w*$", re.ASCII)
"""The suffix that timm adds to a name for its weights: "mobilenetv2_100.ra_in1k"."""
WORDS = re.compile(r"[A-Za-z0-9]+\+?(?:[-_ ./][A-Za-z0-9]+\+?)*")
"""The form of an alias, which excludes paths such as "../v2"."""
SEPARATORS = "[-_ ./]*"
SPELLED = {
    "alpha": r"(?P<alpha>\d[._]\d+)",
    "percent": r"(?P<percent>\d{3})",
    "resolution": r"(?P<resolution>\d{2,4})",
}
"""The pattern of each setting that an alias may hold."""


class Aliases(NamedTuple):
    """The table: designs by the folded form of their names, patterns with settings in them, and names
    that several networks share.
    """

    names: Mapping[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    several: Mapping[str, tuple[str, ...]]
    written: Mapping[str, tuple[str, ...]]  # a design's aliases as the table has them


def fold(name: str) -> str:
    """Return a name in lower case, without separators.

    >>> fold("MobileNet_V3-Large")
    'mobilenetv3large'
    """
    return re.sub("[-_ ./]", "", name.lower())


def _pattern(alias: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", alias)
    spelled = [
        SPELLED[p] if n % 2 else SEPARATORS.join(fold(p)) or ("[-_ ./]" if p else "")
        for n, p in enumerate(parts)
    ]
    return re.compile(SEPARATORS.join(s for s in spelled if s), re.IGNORECASE | re.ASCII)


@lru_cache(None)
def aliases() -> Aliases:
    """Read the table of aliases; a name that stands for two designs fails an assertion."""
    data = tomllib.loads(read_bytes(shipped_file(ALIASES), LARGEST_TABLE).decode())
    names: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}

    def give(name: str, design: str) -> None:
        assert names.setdefault(fold(name), design) == design, f"{name}: {names[fold(name)]} or {design}"

    plain = [(n, d) for d, them in data["names"].items() for n in them if "{" not in n] + [
        (n, n) for n in shipped()
    ]
    for name, design in plain:
        give(name, design)
    for name, designs in data["several"].items():
        several[fold(name)] = tuple(designs)
    for folder, prefixes in data["prefixes"].items():
        for prefix in prefixes:
            for name, design in plain:
                if is_shipped(f"{folder}/{design}"):
                    give(f"{prefix}/{name}", f"{folder}/{design}")
                elif design in data["shared"].get(folder, ()):
                    give(f"{prefix}/{name}", design)
            for name, designs in data["several"].items():
                if all(is_shipped(f"{folder}/{d}") for d in designs):
                    several[fold(f"{prefix}/{name}")] = tuple(f"{folder}/{d}" for d in designs)
    found = []
    for design, them in data["names"].items():
        of = {design.partition("/")[0], *(f for f, shared in data["shared"].items() if design in shared)}
        prefixes = ["", *(p for folder in data["prefixes"] if folder in of for p in data["prefixes"][folder])]
        found += [
            (_pattern(f"{p}/{name}" if p else name), design) for name in them if "{" in name for p in prefixes
        ]
    return Aliases(names, tuple(found), several, {d: tuple(them) for d, them in data["names"].items()})


def resolve(name: str) -> tuple[str, str]:
    """Return the design that an alias stands for, and the settings within the alias; ("", "") for no alias.

    >>> resolve("MobileNetV2"), resolve("mobilenetv2_140")
    (('v2', ''), ('timm/v2', 'alpha=1.4'))

    Raises CallError, naming them, for a name that several networks share.
    """
    if len(name) > LONGEST_NAME or not WORDS.fullmatch(name):
        return "", ""
    name = TAG.sub("", name)
    table, key = aliases(), fold(name)
    if key in table.names:
        return table.names[key], ""
    if key in table.several:
        them = table.several[key]
        raise CallError(
            f"'{name}' names {len(them)} designs: {' and '.join(them)}",
            hint=f"write '{them[0]}' or '{them[1]}'",
        )
    for pattern, design in table.patterns:
        if found := pattern.fullmatch(name):
            return design, ",".join(_setting(k, v) for k, v in found.groupdict().items())
    return "", ""


def sharing(name: str) -> tuple[str, ...]:
    """Return the shipped designs that share a name, v3-large and v3-small for "v3"; () for any other name."""
    return aliases().several.get(fold(name), ())


def _setting(key: str, text: str) -> str:
    """Write a setting found in a name as it is written behind a colon.

    >>> _setting("percent", "075"), _setting("alpha", "1_0")
    ('alpha=0.75', 'alpha=1.0')
    """
    if key == "percent":
        return f"alpha={int(text) / 100:g}"
    return f"{key}={text.replace('_', '.')}"
