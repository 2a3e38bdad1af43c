"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mnetcost.errors import CallError, CompareError, MnetcostError
from mnetcost.pytest_plugin import assert_within_budget, cost_of

from .repositories import TINY, TINY_MADDS

ROOT = Path(__file__).resolve().parent.parent


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    """It is called as its module is: else `-p mnetcost.pytest_plugin` would load it twice."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert data["project"]["entry-points"]["pytest11"] == {cost_of.__module__: cost_of.__module__}


def test_a_fixture_costs_designs() -> None:
    """By the names that a budget uses, with settings."""
    figures = cost_of("v2:alpha=0.5", resolution=(96, 96), classes=10)
    assert figures.design == "v2:alpha=0.5,resolution=96,classes=10"
    assert figures["madds"] == figures.madds
    assert figures["params"] == figures.params
    assert figures["kind:depthwise.layers"] == 17
    assert cost_of("v2").madds == 300_774_272
    assert cost_of("v2", convention="flops").madds == 601_548_544
    assert cost_of("v2")["weight_bytes.int8"] == 3_504_872
    assert repr(cost_of("v2")) == "<v2: 3,504,872 params, 300,774,272 MAdds>"
    with pytest.raises(CallError, match="did you mean 'madds'"):
        cost_of("v2")["mads"]
    with pytest.raises(CallError, match="did you mean 'alpha'"):
        cost_of("v2", alhpa=1)


def test_a_kept_budget_is_silent_and_a_broken_one_says_why() -> None:
    """By how much, and the layers that cost most."""
    assert_within_budget(
        "v2", {"madds": "301M", "params": {"min": "3M", "max": "3.6M"}, "op:depthwise.madds": "21M"}
    )
    assert_within_budget("v2", {"madds": "11M"}, alpha=0.35, resolution=96, top=False)
    with pytest.raises(AssertionError) as caught:
        assert_within_budget("v2", {"madds": "300M", "params": "3.6M"})
    said = str(caught.value)
    assert said.startswith("over budget\n")
    assert "v2: madds is 300,774,272 MAdds, 774,272 over 300,000,000" in said
    assert "bottleneck 2/1/expand" in said


def test_a_mistake_is_an_error_and_no_failure() -> None:
    """A misspelt limit or design, or nothing to compare with, is not a network over budget."""
    with pytest.raises(CallError, match="did you mean 'madds'"):
        assert_within_budget("v2", {"mads": 1})
    with pytest.raises(MnetcostError, match="no design"):
        assert_within_budget("no-such-net", {"madds": 1})
    with pytest.raises(CompareError):
        assert_within_budget("v2", {"madds": "+0%"}, baseline="none.toml")


def test_without_limits_the_nearest_file_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this design alone."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY)
    budget = '[[budget]]\ndesign = "{}"\nmadds = {}\n'
    Path("mnetcost.toml").write_text(budget.format("tiny.toml", TINY_MADDS) + budget.format("v2", 1))
    assert_within_budget("tiny.toml")
    with pytest.raises(AssertionError, match="300,774,271 over 1"):
        assert_within_budget("v2")
    with pytest.raises(CallError, match="no budget is for 'v1'"):
        assert_within_budget("v1")


def test_in_a_pytest_of_its_own(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture is there without an import, and a failure shows the budget and none of our own lines."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # installed or not, the plugin is loaded once
    pytester.makepyfile("""
        from mnetcost.pytest_plugin import assert_within_budget

        def test_figures(mnetcost_cost):
            assert mnetcost_cost("v1", alpha=0.5).params == 1331592

        def test_budget():
            assert_within_budget("v2", {"madds": "300M"})
        """)
    done = pytester.runpytest_subprocess("-p", "mnetcost.pytest_plugin", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*over budget*", "*v2: madds is 300,774,272 MAdds, 774,272 over 300,000,000*"])
    done.stdout.no_fnmatch_line("*pytest_plugin.py*answer*")
    assert "fixtures defined from mnetcost.pytest_plugin" in str(
        pytester.runpytest_subprocess("-p", "mnetcost.pytest_plugin", "--fixtures").stdout
    )


def test_loading_the_plugin_loads_nothing_heavy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every pytest of the environment does so."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # installed or not, the plugin is loaded once
    pytester.makepyfile(
        "import sys\ndef test_modules():\n    assert not {'numpy', 'rich', 'click', 'mnetcost.engine'} &"
        " set(sys.modules)\n"
    )
    pytester.runpytest_subprocess("-p", "mnetcost.pytest_plugin", "-p", "no:cacheprovider").assert_outcomes(
        passed=1
    )
