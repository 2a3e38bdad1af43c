"""Where is a design? Shipped names, files, and the nearest name when there is none."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from ..errors import Fault, SpecError, nearest
from .files import is_file, read_text_file, stem
from .readers import READ
from .shipped import shipped, shipped_spaces, spec_path, specs_folder
from .spec import Spec, read_spec

SMALLEST_SIDE = 8  # a smaller number behind a colon is a width multiplier, a larger one a size in pixels


def like(name: str) -> str:
    """Return the shipped design or space whose name or alias a misspelt name is nearest to; "" for none."""
    from .aliases import aliases, fold

    own = (*shipped(), *shipped_spaces())
    known = {**{fold(one): one for one in own}, **aliases().names}
    longer = [one for one in own if one.startswith(f"{name}-")]
    only = longer[0] if len(longer) == 1 else ""
    return known.get(nearest(fold(name), known, 0.8) or "", "") or nearest(name, own) or only


def unknown_design(name: str) -> SpecError:
    """Return the error for a design that is neither shipped nor a file, with the nearest name as its hint."""
    from glob import glob

    from .contents import named

    if name and "\0" not in name and (found := named(name)):
        if os.path.isdir(name):
            return SpecError(Fault(f"is {found.with_article}", name, hint=f"{found.hint}; {READ}"))
        if not os.path.exists(name):
            return SpecError(Fault("no such file", name, hint=READ))
    head, _, tail = name.rpartition(":")
    if head and re.fullmatch(r"\d{1,4}(\.\d{1,4})?(x\d{1,4})?", tail, re.ASCII):
        setting = "alpha" if "x" not in tail and float(tail) < SMALLEST_SIDE else "resolution"
        return SpecError(
            Fault(f"there is no design '{name}'", hint=f"a setting has a name: {head}:{setting}={tail}")
        )
    near = like(name) or nearest(name, sorted(glob("*.toml"))[:1000])
    listed = "`mnetcost list` shows the shipped designs, `mnetcost space list` the spaces of designs"
    hint = f"did you mean '{near}'?" if near else f"{listed}; {READ}"
    return SpecError(Fault(f"there is no design '{name}'", hint=hint))


def parent_of(name: str, base: str | None) -> tuple[str, str]:
    """Find what a spec extends: a shipped name, or a .toml file beside it. Return its file and text."""
    if name.endswith(".toml"):
        path = plain(os.path.join(os.path.dirname(base or ""), name))
    elif found := spec_path(name):
        path = found
    else:
        raise unknown_design(name)
    return path, read_text_file(path)


def plain(path: str) -> str:
    """Return a path without its `..`, so that a file has one name; behind a link it may be another file,
    and the path stays as it is.
    """
    short = os.path.normpath(path)
    return short if is_file(path) and is_file(short) and os.path.samefile(short, path) else path


@lru_cache(256)
def shipped_spec(name: str) -> Spec:
    """Read a shipped design by its name."""
    path = spec_path(name)
    if not path:
        raise unknown_design(name)
    file = f"specs/{os.path.relpath(path, specs_folder()).replace(os.sep, '/')}"
    return read_spec(read_text_file(path), file, name, path, parent_of)


def spec_file(path: str) -> Spec:
    """Read a user's spec; its name is the file's name without the suffix."""
    return read_spec(read_text_file(path), path, stem(path), path, parent_of)
