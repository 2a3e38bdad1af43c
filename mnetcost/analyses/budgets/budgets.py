"""What may each design cost? Budgets and waivers, as mnetcost.toml, pyproject.toml or options say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from os.path import normpath, relpath
from pathlib import Path
from typing import Any, NamedTuple

from ...designs import SETTINGS, Settings, split_design, unknown_setting
from ...designs.conventions import DEFAULT
from ...designs.places import Path as Place
from ...designs.places import lines, spelled
from ...designs.readers import reader_of
from ...designs.shipped import is_shipped
from ...designs.spec import read_text_file
from ...designs.toml import parse_short
from ...errors import BudgetError, CallError, Fault, MnetcostError, nearest
from ..report.metrics import GROUPS, METRICS, metric_hint, unknown_metric
from .limits import Limit, read_limits
from .patterns import GIT, Walk

FILE = "mnetcost.toml"
PYPROJECT = "pyproject.toml"
BASELINE = "mnetcost-baseline.toml"
NO_DESIGNS = (FILE, PYPROJECT, BASELINE)
"""Files that a pattern does not mean."""
LARGEST_CONFIG = 1 << 21  # bytes; thousands of designs in one file
MOST_FILES = 100_000  # designs of one file of budgets


class Rule(NamedTuple):
    """One limit on one metric, of the whole design or of the layers a scope picks."""

    metric: str
    limit: Limit
    scope: str = ""
    place: Place = ()

    @property
    def name(self) -> str:
        """As a budget spells it: "madds", "stage:14x14.madds"."""
        return f"{self.scope}.{self.metric}" if self.scope else self.metric


class Basis(NamedTuple):
    """What relative limits are held against: a git revision (or where this branch left it), or a baseline
    file.
    """

    against: str = ""  # empty: the branch that CI says a pull request is for, else the main branch
    merge_base: bool = True
    baseline: str = ""  # a file; beats `against`


class Budget(NamedTuple):
    """One design, its settings and its limits."""

    design: str  # as written, from the file of budgets
    file: str  # as seen from here: a path, or a shipped design's name
    settings: Settings
    rules: tuple[Rule, ...]
    basis: Basis = Basis()
    convention: str = DEFAULT
    allow_partial: bool = False
    place: Place = ()

    @property
    def label(self) -> str:
        """The design and the settings that were asked for; it stays the same when the design changes."""
        return labelled(self.design, self.settings)


class Waiver(NamedTuple):
    """Limits that may be broken up to a date, and why.

    Globs over the labels of designs and the names of rules.
    """

    design: str
    limit: str
    reason: str
    until: date
    place: Place = ()


class Config(NamedTuple):
    """Everything a file of budgets says; from options there is no file."""

    budgets: tuple[Budget, ...]
    waivers: tuple[Waiver, ...] = ()
    file: str = ""
    text: str = ""
    basis: Basis = Basis()
    convention: str = DEFAULT

    def line(self, place: Place) -> int:
        """The line a key stands on; 0 without a file."""
        if not self.file or not place:
            return 0
        known = lines(self.text)
        return next((known[place[:n]] for n in range(len(place), 0, -1) if place[:n] in known), 0)


def labelled(design: str, settings: Settings) -> str:
    """Write a design with the settings asked for, as a user would.

    >>> labelled("v2", Settings(alpha=0.5, resolution=(160, 160)))
    'v2:alpha=0.5,resolution=160'
    """
    given = {k: v for k, v in settings._asdict().items() if v is not None and k in SETTINGS}
    if not given:
        return design
    return f"{design}:" + ",".join(f"{k}={_spelled(v)}" for k, v in given.items())


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{value[0]}" if value[0] == value[1] else f"{value[0]}x{value[1]}"
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value}"


def find_config(folder: Path | None = None) -> Path | None:
    """The nearest mnetcost.toml, or pyproject.toml with a [tool.mnetcost], from a folder upwards."""
    here = (folder or Path()).absolute()
    for place in (here, *here.parents):
        for name in (FILE, PYPROJECT):
            path = place / name
            if path.is_file() and (name == FILE or "tool.mnetcost" in _peek(path)):
                return Path(relpath(path))
    return None


def _peek(path: Path) -> str:
    try:
        with path.open("rb") as f:
            return f.read(LARGEST_CONFIG).decode("utf-8", "replace")
    except OSError:
        return ""


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise CallError("must be a text")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise CallError("must be true or false")


def _texts(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(v, str) and v for v in found):
        raise CallError("must be a design, or a list of them")
    return tuple(found)


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: Any) -> date:
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise CallError("must be a date such as 2030-12-31")


COMMON = {
    "against": _text,
    "merge_base": _flag,
    "baseline": _text,
    "convention": _text,
    "allow_partial": _flag,
}
"""Keys that a budget takes, and the top of the file for all budgets."""
WAIVER = {"design": _text, "limit": _text, "reason": _text, "until": _day}


def _setting(key: str, value: Any) -> Any:
    if key == "resolution" and isinstance(value, list | tuple):
        value = "x".join(map(str, value))
    return SETTINGS[key](("yes" if value else "no") if isinstance(value, bool) else str(value))


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Read settings by their names: alpha=0.5, resolution=(96, 128), top=False.

    Raises CallError for one that is not known or makes no sense.
    """
    for key in given:
        if key not in SETTINGS:
            raise unknown_setting(key)
    return Settings(**{key: _setting(key, value) for key, value in given.items()})


class _Page:
    """One file of budgets being read, and the faults found so far."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.faults: list[tuple[Place, str, str]] = []
        self.walk = Walk(Path(file).parent)
        self.designs = 0

    def fault(self, place: Place, message: str, hint: str = "") -> None:
        self.faults.append((place, message, hint))

    def unknown(self, place: Place, what: str, known: Iterable[str]) -> None:
        from ...designs.synonyms import did_you_mean

        self.fault(place, f"{what} has no key '{place[-1]}'", did_you_mean(place[-1], known, "keys"))

    def read(self, place: Place, read: Any, *args: Any) -> Any:
        """What a reader makes of a value; None, and a fault, where it refuses."""
        try:
            return read(*args)
        except CallError as e:
            said, hint = e.faults[0].message, e.faults[0].hint
            self.fault(place, f"'{place[-1]}' {said}" if said.startswith("must ") else said, hint)
            return None

    def table(self, place: Place, value: Any, what: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.fault(place, f"{what} must be a table")
        return {}

    def finish(self) -> None:
        if self.faults:
            config = Config((), file=self.file, text=self.text)
            raise BudgetError(
                *(
                    Fault(message, self.file, config.line(place), spelled(place), hint)
                    for place, message, hint in self.faults
                )
            )


def _rules(
    page: _Page, place: Place, table: dict[str, Any], scope: str = "", group: str = ""
) -> Iterator[Rule]:
    """The limits in a budget, in one of its scopes, or in a group of metrics of either."""
    for key, value in table.items():
        metric, at = f"{group}.{key}" if group else key, (*place, key)
        inner = value if isinstance(value, dict) else {}
        if metric in GROUPS and inner and not set(inner) <= {"max", "min"}:
            own = {k: v for k, v in inner.items() if k in ("max", "min") and metric in METRICS}
            if own:
                yield from _rules(page, place, {key: own}, scope)
            yield from _rules(page, at, {k: v for k, v in inner.items() if k not in own}, scope, metric)
        elif metric in METRICS:
            if scope and not METRICS[metric].scoped:
                page.fault(at, f"'{metric}' is a figure of whole designs")
                continue
            for limit in page.read(at, read_limits, value, METRICS[metric].units) or ():
                yield Rule(metric, limit, scope, at)
        elif inner and not scope and not group and not set(inner) <= {"max", "min"}:
            yield from _rules(page, at, inner, key)
        elif scope or group or key in GROUPS:
            fault = unknown_metric(metric, value).faults[0]
            page.fault(at, fault.message, fault.hint)
        elif hint := metric_hint(metric, value):
            page.fault(at, f"there is no metric '{metric[:60]}'", hint)
        else:
            page.unknown(
                at, "a budget", ("design", *COMMON, *SETTINGS, *(m for m in METRICS if "." not in m), *GROUPS)
            )


def _common(page: _Page, place: Place, value: Any) -> Any:
    """Read a key that a budget takes, or the top of the file for all."""
    if place[-1] == "baseline":
        return page.read(place, _baseline, page, place, value)
    return page.read(place, COMMON[place[-1]], value)


def _budget(
    page: _Page, place: Place, table: dict[str, Any], common: dict[str, Any], folder: Path
) -> Iterator[Budget]:
    given, put, limits = dict(common), {}, {}
    for key, value in table.items():
        if key in COMMON:
            given[key] = _common(page, (*place, key), value)
        elif key in SETTINGS:
            put[key] = page.read((*place, key), _setting, key, value)
        elif key != "design":
            limits[key] = value
    if "against" in table and "baseline" not in table:
        given.pop("baseline", None)
    rules = tuple(_rules(page, place, limits))
    if "rho" in put and "resolution" in put:
        page.fault((*place, "rho"), "give rho or resolution, not both")
    if not rules and not page.faults:
        page.fault(place, "a budget must have a limit", 'such as madds = "60M"')
    if "design" not in table:
        page.fault(place, "a budget must name its design", 'design = "v2", or a file')
        return
    basis = _basis(given, folder)
    for text in page.read((*place, "design"), _texts, table["design"]) or ():
        try:
            name, own = split_design(text)
            found = list(_located(name, folder, page.walk))
        except MnetcostError as e:
            page.fault((*place, "design"), e.faults[0].message, e.faults[0].hint)
            continue
        page.designs += len(found)
        if page.designs > MOST_FILES:
            page.fault((*place, "design"), f"makes more than {MOST_FILES:,} budgets of this file")
            return
        settings = own.over(Settings(**put))
        for design, file in found:
            yield Budget(
                design,
                file,
                settings,
                rules,
                basis,
                given.get("convention") or DEFAULT,
                given.get("allow_partial") is True,
                place,
            )


def _basis(given: dict[str, Any], folder: Path) -> Basis:
    baseline = given.get("baseline") or ""
    return Basis(
        given.get("against") or "",
        given.get("merge_base") is not False,
        relpath(folder / baseline) if baseline else "",
    )


def _located(name: str, folder: Path, walk: Walk) -> Iterator[tuple[str, str]]:
    """A design as written from a folder, and as seen from here; a glob gives every file it matches.

    Raises CallError for a glob that matches nothing.
    """
    if not set(name) & set("*?[") or (folder / name).is_file():
        own = (
            not name.endswith(".toml")
            and not reader_of(name)
            and (is_shipped(name) or not set(name) & set("./"))
        )
        yield name, name if own else relpath(folder / name)
    else:
        files = [path for path in walk.files(name) if path.name not in NO_DESIGNS]
        if not files or len(files) > MOST_FILES:
            raise CallError(
                f"'{name}' matches {len(files):,} files" if files else f"no file matches '{name}'"
            )
        for path in files:
            yield path.relative_to(folder).as_posix(), relpath(path)


def _baseline(page: _Page, place: Place, value: Any) -> str:
    """Read the name of a baseline: a file of the repository, or of this folder where there is none, and
    no link.

    `mnetcost baseline` writes it, and the file of budgets may be a stranger's.
    """
    name = _text(value)
    try:
        folder, root = page.walk.folder.resolve(), page.walk.root
        path = Path(normpath(folder / name))
        parts = path.relative_to(root).parts
        if path.resolve() != path or GIT in (part.lower() for part in parts) or Path(name).is_absolute():
            raise ValueError
    except (ValueError, OSError):
        said = "must name a file of this repository, or of this folder, that is not behind a link"
        raise CallError(
            said, hint=f"`mnetcost baseline --baseline FILE` writes any file; here it is such as {BASELINE}"
        ) from None
    return name


def _waiver(page: _Page, place: Place, table: dict[str, Any]) -> Iterator[Waiver]:
    for key in table:
        if key not in WAIVER:
            page.unknown((*place, key), "a waiver", WAIVER)
    for key in WAIVER:
        if key not in table:
            page.fault(place, f"a waiver must say its '{key}'")
    read = {key: page.read((*place, key), WAIVER[key], table[key]) for key in WAIVER if key in table}
    if len(read) == len(WAIVER):
        yield Waiver(**read, place=place)


def _each(page: _Page, place: Place, value: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    if not isinstance(value, list):
        page.fault(place, f"'{place[-1]}' must be written as [[{place[-1]}]] tables")
        return
    for n, one in enumerate(value):
        yield (*place, n), page.table((*place, n), one, f"a {place[-1]}")


def read_config(path: Path) -> Config:
    """Read a file of budgets.

    Raises BudgetError with every fault found: its line, its place and the nearest right key.
    """
    file = str(path)
    text = read_text_file(path, file, LARGEST_CONFIG)
    data: Any = parse_short(text, file)
    page, at, folder = _Page(file, text), (), path.parent
    if path.name == PYPROJECT:
        at = ("tool", "mnetcost")  # type: ignore[assignment]
        data = page.table(
            at, page.table(at[:1], data.get("tool", {}), "[tool]").get("mnetcost", {}), "[tool.mnetcost]"
        )
    common: dict[str, Any] = {}
    for key, value in data.items():
        if key in COMMON:
            common[key] = _common(page, (*at, key), value)
        elif key not in ("budget", "waiver"):
            page.unknown((*at, key), "a file of budgets", (*COMMON, "budget", "waiver"))
    if "against" in common and "baseline" in common:
        page.fault((*at, "against"), "give against or baseline, not both; a budget may have its own")
    budgets = [
        budget
        for place, table in _each(page, (*at, "budget"), data.get("budget", []))
        for budget in _budget(page, place, table, common, folder)
    ]
    waivers = [
        w
        for place, table in _each(page, (*at, "waiver"), data.get("waiver", []))
        for w in _waiver(page, place, table)
    ]
    page.finish()
    return Config(
        tuple(budgets),
        tuple(waivers),
        file,
        text,
        _basis(common, folder),
        common.get("convention") or DEFAULT,
    )


def read_rules(name: str, value: Any, side: str = "max") -> tuple[Rule, ...]:
    """Read the limits on one figure, by its whole name: "madds", "op:depthwise.params".

    Raises CallError where the metric is not known, or a limit makes no sense.
    """
    metric = max((m for m in METRICS if name == m or name.endswith(f".{m}")), key=len, default="")
    if not metric:
        raise unknown_metric(name, value)
    scope = name[: -len(metric) - 1] if name != metric else ""
    if scope and not METRICS[metric].scoped:
        raise CallError(f"'{metric}' is a figure of whole designs")
    try:
        limits = read_limits(value, METRICS[metric].units, side)
    except CallError as e:
        raise CallError(f"'{name[:60]}': {e.faults[0].message}", hint=e.faults[0].hint) from None
    return tuple(Rule(metric, limit, scope) for limit in limits)


SIGNS = {"max": "<", "min": ">"}
"""What may stand before the "=" of an option: --max "madds<=60M"."""


def read_option(text: str, side: str) -> tuple[Rule, ...]:
    """Read a limit given as an option: "madds=60M", "op:depthwise.params=+1%", "madds<=60M" for --max.

    Raises CallError as `read_rules` does.
    """
    name, equals, value = text.rpartition("=")
    sign = name[-1:] if name[-1:] in ("<", ">") else ""
    if not equals or sign not in ("", SIGNS[side]):
        raise CallError(f"'{text[:60]}': write METRIC=LIMIT, such as madds=60M", hint=_option(text, side))
    return read_rules(name.removesuffix(sign).strip(), value, side)


def _option(text: str, side: str) -> str:
    """How a limit that is written in another way is written."""
    found = re.fullmatch(r"([^<>=: ]{1,60})\s*(<=?|>=?|:|\s)\s*(\S{1,40})", text.strip())
    if not found:
        return ""
    word = "--" + ({"<": "max", ">": "min"}.get(found[2][:1]) or side)
    return f"{word} {found[1]}={found[3]}"


def own(designs: Iterable[str], given: Settings, rules: tuple[Rule, ...] = ()) -> tuple[Budget, ...]:
    """Budgets made of a call's designs, settings and limits."""
    split = (split_design(text) for text in designs)
    return tuple(
        Budget(name, name, settings.over(given)._replace(allow_unknown=None), rules)
        for name, settings in split
    )


def meant(budgets: Iterable[Budget], text: str) -> list[Budget]:
    """The budgets of one design, meant by its label, its name or its file."""
    name, settings = split_design(text)
    here = Path(name).resolve()

    def is_meant(budget: Budget) -> bool:
        same = name == budget.design or here == Path(budget.file).resolve()
        return text == budget.label or (same and settings in (Settings(), budget.settings))

    return [budget for budget in budgets if is_meant(budget)]


def chosen(budgets: tuple[Budget, ...], designs: tuple[str, ...]) -> tuple[Budget, ...]:
    """The budgets of these designs, or all where none is named.

    Raises CallError for a design without a budget.
    """
    found: dict[Budget, None] = {}
    for text in designs:
        those = meant(budgets, text)
        if not those:
            like = nearest(text, [b.label for b in budgets])
            raise CallError(
                f"no budget is for '{text}'",
                hint=f"did you mean '{like}'?" if like else "--max METRIC=LIMIT gives it one",
            )
        found.update(dict.fromkeys(those))
    return tuple(found) if designs else budgets
