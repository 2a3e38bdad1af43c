"""Which published checkpoint should it be? Those within limits, ranked; those that another beats apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...designs.budgets.limits import Limit, read_limit
from ...designs.budgets.metrics import METRICS, UNITS, named
from ...designs.checkpoints import Checkpoint
from ...designs.loading import load
from ...engine.costs import cost
from ...engine.flash import flash
from ...engine.memory.buffers import peak
from ...engine.memory.graphs import program_of
from ...engine.memory.planners import lives
from ...errors import CallError, SpecError
from ...records import NamedTuple
from ..documents import Column, Document, Table, json_data
from ..pareto import beaten_by
from .printed import OURS, Ways, agreed, ways, ways_of

if TYPE_CHECKING:
    from ..charts import Scatter

SCHEMA = "mnetcost.pick/1"
MOST_SHOWN = 20
FLASH, PEAK = "flash_bytes.int8", "peak_bytes.int8"
COUNTED = ("params", "madds", FLASH, PEAK)
ACCURACIES = ("top1", "top5")
HIGHER = ACCURACIES
"""Figures of which more is better."""


class Counts(NamedTuple):
    """What a design comes to: figures by name, and its params and multiply-adds in every way of counting."""

    figures: dict[str, int | None]
    ways: Ways


class Candidate(NamedTuple):
    """A checkpoint with its figures: counted here where there is a design of ours, else as printed.

    printed: for params and madds, the way in which the printed figure was counted; None where it is not
    explained. beaten: the name of a candidate that is no worse in anything and better in something.
    """

    checkpoint: Checkpoint
    figures: dict[str, float | None]
    printed: dict[str, str | None]
    recomputed: bool
    beaten: str = ""


class Rule(NamedTuple):
    """A limit on a figure of a checkpoint: of one of `COUNTED`, an accuracy, or "ms." and a device."""

    name: str
    limit: Limit

    def keeps(self, candidate: Candidate) -> bool:
        """Is a candidate within the limit? Not where the figure is not known."""
        value = candidate.figures.get(self.name)
        if value is None:
            return False
        exact = Fraction(str(value))
        return exact <= self.limit.amount if self.limit.side == "max" else exact >= self.limit.amount

    def __str__(self) -> str:
        return f"{self.name} {'<=' if self.limit.side == 'max' else '>='} {self.limit.text}"


def read_rule(text: str, side: str, devices: Iterable[str]) -> Rule:
    """Read a limit such as "madds=100M", "top1=65", "ms.Pixel 1=20"; raises CallError for anything else."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CallError(f"'{text[:60]}': write FIGURE=LIMIT, such as madds=100M")
    name = named(name.strip())
    known = (*COUNTED, *ACCURACIES, *(f"ms.{device}" for device in devices))
    name = next((k for k in known if k.lower() == name.lower()), name)
    if name not in known:
        from ...designs.synonyms import meant

        like = meant(name, known, "metrics")
        hint = (
            f"did you mean '{like}'?"
            if like
            else f"there are: {', '.join((*COUNTED, *ACCURACIES))}, and ms.DEVICE"
        )
        raise CallError(f"a checkpoint has no '{name[:60]}'", hint=hint)
    return Rule(name, _limit(name, value.strip(), side))


def read_rules(known: Sequence[Checkpoint], most: Sequence[str], least: Sequence[str]) -> list[Rule]:
    """Read limits as options give them."""
    devices = dict.fromkeys(device for one in known for device in one.ms)
    sides = (("max", most), ("min", least))
    return [read_rule(text, side, devices) for side, texts in sides for text in texts]


def read_sort(text: str) -> str:
    """Read the name of a figure to rank by; raises CallError, with the nearest, where there is none."""
    from ...designs.synonyms import meant

    name, known = named(text), (*ACCURACIES, *COUNTED)
    if name not in known:
        like = meant(name, known, "metrics")
        raise CallError(
            f"a checkpoint has no '{text[:60]}'", hint=f"did you mean '{like}'?" if like else ", ".join(known)
        )
    return name


def _limit(name: str, value: str, side: str) -> Limit:
    if name in METRICS:
        limit = read_limit(value, side, METRICS[name].units)
        if limit.relative:
            raise CallError(
                f"'{value[:40]}': there is no base to compare a checkpoint with", hint="an amount"
            )
        return limit
    text = value.removesuffix("%" if name in ACCURACIES else "ms").strip()
    try:
        return Limit(side, Fraction(text), text=value)
    except (ValueError, ZeroDivisionError):
        what = "per cent such as 65" if name in ACCURACIES else "milliseconds such as 20"
        raise CallError(f"'{name}' must be {what}, not '{value[:40]}'") from None


def counts(design: str) -> Counts:
    """Count a design of ours; a figure that cannot be known is None."""
    graph = load(design).graph
    costs = cost(graph)
    try:
        stored: int | None = int(flash(costs, "int8").total)
    except SpecError:
        stored = None
    found = ways(costs)
    held = peak(lives(program_of(graph, 8), False)).bytes
    return Counts(
        {"params": found.params[OURS], "madds": found.madds[OURS], FLASH: stored, PEAK: held}, found
    )


def candidates(known: Sequence[Checkpoint]) -> list[Candidate]:
    """Every checkpoint with its figures; each design is counted once."""
    designs = dict.fromkeys(one.design for one in known if one.design)
    counted = {design: counts(design) for design in designs}
    found = [_candidate(one, counted) for one in known]
    for key in ("params", "madds"):
        rows = [n for n, c in enumerate(found) if c.recomputed and getattr(c.checkpoint, key)]
        tried = [
            (known[n].source, ways_of(getattr(known[n], key), getattr(counted[known[n].design].ways, key)))
            for n in rows
        ]
        for n, way in zip(rows, agreed(tried), strict=True):
            found[n].printed[key] = way
    return found


def _candidate(one: Checkpoint, counted: Mapping[str, Counts]) -> Candidate:
    figures: dict[str, float | None] = {"top1": one.top1, "top5": one.top5}
    figures |= {f"ms.{device}": ms for device, ms in one.ms.items()}
    if one.design:
        return Candidate(one, {**figures, **counted[one.design].figures}, {}, True)
    return Candidate(one, {**figures, "params": _number(one.params), "madds": _number(one.madds)}, {}, False)


def _number(text: str) -> int | None:
    """A printed number, which stands where nothing is counted."""
    return int(read_limit(text, "max", UNITS).amount) if text else None


def pick(
    known: Sequence[Checkpoint], rules: Sequence[Rule], sort: str = "top1", everything: bool = False
) -> Document:
    """The checkpoints within all limits, the best by `sort` first; those that another one beats are apart.

    One beats another that is no worse in accuracy, in every figure that has a limit, and in multiply-adds and
    flash, and is better in one of them.
    """
    all_of = candidates(known)
    within = [c for c in all_of if all(rule.keeps(c) for rule in rules)]
    within.sort(key=lambda c: _order(c, sort))
    objectives = list(dict.fromkeys(("top1", "madds", FLASH, *(rule.name for rule in rules))))
    beaten = beaten_by([[_cost(c, name) for name in objectives] for c in within])
    within = [
        c._replace(beaten="" if by is None else within[by].checkpoint.name)
        for c, by in zip(within, beaten, strict=True)
    ]
    best, struck = ([c for c in within if bool(c.beaten) == out] for out in (False, True))
    times = [rule.name for rule in rules if rule.name.startswith("ms.")]
    tables = [_table("checkpoints", best if everything else best[:MOST_SHOWN], times)]
    if struck:
        tables.append(_table("struck out", struck if everything else struck[:MOST_SHOWN], times))
    limits = f" within {', '.join(map(str, rules))}" if rules else ""
    return Document(
        f"{len(within)} of {len(all_of)} checkpoints{limits}",
        tuple(tables),
        tuple(_notes(best, struck, all_of, rules, everything)),
        json_data(
            SCHEMA,
            "complete" if within else "nothing",
            limits=[{"figure": r.name, "side": r.limit.side, "limit": r.limit.text} for r in rules],
            objectives=objectives,
            checkpoints=[candidate_data(c) for c in within],
        ),
        flat=_table("checkpoints", within, times),
        charts=lambda: tuple(_drawn(within, objectives)),
    )


def _drawn(within: Sequence[Candidate], objectives: Sequence[str]) -> Iterator[Scatter]:
    """The checkpoints by accuracy and multiply-adds, where there are several of which both are known."""
    from ..scatters import Compared, scatter

    rows = [c for c in within if c.figures.get("madds") is not None]
    if len(rows) < 2:
        return
    best = [n for n, c in enumerate(rows) if not c.beaten]
    compared = Compared(
        ("MAdds", "top-1, %"),
        ("count", "number"),
        ([c.figures["madds"] for c in rows], [c.figures["top1"] for c in rows]),
        lambda n: rows[n].checkpoint.name,
        best,
        (False, True),
        lambda n: rows[n].checkpoint.source,
    )
    about = f"{len(best):,} of {len(rows):,} checkpoints are on the front of {', '.join(objectives)}."
    note = f"large dots: on the front of {', '.join(objectives)}; the line is of the two axes"
    unknown = len(within) - len(rows)
    note += f"; {unknown:,} without MAdds are left out" if unknown else ""
    yield scatter(compared, "Checkpoints by MAdds and accuracy", about, note)


def _order(candidate: Candidate, sort: str) -> tuple[bool, float, float]:
    value, madds = candidate.figures.get(sort), candidate.figures.get("madds")
    sign = -1 if sort in HIGHER else 1
    return value is None, sign * (value or 0), madds or 0


def _cost(candidate: Candidate, name: str) -> float | None:
    value = candidate.figures.get(name)
    return None if value is None else -value if name in HIGHER else value


def _table(title: str, rows: Sequence[Candidate], times: Sequence[str]) -> Table:
    columns = (
        Column("name", "checkpoint"),
        Column("source", "in", rank=3),
        Column("dtype", "type", rank=2),
        Column("top1", "top-1", "number"),
        Column("params", "params", "count", rank=1),
        Column("madds", "MAdds", "count"),
        Column(FLASH, "flash, int8", "bytes"),
        Column(PEAK, "peak, int8", "bytes", rank=2),
        *(Column(name, f"{name.removeprefix('ms.')}, ms", "number") for name in times),
        Column("printed", "printed figures", rank=1),
        *((Column("beaten_by", "beaten by"),) if title != "checkpoints" else ()),
    )
    return Table(title, columns, [_cells(c, times, title != "checkpoints") for c in rows])


def _cells(candidate: Candidate, times: Sequence[str], out: bool) -> tuple[Any, ...]:
    one, f = candidate.checkpoint, candidate.figures
    values = (f.get(name) for name in ("top1", *COUNTED, *times))
    more = (candidate.beaten,) if out else ()
    return (one.name, one.source, one.dtype, *values, printed_words(candidate), *more)


def printed_words(candidate: Candidate) -> str:
    """How the printed figures were counted, where that is not our way; that nothing was counted here."""
    if not candidate.recomputed:
        return "as printed, not recomputed"
    one, words = candidate.checkpoint, []
    for key, way in candidate.printed.items():
        if way is None:
            words.append(f"{key} {getattr(one, key)}: {one.why or 'not explained'}")
        elif way != OURS:
            words.append(f"{key} {getattr(one, key)}: {way}")
    return "; ".join(words)


def candidate_data(candidate: Candidate) -> dict[str, Any]:
    """A checkpoint in the JSON."""
    one = candidate.checkpoint
    return {
        "name": one.name,
        "source": one.source,
        "printed_in": one.printed_in,
        "weights": one.weights,
        "dtype": one.dtype,
        "design": one.design or None,
        "top1": one.top1,
        "top5": one.top5,
        "recomputed": candidate.recomputed,
        **{name: candidate.figures.get(name) for name in COUNTED},
        "ms": dict(one.ms),
        "printed": {
            key: {"text": getattr(one, key), "as": way, "why": one.why if way is None else ""}
            for key, way in candidate.printed.items()
        },
        "beaten_by": candidate.beaten or None,
    }


def _notes(
    best: Sequence[Candidate],
    struck: Sequence[Candidate],
    all_of: Sequence[Candidate],
    rules: Sequence[Rule],
    everything: bool,
) -> Iterable[str]:
    if not best:
        yield nearest_miss(all_of, rules)
    hidden = 0 if everything else max(len(best) - MOST_SHOWN, 0) + max(len(struck) - MOST_SHOWN, 0)
    if hidden:
        yield f"{hidden} more: --all"
    if struck:
        yield (
            "struck out: another one is no worse in accuracy, multiply-adds, flash and what is limited, and"
            " better in one"
        )
    yield (
        "params, MAdds, flash (weights as int8, batch norm folded) and peak (maps held at once, as int8) are"
        " counted here; accuracy and times are as printed. A float32 checkpoint may lose accuracy as int8"
    )
    for source in dict.fromkeys(c.checkpoint.source for c in (*best[:MOST_SHOWN], *struck[:MOST_SHOWN])):
        one = next(c.checkpoint for c in all_of if c.checkpoint.source == source)
        yield f"{source}: {one.printed_in}; weights: {one.weights}"


def nearest_miss(all_of: Sequence[Candidate], rules: Sequence[Rule]) -> str:
    """The limit that leaves most out, where nothing is within all limits."""
    if not rules:
        return "there are no checkpoints"
    kept = {str(rule): sum(map(rule.keeps, all_of)) for rule in rules}
    each = ", ".join(f"{n} keep {rule}" for rule, n in kept.items())
    return f"nothing is within all limits: of {len(all_of)} checkpoints {each}"
