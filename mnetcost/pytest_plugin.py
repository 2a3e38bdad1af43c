"""How does a test hold a design to its budget?

A pytest plugin: the fixture `mnetcost_cost`, and `assert_within_budget`.

pytest finds it by its entry point; what it needs is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .analyses.report.metrics import Gauge
    from .designs.budgets.values import Budget


class Figures:
    """What a design costs: `figures["madds"]`, `figures["op:depthwise.params"]`, by the names that a
    budget uses.
    """

    def __init__(self, design: str, gauge: Gauge) -> None:
        self.design, self.gauge = design, gauge

    def __repr__(self) -> str:
        return f"<{self.design}: {self.params:,} params, {self.madds:,} {self.gauge.convention.unit}>"

    def __getitem__(self, name: str) -> int:
        from .designs.budgets.options import read_rules

        (rule,) = read_rules(name, 0)
        return self.gauge.within(rule.scope).figure(rule.metric)

    @property
    def params(self) -> int:
        """Parameters, as the convention counts them."""
        return self["params"]

    @property
    def madds(self) -> int:
        """Work, as the convention counts it."""
        return self["madds"]


def cost_of(design: str, convention: str = "paper", **settings: Any) -> Figures:
    """Cost a design: a shipped name or a file, with settings such as alpha=0.5, resolution=160,
    classes=10, top=False.

    Raises MnetcostError where it cannot be read, built or costed whole.
    """
    from .analyses.report.metrics import Gauge
    from .designs import load
    from .designs.conventions import load_convention
    from .engine.costs import cost

    budget = _budget(design, settings)
    found = load(budget.file, budget.settings)
    return Figures(budget.label, Gauge(cost(found.graph, found.batch), load_convention(convention), found))


@pytest.fixture
def mnetcost_cost() -> Callable[..., Figures]:
    """The function `cost_of`: `mnetcost_cost("v2", alpha=0.5).madds`."""
    return cost_of


def assert_within_budget(
    design: str,
    limits: Mapping[str, Any] | None = None,
    *,
    convention: str = "paper",
    against: str = "",
    baseline: str = "",
    **settings: Any,
) -> None:
    """Fail, saying by how much and which layers cost most, where a design breaks a limit.

    limits: by name, as in a budget: {"madds": "301M", "params": {"max": "+1%"}, "op:depthwise.madds":
    "25M"}; without them, those of the nearest mnetcost.toml for this design. against, baseline: what
    relative limits are compared with.
    Raises AssertionError for a broken limit, MnetcostError for a mistake in the call or the design.
    """
    __tracebackhide__ = True
    from .analyses.budgets.check import check, failure
    from .cli.budgets import from_file
    from .cli.check import today
    from .designs.budgets.options import chosen, read_rules
    from .designs.budgets.values import Basis, Config
    from .output import render

    if limits is None:
        config = from_file(None)
        config = config._replace(budgets=chosen(config.budgets, (design,)))
    else:
        rules = tuple(rule for name, value in limits.items() for rule in read_rules(name, value))
        basis = Basis(against, True, baseline)
        config = Config(
            (_budget(design, settings)._replace(rules=rules, basis=basis, convention=convention),)
        )
    answer = check(config, today(None))
    if error := failure(answer):
        raise error
    if answer.data["status"] != "kept":
        raise AssertionError("over budget\n\n" + render(answer))


def _budget(design: str, settings: Mapping[str, Any]) -> Budget:
    from .designs.budgets.options import from_call, read_settings

    (budget,) = from_call([design], read_settings(settings))
    return budget
