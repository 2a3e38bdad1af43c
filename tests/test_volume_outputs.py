"""Does every command take a network of volumes, in every format, with all of its sides?"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.analyses.changes.diff import diff
from mnetcost.cli import cli
from mnetcost.designs import Settings, load
from mnetcost.designs.budgets.values import labelled
from mnetcost.designs.conventions import load_convention

from .test_schema import VALIDATOR, reader_takes
from .test_volumes import paper

CONVERTED = str(Path(__file__).parent / "truth" / "volumes" / "r2plus1d_18_dynamo.onnx")


def run(*args: str) -> str:
    """What a command prints; it must end with 0."""
    done = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


REPORTED = {
    "report": (("report", "r3d-18", "--resolution", "8x64x96"), ("8x32x48x64", "3x7x7", "346,816,512")),
    "by block": (("report", "r3d-18", "--by", "block", "--depth", "1"), ("8x28x28x128", "22,196,256,768")),
    "by resolution": (("report", "mc3-18", "--by", "resolution"), ("16x28x28", "43,342,635,008")),
    "by kind": (("report", "r2plus1d-18", "--by", "kind"), ("40,519,080,960",)),
    "compare": (("compare", "r3d-18", "mc3-18"), ("16x14x14", "40,696,553,472", "43,342,635,008")),
    "compare maps": (("compare", "v2", "r3d-18"), ("300,774,272", "40,696,553,472")),
    "columns": (("compare", "r3d-18", "mc3-18", "--columns", "resolution,madds"), ("16x112x112",)),
    "scale": (("scale", "r3d-18", "--resolution", "8x64x96,16x112x112"), ("8x64x96", "9,966,657,536")),
    "scale by rho": (("scale", "r3d-18", "--rho", "0.5,1"), ("16x56x56", "40,696,553,472")),
    "diff": (("diff", "r3d-18", "r3d-18:resolution=8x64x96"), ("16x112x112", "8x64x96")),
    "explain": (("explain", "r3d-18", "stem"), ("3 k_d x 7 k_h x 7 k_w x 3 c_in x 64 c_out", "16 d x 56 h")),
    "identify": (("identify", "r3d-18:resolution=8x64x64"), ("r3d-18:alpha=1",)),
    "reconcile": (("reconcile", "r3d-18", "40.7G MACs"), ("40,696,553,472",)),
    "conventions": (("conventions", "r3d-18"), ("81,393,106,944", "layers over volumes")),
    "list": (("list", "r3d"), ("16x112x112", "33,371,472", "11,695,440", "31,505,325")),
    "show": (("show", "mc3-18", "--resolved"), ("resolution = [16, 112, 112]", "kernel = [1, 3, 3]")),
    "a file": (("report", CONVERTED), ("16x112x112x3", "1x7x7", "1x2x2")),
}
"""A command, and what its text must hold."""


@pytest.mark.parametrize("case", list(REPORTED))
def test_a_command_shows_all_sides_of_a_volume(case: str) -> None:
    args, held = REPORTED[case]
    text = run(*args)
    assert [words for words in held if words not in text] == []


@pytest.mark.parametrize("case", ["report", "by block", "compare", "columns", "scale", "explain"])
@pytest.mark.parametrize("format_", ["html", "latex", "markdown", "csv", "json"])
def test_every_format_holds_the_same_volume(case: str, format_: str) -> None:
    """The formats for text hold what the terminal shows; the others hold the numbers without commas."""
    args, held = REPORTED[case]
    text = run(*args, "--format", format_)
    if format_ in ("csv", "json"):
        held = tuple(words.replace(",", "") for words in held if "," in words)
    dash = "\\_" if format_ in ("latex", "markdown") else "_"
    assert [words for words in held if words.replace("_", dash) not in text] == []


def test_a_picture_holds_a_volume() -> None:
    assert "16x112x112" in run("report", "r3d-18", "--by", "block", "--format", "svg").replace("&#160;", " ")


def test_json_has_the_depth_before_the_height() -> None:
    """As docs/json.md says of sizes, windows and maps."""
    data = json.loads(run("report", "r3d-18", "--format", "json"))
    stem = next(x for x in data["layers"] if x["name"] == "stem")
    assert data["design"]["resolution"] == [16, 112, 112]
    assert (stem["input"], stem["output"]) == ([16, 112, 112, 3], [16, 56, 56, 64])
    assert (stem["kernel"], stem["stride"]) == ([3, 7, 7], [1, 2, 2])
    grid = json.loads(run("scale", "r3d-18", "--resolution", "8x64x96", "--format", "json"))
    assert (grid["resolution"], grid["madds"]) == ([[8, 64, 96]], [[9_966_657_536]])
    sides = json.loads(run("compare", "r3d-18", "mc3-18", "--format", "json"))["designs"][0]
    assert [8, 28, 28] in [m["resolution"] for m in sides["madds_by_resolution"]]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("report", "v2", "--resolution", "16x112x112"), "v2: the input is a map of height and width"),
        (
            ("report", "r3d-18", "--resolution", "112"),
            "r3d-18: the input is a volume of depth, height and width",
        ),
        (("report", "r3d-18:resolution=112x112"), "and the resolution is 112\n"),
        (
            ("compare", "r3d-18", "v2", "--resolution", "8x64x64"),
            "v2: the input is a map of height and width",
        ),
        (("scale", "r3d-18", "--resolution", "8x64x64,112"), "r3d-18: the input is a volume"),
        (("report", "r3d-18", "--resolution", "1x2x3x4"), "resolution must be N, HxW or DxHxW in pixels"),
    ],
)
def test_a_size_of_another_number_of_sides_is_refused(args: tuple[str, ...], said: str) -> None:
    """It names the design, and says how its size is written."""
    done = CliRunner().invoke(cli, args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    "command", ["report", "compare", "diff", "explain", "identify", "reconcile", "scale"]
)
def test_the_help_of_sizes_names_volumes(command: str) -> None:
    """Wherever --resolution is offered."""
    text = run(command, "--help")
    assert "--resolution" in text
    assert "DxHxW" in text


def test_a_converted_file_costs_the_same_at_every_size(tmp_path: Path) -> None:
    """A network of volumes as a spec, one row a layer."""
    file = tmp_path / "converted.toml"
    run("convert", CONVERTED, "-o", str(file))
    assert "resolution = [16, 112, 112]" in file.read_text("utf-8")
    for size in (None, (8, 64, 96), (7, 51, 45)):
        there, here = (load(design, Settings(resolution=size)) for design in (CONVERTED, str(file)))
        assert paper(here) == paper(there)


def test_budgets_are_named_with_all_sides(tmp_path: Path) -> None:
    """Two sizes of one network are two budgets, in a check and in a baseline."""
    sizes = [(8, 64, 64), (8, 64, 96)]
    names = [labelled("r3d-18", Settings(resolution=size)) for size in sizes]
    assert names == ["r3d-18:resolution=8x64x64", "r3d-18:resolution=8x64x96"]
    file = tmp_path / "mnetcost.toml"
    rows = [f'[[budget]]\ndesign = "r3d-18"\nresolution = {list(size)}\nmadds = "9.97G"\n' for size in sizes]
    file.write_text("\n".join(rows))
    text = run("check", "--config", str(file))
    assert [name for name in names if name not in text] == []
    assert "2 ok" in text
    written = tmp_path / "baseline.toml"
    run("baseline", "--config", str(file), "--baseline", str(written))
    assert [n for n in names if f'[design."{n}"]\nparams = 33371472\n' not in written.read_text()] == []


@pytest.mark.parametrize("other", ["r3d-18", "mc3-18", "r2plus1d-18", "resnet18", "v2", "ghostnet"])
@pytest.mark.parametrize("name", ["r3d-18", "r2plus1d-18"])
def test_networks_with_blocks_of_their_own_are_compared(name: str, other: str) -> None:
    """Both ways: the causes add up to the difference, also where another block, or an op of maps, stands in
    the place of one.
    """
    for old, new in ((name, other), (other, name)):
        found = diff(load(old), load(new), load_convention())
        params, madds = (b - a for a, b in zip(paper(load(old)), paper(load(new)), strict=True))
        assert (sum(c.params for c in found.causes), sum(c.madds for c in found.causes)) == (params, madds)


def test_a_block_in_the_place_of_another_is_one_change(tmp_path: Path) -> None:
    """Each design has a block of its own: 9 x 8 x 8 weights twice, or 25 x 8 x 8."""
    spec = (
        'resolution = 32\nchannels = 8\nlayers = [{{ op = "{0}", name = "s", repeat = 2 }}]\n[block.{0}]\n{1}'
    )
    rows = 'layers = [{{ op = "conv", out = "in", kernel = {0} }}]\n'
    files = []
    for word, kernel in (("narrow", 3), ("wide", 5)):
        files.append(tmp_path / f"{word}.toml")
        files[-1].write_text(spec.format(word, rows.format(kernel)))
    found = diff(*(load(str(file)) for file in files), load_convention())
    assert [(c.text, c.params) for c in found.causes] == [("narrow -> wide at s/1 to s/2", 2 * 16 * 64)]


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("[16, 112, 112]", True),
        ("[16, 16, 16]", True),
        ("[16, 112, 112, 3]", False),
        ("[0, 112, 112]", False),
    ],
)
def test_the_schema_of_specs_takes_volumes(value: str, valid: bool) -> None:
    """As the reader does."""
    tree = tomllib.loads(f'resolution = {value}\nlayers = [{{ op = "conv3d", out = 8 }}]\n')
    assert (VALIDATOR.is_valid(tree), reader_takes(tree)) == (valid, valid)
