"""Which known word did a user mean?

First by meaning, from `specs/words.toml`, then by spelling. Only hints of errors need this.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ..errors import nearest
from .files import read_bytes
from .shipped import WORDS, shipped_file

LARGEST_TABLE = 1 << 17  # bytes
LONGEST_WORD = 100
BEFORE = re.compile(r"^(torchnn|tfnn|tfkeraslayers|keraslayers|keras|layers|nn|tf|torch|op)(?=.{2})")
BEHIND = re.compile(r"(?<=..)(2d|layer|op|v[23])$")


def fold(word: str) -> str:
    """Return a word in lower case, without separators and the prefixes and suffixes of frameworks.

    >>> fold("nn.Conv_Transpose2d"), fold("BatchNormalization")
    ('convtranspose', 'batchnormalization')
    """
    text = re.sub("[-_ ./:]", "", word.lower())
    return BEHIND.sub("", BEFORE.sub("", text))


@lru_cache(None)
def table() -> Mapping[str, Mapping[str, list[str]]]:
    """Read `specs/words.toml`: in every section our words, each with its synonyms."""
    return tomllib.loads(read_bytes(shipped_file(WORDS), LARGEST_TABLE).decode())


@lru_cache(None)
def section(name: str) -> Mapping[str, tuple[str, ...]]:
    """Invert a section: from a folded synonym to the words of ours it may mean, in the table's order."""
    found: dict[str, tuple[str, ...]] = {}
    for ours, them in table().get(name, {}).items():
        for word in them:
            found[fold(word)] = (*found.get(fold(word), ()), ours)
    return found


def means(word: object, name: str, known: Iterable[str] | None = None) -> str | None:
    """Return the word that a synonym means in a section, one of `known` if they are given; else None."""
    if not isinstance(word, str) or len(word) > LONGEST_WORD:
        return None
    known = None if known is None else list(known)
    for ours in known or ():
        if fold(ours) == fold(word):
            return ours
    return next((ours for ours in section(name).get(fold(word), ()) if known is None or ours in known), None)


def meant(word: object, known: Iterable[str], name: str) -> str | None:
    """Return the one of `known` that a word means or is nearest to in spelling; None if nothing is near."""
    known = list(known)
    if found := means(word, name, known):
        return found
    if near := nearest(str(word), known, 0.75):
        return near
    words = {
        w: ours[0]
        for w, theirs in section(name).items()
        if (ours := [o for o in theirs if o in known]) and len(w) > 2
    }
    return words.get(nearest(fold(str(word)), words, 0.8) or "") or nearest(str(word), known)


def did_you_mean(word: object, known: Iterable[str], name: str) -> str:
    """Return a hint for an unknown word: the known one that was probably meant, or all known ones."""
    known = list(known)
    like = meant(word, known, name)
    return f"did you mean '{like}'?" if like else "it may be: " + ", ".join(known)


def op_hint(word: object, ops: Iterable[str], functions: Iterable[str]) -> str:
    """Return a hint for an unknown op: the op that was meant, how it is written, or why there is none."""
    ops = list(ops)
    if found := means(word, "ops", ops):
        return f"did you mean '{found}'?"
    if (found := means(word, "ops")) and found.partition(" ")[0] in ops:
        return f"write {found}"
    if why := means(word, "missing"):
        there = [op for op in ops if fold(op) in map(fold, table()["missing"][why])]
        return f"did you mean '{there[0]}'?" if there else why
    if function := means(word, "functions", functions):
        return f"did you mean 'activation' with function = \"{function}\"?"
    if near := nearest(fold(str(word)), section("missing"), 0.85):
        return section("missing")[near][0]
    return did_you_mean(word, ops, "ops")


def key_hint(word: str, known: Iterable[str], elsewhere: Mapping[str, Iterable[str]]) -> str:
    """Return a hint for a key that an op does not take: the key that was meant, the ops that take it, or all
    keys of this op.

    elsewhere: the keys of every op.
    """
    known = list(known)
    if (found := means(word, "keys", known)) or (found := nearest(word, known, 0.75)):
        return f"did you mean '{found}'?"
    for ours in (word, *section("keys").get(fold(word), ())):
        if takers := [op for op, keys in elsewhere.items() if ours in keys]:
            return f"'{ours}' is a key of {', '.join(takers[:6])}{', ...' if len(takers) > 6 else ''}"
    return did_you_mean(word, known, "keys")
