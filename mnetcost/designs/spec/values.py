"""What is a spec once it is read? Its rows and settings as frozen values, numbers as printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...engine.rules import Rules


class Row(NamedTuple):
    """One row of a spec's table, checked against its op."""

    op: str
    fields: Mapping[str, Any]  # the keys of the op, as written
    name: str = ""
    inputs: tuple[str, ...] = ()  # names of the rows it reads; empty for the row above
    repeat: int = 1
    role: str = ""
    why: str = ""
    file: str = ""
    key: str = ""  # "layers[3]"
    shared: bool = False
    weights: str = ""  # the row whose weights it uses

    def copies(self, label: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and the fields of each copy of a row that repeats.

        Only the first copy has the row's stride, as in the papers' tables; the others have stride 1.

        >>> list(Row("conv", {"stride": 2}, repeat=2).copies("stem", {"stride": 2}))
        [('stem/1', {'stride': 2}), ('stem/2', {'stride': 1})]
        """
        for n in range(self.repeat):
            yield (
                f"{label}/{n + 1}" if self.repeat > 1 else label,
                {**fields, "stride": 1} if n and "stride" in self.fields else fields,
            )


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
