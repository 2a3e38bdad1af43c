"""What is a spec once it is read? Its rows and settings as frozen values, numbers as printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...engine.ops.op import Either, free
from ...engine.rules import Compound, Rules
from ...records import NamedTuple
from .choices import Choice, Shares

PRINTED = Compound()
"""As many copies as are printed."""

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass
    from .expressions import Expression


class Row(NamedTuple):
    """One row of a spec's table, checked against its op."""

    op: str
    fields: Mapping[str, Any]  # the keys of the op, as written
    name: str = ""
    inputs: tuple[str, ...] = ()  # names of the rows it reads; empty for the row above
    repeat: Any = 0  # 0: not written, one copy that no depth changes; of a space, it may be a Choice
    role: str = ""
    why: str = ""
    file: str = ""
    key: str = ""  # "layers[3]"
    shared: bool = False
    weights: str = ""  # the row whose weights it uses
    optional: bool = False  # of a space: each copy may be left out
    per: str = ""  # of a space: "row", where all copies make one choice
    any: tuple[Row, ...] = ()  # of a space: the rows of which one is chosen; then there is no op

    @property
    def chooses(self) -> bool:
        """Has it choices, so that it is of a space?"""
        several = self.optional or bool(self.any) or self.repeat.__class__ is Choice
        return several or any(v.__class__ in (Choice, Shares) for v in self.fields.values())

    def copies(
        self, label: str, fields: Mapping[str, Any], compound: Compound = PRINTED
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and the fields of each copy of a row that repeats, at the design's depth.

        Only the first copy has the row's stride, as in the papers' tables; the others have stride 1.

        >>> list(Row("conv", {"stride": 2}, repeat=2).copies("stem", {"stride": 2}))
        [('stem/1', {'stride': 2}), ('stem/2', {'stride': 1})]
        """
        return copies(label, fields, compound.copies(self.repeat), "stride" in self.fields)


def copies(
    label: str, fields: Mapping[str, Any], repeat: int, strided: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and the fields of each copy of a row, all after the first with one mapping; see
    `Row.copies`.
    """
    if repeat == 1:
        yield label, fields
        return
    later = {**fields, "stride": 1} if strided else fields
    for n in range(repeat):
        yield f"{label}/{n + 1}", later if n else fields


class Field(NamedTuple):
    """One field of a block: which sort of value a row may give it, and what it is where the row is silent."""

    sort: str  # of `sorts.SORTS`
    words: tuple[str, ...] = ()  # of the sort Choice
    needed: bool = True
    default: Any = None  # None, or "" for a word: what [style] says, or the expression
    expression: Expression | None = None  # the default, of the fields before it
    multiple: int = 1  # that a number has to be of
    most: int | None = None  # the largest number it may be


class Slot(NamedTuple):
    """A value of a row of a block that is worked out where the block is built, and how it is read."""

    key: str
    value: Any  # an Expression, or a list with some
    sort: str
    read: Callable[[Any, str], Any]
    both: bool  # a number that follows alpha: wanted as printed, and as alpha leaves it
    printed: bool  # wanted as printed: blocks scale their numbers themselves
    field: str = ""  # the block's field whose value it is, checked there as it would be here


class Inner(NamedTuple):
    """One row of a block."""

    cls: OpClass
    fixed: Mapping[str, Any]  # values as written
    slots: tuple[Slot, ...]  # values that are expressions
    named: Mapping[str, str]  # rows that keys such as `like` name
    name: str
    inputs: tuple[str, ...]  # rows above it, or inputs of the block
    when: Any = 1  # 1, 0 or an Expression: where the row is there
    repeat: Any = 1
    role: str = ""
    why: str = ""
    shared: bool = False
    weights: str = ""  # the row above whose weights it uses
    file: str = ""
    key: str = ""  # "block.fire.layers[2]"
    number: int = 0  # of an activation without a name, where the block has several


class Block:
    """A block that is data: [block.NAME], checked. It answers the questions that a class of an op answers.

    table: as TOML has it; texts: of the files that its rows stand in.
    """

    writes, volumes, light, commutes, styled, in_place = True, True, False, False, False, False
    sees = "position"
    either: Either | None = None
    family = noun = why = ""
    follows: Mapping[str, str] = {}
    together: Mapping[str, tuple[str, ...]] = {}
    params = work = staticmethod(free)

    def __init__(
        self,
        name: str,
        why: str,
        source: str,
        fields: Mapping[str, Field],
        inputs: tuple[str, ...],
        rows: tuple[Inner, ...],
        table: Mapping[str, Any],
        file: str,
        texts: Mapping[str, str],
    ) -> None:
        self.label = self.__name__ = name
        self.about, self.source, self.table, self.file, self.texts = why, source, table, file, texts
        self.fields, self.inputs, self.rows = fields, inputs, rows
        self.reads = len(inputs)
        self.sorts = {key: field.sort for key, field in fields.items()}
        self._fields = tuple(fields)
        self._field_defaults: Mapping[str, Any] = {
            key: field.default for key, field in fields.items() if not field.needed
        }
        self.__doc__ = why + (f"\n\nSource: {source}." if source else "")

    def __call__(self, **fields: Any) -> Mapping[str, Any]:
        """A row's fields with those that it leaves out."""
        return {**self._field_defaults, **fields}


class Spec(NamedTuple):
    """A design as its file says it, numbers as printed; alpha and resolution come later."""

    name: str
    title: str
    source: str
    differs: tuple[str, ...]
    resolution: tuple[int, ...]  # of the input, in pixels: height and width; of a volume its depth before
    channels: int  # of the input
    classes: int
    alphas: tuple[float, ...]
    resolutions: tuple[int, ...]
    rules: Rules
    layers: tuple[Row, ...]
    top: tuple[Row, ...]  # pooling and classifier, which --no-top leaves out
    file: str
    text: str  # of the file, unchanged
    family: tuple[str, ...] = ()  # what it extends, nearest first
    blocks: Mapping[str, Block] = {}  # its own, by their words
    choices: Mapping[str, Choice] = {}  # of a space: alpha, resolution and depth, where they are choices

    @property
    def chooses(self) -> bool:
        """Is it a space of designs, with choices in the file or in its rows?"""
        return bool(self.choices) or any(row.chooses for row in (*self.layers, *self.top))

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """The input sizes of the published models: squares, of a volume at its depth; where the file names
        none, its own size.
        """
        *depth, height, width = self.resolution
        if self.resolutions == (max(height, width),):
            return (self.resolution,)
        return tuple((*depth, side, side) for side in self.resolutions)
