"""How does a class become a frozen tuple with named fields? `NamedTuple`, defined in a seventh of the time.

`typing.NamedTuple` compiles a function for each class, and an expression for each annotation. There are about
a hundred classes on the way to any answer, which was a fifth of a whole call. Here a class gets a copy of a
function compiled beforehand, with its own names, and annotations stay as they are. Type checkers see
`typing.NamedTuple`, and in use both are alike: `tests/test_records.py` compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from collections import _tuplegetter

    new = tuple.__new__
    MAKERS = (
        lambda c: new(c, ()),
        lambda c, f1: new(c, (f1,)),
        lambda c, f1, f2: new(c, (f1, f2)),
        lambda c, f1, f2, f3: new(c, (f1, f2, f3)),
        lambda c, f1, f2, f3, f4: new(c, (f1, f2, f3, f4)),
        lambda c, f1, f2, f3, f4, f5: new(c, (f1, f2, f3, f4, f5)),
        lambda c, f1, f2, f3, f4, f5, f6: new(c, (f1, f2, f3, f4, f5, f6)),
        lambda c, f1, f2, f3, f4, f5, f6, f7: new(c, (f1, f2, f3, f4, f5, f6, f7)),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8: new(c, (f1, f2, f3, f4, f5, f6, f7, f8)),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9: new(c, (f1, f2, f3, f4, f5, f6, f7, f8, f9)),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10: new(c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10)),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19: new(
            c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19)
        ),
        lambda c, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20: (
            new(
                c, (f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20)
            )
        ),
    )
    """Functions that make a tuple of so many fields; `named` copies one with the names of a class."""

    def named(name: str, fields: tuple[str, ...], defaults: dict[str, Any]) -> Any:
        """Return the `__new__` of a class with these fields."""
        maker = MAKERS[len(fields)]
        names: Any = {
            "co_name": "__new__",
            "co_qualname": f"{name}.__new__",
            "co_varnames": ("_cls", *fields),
        }
        code = maker.__code__.replace(**names)
        return type(maker)(code, maker.__globals__, "__new__", tuple(defaults.values()))

    def annotated(namespace: dict[str, Any]) -> tuple[str, ...]:
        """The names that a class body annotates, in order."""
        # from Python 3.14 on a body that does not postpone them holds a function that evaluates them
        ask = namespace.get("__annotate_func__") or namespace.get("__annotate__")
        return tuple(ask(1) if ask else namespace.get("__annotations__", ()))

    class Record(tuple):
        """What all of them can do, as `collections.namedtuple` defines it for each."""

        __slots__ = ()

        @classmethod
        def _make(cls, values: Any) -> Any:
            made = new(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changes: Any) -> Any:
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return made

        __replace__ = _replace

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            fields = zip(self._fields, self, strict=True)
            return f"{self.__class__.__name__}({', '.join([f'{key}={value!r}' for key, value in fields])})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    GETTERS = tuple(_tuplegetter(n, "") for n in range(len(MAKERS)))
    """What reads the field of a place, of any class."""
    BASES = (Record,)

    class Maker(type):
        """The class of `NamedTuple`, which makes its subclasses plain classes with `Record` as their base."""

        def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
            assert len(bases) == 1, "a record has no other base"
            fields = annotated(namespace)
            defaults = {field: namespace[field] for field in fields if field in namespace}
            assert fields[len(fields) - len(defaults) :] == tuple(defaults), "defaults come last"
            namespace.update(zip(fields, GETTERS, strict=False))
            namespace["__slots__"] = ()
            namespace["_fields"] = namespace["__match_args__"] = fields
            namespace["_field_defaults"] = defaults
            namespace["__new__"] = named(name, fields, defaults)
            return type(name, BASES, namespace)

    NamedTuple = type.__new__(Maker, "NamedTuple", (), {})
