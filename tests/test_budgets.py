"""Budgets as a file or options say them."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.designs import Settings
from mnetcost.designs.budgets import patterns
from mnetcost.designs.budgets.config import find_config, read_config
from mnetcost.designs.budgets.options import read_option
from mnetcost.designs.budgets.values import labelled
from mnetcost.designs.toml import quoted, value
from mnetcost.errors import BudgetError, MnetcostError

WHOLE = """\
convention = "total"
against = "origin/main"

[[budget]]
design = "nets/tiny.toml"
alpha = 0.5
resolution = [160, 224]
madds = ["60M", "+1%"]
params = { max = "1.5M", min = "1k" }
weight_bytes.int8 = "1.5 MiB"
layers = { max = 60, depthwise = 17 }
"stage:14x14".madds = "20M"
"bottleneck 4/*" = { params = 10, activation_elements.largest = "9k" }

[[budget]]
design = ["v2:alpha=0.75", "v3-small"]
baseline = "base.toml"
allow_partial = true
top = false
params = "-5%"

[[waiver]]
design = "nets/*"
limit = "madds"
reason = "the new stem; back under in spring"
until = 2030-03-31
"""


def config(folder: Path, text: str, name: str = "mnetcost.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_says_designs_settings_limits_and_waivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every sort of key once."""
    monkeypatch.chdir(tmp_path)
    found = read_config(config(tmp_path, WHOLE))
    first, second, third = found.budgets
    assert first.label == "nets/tiny.toml:alpha=0.5,resolution=160x224"
    assert first.file == "nets/tiny.toml"
    assert [(rule.name, str(rule.limit)) for rule in first.rules] == [
        ("madds", "at most 60M"),
        ("madds", "at most +1%"),
        ("params", "at most 1.5M"),
        ("params", "at least 1k"),
        ("weight_bytes.int8", "at most 1.5 MiB"),
        ("layers", "at most 60"),
        ("layers.depthwise", "at most 17"),
        ("stage:14x14.madds", "at most 20M"),
        ("bottleneck 4/*.params", "at most 10"),
        ("bottleneck 4/*.activation_elements.largest", "at most 9k"),
    ]
    assert first.rules[4].limit.bound() == 1_572_864
    assert (first.basis.against, first.basis.merge_base, first.basis.baseline) == ("origin/main", True, "")
    assert (first.convention, first.allow_partial) == ("total", False)
    assert (second.label, third.label) == ("v2:alpha=0.75,top=no", "v3-small:top=no")
    assert (third.file, third.basis.baseline, third.allow_partial) == ("v3-small", "base.toml", True)
    assert found.waivers[0][:4] == (
        "nets/*",
        "madds",
        "the new stem; back under in spring",
        date(2030, 3, 31),
    )


def test_every_limit_knows_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For annotations: the line of the key, or of the budget."""
    monkeypatch.chdir(tmp_path)
    found = read_config(config(tmp_path, WHOLE))
    lines = {rule.name: found.line(rule.place) for rule in found.budgets[0].rules}
    assert lines == {
        "madds": 8,
        "params": 9,
        "weight_bytes.int8": 10,
        "layers": 11,
        "layers.depthwise": 11,
        "stage:14x14.madds": 12,
        "bottleneck 4/*.params": 13,
        "bottleneck 4/*.activation_elements.largest": 13,
    }
    assert [found.line(budget.place) for budget in found.budgets] == [4, 15, 15]


def test_pyproject_holds_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under [tool.mnetcost]; faults have their lines there."""
    monkeypatch.chdir(tmp_path)
    text = (
        "[project]\nname = 'x'\n\n[tool.mnetcost]\nagainst = 'main'\n[[tool.mnetcost.budget]]\ndesign ="
        " 'v2'\nmadds = '301M'\n"
    )
    found = read_config(config(tmp_path, text, "pyproject.toml"))
    assert found.budgets[0].basis.against == "main"
    assert found.line(found.budgets[0].rules[0].place) == 8
    with pytest.raises(
        BudgetError,
        match=r"^error: .*pyproject.toml:8: tool.mnetcost.budget\[0\].mads: .*\n  hint: did you mean 'madds'",
    ):
        read_config(config(tmp_path, text.replace("madds", "mads"), "pyproject.toml"))


def test_the_nearest_file_upwards_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mnetcost.toml before pyproject.toml in one folder, a pyproject.toml without our table never; paths
    count from the file.
    """
    config(tmp_path, "[[budget]]\ndesign = 'nets/tiny.toml'\nmadds = 1\n")
    config(tmp_path, "[tool.mnetcost]\n", "pyproject.toml")
    config(tmp_path, "[project]\nname = 'x'\n", "nets/deep/pyproject.toml")
    monkeypatch.chdir(tmp_path / "nets/deep")
    path = find_config()
    assert path == Path("../../mnetcost.toml")
    assert read_config(path).budgets[0].file == "../tiny.toml"
    assert read_config(path).budgets[0].label == "nets/tiny.toml"
    (tmp_path / "mnetcost.toml").unlink()
    assert find_config() == Path("../../pyproject.toml")


def test_a_pattern_is_a_budget_for_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order of name, with the settings of the budget; files of budgets and projects are not meant."""
    monkeypatch.chdir(tmp_path)
    for name in ("b", "a", "deep/c", "mnetcost", "pyproject", "mnetcost-baseline"):
        config(tmp_path, "", f"nets/{name}.toml")
    found = read_config(config(tmp_path, '[[budget]]\ndesign = "nets/**/*.toml:alpha=0.5"\nmadds = 1\n'))
    assert [budget.label for budget in found.budgets] == [
        f"nets/{name}.toml:alpha=0.5" for name in ("a", "b", "deep/c")
    ]


@pytest.mark.parametrize(
    ("text", "name", "limit"),
    [
        ("madds=60M", "madds", "at most 60M"),
        ("weight_bytes.int8=4MiB", "weight_bytes.int8", "at most 4MiB"),
        ("bottleneck 4/*.params=+1%", "bottleneck 4/*.params", "at most +1%"),
        ("op:depthwise.layers.depthwise=3", "op:depthwise.layers.depthwise", "at most 3"),
        ("a=b.params=3", "a=b.params", "at most 3"),
    ],
)
def test_an_option_says_what_a_key_says(text: str, name: str, limit: str) -> None:
    """The metric is the longest that fits at the end; what stands before it is the scope."""
    (rule,) = read_option(text, "max")
    assert (rule.name, str(rule.limit)) == (name, limit)


def test_a_label_says_what_was_asked_for() -> None:
    """And nothing that the design itself decides."""
    assert labelled("v2", Settings()) == "v2"
    assert (
        labelled("v2", Settings(alpha=0.5, resolution=(96, 128), top=True, batch=2))
        == "v2:alpha=0.5,resolution=96x128,top=yes,batch=2"
    )


SETTING_KEYS = [
    "design",
    "alpha",
    "rho",
    "resolution",
    "classes",
    "channels",
    "top",
    "batch",
    "against",
    "merge_base",
    "baseline",
    "convention",
]
LIMIT_KEYS = [
    "allow_partial",
    "madds",
    "params",
    "weight_bytes",
    "int8",
    "layers",
    "conv",
    "max",
    "min",
    "stem",
    "reason",
    "until",
]
KEYS = st.sampled_from([*SETTING_KEYS, *LIMIT_KEYS])
WORDS = st.sampled_from(["v2", "60M", "+1%", "-5", "1KiB", "", "*", "[", "2030-01-01", "yes"])
VALUES = st.recursive(
    WORDS | st.integers(-3, 10**40) | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=2),
    st.dictionaries(KEYS, VALUES, max_size=3),
    VALUES,
)
def test_whatever_stands_in_a_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, budgets: list[Any], top: dict[str, Any], waiver: Any
) -> None:
    """Never a traceback: a mistake of any sort is an error that names the file."""
    text = f"waiver = {value(waiver)}\n" + "".join(f"{quoted(k)} = {value(v)}\n" for k, v in top.items())
    for budget in budgets:
        text += "[[budget]]\n" + "".join(f"{quoted(k)} = {value(v)}\n" for k, v in budget.items())
    path = config(tmp_path_factory.getbasetemp(), text, "fuzz/mnetcost.toml")
    faults, read = [], ()
    try:
        read = read_config(path).budgets
    except MnetcostError as e:
        faults = [fault.file for fault in e.faults]
    assert faults == [str(path)] * len(faults)
    assert faults or all(budget.rules for budget in read)


@pytest.mark.parametrize("depth", ["", "deep/"])
@pytest.mark.parametrize(
    "pattern",
    [
        "../../**/*.toml",
        "../../../../../../**",
        "**/../../*.toml",
        "/**/*.toml",
        "link/*.toml",
        "nets/../../../*.toml",
    ],
)
def test_a_pattern_that_leaves_its_folder_is_refused_at_once(
    tmp_path: Path, pattern: str, depth: str
) -> None:
    """With its line, before anything is looked at: by `..`, from the root, through a link; a repository
    is left no more than a folder.
    """
    (tmp_path / "work" / depth).mkdir(parents=True)
    (tmp_path / "work" / depth / "link").symlink_to("/")
    (tmp_path / "work/.git").mkdir()
    start = time.monotonic()
    with pytest.raises(
        BudgetError,
        match=(
            r"mnetcost.toml:2: budget\[0\].design: .* is no pattern of files here: it may leave the"
            r" repository"
        ),
    ):
        read_config(
            config(tmp_path, f'[[budget]]\ndesign = "{pattern}"\nmadds = 1\n', f"work/{depth}mnetcost.toml")
        )
    assert time.monotonic() - start < 1


def test_a_pattern_may_climb_within_its_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And finds files in any depth, but none in .git or behind a link to a folder; without a repository
    it does not climb.
    """
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))  # whatever checkout the tests run in
    for name in ("nets/a.toml", "nets/deep/b.toml", "ci/x.txt", "nets/.git/c.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "nets/loop").symlink_to("..")
    for pattern in ("../nets/**/*.toml", "../**/[ab].toml", "../**/**/**/?.toml"):
        text = f'[[budget]]\ndesign = "{pattern}"\nmadds = 1\n'
        with pytest.raises(BudgetError, match="may leave the folder of the budgets"):
            read_config(config(tmp_path, text, "ci/mnetcost.toml"))
        (tmp_path / ".git").mkdir()
        found = [b.design for b in read_config(config(tmp_path, text, "ci/mnetcost.toml")).budgets]
        assert found == ["../nets/a.toml", "../nets/deep/b.toml"]
        (tmp_path / ".git").rmdir()


def test_patterns_look_at_a_bounded_number_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All patterns of a file of budgets together; the same pattern looks once."""
    for n in range(20):
        (tmp_path / f"net{n}.toml").write_text("")
    monkeypatch.setattr(patterns, "MOST_WALKED", 50)
    same = '[[budget]]\ndesign = "*.toml"\nmadds = 1\n'
    assert len(read_config(config(tmp_path, same * 10)).budgets) == 200
    other = same + same.replace("*.toml", "net*.toml") + same.replace("*.toml", "n*.toml")
    with pytest.raises(BudgetError, match=r"mnetcost.toml:8: .*look at more than 50 files"):
        read_config(config(tmp_path, other))


def test_a_pattern_of_folders_says_what_is_missing(tmp_path: Path) -> None:
    """`**` alone matches folders in one Python and files in another."""
    with pytest.raises(BudgetError, match=r"does not say which files\n  hint: such as nets/\*\*/\*.toml"):
        read_config(config(tmp_path, '[[budget]]\ndesign = "nets/**"\nmadds = 1\n'))


@given(
    st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", "*", "**", "?", "[ab]", "a*", "ab"]), min_size=1, max_size=5),
)
def test_patterns_mean_what_pathlib_means(path: list[str], parts: list[str]) -> None:
    """A pattern that does not end in `**` matches a file as `Path.glob` would find it."""
    if parts[-1] == "**":
        return
    with TemporaryDirectory() as folder:
        file = Path(folder, *path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        pattern = "/".join(parts)
        wanted = sorted({p for p in Path(folder).glob(pattern) if p.is_file()})
        if set(pattern) & set("*?["):
            assert patterns.Walk(Path(folder)).files(pattern) == wanted


LONG = [
    "0x" + "f" * 5000,
    "0o" + "7" * 9000,
    "0b" + "1" * 9000,
    "9" * 400,
    "9" * 5000,
    "0xffff_" + "f" * 5000,
]


@pytest.mark.parametrize("number", LONG)
@pytest.mark.parametrize(
    "key", ["madds", "alpha", "batch", "allow_partial", "against", "rho", "design", "zzz"]
)
def test_a_number_of_thousands_of_digits_is_a_mistake(tmp_path: Path, number: str, key: str) -> None:
    """In any base and under any key: at its line, and not as a bug of ours."""
    text = f'[[budget]]\ndesign = "v1"\nmadds.min = 1\n{key} = {number}\n'.replace(
        "madds.min = 1\nmadds", "madds"
    )
    text = text.replace('design = "v1"\n', "") if key == "design" else text
    with pytest.raises(MnetcostError, match=r"mnetcost.toml:[34]: .*more than 300 digits"):
        read_config(config(tmp_path, text))


ELSEWHERE = [
    "../base.toml",
    "/tmp/base.toml",
    ".git/config",
    "a/.GIT/x.toml",
    "link.toml",
    "out/b.toml",
    "in/b.toml",
    "a\\u0000b",
]


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("top", [True, False])
def test_a_committed_file_of_budgets_names_no_baseline_elsewhere(
    tmp_path: Path, name: str, top: bool
) -> None:
    """`mnetcost baseline` would write there: not outside the repository, into .git, or through a link,
    even one within it.
    """
    work = tmp_path / "work"
    (work / ".git").mkdir(parents=True)
    (work / "here").mkdir()
    (work / "link.toml").symlink_to(tmp_path / "new.toml")
    (work / "out").symlink_to(tmp_path)
    (work / "in").symlink_to("here")
    key = f'baseline = "{name}"\n'
    text = f'{key if top else ""}[[budget]]\ndesign = "v1"\nmadds = "+1%"\n{"" if top else key}'
    with pytest.raises(
        BudgetError,
        match="baseline' must name a file of this repository, or of this folder, that is not behind a link",
    ):
        read_config(config(tmp_path, text, "work/mnetcost.toml"))


def test_a_baseline_may_be_elsewhere_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the budgets, below, above them; without a repository not above."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    text = '[[budget]]\ndesign = "v1"\nbaseline = "../base/b.toml"\nmadds = "+1%"\n'
    with pytest.raises(BudgetError, match="must name a file of this repository"):
        read_config(config(tmp_path, text, "ci/mnetcost.toml"))
    (tmp_path / ".git").mkdir()
    assert (
        read_config(config(tmp_path, text, "ci/mnetcost.toml"))
        .budgets[0]
        .basis.baseline.endswith("base/b.toml")
    )
