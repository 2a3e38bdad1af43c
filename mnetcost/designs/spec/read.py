"""How does a spec's text become a `Spec`? All its files are read, then every key is checked once."""

from __future__ import annotations

from typing import Any

from ..reading import Spot
from ..sorts import SORTS
from .choices import Choice, only_choice, read_choice
from .draft import Draft, ParentOf
from .language import SPACE_TOP_KEYS, TOP_KEYS, Vocabulary
from .rows import read_row
from .rules import read_rules
from .values import Block, Row, Spec
from .words import vocabulary


def read_spec(text: str, file: str, name: str, base: str | None, parent_of: ParentOf) -> Spec:
    """Read a spec's text, and what it extends.

    `base` is the path of the file, beside which a relative `extends` is looked for; `parent_of` finds
    the file and text of what it extends.

    Raises SpecError with every fault found: file, line, place, and the nearest right key.
    """
    draft = Draft(parent_of)
    draft.add(file, text, base)
    _check_complete(draft, file)
    choices = _choices(draft)
    sides = (
        choices["resolution"].values[0]
        if "resolution" in choices
        else _sides(_top_key(draft, "resolution", 1))
    )
    rules = read_rules(draft)
    words = vocabulary({})
    blocks = _blocks(draft, words)
    rows = {key: _rows(draft, key, words) for key in draft.rows}
    spec = Spec(
        name=name,
        title=_top_key(draft, "title", name),
        source=_top_key(draft, "source", ""),
        differs=_top_key(draft, "differs", ()),
        resolution=sides,
        channels=_top_key(draft, "channels", 3),
        classes=_top_key(draft, "classes", 1000),
        alphas=_top_key(draft, "alphas", (1.0,)),
        resolutions=_top_key(draft, "resolutions", (max(sides[-2:]),)),
        rules=rules,
        layers=rows["layers"],
        top=rows["top"],
        file=file,
        text=text,
        family=tuple(draft.family),
        blocks=blocks,
        choices=choices,
    )
    draft.reading.finish()
    return spec


def _check_complete(draft: Draft, file: str) -> None:
    """Check that the files have what no spec can do without; nothing to say where one could not be read."""
    if draft.complete and ("resolution",) not in draft.values:
        draft.reading.fault(Spot(file), "a spec must have 'resolution'")
    if draft.complete and not draft.rows["layers"]:
        draft.reading.fault(Spot(file), "a spec must have 'layers'")


def _top_key(draft: Draft, key: str, default: Any) -> Any:
    """Read a key of the top of the file."""
    return draft.read((key,), SORTS[TOP_KEYS[key]].read, default)


def _sides(size: Any) -> tuple[int, ...]:
    return size if isinstance(size, tuple) else (size, size)


def _choices(draft: Draft) -> dict[str, Choice]:
    """Read the choices of a space's whole designs: alpha, depth and the resolution."""
    readers: dict[str, Any] = {key: only_choice(sort) for key, sort in SPACE_TOP_KEYS.items()}
    size = draft.values.get(("resolution",))
    if size is not None and size.value.__class__ is dict:
        readers["resolution"] = read_choice(SORTS["Resolution"].read, "Resolution")
    found = {key: draft.read((key,), read, None) for key, read in readers.items()}
    if "resolution" in readers:
        values = found["resolution"].values if found["resolution"] else (1,)
        found["resolution"] = Choice(tuple(_sides(value) for value in values))
    return {key: choice for key, choice in found.items() if choice is not None}


def _blocks(draft: Draft, words: Vocabulary) -> dict[str, Block]:
    """Read the spec's own blocks, and add them to its words."""
    if not draft.blocks:
        return {}
    from .blocks import read_blocks

    return read_blocks(draft.blocks, words)


def _rows(draft: Draft, key: str, words: Vocabulary) -> tuple[Row, ...]:
    """Check every row of `layers` or `top`; a row that names no op is left out, and was a fault."""
    return tuple(row for table in draft.rows[key] if (row := read_row(table, words)) is not None)
