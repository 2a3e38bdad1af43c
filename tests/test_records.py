"""Is our `NamedTuple` that of `typing`, in all that it is used for?"""

from __future__ import annotations

import copy
import inspect
import pickle
import typing
from typing import Any

import pytest

from mnetcost.records import MAKERS, NamedTuple  # type: ignore[attr-defined]  # checkers see typing's


class Ours(NamedTuple):
    """A point."""

    x: int
    y: Any = 2
    z: int = 3

    @property
    def total(self) -> int:
        return self.x + self.y + self.z


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: Any = 2
    z: int = 3

    @property
    def total(self) -> int:
        return self.x + self.y + self.z


class Longer(Ours):
    """A class made of one of them."""

    def __repr__(self) -> str:
        return f"longer {super().__repr__()}"


USES = {
    "in order": lambda cls: tuple(cls(1, 5, 7)),
    "by name": lambda cls: tuple(cls(z=4, x=1)),
    "fields": lambda cls: (cls(1).x, cls(1).y, cls(1).z, cls(1)[2], cls(1).total),
    "equal": lambda cls: (cls(1) == (1, 2, 3), hash(cls(1)) == hash((1, 2, 3)), cls(1) < cls(2)),
    "class": lambda cls: (cls._fields, cls._field_defaults, cls.__match_args__, cls.__slots__, cls.__doc__),
    "annotations": lambda cls: typing.get_type_hints(cls),
    "signature": lambda cls: list(inspect.signature(cls).parameters),
    "replaced": lambda cls: tuple(cls(1)._replace(y=9)),
    "made": lambda cls: tuple(cls._make([4, 5, 6])),
    "as dict": lambda cls: cls(1)._asdict(),
    "pickled": lambda cls: pickle.loads(pickle.dumps(cls(1))) == cls(1),
    "copied": lambda cls: (copy.copy(cls(1)).__class__ is cls, copy.deepcopy(cls([1])) == cls([1])),
    "text": lambda cls: repr(cls(1)).replace(cls.__name__, ""),
    "tuple": lambda cls: (isinstance(cls(1), tuple), type(cls) is type, hasattr(cls(1), "__dict__")),
}
MISTAKES = {
    "too few": lambda cls: cls(),
    "too many": lambda cls: cls(1, 2, 3, 4),
    "unknown": lambda cls: cls(1, w=2),
    "twice": lambda cls: cls(1, x=2),
    "set": lambda cls: setattr(cls(1), "x", 2),
    "new": lambda cls: setattr(cls(1), "w", 2),
    "replaced unknown": lambda cls: cls(1)._replace(w=2),
    "made of too few": lambda cls: cls._make([1]),
}


@pytest.mark.parametrize("use", USES)
def test_it_does_what_that_of_typing_does(use: str) -> None:
    """The same values, fields, texts and copies."""
    assert USES[use](Ours) == USES[use](Theirs)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_refuses_what_that_of_typing_refuses(mistake: str) -> None:
    """An error in the same words, but for the class's name."""
    errors = (TypeError, ValueError, AttributeError)
    with pytest.raises(errors) as theirs:
        MISTAKES[mistake](Theirs)
    with pytest.raises(errors) as ours:
        MISTAKES[mistake](Ours)
    if mistake not in ("set", "new"):
        assert str(ours.value) == str(theirs.value).replace("Theirs", "Ours")


def test_a_class_of_one_is_its_class() -> None:
    """A subclass calls its methods, also with `super`."""
    assert repr(Longer(1)) == "longer Longer(x=1, y=2, z=3)"
    assert Longer(1)._replace(x=4) == (4, 2, 3)


def test_a_class_without_fields() -> None:
    """Ops such as an addition have none."""

    class Nothing(NamedTuple):
        """Nothing."""

    assert (Nothing(), Nothing._fields, repr(Nothing())) == ((), (), "Nothing()")


@pytest.mark.parametrize("count", range(len(MAKERS)))
def test_each_number_of_fields_is_in_order(count: int) -> None:
    """Up to twenty."""
    names = [f"field{n}" for n in range(count)]
    cls: Any = type(NamedTuple)("Made", (NamedTuple,), {"__annotations__": dict.fromkeys(names, int)})
    assert tuple(cls(*range(count))) == tuple(range(count))
    assert cls(**{name: n for n, name in enumerate(names)})._asdict() == {
        name: n for n, name in enumerate(names)
    }


def test_a_field_without_a_default_comes_first() -> None:
    """As in `typing`, though there it is a TypeError."""
    with pytest.raises(AssertionError, match="defaults come last"):

        class Wrong(NamedTuple):
            """Wrong."""

            x: int = 1
            y: int  # type: ignore[misc]
