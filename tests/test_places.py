"""Is every key of a TOML file found on its own line?"""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mnetcost.designs.find import shipped_spec
from mnetcost.designs.places import line_of, lines, spelled
from mnetcost.designs.shipped import shipped

TEXT = '''a = 1           # line 1
"quoted.key" = """two
lines"""
b.c = 'x # no comment'
list = [
  1, { deep = [ "]" , 2 ] },

  # a comment
  3,
]
[table]
x = 1979-05-27T07:32:00Z
[table.inner]
y = { z = "}" }
[[rows]]
n = 1
[[rows]]
n = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("quoted.key",), 2),
        (("b", "c"), 4),
        (("list", 0), 6),
        (("list", 1, "deep", 1), 6),
        (("list", 2), 9),
        (("table", "x"), 12),
        (("table", "inner", "y", "z"), 14),
        (("rows", 0, "n"), 16),
        (("rows", 1, "n"), 18),
    ],
)
def test_a_key_is_found_on_its_line(path: tuple[Any, ...], line: int) -> None:
    """Strings over lines, comments, nested arrays, tables and arrays of tables."""
    assert lines(TEXT)[path] == line


def test_what_is_not_there_is_placed_at_what_is_around_it() -> None:
    """A missing key of rows[1] is placed at rows[1]."""
    assert line_of(lines(TEXT), ("rows", 1, "missing")) == 17
    assert line_of(lines(TEXT), ("nothing",)) == 0


def every_path(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all keys and items of parsed TOML."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += every_path(inner, (*path, key))
    if isinstance(value, list):
        for n, inner in enumerate(value):
            found += every_path(inner, (*path, n))
    return found


@pytest.mark.parametrize("design", shipped())
def test_every_key_of_every_shipped_spec_has_a_line_that_holds_it(design: str) -> None:
    """The scanner reads what tomllib reads, and the line it says has the key on it."""
    text = shipped_spec(design).text
    known, rows = lines(text), text.splitlines()
    paths = every_path(tomllib.loads(text))
    assert set(paths) == set(known)
    assert all(str(path[-1]) in rows[known[path] - 1] for path in paths if isinstance(path[-1], str))


def test_a_path_is_spelled_as_a_user_would() -> None:
    """layers[7].stride"""
    assert spelled(("layers", 7, "stride")) == "layers[7].stride"
