"""What makes a class an op? A decorator that says everything about it that its fields do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ...records import NamedTuple
from ..num import Num
from ..terms import Terms

Class = TypeVar("Class", bound=type)


class Either(NamedTuple):
    """Ways of saying one thing, each the fields that it takes: a row uses one way; `needed` says whether it
    must use one. All fields of a way whose default is None are given together.
    """

    ways: tuple[tuple[str, ...], ...]
    needed: bool


if TYPE_CHECKING:
    from typing import Protocol

    class OpClass(Protocol):
        """A class of `OPS` or `BLOCKS`: what may be asked of it without making an instance.

        The spec reader, the JSON Schema and `diff` go by these names. A new trait gets a default in `op`, so
        that no class has to be changed for it.
        """

        __module__: str
        __name__: str
        _field_defaults: Mapping[str, Any]

        label: str
        writes: bool
        reads: int
        light: bool
        commutes: bool
        styled: bool
        volumes: bool
        in_place: bool
        sees: str
        follows: Mapping[str, str]
        together: Mapping[str, tuple[str, ...]]
        either: Either | None
        family: str
        noun: str
        why: str

        params: Callable[..., Terms]
        work: Callable[..., Terms]

        def __call__(self, *args: Any, **fields: Any) -> Any: ...

    class Op(Protocol):
        """An op in a graph: an instance of a class of `OPS`, its fields named as in specs.

        Readers of model files, `Builder`, `cost` and all analyses meet here. What `op` adds to a class
        (its label, other traits, `params` and `work`) is asked of `traits`, since a type checker does not
        see what a decorator sets. A method that is added here has to be written for every op.
        """

        @property
        def shape(self) -> Callable[..., Any]: ...  # a Shape, or a Volume


def traits(op: Op) -> OpClass:
    """The class of an op: its label and other traits, its `params` and `work`.

    >>> from mnetcost.engine.ops import MaxPool
    >>> traits(MaxPool(2)).label
    'max_pool'
    """
    return cast("OpClass", op.__class__)


def free(self: Any, *xs: Any) -> Terms:
    """No terms: the op has no parameters, or computes nothing."""
    return iter(())


def not_in_table(self: Any, *xs: Num) -> Num:
    """The paper's table gives no width: the output is as wide as the first input."""
    return None


def op(
    label: str,
    *,
    writes: bool = True,
    reads: int = 1,
    light: bool = False,
    commutes: bool = False,
    styled: bool = False,
    volumes: bool = False,
    in_place: bool = False,
    sees: str = "position",
    follows: Mapping[str, str] | None = None,
    together: Mapping[str, tuple[str, ...]] | None = None,
    either: tuple[str, ...] = (),
    family: str = "",
    noun: str = "",
    why: str = "",
) -> Callable[[Class], Class]:
    """Make a NamedTuple an op or a block, and set its traits as class attributes.

    ========== =====================================================================================
    label      what reports call the op, and how rows without a name are numbered: "conv 3"
    writes     True if it writes a new activation map; False if it runs in place or is usually fused
               into the op before it
    reads      how many maps it reads: 1, 2, 3, or 0 for two or more
    light      True if it is a layer attached to another one (norm, activation, padding): `diff`
               never names it as a layer that came or went
    commutes   True if it gives the same whichever input stands first
    styled     True if `padding` and `bias` are those of [style] where a row does not give them
    volumes    True if it takes volumes (a third spatial axis); `Builder.add` refuses them elsewhere
    in_place   True if it may write over the map that it reads first: each number it gives needs only
               numbers of its own channel or place; planners of memory ask
    sees       what an output position depends on: "position" (its own alone), "window" (of `kernel`,
               `stride`, `dilation` and `padding`), "shifted" (its own, with zeros around or a part cut
               off), "spread" (a position of a smaller map), "tile" (a piece of `size`), "everything"
    follows    how a field's number in the paper's table becomes a number at another alpha, by
               field; the ways are those of `build.FOLLOW`
    together   fields that say one thing, by the name of that thing: `diff` compares them as one
    either     ways of which a row uses one, each the names of its fields: ("out", "expand"), ("h w",
               "ratio"); an empty one among them if it may use none
    family     ops of one family may stand for one another: `diff` pairs a max pool with an
               average pool, and fields of one name mean the same
    noun       what sentences call it, where its word in a spec would not say it
    why        what it is for, in a sentence, where the row gives no reason
    ========== =====================================================================================

    A class without `params` or `work` has no parameters or no work. `printed` gives the output's width in the
    paper's table from the inputs' widths there; without it, that is the first input's.
    """

    def describe(cls: Class) -> Class:
        traits = {
            "label": label,
            "writes": writes,
            "reads": reads,
            "light": light,
            "commutes": commutes,
            "styled": styled,
            "volumes": volumes,
            "in_place": in_place,
            "sees": sees,
            "follows": follows or {},
            "together": together or {},
            "either": Either(tuple(tuple(way.split()) for way in either if way), "" not in either)
            if either
            else None,
            "family": family,
            "noun": noun,
            "why": why,
        }
        for name, value in traits.items():
            setattr(cls, name, value)
        for name, method in (("params", free), ("work", free), ("printed", not_in_table)):
            if not hasattr(cls, name):
                setattr(cls, name, method)
        return cls

    return describe
