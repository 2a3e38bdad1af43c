"""Is a whole grid what one design at a time says?"""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost.analyses.report.gridrows import PIECE
from mnetcost.analyses.report.grids import spread
from mnetcost.analyses.report.scale import MOST_CELLS, answer, scale
from mnetcost.cli import cli
from mnetcost.designs import Settings, find_spec, load_spec
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError, SpecError
from mnetcost.output import encode, render

ODD = (0.1, 0.35, 0.4375, 0.5, 0.8125, 1.0, 1.4)
"""Some leave blocks whose widths agree by rounding: there shortcuts and expansions are there in some
cells only.
"""


def one(
    name: str, alpha: float, size: tuple[int, ...], convention: str = "paper", **more: object
) -> tuple[int, int]:
    """Params and work of one cell, costed alone in Python ints."""
    design = load_spec(find_spec(name), Settings(alpha=alpha, resolution=size, **more))  # type: ignore[arg-type]
    layers, counts = cost(design.graph, design.batch).layers, load_convention(convention)
    return counts.count_params(t for x in layers for t in x.params), counts.madds(
        t for x in layers for t in x.work
    )


def test_v1_at_its_published_alphas_and_resolutions() -> None:
    """Tables 6 and 7 of the V1 paper: 569, 325, 149 and 41 M; 569, 418, 291 and 186 M (the paper cuts
    290.7 to 290).
    """
    spec = find_spec("v1")
    grid = scale(spec, spec.alphas, [(r, r) for r in spec.resolutions], load_convention(), Settings())
    assert grid.alpha.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert grid.resolution.tolist() == [128, 160, 192, 224]
    assert grid.madds[:, 3].tolist() == [41_030_272, 149_497_088, 325_400_448, 568_740_352]
    assert grid.madds[3].tolist() == [186_400_768, 290_675_200, 418_121_728, 568_740_352]
    assert grid.params[:, 0].tolist() == [470_072, 1_331_592, 2_585_560, 4_231_976]


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        *((name, "paper") for name in shipped()),
        *(("v2", c) for c in convention_names()),
        ("keras/v3-large", "thop"),
    ],
)
def test_a_grid_is_the_loop(name: str, convention: str) -> None:
    """Every shipped design, at odd alphas and sizes that are not square: each cell is what the design
    alone says.
    """
    *depth, h, _ = find_spec(name).resolution
    sizes: list[tuple[int, ...]] = [(*depth, h, h), (*(d - 5 for d in depth), h - 5, h + 3)]
    grid = scale(find_spec(name), ODD, sizes, load_convention(convention), Settings())
    for i, alpha in enumerate(ODD):
        for j, size in enumerate(sizes):
            assert (grid.params[i, j], grid.madds[i, j]) == one(name, alpha, size, convention), (alpha, size)


@settings(max_examples=60)
@given(
    name=st.sampled_from(
        ["v2", "v3-small", "torchvision/v3-large", "timm/v3-large", "keras/v1", "slim/v3-large"]
    ),
    alphas=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    sides=st.lists(st.integers(33, 400), min_size=1, max_size=3),
    batch=st.integers(1, 3),
)
def test_any_grid_is_the_loop(name: str, alphas: list[int], sides: list[int], batch: int) -> None:
    """Hundredths of alpha and any sides, with a batch."""
    values, sizes = [a / 100 for a in alphas], [(s, s) for s in sides]
    grid = scale(find_spec(name), values, sizes, load_convention(), Settings(batch=batch, classes=7))
    expected = [[one(name, a, s, batch=batch, classes=7) for s in sizes] for a in values]
    assert np.stack([grid.params, grid.madds], 2).tolist() == [
        [list(cell) for cell in row] for row in expected
    ]


FAMILIES = sorted({Path(find_spec(name).file).parent: name for name in shipped()}.values())
"""A shipped design of every folder: of every family, and of every implementation of the MobileNets."""


@pytest.mark.parametrize("name", [*FAMILIES, "v1", "v2", "v3-large", "v3-small"])
def test_random_cells_of_a_large_grid(name: str) -> None:
    """40 alphas by 30 sizes in any order, some of them twice: six cells of each family are what the design
    alone says.
    """
    some = random.Random(name)
    *depth, h, _ = find_spec(name).resolution
    alphas = some.choices([n / 100 for n in range(5, 201)], k=40)
    sides = some.choices(range(max(h - 40, h // 2 + 1), h + 80), k=30)
    sizes: list[tuple[int, ...]] = [(*depth, side, side) for side in sides]
    grid = scale(find_spec(name), alphas, sizes, load_convention(), Settings(batch=2))
    for _ in range(6):
        i, j = some.randrange(40), some.randrange(30)
        assert (grid.params[i, j], grid.madds[i, j]) == one(name, alphas[i], sizes[j], batch=2), (i, j)


def test_a_thousand_by_a_thousand() -> None:
    """A million cells of V2, a sample of them one at a time."""
    alphas, sizes = [n / 1000 for n in range(1, 1001)], [(r, r) for r in range(32, 1032)]
    grid = scale(find_spec("v2"), alphas, sizes, load_convention(), Settings())
    assert grid.madds.shape == (1000, 1000)
    for i in range(0, 1000, 97):
        for j in range(0, 1000, 101):
            assert (grid.params[i, j], grid.madds[i, j]) == one("v2", alphas[i], sizes[j])


def test_what_would_pass_64_bits_is_refused() -> None:
    """A batch of a million VGG-16s at 100 times the width counts more than 2**62."""
    with pytest.raises(CallError, match="64-bit integers"):
        scale(find_spec("vgg16"), [1.0, 100.0], [(4096, 4096)], load_convention(), Settings(batch=1_000_000))


def test_too_many_cells_are_refused() -> None:
    """Before anything is allocated."""
    with pytest.raises(CallError, match="is more than 4,000,000 cells"):
        scale(find_spec("v2"), [1.0] * 4001, [(224, 224)] * 1000, load_convention(), Settings())
    assert MOST_CELLS == 4_000_000


def test_a_map_that_vanishes_in_one_cell_names_the_layer() -> None:
    """VGG-16's fifth pool has nothing left of 31 pixels."""
    with pytest.raises(SpecError, match="layer 'pool5': the map vanishes"):
        scale(find_spec("vgg16"), [1.0], [(224, 224), (31, 31)], load_convention(), Settings())


def test_formats_hold_the_same_numbers(tmp_path: Path) -> None:
    """NPZ, JSON and CSV of one grid, and its rows alpha, columns resolution."""
    grid = scale(
        find_spec("v2"), [0.35, 1.0], [(96, 96), (128, 128), (224, 224)], load_convention(), Settings()
    )
    document = answer(grid)
    data = json.loads(render(document, "json"))
    file = tmp_path / "grid.npz"
    file.write_bytes(encode(document, "npz"))
    with np.load(file) as arrays:
        assert sorted(arrays) == ["alpha", "madds", "params", "resolution"]
        assert {key: arrays[key].tolist() for key in arrays} == {key: data[key] for key in arrays}
        assert arrays["madds"].dtype == np.int64
        assert arrays["madds"].shape == (2, 3)
    rows = [line.split(",") for line in render(document, "csv").splitlines()]
    assert rows[0] == ["alpha", "resolution", "params", "madds"]
    assert rows[3] == ["0.35", "224", str(data["params"][0][2]), str(data["madds"][0][2])]
    assert len(rows) == 7
    assert document.flat is not None
    cells = document.flat.rows
    assert list(cells) == [cells[n] for n in range(len(cells))] == cells[:]


@pytest.mark.parametrize(
    ("alphas", "sizes", "by"),
    [
        (7, [(r, r + r % 3) for r in range(40, 150)], None),  # one alpha at a time
        (900, [(64, 64), (80, 64), (64, 96)], None),  # several alphas at once, and a shorter last piece
        (2, [(r, r) for r in range(32, 32 + PIECE + 9)], None),  # part of an alpha
        (5, [(r, r) for r in range(32, 100)], "block"),
        (1, [(224, 224)], "block"),
    ],
)
def test_csv_by_column_is_csv_by_row(alphas: int, sizes: list[tuple[int, ...]], by: str | None) -> None:
    """However a grid is cut into pieces, its CSV is what csv.writer makes of its rows one at a time."""
    values = [n / alphas for n in range(1, alphas + 1)]
    memory = () if by else ("peak_bytes.int8",)
    document = answer(
        scale(find_spec("v1"), values, sizes, load_convention(), Settings(), by, None, [*memory])
    )
    assert document.flat is not None
    rows = document.flat.rows
    expected = io.StringIO()
    csv.writer(expected, lineterminator="\n").writerows(rows[n] for n in range(len(rows)))
    head, body = render(document, "csv").split("\n", 1)
    assert body == expected.getvalue()
    assert head.endswith(",".join(["alpha", "resolution", "params", "madds", *memory]))


def test_a_size_that_is_not_square_is_height_by_width() -> None:
    """In CSV as 96x128, in the arrays as (height, width)."""
    document = answer(scale(find_spec("v2"), [1.0], [(96, 128), (224, 224)], load_convention(), Settings()))
    assert document.arrays is not None
    assert document.arrays["resolution"].tolist() == [[96, 128], [224, 224]]
    assert render(document, "csv").splitlines()[1].startswith("1.0,96x128,3504872,")


@settings(max_examples=40)
@given(
    name=st.sampled_from(["r3d-18", "mc3-18", "r2plus1d-18"]),
    alphas=st.lists(st.integers(1, 200), min_size=1, max_size=4),
    sizes=st.lists(st.tuples(*[st.integers(1, 130)] * 3), min_size=1, max_size=4),
)
def test_any_grid_of_volumes_is_the_loop(
    name: str, alphas: list[int], sizes: list[tuple[int, int, int]]
) -> None:
    """Hundredths of alpha, and any depths, heights and widths; the blocks add up to the whole."""
    values = [a / 100 for a in alphas]
    grid = scale(find_spec(name), values, sizes, load_convention(), Settings(classes=7), "block", 1)
    expected = [[one(name, a, size, classes=7) for size in sizes] for a in values]
    assert np.stack([grid.params, grid.madds], 2).tolist() == [
        [list(cell) for cell in row] for row in expected
    ]
    assert grid.block_params.sum(0).tolist() == grid.params.tolist()
    assert grid.block_madds.sum(0).tolist() == grid.madds.tolist()


def test_a_size_of_a_volume_is_depth_by_height_by_width() -> None:
    """In CSV as 8x64x96, in the arrays as (depth, height, width); 9,966,657,536 is torchvision's."""
    sizes = [(8, 64, 96), (16, 112, 112)]
    document = answer(scale(find_spec("r3d-18"), [1.0], sizes, load_convention(), Settings()))
    assert document.arrays is not None
    assert document.arrays["resolution"].tolist() == [[8, 64, 96], [16, 112, 112]]
    assert render(document, "csv").splitlines()[1] == "1.0,8x64x96,33371472,9966657536"


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        (
            "r3d-18",
            (112, 112),
            "the input is a volume of depth, height and width, and the resolution is 112",
        ),
        ("v2", (16, 112, 112), "the input is a map of height and width, and the resolution is 16x112x112"),
    ],
)
def test_sizes_of_maps_and_volumes_are_told_apart(name: str, size: tuple[int, ...], said: str) -> None:
    """Also where only one of several sizes has the wrong number of sides."""
    own = find_spec(name).resolution
    for sizes in ([size], [own, size], [size, own]):
        with pytest.raises(CallError, match=said):
            scale(find_spec(name), [1.0], sizes, load_convention(), Settings())


@pytest.mark.parametrize(
    ("lines", "sizes"),
    [
        ("resolution = [49, 10]", ((49, 10),)),
        ("resolution = 32", ((32, 32),)),
        ("resolution = [32, 16, 16]", ((32, 16, 16),)),
        ("resolution = [8, 16, 24]\nresolutions = [16, 32]", ((8, 16, 16), (8, 32, 32))),
    ],
)
def test_without_sizes_a_grid_is_at_the_published_ones(
    tmp_path: Path, lines: str, sizes: tuple[tuple[int, ...], ...]
) -> None:
    """The spec's own size, square or not; `resolutions` are squares, of a volume at its depth."""
    path = tmp_path / "net.toml"
    path.write_text(f'{lines}\nlayers = [{{ op = "norm" }}]\n')
    assert find_spec(str(path)).sizes == sizes


def test_a_large_grid_shows_a_part_and_says_so() -> None:
    """The first, the last, and what lies evenly between."""
    document = answer(
        scale(
            find_spec("v2"),
            [n / 100 for n in range(1, 101)],
            [(r, r) for r in range(32, 232)],
            load_convention(),
            Settings(),
        )
    )
    assert document.notes[0] == "24 of 100 alphas and 8 of 200 resolutions; csv, json and npz hold all"
    assert spread(200, 8) == [0, 28, 56, 85, 113, 142, 170, 199]


@pytest.mark.parametrize(
    ("call", "alphas", "resolutions"),
    [
        (["v1"], [0.25, 0.5, 0.75, 1.0], [128, 160, 192, 224]),
        (
            ["v2", "--alpha", "0.1:0.3:0.1,1", "--resolution", "96:160:32"],
            [0.1, 0.2, 0.3, 1.0],
            [96, 128, 160],
        ),
        (["v2:alpha=0.5", "--alpha", "1", "--resolution", "96"], [0.5], [96]),
        (["v2:resolution=64", "--alpha", "1", "--resolution", "96"], [1.0], [64]),
        (["v2", "--alpha", "1", "--rho", "0.5,1"], [1.0], [112, 224]),
        (["v2", "--alpha", "1:0.5:-0.25", "--resolution", "224"], [1.0, 0.75, 0.5], [224]),
    ],
)
def test_lists_and_ranges(call: list[str], alphas: list[float], resolutions: list[int]) -> None:
    """A range includes its end and steps in exact decimals; a design's own setting beats the option."""
    done = CliRunner().invoke(cli, ["scale", *call, "--format", "json"])
    data = json.loads(done.stdout)
    assert (data["alpha"], data["resolution"]) == (alphas, resolutions)
