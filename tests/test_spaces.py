"""Counts, spreads and samples of spaces of designs are exact: equal to every design built and costed."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from mnetcost.analyses.report.metrics import Gauge
from mnetcost.analyses.search.lattice import additive
from mnetcost.analyses.search.limits import Count, Limit, dominated, within
from mnetcost.analyses.search.sampling import Sampler
from mnetcost.analyses.search.space import FIGURES, Priced, price, read_limits, sample, spec_text
from mnetcost.analyses.search.spread import spread
from mnetcost.analyses.search.sweep import CHUNK, Sweep, _weighted
from mnetcost.analyses.search.tables import dot, middle
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import parent_of
from mnetcost.designs.loading import load_spec
from mnetcost.designs.settings import Settings
from mnetcost.designs.shipped import shipped_spaces
from mnetcost.designs.spaces import LEFT, load_space
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import cost

from .test_cli import run

PAPER = load_convention("paper")
HEAD = """
top = [
  { op = "global_pool", name = "pool" },
  { op = "dense", name = "classifier", out = "classes" },
]
"""
OFA_HEAD = """
top = [
  { op = "global_pool", name = "pool" },
  { op = "conv_norm", name = "head", out = 1280, norm = false, activation = "hswish" },
  { op = "dense", name = "classifier", out = "classes" },
]
"""
CHOICES = "kernel = { choice = [3, 5] }, expand = { choice = [3, 6] }"

# name: the spec, and its number of designs counted by hand
SMALL: dict[str, tuple[str, int]] = {
    "stages that end early": (
        f"""resolution = 64
layers = [
  {{ op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2, activation = "hswish" }},
  {{ op = "bneck", out = 16, expand = 1 }},
  {{ op = "bneck", out = 24, stride = 2, {CHOICES}, repeat = {{ choice = [1, 2] }} }},
  {{ op = "bneck", out = 40, stride = 2, se = 0.25, {CHOICES}, repeat = {{ choice = [1, 2] }} }},
  {{ op = "conv_norm", name = "last", out = 960, activation = "hswish" }},
]"""
        + OFA_HEAD,
        (4 + 4 * 4) ** 2,
    ),
    "one choice a row, of several ops": (
        """resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2 },
  { any = [
      { op = "separable", out = { share = [0.5, 1], of = 24 }, kernel = { choice = [3, 5] } },
      { op = "bneck", out = 24, expand = { choice = [3, 6] }, se = { choice = [0, 0.25] } },
    ], stride = 2, repeat = { choice = [1, 3] }, per = "row" },
  { op = "conv_norm", out = { range = [8, 24, 8] } },
]"""
        + HEAD,
        (4 + 4) * 2 * 3,
    ),
    "copies left out one by one": (
        """resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2 },
  { op = "bneck", out = 16, kernel = { choice = [3, 5] }, expand = 3, repeat = 3, optional = true },
  { op = "bneck", out = 24, stride = 2, optional = true },
]"""
        + HEAD,
        3**3 * 2,
    ),
    "a row that reads another": (
        """resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2 },
  { op = "conv_norm", name = "a", out = 16, kernel = { choice = [1, 3] }, repeat = { choice = [1, 2] } },
  { op = "conv_norm", name = "b", from = "stem", out = 16, kernel = { choice = [1, 3, 5] } },
  { op = "add", from = ["a", "b"] },
  { op = "conv_norm", out = 8, kernel = { choice = [1, 3] } },
]"""
        + HEAD,
        (2 + 4) * 3 * 2,
    ),
    "alpha, resolution and depth": (
        """alpha = { choice = [0.35, 0.5, 1.4] }
resolution = { choice = [32, [40, 32]] }
depth = { choice = [1, 2] }
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2 },
  { op = "bneck", out = 24, expand = { choice = [1, 3] }, stride = 2, repeat = 2 },
  { op = "conv_norm", out = 48, repeat = 1 },
]"""
        + HEAD,
        3 * 2 * (2**2 + 2**4),
    ),
    "printed widths at an alpha": (
        """alpha = { choice = [0.5, 1] }
resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = { choice = [16, 24] }, kernel = 3, stride = 2 },
  { op = "residual", mid = { choice = [8, 20] }, out = 40, stride = 2 },
  { op = "shuffle_unit", out = 48, stride = 2, kernel = { choice = [3, 5] } },
]"""
        + HEAD,
        2 * 2 * 2 * 2,
    ),
    "no choice": ('resolution = 32\nlayers = [{ op = "conv_norm", out = 8, kernel = 3 }]\n' + HEAD, 1),
}


@pytest.fixture
def spaces(tmp_path: Path) -> Path:
    """A folder with the small spaces, called by their places."""
    for n, (text, _) in enumerate(SMALL.values()):
        (tmp_path / f"space{n}.toml").write_text(text, "utf-8")
    return tmp_path


def small(folder: Path, name: str) -> Priced:
    path = folder / f"space{list(SMALL).index(name)}.toml"
    return price(load_space(str(path)), (*FIGURES, "flash_bytes.int8"), PAPER)


def whole(known: Priced, number: int) -> dict[str, int]:
    """The figures of a design whose spec was written, read, built and costed whole."""
    text = spec_text(known, number)
    design = load_spec(read_spec(text, "net.toml", "net", None, parent_of), Settings())
    gauge = Gauge(cost(design.graph), PAPER, design)
    return {metric: gauge.figure(metric) for metric in known.metrics}


@pytest.mark.parametrize("name", SMALL)
def test_every_design_costs_as_a_whole_what_its_parts_promise(name: str, spaces: Path) -> None:
    """Each design of each small space: written as a spec, read, built and costed."""
    known = small(spaces, name)
    assert known.total == SMALL[name][1]
    for number in range(known.total):
        assert known.figures(number) == whole(known, number), number


@pytest.mark.parametrize("name", SMALL)
def test_designs_of_different_numbers_differ(name: str, spaces: Path) -> None:
    """As specs, where no two choices come to one thing; the numbers are counted in order."""
    known = small(spaces, name)
    texts = {spec_text(known, number).partition("\n")[2] for number in range(known.total)}
    # at which place a copy is left out shows in its name alone, and so it does in a share of equal width
    assert len(texts) == known.total
    for lattice, start in zip(known.lattices, known.offsets, strict=False):
        for number in range(lattice.completions()[0][0]):
            assert lattice.number([edge.option for edge in lattice.path(number)]) == number
            assert known.find(start + number) == (lattice, number)


@pytest.mark.parametrize("name", SMALL)
def test_counts_within_limits_are_those_of_brute_force(name: str, spaces: Path) -> None:
    """One limit, two, and peaks; from below, from above, and both."""
    known = small(spaces, name)
    designs = [known.figures(number) for number in range(known.total)]
    random = Random(3)
    marks = {metric: sorted({one[metric] for one in designs}) for metric in known.metrics}
    for metrics in (
        ("madds",),
        ("params",),
        ("peak_bytes.int8",),
        ("madds", "peak_bytes.int8"),
        ("madds", "params"),
        ("madds", "params", "peak_bytes.int8"),
    ):
        for _ in range(4):
            limits = []
            for metric in metrics:
                low, high = sorted(random.choices(marks[metric], k=2))
                shift = random.randrange(-1, 2)
                limits.append(Limit(metric, low if random.random() < 0.5 else None, high + shift))
            expected = sum(kept(one, limits) for one in designs)
            found = sum((within(x, limits) for x in known.lattices), Count(0, 0))
            assert found == Count(expected, expected), limits


def kept(figures: dict[str, int], limits: list[Limit]) -> bool:
    return all(
        (least is None or figures[metric] >= least) and (most is None or figures[metric] <= most)
        for metric, least, most in limits
    )


@pytest.mark.parametrize("name", ["stages that end early", "one choice a row, of several ops"])
@pytest.mark.parametrize("most", [8, 16, 64, 256])
def test_an_interval_holds_the_true_number(most: int, name: str, spaces: Path) -> None:
    """With room for so few sums that they are rounded, at limits up to the largest figures but one, where
    sums that are rounded up need a bit more; and in parts, where it stays exact.
    """
    known = small(spaces, name)
    designs = [known.figures(number) for number in range(known.total)]
    (lattice,) = known.lattices
    marks = {m: sorted({one[m] for one in designs}) for m in ("madds", "params")}
    for share in (0.2, 0.5, 0.8, 0.97, 1.0):
        limits = [Limit(m, None, at[int((len(at) - 2) * share)]) for m, at in marks.items()]
        expected = sum(kept(one, limits) for one in designs)
        rough = within(lattice, limits, most, effort=0)
        assert rough.least <= expected <= rough.most
        assert within(lattice, limits, most, effort=1e9) == Count(expected, expected)


# a space, limits, and the number: BACKGROUND of spaces, each by two algorithms that agree
COUNTED = [
    ("ofa-mobilenetv3", (), 21_758_655_492_572_485_851),
    ("ofa-mobilenetv3", ("madds=200M",), 8_771_878_157_810),
    ("ofa-mobilenetv3", ("madds=300M",), 856_295_841_105_991_212),
    ("ofa-mobilenetv3", ("madds=400M",), 20_599_264_329_795_529_108),
    ("ofa-mobilenetv3:resolution=160", ("madds=131663784",), 15_182_201_986_518_935),
    ("ofa-mobilenetv3:resolution=160", ("madds=154471536",), 814_408_348_898_027_844),
    ("ofa-mobilenetv3:resolution=160", ("params=4686982",), 425_204_087_911_924_268),
    ("ofa-mobilenetv3:resolution=160", ("params=5112379",), 2_976_916_395_027_779_386),
    ("ofa-mobilenetv3:resolution=160", ("peak_bytes.int8=512000",), 14_505_770_328_381_657_234),
    ("proxylessnas", (), 221_502_229_807_900_608),
    ("proxylessnas", ("madds=300M",), 6_228_260_254_232_184),
    ("proxylessnas", ("madds=253747443",), 188_485_691_048_511),
    ("proxylessnas", ("madds=304153625",), 7_949_658_176_627_206),
    ("proxylessnas", ("params=3039489",), 2_674_210_857_241_855),
    ("proxylessnas", ("params=3334324",), 17_049_021_080_871_813),
    ("proxylessnas", ("peak_bytes.int8=978432",), 110_751_114_903_950_304),
    ("mnasnet-space", (), 76_169_967_501_312),
    ("tinynas:alpha=0.5,resolution=160", (), 7371**5 * 9),
    ("v1-widths", (), 10**14),
]
DEPTHS = """extends = "tinynas"
[[change]]
match = { out = 24 }
set = { repeat = { choice = [1, 2, 3, 4] } }
[[change]]
match = { out = 40 }
set = { repeat = { choice = [1, 2, 3, 4] } }
[[change]]
match = { out = 80 }
set = { repeat = { choice = [1, 2, 3, 4] } }
[[change]]
match = { out = 96 }
set = { repeat = { choice = [1, 2, 3, 4] } }
[[change]]
match = { out = 192 }
set = { repeat = { choice = [1, 2, 3, 4] } }
"""
FROM_ONE = [  # TinyNAS with depths from 1, alpha 0.5, 160
    ((), 197_026_353_010_051_200_000),
    (("madds=30M",), 1_756_190_014_658),
    (("madds=44669400",), 70_688_692_760_840_577),
    (("madds=54925200",), 4_674_477_400_694_282_597),
    (("params=551978",), 390_987_676_176_371_156),
    (("params=641395",), 4_273_562_376_121_066_666),
    (("peak_bytes.int8=256000",), 41_487_662_950_896_960_000),
]


def designs(space: str, most: tuple[str, ...]) -> int:
    """As the command counts them."""
    said = run(
        "space", "count", space, *(word for limit in most for word in ("--max", limit)), "--format", "json"
    )
    assert said.exit_code == 0, said.stderr
    data = json.loads(said.stdout)
    assert (data["schema"], data["status"]) == ("mnetcost.space/1", "exact")
    return int(data["designs"])


@pytest.mark.parametrize(("space", "most", "expected"), COUNTED)
def test_large_spaces_are_counted_exactly(space: str, most: tuple[str, ...], expected: int) -> None:
    """Up to 10^20 designs, as digits in JSON."""
    assert designs(space, most) == expected


def test_changes_of_a_space_that_is_extended_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A space may extend another, and its choices may be set by changes."""
    (tmp_path / "deep.toml").write_text(DEPTHS, "utf-8")
    monkeypatch.chdir(tmp_path)
    for most, expected in FROM_ONE:
        assert designs("deep.toml:alpha=0.5,resolution=160", most) == expected


# least, median and most of madds and params
SPREADS = [
    (
        "ofa-mobilenetv3:resolution=160",
        (63_240_528, 181_670_656, 291_318_048),
        (3_410_792, 5_633_328, 7_664_760),
    ),
    ("proxylessnas", (102_528_896, 373_479_296, 606_590_720), (2_154_984, 3_855_488, 5_103_336)),
]


@pytest.mark.parametrize(("space", "madds", "params"), SPREADS)
def test_spreads_of_large_spaces(space: str, madds: tuple[int, ...], params: tuple[int, ...]) -> None:
    """The medians that another algorithm, of the whole distribution, came to."""
    known = price(load_space(space), ("madds", "params"), PAPER)
    for metric, expected in (("madds", madds), ("params", params)):
        found = spread(known.lattices, metric, (0.5,), 1, lambda share: None)
        assert found is not None
        assert (found.least, found.quantiles[0][1], found.most) == expected


def published() -> list[dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "space_nets.toml").read_text("utf-8"))["net"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("net", published(), ids=lambda net: net["name"])
def test_published_networks_are_designs_of_their_space(net: dict[str, Any]) -> None:
    """Found by their choices, they cost what their released configuration was recounted to."""
    known = price(load_space(net["space"]), ("madds", "params"), PAPER)
    slots = known.space.slots[1.0]
    widths = list(dict.fromkeys(slot.row.fields["out"] for slot in slots if len(slot.options) > 1))
    wanted = {
        width: [block.split("x") for block in blocks.split()]
        for width, blocks in zip(widths, net["blocks"], strict=True)
    }
    options = []
    for slot in slots:
        if len(slot.options) == 1:
            options.append(0)
            continue
        blocks = wanted[slot.row.fields["out"]]
        block = blocks.pop(0) if blocks else ["-"]
        if block == ["-"]:
            fits = [n for n, rows in enumerate(slot.options) if not rows] or [LEFT]
        else:
            fits = [
                n
                for n, rows in enumerate(slot.options)
                if rows and [str(rows[0].fields[key]) for key in ("kernel", "expand")] == block
            ]
        options.append(fits[0])
    number = known.lattices[0].number(options)
    assert [edge.option for edge in known.lattices[0].path(number)] == options
    assert known.figures(number) == {"madds": net["madds"], "params": net["params"]}


def test_samples_are_uniform_over_the_designs_within_limits(spaces: Path) -> None:
    """Every design within the limits is drawn about as often, and no other one is."""
    known = small(spaces, "stages that end early")
    designs = [known.figures(number) for number in range(known.total)]
    most = int(np.quantile([one["madds"] for one in designs], 0.1))
    for limits in (
        [Limit("madds", None, most)],
        [Limit("madds", most // 2, most), Limit("peak_bytes.int8", None, 100_000)],
        [Limit("peak_bytes.int8", 70_000, 100_000)],
        [Limit("madds", None, most * 2), Limit("params", 2_590_000, 2_600_000)],
        [
            Limit("params", None, 2_600_000),
            Limit("madds", most, None),
            Limit("peak_bytes.int8", 70_000, None),
        ],
    ):
        good = {number for number, one in enumerate(designs) if kept(one, limits)}
        drawn = Counter(one.number for one in sample(known, limits, 100 * len(good), 5))
        assert set(drawn) == good
        chi = sum((n - 100) ** 2 / 100 for n in drawn.values())
        assert chi < len(good) + 5 * (2 * len(good)) ** 0.5  # five deviations of a chi-squared law


def test_a_rare_limit_is_drawn_without_throwing_away() -> None:
    """One design in a hundred million of OFA: each that is drawn keeps it, and costs whole what it says."""
    known = price(load_space("ofa-mobilenetv3"), FIGURES, PAPER)
    limits = read_limits(["madds=170M", "peak_bytes.int8=1000000"], ["madds=160M"])
    total = within(known.lattices[0], limits)
    assert total.exact
    assert known.total // total.least > 10**8
    assert Sampler(known.lattices[0], limits).total == total.least
    drawn = sample(known, limits, 5, 1)
    assert drawn == sample(known, limits, 5, 1)
    for one in drawn:
        assert kept(one.figures, limits)
        assert one.figures == whole(known, one.number)


@pytest.mark.parametrize("name", SMALL)
def test_a_sweep_gives_every_design_in_order(name: str, spaces: Path) -> None:
    """Numbers and figures of whole spaces, also from the middle on."""
    known = small(spaces, name)
    sweep = Sweep(known.lattices)
    for start in (0, known.total // 3):
        chunk = sweep.chunk(start, known.total)
        assert chunk["design"].tolist() == list(range(start, known.total))
        for metric in known.metrics:
            assert chunk[metric].tolist() == [known.figures(n)[metric] for n in range(start, known.total)]


def test_a_sweep_by_chance_is_uniform_and_costs_whole_what_it_says(spaces: Path) -> None:
    """Of stages that end early, each design as often; of OFA, whose numbers pass 64 bits, fifty recosted."""
    known = small(spaces, "stages that end early")
    many = np.zeros(known.total, int)
    np.add.at(many, Sweep(known.lattices).chunk(0, 100 * known.total, 2)["design"], 1)
    assert ((many - 100) ** 2 / 100).sum() < known.total + 5 * (2 * known.total) ** 0.5
    ofa = price(load_space("ofa-mobilenetv3"), FIGURES, PAPER)
    chunk = Sweep(ofa.lattices).chunk(0, CHUNK, 4)
    for n in range(50):
        number = int(chunk["design_high"][n]) * 10**18 + int(chunk["design_low"][n])
        assert {metric: int(chunk[metric][n]) for metric in FIGURES} == whole(ofa, number)


def test_weights_that_pass_64_bits_are_drawn_by() -> None:
    """Three positions of which one is drawn three times as often as the others."""
    random = np.random.Generator(np.random.PCG64(1))
    large = 10**30
    drawn = np.bincount(_weighted(random, [large, 3 * large + 1, large], 5000), minlength=3)
    assert abs(drawn - np.array([1000, 3000, 1000])).max() < 150


def test_products_of_counts_that_pass_64_bits_are_exact() -> None:
    """Against Python's integers."""
    random = np.random.Generator(np.random.PCG64(5))
    xs, ys = random.integers(0, 2**62, (2, 1000))
    assert dot(xs, ys) == sum(int(x) * int(y) for x, y in zip(xs, ys, strict=True))


def test_pairs_below_corners_are_those_of_a_loop() -> None:
    """With ties in both directions, empty sides, and weights."""
    random = np.random.Generator(np.random.PCG64(6))
    for points, corners in product((0, 1, 40), (0, 1, 30)):
        xs, ys = random.integers(0, 12, (2, points))
        weights = random.integers(1, 2**40, points)
        us, vs = random.integers(-2, 14, (2, corners))
        counts = random.integers(1, 2**40, corners)
        expected = sum(
            int(w) * int(c)
            for x, y, w in zip(xs, ys, weights, strict=True)
            for u, v, c in zip(us, vs, counts, strict=True)
            if x <= u and y <= v
        )
        assert dominated((xs, ys), weights, (us, vs), counts) == expected


def wide() -> str:
    """A space of 4^80 designs, more than two halves of 64-bit counts."""
    rows = '{ op = "conv_norm", out = 8, kernel = { choice = [1, 3, 5, 7] }, repeat = 80 }'
    return f"resolution = 8\nlayers = [{rows}]\n"


def test_counts_that_pass_64_bits_in_one_half_are_exact(tmp_path: Path) -> None:
    """A space of 10^48 designs in which the number of kernels of each size decides the sum."""
    path = tmp_path / "wide.toml"
    path.write_text(wide(), "utf-8")
    known = price(load_space(str(path)), ("madds",), PAPER)
    assert known.total == 4**80
    (lattice,) = known.lattices
    least = lattice.extremes("madds", min)[0][0]
    assert least is not None
    step = lattice.layers[1][0][1].figures[0] - lattice.layers[1][0][0].figures[0]
    # all of kernel 1 but at most one of kernel 3, behind the first row, which reads 3 channels
    limit = [Limit("madds", None, least + step)]
    first = lattice.layers[0][0]
    cheaper = sum(edge.figures[0] - first[0].figures[0] <= step for edge in first) - 1
    assert within(lattice, limit) == Count(1 + 79 + cheaper, 1 + 79 + cheaper)
    assert middle(lattice, ["madds"]).at_most(10**18) == 4**80


@pytest.mark.parametrize("name", shipped_spaces())
def test_every_shipped_space_says_its_source_and_draws_designs(name: str) -> None:
    """Each names where it is from; a design drawn from it costs whole what its parts promise."""
    space = load_space(name)
    assert space.spec.source
    known = price(space, FIGURES, PAPER)
    for one in sample(known, [], 3, 7):
        assert one.figures == whole(known, one.number)


METRICS = (
    "params",
    "madds",
    "flops",
    "layers",
    "layers.conv",
    "weight_bytes.int8",
    "flash_bytes.float16",
    "activation_elements.sum",
    "activation_elements.largest",
    "peak_bytes.float32",
)


@pytest.mark.parametrize("metric", METRICS)
def test_every_figure_that_a_space_has_is_that_of_whole_designs(metric: str, spaces: Path) -> None:
    """Sums are sums, and largest figures largest, for some designs of two spaces."""
    for name in ("stages that end early", "a row that reads another"):
        path = spaces / f"space{list(SMALL).index(name)}.toml"
        known = price(load_space(str(path)), [metric], PAPER)
        assert additive(metric) in (True, False)
        for number in range(0, known.total, 7):
            assert known.figures(number) == whole(known, number)
