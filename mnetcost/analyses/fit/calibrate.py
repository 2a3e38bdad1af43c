"""Which rates does a device have? Every form is fitted on rows, and the simplest within noise chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...designs.loading import load
from ...designs.measured import Measured
from ...designs.settings import Design
from ...designs.toml import quoted
from ...engine.costs import cost
from ...engine.latency import FEATURES, FORMS, Fit, Work, fit, simplest, work
from ...errors import CallError, Fault, MnetcostError
from ...records import NamedTuple
from ..documents import Column, Document, Table, json_data
from .latency import family

SCHEMA = "mnetcost.calibrate/1"
SPARE = 2  # rows more than rates: fewer leave nothing to find errors by


class Board(NamedTuple):
    """What a user says of a device: texts, and sizes as they were written."""

    title: str = ""
    chip: str = ""
    runtime: str = ""
    version: str = ""
    dtype: str = "int8"
    mhz: float | None = None
    ram: str | None = None
    flash: str | None = None


class Calibrated(NamedTuple):
    """Rows with their designs and work; the fits of all forms, and the one that is chosen."""

    rows: tuple[Measured, ...]
    designs: tuple[Design, ...]
    fits: tuple[Fit, ...]
    chosen: Fit


def calibrate(rows: Sequence[Measured], file: str = "", form: str | None = None) -> Calibrated:
    """Fit every form on the rows that has at least two rates fewer, and choose `form`, or the simplest.

    Raises CallError with the line of each design that cannot be loaded, and where there are too few rows.
    """
    designs, works = _loaded(rows, file)
    pairs = [(one, row.ms) for one, row in zip(works, rows, strict=True)]
    fits = tuple(fit(name, pairs) for name, needs in FORMS.items() if len(rows) >= len(needs) + SPARE)
    if not fits:
        least = min(map(len, FORMS.values())) + SPARE
        raise CallError(Fault(f"{len(rows)} rows are too few: the simplest form needs {least}", file))
    chosen = next((f for f in fits if f.form == form), None)
    if form is not None and chosen is None:
        needs = len(FORMS[form]) + SPARE
        raise CallError(Fault(f"'{form}' needs {needs} rows, and there are {len(rows)}", file))
    return Calibrated(tuple(rows), designs, fits, chosen or simplest(fits))


def _loaded(rows: Sequence[Measured], file: str) -> tuple[tuple[Design, ...], list[Work]]:
    designs, works, faults = [], [], []
    for row in rows:
        try:
            designs.append(load(row.design))
            works.append(work(cost(designs[-1].graph)))
        except MnetcostError as e:
            first = e.faults[0]
            faults.append(Fault(first.message, file, row.line, row.design[:60], first.hint))
    if faults:
        raise CallError(*faults)
    return tuple(designs), works


def document(found: Calibrated, file: str) -> Document:
    """The errors of each form, the chosen one first; what it says of each row."""
    fits = sorted(found.fits, key=lambda f: (f is not found.chosen, f.left_out.mean))
    columns = (
        Column("form", "form"),
        Column("rates", "rates", "integer"),
        Column("left_out_mean", "error, mean", "share"),
        Column("left_out_worst", "worst", "share"),
        Column("mean", "on the rows, mean", "share", rank=2),
        Column("worst", "on the rows, worst", "share", rank=2),
        Column("chosen", "chosen"),
    )
    rows = [
        (f.form, len(f.rates), *f.left_out, *f.errors, "chosen" if f is found.chosen else "") for f in fits
    ]
    held = Table(
        "rows, each by the rates of the others",
        (Column("design", "design"), Column("ms", "ms", "number"), Column("error", "error", "growth")),
        [(row.design, row.ms, error) for row, error in zip(found.rows, found.chosen.held, strict=True)],
    )
    rates = "; ".join(
        f"{1e6 * rate:.4g} ns a {FEATURES[name]}" if name != "fixed" else f"{rate:.4g} ms fixed"
        for name, rate in zip(FORMS[found.chosen.form], found.chosen.rates, strict=True)
    )
    forms = Table("forms", columns, rows)
    return Document(
        f"{len(found.rows)} rows of {file}",
        (forms, held),
        (
            "errors are of each row by the rates that the others give; of the forms within one standard error"
            " of the least mean, the one of the fewest rates is chosen",
        ),
        json_data(
            SCHEMA,
            "complete",
            rows=[
                {"design": r.design, "ms": r.ms, "error": 100 * e}
                for r, e in zip(found.rows, found.chosen.held, strict=True)
            ],
            forms=[_form_data(f, f is found.chosen) for f in fits],
        ),
        (f"rates: {rates}",),
        flat=forms,
    )


def _form_data(one: Fit, chosen: bool) -> dict[str, Any]:
    """A form in the JSON: rates in ms, errors in per cent."""
    return {
        "form": one.form,
        "chosen": chosen,
        "rates": dict(zip(FORMS[one.form], one.rates, strict=True)),
        "error": {"mean": 100 * one.left_out.mean, "worst": 100 * one.left_out.worst},
        "on_the_rows": {"mean": 100 * one.errors.mean, "worst": 100 * one.errors.worst},
    }


def device_text(found: Calibrated, board: Board, file: str) -> str:
    """The device as a file that `fit --device` takes."""
    one = found.chosen
    scale = board.mhz * 1e3 if board.mhz else 1
    texts = {
        key: value
        for key in ("title", "chip", "runtime", "version", "dtype")
        if (value := getattr(board, key))
    }
    lines = [f"{key} = {quoted(value)}" for key, value in texts.items()]
    lines += [f"mhz = {board.mhz:g}"] if board.mhz else []
    lines += [f"source = {quoted(f'measured: {file}')}"]
    lines += [f"{key} = {quoted(size)}" for key in ("ram", "flash") if (size := getattr(board, key))]
    rates = ", ".join(
        f"{name} = {scale * rate:.6g}" for name, rate in zip(FORMS[one.form], one.rates, strict=True)
    )
    lines += [
        "",
        "[latency]",
        f"form = {quoted(one.form)}",
        f"unit = {quoted('cycles' if board.mhz else 'ms')}",
        f"rates = {{ {rates} }}",
        f"error = {{ mean = {100 * one.left_out.mean:.1f}, worst = {100 * one.left_out.worst:.1f} }}"
        "  # per cent, leaving one row out",
        "rows = [",
        *(f"  {{ design = {quoted(r.design)}, ms = {r.ms:g} }}," for r in found.rows),
        "]",
        "",
        "[latency.families]",
        *_families(found.designs),
    ]
    return "\n".join(lines) + "\n"


def _families(designs: Sequence[Design]) -> list[str]:
    """The ranges of each family, as lines of TOML; classes are of all rows, with or without a background."""
    classes = sorted(d.classes for d in designs if d.classes is not None) or [1]
    few = 1000 if classes[0] == 1001 else classes[0]
    many = 1001 if classes[-1] == 1000 else classes[-1]
    kin: dict[str, list[Design]] = {}
    for design in designs:
        kin.setdefault(family(design.name), []).append(design)
    return [
        f"{quoted(name)} = {{ alpha = {_ends([d.alpha for d in some])},"
        f" resolution = {_ends([n for d in some for n in d.resolution])}, classes = [{few}, {many}] }}"
        for name, some in kin.items()
    ]


def _ends(values: Sequence[float]) -> str:
    return f"[{min(values):g}, {max(values):g}]"
