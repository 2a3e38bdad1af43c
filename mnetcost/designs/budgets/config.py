"""Which budgets does a file say? Strict reading of mnetcost.toml, or of [tool.mnetcost] in pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from os.path import normpath, relpath
from pathlib import Path
from typing import Any

from ...errors import BudgetError, CallError, MnetcostError
from ..conventions import DEFAULT
from ..files import read_text_file
from ..loading import SETTINGS, split_design
from ..readers import reader_of
from ..reading import Reading, Spot, Table
from ..settings import Settings
from ..shipped import is_shipped
from ..sorts import Wrong, read_flag
from ..toml import parse_short
from .limits import read_limits
from .metrics import ALIASES, GROUPS, METRICS, metric_hint, named, unknown_metric
from .options import read_setting
from .patterns import GIT, Walk
from .values import Basis, Budget, Config, Rule, Waiver

FILE = "mnetcost.toml"
PYPROJECT = "pyproject.toml"
BASELINE = "mnetcost-baseline.toml"
NO_DESIGNS = (FILE, PYPROJECT, BASELINE)
"""Files that a pattern does not mean."""
LARGEST_CONFIG = 1 << 21  # bytes; thousands of designs in one file
MOST_FILES = 100_000  # designs of one file of budgets
SIDES = {"max", "min"}
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def find_config(folder: Path | None = None) -> Path | None:
    """Return the nearest mnetcost.toml, or pyproject.toml with a [tool.mnetcost], from a folder upwards."""
    here = (folder or Path()).absolute()
    for parent in (here, *here.parents):
        for name in (FILE, PYPROJECT):
            path = parent / name
            if path.is_file() and (name == FILE or "tool.mnetcost" in _content(path)):
                return Path(relpath(path))
    return None


def _content(path: Path) -> str:
    try:
        with path.open("rb") as f:
            return f.read(LARGEST_CONFIG).decode("utf-8", "replace")
    except OSError:
        return ""


def _text(value: Any, key: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise Wrong("a text")


def _texts(value: Any, key: str) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(text, str) and text for text in found):
        raise Wrong("a design, or a list of them")
    return tuple(found)


def _day(value: Any, key: str) -> date:
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise Wrong("a date such as 2030-12-31")


COMMON = {
    "against": _text,
    "merge_base": read_flag,
    "baseline": _text,
    "convention": _text,
    "allow_partial": read_flag,
}
"""Keys that a budget takes, and the top of the file for all budgets."""
WAIVER = {"design": _text, "limit": _text, "reason": _text, "until": _day}
BUDGET_KEYS = ("design", *COMMON, *SETTINGS, *(m for m in METRICS if "." not in m), *ALIASES, *GROUPS)


class _Budgets:
    """The budgets of one file, which share a folder and a bound on the files that patterns match."""

    def __init__(self, folder: Path, common: dict[str, Any]) -> None:
        self.folder, self.common = folder, common
        self.walk = Walk(folder)
        self.designs = 0

    def read(self, table: Table) -> Iterator[Budget]:
        """A budget for every design that the table names."""
        given = {**self.common, **_common(table, self.walk)}
        if "against" in table.values and "baseline" not in table.values:
            given.pop("baseline", None)
        asked = Settings(**{key: table.read(key, read_setting) for key in SETTINGS if key in table.values})
        rules = tuple(_rules(table))
        if {"rho", "resolution"} <= set(table.values):
            table.fault("give rho or resolution, not both", key="rho")
        if not rules and not table.reading.faults:
            table.fault("a budget must have a limit", 'such as madds = "60M"')
        if "design" not in table.values:
            table.fault("a budget must name its design", 'design = "v2", or a file')
        blank = Budget(
            "",
            "",
            asked,
            rules,
            basis_of(given, self.folder),
            given.get("convention") or DEFAULT,
            given.get("allow_partial") is True,
            table.spot.path,
        )
        for text in table.read("design", _texts) or ():
            try:
                name, settings = split_design(text)
                for design, file in self.located(name):
                    yield blank._replace(design=design, file=file, settings=settings.over(asked))
            except MnetcostError as e:
                table.fault(e.faults[0].message, e.faults[0].hint, key="design")

    def located(self, name: str) -> list[tuple[str, str]]:
        """Each design that a name or a pattern means: as a path from the file of budgets, and from here.

        Raises CallError for a pattern that matches nothing, or more than `MOST_FILES`.
        """
        if not set(name) & set("*?[") or (self.folder / name).is_file():
            found = [(name, name if _is_name(name) else relpath(self.folder / name))]
        else:
            files = [path for path in self.walk.files(name) if path.name not in NO_DESIGNS]
            if not files or len(files) > MOST_FILES:
                raise CallError(
                    f"'{name}' matches {len(files):,} files" if files else f"no file matches '{name}'"
                )
            found = [(path.relative_to(self.folder).as_posix(), relpath(path)) for path in files]
        self.designs += len(found)
        if self.designs > MOST_FILES:
            raise CallError(f"makes more than {MOST_FILES:,} budgets of this file")
        return found


def _is_name(name: str) -> bool:
    """Whether this is a shipped design's name, or looks like one: no file's."""
    is_path = bool(set(name) & set("./"))
    return not name.endswith(".toml") and not reader_of(name) and (is_shipped(name) or not is_path)


def _common(table: Table, walk: Walk) -> dict[str, Any]:
    """The keys of `COMMON` that a table has, each read."""
    readers = {**COMMON, "baseline": lambda value, key: _baseline(value, walk)}
    return {key: table.read(key, readers[key]) for key in table.values if key in readers}


def basis_of(given: dict[str, Any], folder: Path) -> Basis:
    """What relative limits are compared with, by the keys `against`, `merge_base` and `baseline`."""
    baseline = given.get("baseline") or ""
    return Basis(
        given.get("against") or "",
        given.get("merge_base") is not False,
        relpath(folder / baseline) if baseline else "",
    )


def _baseline(value: Any, walk: Walk) -> str:
    """Read the name of a baseline: a file in the repository, or in this folder where there is none, and not
    behind a link, for `mnetcost baseline` writes it, and the file of budgets may come from anybody.
    """
    name = _text(value, "baseline")
    try:
        folder, root = walk.folder.resolve(), walk.root
        path = Path(normpath(folder / name))
        parts = path.relative_to(root).parts
        if path.resolve() != path or GIT in (part.lower() for part in parts) or Path(name).is_absolute():
            raise ValueError
    except (ValueError, OSError):
        raise CallError(
            "'baseline' must name a file of this repository, or of this folder, that is not behind a link",
            hint=f"`mnetcost baseline --baseline FILE` writes any file; here it is such as {BASELINE}",
        ) from None
    return name


def _rules(table: Table) -> Iterator[Rule]:
    """The limits in a budget: on metrics of the whole design, and in the tables of its scopes."""
    for key, value in table.values.items():
        if key == "design" or key in COMMON or key in SETTINGS:
            continue
        is_scope = isinstance(value, dict) and value and not set(value) <= SIDES
        if key in METRICS or key in ALIASES or key in GROUPS:
            yield from _limited(table, key)
        elif is_scope:
            scope = table.inner(key, "")
            for name in scope.values:
                yield from _limited(scope, name, key)
        elif hint := metric_hint(key, value):
            table.fault(f"there is no metric '{key[:60]}'", hint, key=key)
        else:
            table.unknown(key, "a budget has no key", BUDGET_KEYS)


def _limited(table: Table, key: str, scope: str = "", group: str = "") -> Iterator[Rule]:
    """The limits on one metric, or on a group of metrics, of the whole design or of a scope's layers."""
    metric = f"{group}.{key}" if group else named(key)
    value, spot = table.values[key], table.at(key)
    if metric in GROUPS and isinstance(value, dict) and value and not set(value) <= SIDES:
        inner = table.inner(key, "")
        sides = {side: limit for side, limit in value.items() if side in SIDES and metric in METRICS}
        if sides:
            yield from _metric(table.reading, spot, metric, sides, scope)
        for name in inner.values:
            if name not in sides:
                yield from _limited(inner, name, scope, metric)
    elif metric in METRICS:
        yield from _metric(table.reading, spot, metric, value, scope)
    else:
        fault = unknown_metric(metric, value).faults[0]
        table.fault(fault.message, fault.hint, key=key)


def _metric(reading: Reading, spot: Spot, metric: str, value: Any, scope: str) -> Iterator[Rule]:
    """The limits on one metric."""
    if scope and not METRICS[metric].scoped:
        reading.fault(spot, f"'{metric}' is a figure of whole designs")
        return
    for limit in reading.read(spot, lambda given, _: read_limits(given, METRICS[metric].units), value) or ():
        yield Rule(metric, limit, scope, spot.path)


def _waiver(table: Table) -> Iterator[Waiver]:
    table.only(WAIVER, "a waiver")
    for key in WAIVER:
        if key not in table.values:
            table.fault(f"a waiver must have '{key}'")
    given = {key: table.read(key, WAIVER[key]) for key in WAIVER if key in table.values}
    if len(given) == len(WAIVER):
        yield Waiver(**given, place=table.spot.path)


def read_config(path: Path) -> Config:
    """Read a file of budgets.

    Raises BudgetError with every fault found: its line, its place and the nearest right key.
    """
    file, folder = str(path), path.parent
    reading = Reading(BudgetError)
    reading.texts[file] = text = read_text_file(path, file, LARGEST_CONFIG)
    table = Table(reading, Spot(file), parse_short(text, file))
    if path.name == PYPROJECT:
        table = table.inner("tool", "[tool] must be a table")
        table = table.inner("mnetcost", "[tool.mnetcost] must be a table")
    table.only((*COMMON, "budget", "waiver"), "a file of budgets")
    common = _common(table, Walk(folder))
    if "against" in common and "baseline" in common:
        table.fault("give against or baseline, not both; a budget may have its own", key="against")
    budgets = _Budgets(folder, common)
    found = [budget for each in table.each("budget") for budget in budgets.read(each)]
    waivers = [waiver for each in table.each("waiver") for waiver in _waiver(each)]
    reading.finish()
    return Config(
        tuple(found),
        tuple(waivers),
        file,
        text,
        basis_of(common, folder),
        common.get("convention") or DEFAULT,
    )
