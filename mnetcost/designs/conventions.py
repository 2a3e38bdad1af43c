"""Which counting conventions are shipped, and what does each say? Read from `specs/conventions/`."""

from __future__ import annotations

from functools import lru_cache

from ..engine.conventions import Convention
from ..errors import CallError, nearest
from .find import CONVENTIONS_FOLDER, specs_folder
from .spec import parse_toml, read_text_file

DEFAULT = "paper"


@lru_cache(None)
def convention_names() -> tuple[str, ...]:
    """Names of the shipped conventions, the default first."""
    names = sorted(p.stem for p in (specs_folder() / CONVENTIONS_FOLDER).glob("*.toml"))
    return (DEFAULT, *(n for n in names if n != DEFAULT))


@lru_cache(None)
def load_convention(name: str = DEFAULT) -> Convention:
    """Load a convention by its name.

    Raises CallError, with the nearest name, where there is none.
    """
    path = specs_folder() / CONVENTIONS_FOLDER / f"{name}.toml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        like = nearest(name, convention_names())
        raise CallError(
            f"there is no convention '{name[:60]}'",
            hint=f"did you mean '{like}'?" if like else "there are: " + ", ".join(convention_names()),
        )
    data = parse_toml(read_text_file(path), f"specs/{CONVENTIONS_FOLDER}/{name}.toml")
    return Convention(name, data["title"], data["source"], data["work"], data["params"], data["unit"])
