"""Which accuracy did a user give a design? However its settings are written."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import realpath
from typing import Any

from ...designs.loading import find_spec, split_design
from ...designs.measured import Scored
from ...designs.readers import model_reader
from ...designs.settings import Settings, sized
from ...designs.shipped import is_shipped
from ...designs.spec import Spec
from ...errors import CallError, Fault, MnetcostError
from ...records import NamedTuple

TOP1 = "top1"
"""The accuracy, in per cent: from a user's file, or published with a checkpoint."""


class Key(NamedTuple):
    """What makes two designs the same: their file (or shipped name), and what their settings come to."""

    where: str
    alpha: float
    size: tuple[int, ...]
    rest: tuple[Any, ...] = ()


def where_is(name: str) -> str:
    """A shipped name as it is, and the path of a file, however it is written."""
    return name if is_shipped(name) else realpath(name)


def key_of(name: str, spec: Spec, settings: Settings) -> Key:
    """The design that a spec is at some settings; name: a shipped name, or a file.

    >>> spec = find_spec("v2")
    >>> halved, asked = Settings(rho=0.5), Settings(alpha=1.0, resolution=(112, 112))
    >>> key_of("v2", spec, halved) == key_of("v2", spec, asked)
    True
    """
    alpha = 1.0 if settings.alpha is None else settings.alpha
    rest = (
        settings.classes or spec.classes,
        settings.top is not False,
        settings.batch or 1,
        settings.channels or spec.channels,
        settings.depth or 1.0,
    )
    return Key(where_is(name), alpha, sized(spec.resolution, settings, spec.name)[0], rest)


class Scores:
    """Accuracies of a user, each found by the design that it is of, however its settings are written.

    settings: those of the call, which hold for a row that does not name another value. used: the lines that
    were asked for.
    """

    def __init__(self, rows: Sequence[Scored], file: str, settings: Settings) -> None:
        """Raises CallError with the line of each row whose design is not known, or is on another line too."""
        self.rows, self.file = rows, file
        self.by_key: dict[Any, Scored] = {}
        self.used: set[int] = set()
        faults = []
        for row in rows:
            try:
                key = self._key(row.design, settings)
            except MnetcostError as e:
                first = e.faults[0]
                faults.append(Fault(first.message, file, row.line, row.design[:60], first.hint))
                continue
            if key in self.by_key:
                other = self.by_key[key]
                message = f"'{row.design[:60]}' is on line {other.line} too, as '{other.design[:60]}'"
                faults.append(Fault(message, file, row.line, hint="keep one of the lines"))
            self.by_key[key] = row
        if faults:
            raise CallError(*faults)

    def _key(self, design: str, settings: Settings) -> Any:
        name, given = split_design(design)
        asked = given.over(settings)
        return (where_is(name), asked) if model_reader(name) else key_of(name, find_spec(name), asked)

    def of_file(self, name: str, settings: Settings) -> float:
        """The accuracy of a model file; NaN where there is none."""
        row = self.by_key.get((where_is(name), settings))
        self.used |= {row.line} if row else set()
        return row.value if row else float("nan")

    def of_grid(self, own: Key, alphas: Sequence[float], sizes: Sequence[tuple[int, ...]]) -> Any:
        """The accuracies of a design at alphas and sizes, an array of that shape; NaN where there is none."""
        import numpy as np

        found = np.full((len(alphas), len(sizes)), np.nan)
        down, along = ({value: n for n, value in enumerate(values)} for values in (alphas, sizes))
        for key, row in self.by_key.items():
            same = isinstance(key, Key) and (key.where, key.rest) == (own.where, own.rest)
            if same and key.alpha in down and key.size in along:
                found[down[key.alpha], along[key.size]] = row.value
                self.used.add(row.line)
        return found

    @property
    def unused(self) -> list[str]:
        """The designs of the rows that were not asked for."""
        return [row.design for row in self.rows if row.line not in self.used]
