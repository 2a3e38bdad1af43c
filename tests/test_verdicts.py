"""What becomes of one limit, and how is it said? Without a repository: figures, dates and tables alone."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mnetcost.analyses.budgets.check import COLUMNS, FEW, FOLDED, MANY, MOST_DETAILED, Verdict
from mnetcost.analyses.documents import PASSING
from mnetcost.cli import cli
from mnetcost.designs import Settings
from mnetcost.designs.budgets.limits import EXACT_FLOAT, Limit, read_amount, read_limits
from mnetcost.designs.budgets.metrics import LARGEST
from mnetcost.designs.budgets.values import Budget, Rule
from mnetcost.errors import CallError
from mnetcost.output import comment, github, terminal

from .repositories import TINY, TINY_MADDS

LAYERS = "resolution = 8\nchannels = 1\nlayers = [\n{rows}]\n"


def verdict(side: str, value: int | None, bound: int | None) -> Verdict:
    budget = Budget("v1", "v1", Settings(), "paper", ())
    return Verdict(budget, Rule("madds", Limit(side, Fraction(bound or 0))), "kept", value, "", bound=bound)


@pytest.mark.parametrize(
    ("side", "value", "bound", "headroom", "used", "gauge"),
    [
        ("max", 40, 100, 60, 0.4, "####......|"),
        ("max", 49, 100, 51, 0.49, "####......|"),  # rounded down, so that the end is the limit
        ("max", 99, 100, 1, 0.99, "#########.|"),
        ("max", 100, 100, 0, 1.0, "##########|"),
        ("max", 101, 100, -1, 1.01, "##########|#"),  # rounded up, so that it is seen to be passed
        ("max", 110, 100, -10, 1.1, "##########|#"),
        ("max", 130, 100, -30, 1.3, "##########|###"),
        ("max", 150, 100, -50, 1.5, "##########|#####"),
        ("max", 151, 100, -51, 1.51, "##########|####+"),
        ("max", 0, 100, 100, 0.0, "..........|"),
        ("max", 0, 0, 0, None, "..........|"),
        ("max", 5, 0, -5, None, "##########|####+"),
        ("min", 100, 40, 60, 0.4, "####......|"),
        ("min", 40, 40, 0, 1.0, "##########|"),
        ("min", 32, 40, -8, 1.25, "##########|###"),
        ("max", None, 100, None, 0.0, "..........|"),
        ("max", 5, None, None, None, ""),
    ],
)
def test_a_gauge_is_full_at_the_limit_and_passes_it(
    side: str, value: int | None, bound: int | None, headroom: int | None, used: float | None, gauge: str
) -> None:
    """Headroom is what is left and negative past the limit, the same for a limit from below."""
    v = verdict(side, value, bound)
    assert (v.headroom, v.used, v.gauge) == (headroom, used, gauge)


def checked(folder: Path, *options: str, code: int, **files: str) -> dict[str, Any]:
    """The answer as JSON, in a folder of these files."""
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, ["check", "--format", "json", "--today", "2026-03-01", *options])
    assert done.exit_code == code, done.output
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def printed(folder: Path, *options: str) -> str:
    with contextlib.chdir(folder):
        return CliRunner().invoke(cli, ["check", "--today", "2026-03-01", *options]).output


BUDGET = '[[budget]]\ndesign = "tiny.toml"\n'


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (f"madds = {TINY_MADDS - 3}", f"madds is {TINY_MADDS:,} MAdds, 3 over {TINY_MADDS - 3:,}"),
        (
            f"madds = {{ min = {TINY_MADDS + 2} }}",
            f"madds is {TINY_MADDS:,} MAdds, 2 under {TINY_MADDS + 2:,}",
        ),
        (f"madds = {TINY_MADDS}", ""),
        (f"madds = {{ min = {TINY_MADDS} }}", ""),
    ],
)
def test_a_broken_limit_says_by_how_much(tmp_path: Path, limit: str, said: str) -> None:
    """Over one from above and under one from below; at the limit itself it is kept, and nothing is said."""
    data = checked(tmp_path, code=int(bool(said)), tiny=TINY, mnetcost=BUDGET + limit + "\n")
    (result,) = data["results"]
    assert (result["message"], result["state"]) == (said, "broken" if said else "kept")
    assert data["status"] == ("broken" if said else "kept")
    assert (result["unit"], result["value"], result["base"]) == ("MAdds", TINY_MADDS, None)


def test_a_relative_limit_says_what_it_is_held_against(tmp_path: Path) -> None:
    """The base's figure, the share as written, and the file that it is from."""
    baseline = f'[design."tiny.toml"]\nmadds = {TINY_MADDS - 1000}\nparams = 1\n'
    data = checked(
        tmp_path,
        code=1,
        tiny=TINY,
        base=baseline,
        mnetcost='baseline = "base.toml"\n' + BUDGET + 'madds = "+0%"\nparams = "-1"\n',
    )
    madds, params = data["results"]
    assert madds["message"].startswith(
        f"madds is {TINY_MADDS:,} MAdds, 1,000 over {TINY_MADDS - 1000:,} (+0% of {TINY_MADDS - 1000:,} at "
    )
    assert params["message"].startswith("params is ")
    assert "over 0 (-1 of 1 at " in params["message"]
    assert (madds["base"], madds["bound"], params["bound"]) == (TINY_MADDS - 1000, TINY_MADDS - 1000, 0)
    assert len(data["held_against"]) == 1
    assert madds["causes"] == []  # a baseline knows figures, not designs


WAIVER = '[[waiver]]\ndesign = "tiny.toml"\nlimit = "madds"\nreason = "{reason}"\nuntil = {until}\n'


@pytest.mark.parametrize(
    ("until", "state", "said"),
    [
        ("2026-03-01", "waived", "; waived until 2026-03-01: so"),
        ("2026-04-01", "waived", "; waived until 2026-04-01: so"),
        ("2026-02-28", "broken", "; its waiver ended on 2026-02-28: so"),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_last_day(tmp_path: Path, until: str, state: str, said: str) -> None:
    """The day it names is the last on which it passes."""
    text = BUDGET + "madds = 1\n" + WAIVER.format(reason="so", until=until)
    (result,) = checked(tmp_path, code=int(state == "broken"), tiny=TINY, mnetcost=text)["results"]
    assert result["state"] == state
    assert result["message"].endswith(said)
    assert result["waiver"] == {"reason": "so", "until": until}


def test_the_waiver_that_still_holds_is_named(tmp_path: Path) -> None:
    """One has ended, one holds; and one that waives nothing may go."""
    waivers = WAIVER.format(reason="old", until="2025-01-01") + WAIVER.format(
        reason="new", until="2027-01-01"
    )
    idle = WAIVER.format(reason="idle", until="2027-01-01").replace('"madds"', '"params"')
    data = checked(
        tmp_path, code=0, tiny=TINY, mnetcost=BUDGET + 'madds = 1\nparams = "1G"\n' + waivers + idle
    )
    assert [(r["state"], (r["waiver"] or {}).get("reason")) for r in data["results"]] == [
        ("waived", "new"),
        ("kept", None),
    ]
    text = printed(tmp_path)
    assert "unused waiver of params for tiny.toml (idle)" in text
    assert text.count("unused waiver") == 1


def chain(layers: int) -> str:
    """Layers of 64, 128, 192 ... multiply-adds."""
    return LAYERS.replace(
        "{rows}",
        "".join(
            f'  {{ op = "conv", name = "n{n}", from = "input", out = {n} }},\n' for n in range(1, layers + 1)
        ),
    )


@pytest.mark.parametrize(("options", "named"), [((), FEW), (("--why",), MANY)])
def test_the_heaviest_layers_of_a_broken_limit_are_named(
    tmp_path: Path, options: tuple[str, ...], named: int
) -> None:
    """Three, or ten with --why, the heaviest first, each with its line; the limit is said at the first."""
    (result,) = checked(
        tmp_path, *options, code=1, net=chain(12), mnetcost='[[budget]]\ndesign = "net.toml"\nmadds = 1\n'
    )["results"]
    assert [x["name"] for x in result["layers"]] == [f"n{n}" for n in range(12, 12 - named, -1)]
    assert [x["line"] for x in result["layers"]] == [n + 3 for n in range(12, 12 - named, -1)]
    assert [x["value"] for x in result["layers"]][:2] == [64 * 12, 64 * 11]
    assert (result["file"], result["line"]) == ("net.toml", 15)
    assert (FEW, MANY) == (3, 10)
    # 64 times 1 + 2 + ... + 12, above the layers
    assert "net.toml: madds is 4,992 MAdds, 4,991 over 1" in printed(tmp_path, *options)


def test_a_limit_from_below_names_no_layers(tmp_path: Path) -> None:
    """None of them is too heavy; it is said at the budget."""
    text = '[[budget]]\ndesign = "net.toml"\nmadds = { min = "1G" }\n'
    (result,) = checked(tmp_path, code=1, net=chain(3), mnetcost=text)["results"]
    assert (result["layers"], result["causes"]) == ([], [])
    assert (result["file"], result["line"]) == ("mnetcost.toml", 3)


def test_a_scope_counts_its_own_layers(tmp_path: Path) -> None:
    """Layers by name: 2 and 3 of 64 a channel."""
    text = '[[budget]]\ndesign = "net.toml"\n"n2".madds = 127\n"n3".madds = 192\n'
    data = checked(tmp_path, code=1, net=chain(3), mnetcost=text)
    assert [(r["scope"], r["state"], r["value"]) for r in data["results"]] == [
        ("n2", "broken", 128),
        ("n3", "kept", 192),
    ]


@pytest.mark.parametrize("many", [FOLDED, FOLDED + 1])
def test_many_kept_limits_are_one_line(tmp_path: Path, many: int) -> None:
    """Ten are shown, eleven are folded and the nearest to its limit is named; the broken one is shown,
    and first.
    """
    limits = ", ".join(f'"{n + 60}k"' for n in range(many))
    text = BUDGET + f'madds = [{limits}, 1]\nparams = "1G"\n'
    (tmp_path / "net.toml").write_text(chain(3), "utf-8")
    (tmp_path / "mnetcost.toml").write_text(
        '[[budget]]\ndesign = "net.toml"\n' + text.removeprefix(BUDGET).replace('params = "1G"\n', ""),
        "utf-8",
    )
    shown = printed(tmp_path)
    folded = f"{many} limits of 1 designs are ok and hidden"
    assert (folded in shown) is (many > FOLDED)
    if many > FOLDED:
        assert "closest to its limit: net.toml, madds: 0.64 % used" in shown  # 384 of 60,000
    rows = [line for line in shown.splitlines() if line.strip().startswith("net.toml  madds")]
    assert len(rows) == (1 if many > FOLDED else many + 1)
    assert rows[0].rstrip().endswith("broken")
    everything = printed(tmp_path, "--all")
    assert (
        len([line for line in everything.splitlines() if line.strip().startswith("net.toml  madds")])
        == many + 1
    )
    assert folded not in everything


def test_the_gravest_come_first_and_decide(tmp_path: Path) -> None:
    """An unreadable design, one that cannot be compared, a broken limit, a waived one and a kept one."""
    files = {
        "net": chain(2),
        "bad": "resolution = 1\nlayers = [ { op = 'nothing' } ]\n",
        "base": '[design."x"]\nmadds = 1\n',
    }
    text = 'baseline = "base.toml"\n' + "".join(
        f'[[budget]]\ndesign = "{name}.toml"\n{limit}\n'
        for name, limit in (
            ("net", 'madds = ["1G", 1]\nparams = 0'),
            ("net", 'madds = "+0%"'),
            ("bad", "madds = 1"),
        )
    )
    text += '[[waiver]]\ndesign = "net.toml"\nlimit = "params"\nreason = "so"\nuntil = 2027-01-01\n'
    data = checked(tmp_path, code=2, mnetcost=text, **files)
    assert data["status"] == "error"
    assert sorted(r["state"] for r in data["results"]) == [
        "broken",
        "error",
        "incomparable",
        "kept",
        "waived",
    ]
    assert {state: n for state, n in data["counts"].items() if n} == dict.fromkeys(
        ("kept", "waived", "broken", "incomparable", "error"), 1
    )
    order = [
        line.split()[-1]
        for line in printed(tmp_path).splitlines()
        if line.startswith(("  net.toml  ", "  bad.toml  "))
    ]
    assert order == ["error", "incomparable", "broken", "waived", "ok"]
    data = checked(
        tmp_path, code=3, mnetcost=text.replace('design = "bad.toml"', 'design = "net.toml"'), **files
    )
    assert data["status"] == "incomparable"


def test_every_format_knows_what_passes() -> None:
    """A terminal's colours and a comment's signs and order are of the states that let a check pass."""
    passing = {state for state, passes in PASSING.items() if passes}
    assert passing == {"kept", "new", "waived"}
    assert set(terminal.STATES) == set(comment.SIGNS) == set(comment.ORDER) == passing
    assert set(github.KINDS) == passing - {"kept"}


def test_only_so_many_broken_limits_have_tables_of_their_own(tmp_path: Path) -> None:
    """Fifty; the others are rows."""
    text = (
        '[[budget]]\ndesign = "net.toml"\nmadds = ['
        + ", ".join(map(str, range(1, MOST_DETAILED + 6)))
        + "]\n"
    )
    data = checked(tmp_path, code=1, net=chain(2), mnetcost=text)
    assert len([r for r in data["results"] if r["layers"]]) == MOST_DETAILED == 50
    assert all(r["file"] for r in data["results"])
    assert {r["line"] for r in data["results"] if not r["layers"]} == {3}


def test_a_table_of_limits_has_these_columns() -> None:
    """The columns that give way on a narrow terminal, the highest first: the share used, the bound, the
    gauge.
    """
    assert [(c.key, c.rank) for c in COLUMNS if c.rank] == [("bound", 2), ("used", 3), ("gauge", 1)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (LARGEST, LARGEST),
        ("1e20", 10**20),
        (float(EXACT_FLOAT - 1), EXACT_FLOAT - 1),
        (0, 0),
        (0.0, 0),
        ("1,000,000.0", 10**6),
        ("12_34", 1234),
    ],
)
def test_the_largest_numbers_that_are_read(text: Any, value: int) -> None:
    """Up to 10^30, 10^20 as a power, and floats as long as they are exact."""
    assert read_amount(text) == value
    assert LARGEST == 10**30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LARGEST + 1, "more than any network has"),
        ("1e21", "more than any network has"),
        (float(EXACT_FLOAT), "is not a number"),
        ("1000000000000000000.1T", "more than any network has"),
        (-1, "is not a number"),
        (-0.5, "is not a number"),
        ("3.5e6k", "a power of ten and a unit"),
    ],
)
def test_one_more_is_refused(text: Any, said: str) -> None:
    """The twin."""
    with pytest.raises(CallError, match=said):
        read_amount(text)


def test_at_least_and_at_most_may_be_one_number() -> None:
    """Exactly that many; one more at least than at most is nothing."""
    assert [str(x) for x in read_limits({"max": "5", "min": "5"})] == ["at most 5", "at least 5"]
    assert len(read_limits({"max": ["1k", "2k"], "min": ["1k", 5]})) == 4
    with pytest.raises(CallError, match="nothing is at least 1,001 and at most 1,000"):
        read_limits({"max": ["1k", "2k"], "min": ["1001", 5]})
    assert len(read_limits({"max": ["1", "+1%"], "min": "-5%"})) == 3  # relative ones may meet any figure


def test_a_waiver_on_its_last_day_beats_one_that_has_ended(tmp_path: Path) -> None:
    """Whichever stands first in the file."""
    ended = WAIVER.format(reason="ended", until="2025-01-01")
    last = WAIVER.format(reason="last day", until="2026-03-01")
    for waivers in (ended + last, last + ended):
        (result,) = checked(tmp_path, code=0, tiny=TINY, mnetcost=BUDGET + "madds = 1\n" + waivers)["results"]
        assert (result["state"], result["waiver"]["reason"]) == ("waived", "last day")


def test_a_file_whose_only_design_is_wrong_is_answered(tmp_path: Path) -> None:
    """One row of a file of budgets, with its fault and exit code 2; a call that names the same design is
    refused.
    """
    data = checked(
        tmp_path, code=2, bad="resolution = 1\n", mnetcost='[[budget]]\ndesign = "bad.toml"\nmadds = 1\n'
    )
    assert [(r["design"], r["state"], r["value"]) for r in data["results"]] == [("bad.toml", "error", None)]
    with contextlib.chdir(tmp_path):
        done = CliRunner().invoke(cli, ["check", "bad.toml", "--max", "madds=1", "--format", "json"])
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.parametrize("faults", [1, 2, 3])
def test_a_row_says_how_many_more_faults_a_design_has(tmp_path: Path, faults: int) -> None:
    """The first is shown, the others are counted."""
    rows_ = "".join(f"  {{ op = 'conv', out = 1, strid = {n} }},\n" for n in range(faults))
    budgets = "[[budget]]\ndesign = 'bad.toml'\nmadds = 1\n"
    data = checked(tmp_path, code=2, bad=LAYERS.format(rows=rows_), mnetcost=budgets)
    (row,) = data["results"]
    assert ("more" in row["message"]) == (faults > 1)
    assert (f"; and {faults - 1} more" in row["message"]) == (faults > 1)
