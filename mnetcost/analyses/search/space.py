"""What is in a space of designs? How many there are within limits, their spread, one of them, and samples."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any

from ...designs.budgets.limits import read_limit
from ...designs.budgets.metrics import METRICS, named
from ...designs.budgets.options import read_amounts
from ...designs.resolved import written
from ...designs.shipped import shipped_spaces
from ...designs.spaces import Space, Variant, load_space
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...errors import CallError
from ...records import NamedTuple
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from ..report.grids import column_kind
from .histograms import histogram, quantile
from .lattice import Lattice, additive, priced
from .limits import EFFORT, Count, Limit, within
from .sampling import Sampler
from .spread import Spread, spread

if TYPE_CHECKING:
    from ..charts import Histogram

SCHEMA = "mnetcost.space/1"
STATS = "mnetcost.space-stats/1"
SAMPLE = "mnetcost.space-sample/1"
SPACES = "mnetcost.spaces/1"
FIGURES = ("madds", "params", "peak_bytes.int8")
"""The figures that are shown of designs where none are asked for."""
ENTRY_BYTES = 128
"""Bytes of memory for each entry of a half while it grows."""
MEMORY = 2 * 2**30
LEAST_MEMORY = 2**24
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 20
MOST_SAMPLES = 100_000
INTERVAL = (
    "an interval, which is proven: an exact number would take more memory or time than was allowed (--memory)"
)

Told = Callable[[float], None]


def quiet(share: float) -> None:
    """Tell nobody."""


def part_of(told: Told, n: int, of: int) -> Told:
    """What the nth of some equal pieces of work tells of its own share, for all of it."""
    return lambda share: told((n + share) / of)


class Priced(NamedTuple):
    """A space with the figures of its parts: a lattice a variant, and the designs before each."""

    space: Space
    convention: Convention
    lattices: tuple[Lattice, ...]
    offsets: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number of designs."""
        return self.offsets[-1]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The figures, by their names."""
        return self.lattices[0].metrics

    def find(self, number: int) -> tuple[Lattice, int]:
        """The lattice that holds the design of a number, and its number there; raises CallError for none."""
        if not 0 <= number < self.total:
            raise CallError(
                f"'{self.space.heading}' has {self.total:,} designs, and none of the number {number:,}",
                hint=f"numbers go from 0 to {self.total - 1}",
            )
        which = bisect_right(self.offsets, number) - 1
        return self.lattices[which], number - self.offsets[which]

    def spec(self, number: int) -> Spec:
        """The design of a number, as a spec."""
        lattice, within_ = self.find(number)
        options = [edge.option for edge in lattice.path(within_)]
        return self.space.design(lattice.variant, options, f"{self.space.spec.name}-{number}")

    def figures(self, number: int) -> dict[str, int]:
        """The figures of the design of a number."""
        lattice, within_ = self.find(number)
        edges = lattice.path(within_)
        return {
            metric: (sum if additive(metric) else max)(edge.figures[m] for edge in edges)
            for m, metric in enumerate(lattice.metrics)
        }


def price(space: Space, metrics: Sequence[str], convention: Convention, told: Told = quiet) -> Priced:
    """Price every part of a space.

    Raises CallError for a figure that is not the sum, or the largest, of its parts'.
    """
    names = list(dict.fromkeys(named(metric) for metric in metrics))
    for metric in names:
        additive(metric)
    lattices = []
    for n, variant in enumerate(space.variants):
        told(n / len(space.variants))
        lattices.append(priced(space, variant, names, convention, space.slots[variant.depth]))
    told(1.0)
    return Priced(
        space, convention, tuple(lattices), (0, *accumulate(x.completions()[0][0] for x in lattices))
    )


def read_limits(most: Sequence[str], least: Sequence[str] = ()) -> list[Limit]:
    """Read limits as options give them: "madds=300M" for --max or --min.

    Raises CallError for a metric that is not a sum or the largest of its parts, and for a limit that makes
    no sense.
    """
    high, low = read_amounts(most, "max"), read_amounts(least, "min")
    for metric in (names := dict.fromkeys((*high, *low))):
        additive(metric)
    return [Limit(metric, low.get(metric), high.get(metric)) for metric in names]


def read_memory(text: str) -> int:
    """Read --memory: bytes, "2G" or "512M", which are of 1,024; raises CallError for less than 16M."""
    limit = read_limit(text, "max", METRICS["peak_bytes.int8"].units)
    if limit.relative or limit.bound() < LEAST_MEMORY:
        raise CallError(f"'{text[:40]}': memory to count in is 16M or more", hint="--memory 2G")
    return limit.bound()


def count(
    space: Space,
    limits: Sequence[Limit],
    convention: Convention,
    memory: int = MEMORY,
    quick: bool = False,
    told: Told = quiet,
) -> Document:
    """How many designs of a space keep every limit; an interval where an exact number takes too much.

    memory: bytes that tables may take. quick: rather an interval than a number that takes minutes.
    """
    known = price(space, [limit.metric for limit in limits], convention, told)
    effort = memory / ENTRY_BYTES if quick else EFFORT
    found, of = Count(0, 0), len(known.lattices)
    for n, lattice in enumerate(known.lattices):
        found += within(lattice, limits, memory // ENTRY_BYTES, effort, part_of(told, n, of))
        told((n + 1) / of)
    exact, notes = found.exact, [convention_note(convention)]
    if not exact:
        notes.insert(0, INTERVAL)
    data = json_data(
        SCHEMA,
        "exact" if exact else "interval",
        space=space.heading,
        designs=str(found.least) if exact else None,
        at_least=str(found.least),
        at_most=str(found.most),
        total=str(known.total),
        limits=[limit_data(limit) for limit in limits],
        slots=slots_data(space),
        convention=convention_data(convention),
    )
    table = _count_table(known.total, limits, found)
    return Document(space.heading, (table,), tuple(notes), data, (_lead(space),))


def _count_table(total: int, limits: Sequence[Limit], found: Count) -> Table:
    """A row for all designs of a space, and one for those within limits; of an interval, with both ends."""
    rows: list[tuple[str, int, int, float | None]] = [("designs", total, total, 1.0)]
    if limits:
        rows.append((words(limits), found.least, found.most, found.most / total if total else None))
    what, share = Column("what", "designs"), Column("share", "share of all", "share")
    if found.exact:
        columns = (what, Column("designs", "number", "integer"), share)
        return Table("", columns, [(text, most, part) for text, _, most, part in rows])
    ends = Column("at_least", "at least", "integer"), Column("at_most", "at most", "integer")
    return Table("", (what, *ends, share._replace(title="share of all, at most")), rows)


def slots_data(space: Space) -> list[dict[str, Any]]:
    """The slots of a space that leave a choice: the row, its options, and whether a stage may end before."""
    slots = next(iter(space.slots.values()))
    return [
        {"row": slot.row.name or slot.row.key, "options": len(slot.options), "may_end": slot.may_end}
        for slot in slots
        if len(slot.options) > 1 or slot.may_end
    ]


def _lead(space: Space) -> str:
    return about(space.spec.title, space.spec.source)


def words(limits: Sequence[Limit]) -> str:
    """Some limits as people write them.

    >>> words([Limit("madds", None, 300_000_000), Limit("params", 5, 9)])
    'madds <= 300,000,000, 5 <= params <= 9'
    """
    found = []
    for metric, least, most in limits:
        low, high = ("" if n is None else f"{n:,}" for n in (least, most))
        found.append(
            f"{low} <= {metric} <= {high}"
            if low and high
            else f"{metric} <= {high}"
            if high
            else f"{metric} >= {low}"
        )
    return ", ".join(found)


def limit_data(limit: Limit) -> dict[str, Any]:
    """A limit for JSON."""
    return {"metric": limit.metric, "least": limit.least, "most": limit.most}


def stats(
    space: Space, metrics: Sequence[str], convention: Convention, bins: int = BINS, told: Told = quiet
) -> Document:
    """How the figures of a space's designs are spread: least, quantiles, most, and a histogram."""
    known = price(space, metrics or FIGURES, convention, told)
    if not known.total:
        raise CallError(f"'{space.heading}' has no designs")
    spreads = []
    for n, metric in enumerate(known.metrics):
        found = spread(known.lattices, metric, SHARES, bins, part_of(told, n, len(known.metrics)))
        assert found is not None
        spreads.append(found)
    columns = (
        Column("figure", "figure"),
        Column("least", "least", "count"),
        *(Column(f"q{round(share * 100)}", quantile(share), "count") for share in SHARES),
        Column("most", "most", "count"),
    )
    rows = [(one.metric, one.least, *(value for _, value in one.quantiles), one.most) for one in spreads]
    notes = (
        "a quantile is the least figure that so many designs have at most; all are exact",
        convention_note(convention),
    )
    data = json_data(
        STATS,
        None,
        space=space.heading,
        designs=str(known.total),
        figures={one.metric: _spread_data(one) for one in spreads},
        convention=convention_data(convention),
    )
    tables = (Table("", columns, rows), *(_histogram(one) for one in spreads))
    lead = (_lead(space), f"{known.total:,} designs")
    flat = Table("", columns, rows)

    def charts() -> tuple[Histogram, ...]:
        units = {"madds": convention.unit}
        return tuple(histogram(space.heading, one, units.get(one.metric, one.metric)) for one in spreads)

    return Document(space.heading, tables, notes, data, lead, flat, charts=charts)


def _histogram(one: Spread) -> Table:
    columns = (
        Column("from", f"{one.metric} from", column_kind(one.metric)),
        Column("to", "to", column_kind(one.metric)),
        Column("designs", "designs", "integer"),
        Column("share", "share", "share", bar=True),
    )
    return Table(one.metric, columns, [(low, high, n, n / one.designs) for low, high, n in one.bins])


def _spread_data(one: Spread) -> dict[str, Any]:
    return {
        "least": one.least,
        "quantiles": [{"share": share, "value": value} for share, value in one.quantiles],
        "most": one.most,
        "histogram": [{"from": low, "to": high, "designs": str(n)} for low, high, n in one.bins],
    }


def show(space: Space, number: int, convention: Convention) -> str:
    """The design of a number as a spec; raises CallError for a number that no design has."""
    known = price(space, (), convention)
    return spec_text(known, number)


def spec_text(known: Priced, number: int) -> str:
    """The design of a number as the text of a spec."""
    return f"# design {number} of {known.space.heading}\n{written(known.spec(number))}"


class Sample(NamedTuple):
    """A design that was drawn: its number, its variant and its figures."""

    number: int
    variant: Variant
    figures: dict[str, int]


def sample(known: Priced, limits: Sequence[Limit], many: int, seed: int, told: Told = quiet) -> list[Sample]:
    """Draw designs within limits, each with the same chance, none thrown away; the same for the same seed.

    Raises CallError where there is none, and for limits on more than two sums.
    """
    samplers = [Sampler(lattice, limits) for lattice in known.lattices]
    ends = list(accumulate(one.total for one in samplers))
    if not ends[-1]:
        raise CallError(f"no design of '{known.space.heading}' is within {words(limits)}")
    random, found = Random(seed), []
    for n in range(many):
        which = bisect_right(ends, random.randrange(ends[-1]))
        options = samplers[which].draw(random)
        number = known.offsets[which] + known.lattices[which].number(options)
        found.append(Sample(number, known.lattices[which].variant, known.figures(number)))
        told((n + 1) / many)
    return found


def samples(known: Priced, limits: Sequence[Limit], found: Sequence[Sample], seed: int) -> Document:
    """Designs that were drawn, each with its number, by which `space show` writes it."""
    space = known.space
    several = several_columns(known)
    columns = (
        Column("design", "design", "number"),
        *several,
        *(Column(metric, metric, column_kind(metric)) for metric in known.metrics),
    )
    rows = [(str(one.number), *variant_cells(several, one.variant), *one.figures.values()) for one in found]
    data = json_data(
        SAMPLE,
        None,
        space=space.heading,
        seed=seed,
        limits=[limit_data(limit) for limit in limits],
        designs=[
            {
                "design": str(one.number),
                **variant_data(one.variant),
                "figures": one.figures,
                "spec": spec_text(known, one.number),
            }
            for one in found
        ],
        convention=convention_data(known.convention),
    )
    chance = f"each design within {words(limits)}" if limits else "each design"
    notes = (
        f"drawn by chance with seed {seed}: {chance} is equally likely",
        f"mnetcost space show {space.heading} NUMBER writes one as a spec",
        convention_note(known.convention),
    )
    return Document(space.heading, (Table("", columns, rows),), notes, data, (_lead(space),))


def several_columns(known: Priced) -> tuple[Column, ...]:
    """Columns of what a space's file chooses for whole designs, where there is a choice."""
    variants = known.space.variants
    keys = (("alpha", "alpha", "number"), ("resolution", "resolution", "text"), ("depth", "depth", "number"))
    cells = [{key: variant_data(v)[key] for key, _, _ in keys} for v in variants]
    return tuple(
        Column(key, title, kind) for key, title, kind in keys if len({str(c[key]) for c in cells}) > 1
    )


def variant_data(variant: Variant) -> dict[str, Any]:
    """A variant for JSON."""
    return {"alpha": variant.alpha, "resolution": list(variant.sides), "depth": variant.depth}


def variant_cells(columns: Sequence[Column], variant: Variant) -> list[Any]:
    """The cells of these columns for a variant."""
    data: dict[str, Any] = {
        **variant_data(variant),
        "resolution": "x".join(map(str, dict.fromkeys(variant.sides))),
    }
    return [data[column.key] for column in columns]


def listed(convention: Convention) -> Document:
    """The shipped spaces, each with its number of designs."""
    rows, data = [], []
    for name in shipped_spaces():
        space = load_space(name)
        known = price(space, (), convention)
        rows.append((name, known.total, len(space.variants), space.spec.title))
        data.append(
            {
                "name": name,
                "title": space.spec.title,
                "source": space.spec.source,
                "differs": list(space.spec.differs),
                "designs": str(known.total),
            }
        )
    columns = (
        Column("space", "space"),
        Column("designs", "designs", "integer"),
        Column("variants", "alphas, sizes, depths", "integer"),
        Column("title", "title", rank=1),
    )
    return Document(
        f"{len(rows)} spaces", (Table("", columns, rows),), (), json_data(SPACES, None, spaces=data)
    )
