"""Does each example of docs/examples.md cost what the same module costs in PyTorch?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mnetcost.designs import Settings, load
from mnetcost.designs.build import build
from mnetcost.designs.convert import counts, spec_text
from mnetcost.engine.costs import cost

from .test_following import costed, madds, params, spec_in

ROOT = Path(__file__).parent.parent
TRUTH = json.loads((ROOT / "tests/truth/examples.json").read_text("utf-8"))["modules"]
EXAMPLES = dict(
    re.findall(
        r"^## (.+?)\n.*?^```toml\n(.*?)^```",
        (ROOT / "docs/examples.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)


def test_every_example_is_measured() -> None:
    """Each heading of the page is a module of the script that measured."""
    assert list(EXAMPLES) == list(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
def test_an_example_costs_what_pytorch_counts(name: str) -> None:
    """At two sizes and at alpha 0.35 to 1.4, from a spec of a few rows."""
    spec = spec_in(EXAMPLES[name])
    assert len(EXAMPLES[name].splitlines()) <= 15
    for at in TRUTH[name]:
        sides = tuple(at["side"]) if isinstance(at["side"], list) else (at["side"], at["side"])
        done = costed(spec, sides, at["alpha"])
        assert (params(done), madds(done)) == (at["params"], at["madds"])


def test_every_example_is_measured_at_other_widths() -> None:
    """At two sizes, and below and above alpha 1."""
    for rows in TRUTH.values():
        assert len({str(at["side"]) for at in rows}) == 2
        assert [at["alpha"] for at in rows] == [1, 1, 0.35, 0.75, 1.4]


@pytest.mark.parametrize("name", TRUTH)
def test_an_example_costs_the_same_in_a_grid(name: str) -> None:
    """All alphas at the second size in one walk of arrays."""
    spec, rows = spec_in(EXAMPLES[name]), TRUTH[name][1:]
    sides = rows[0]["side"] if isinstance(rows[0]["side"], list) else [rows[0]["side"]] * 2
    alpha = np.array([at["alpha"] for at in rows])
    *depth, h, w = (np.array([n] * len(rows)) for n in sides)
    done = cost(build(spec, alpha, h, w, np.array(spec.classes), depth=depth[0] if depth else None))
    assert [*np.broadcast_to(params(done), alpha.shape)] == [at["params"] for at in rows]
    assert [*np.broadcast_to(madds(done), alpha.shape)] == [at["madds"] for at in rows]


@pytest.mark.parametrize("name", TRUTH)
def test_an_example_is_written_as_a_spec_of_its_layers(name: str, tmp_path: Path) -> None:
    """`convert` at the second size and another width: a row a layer, each with the same cost."""
    at = TRUTH[name][-1]
    sides = tuple(at["side"]) if isinstance(at["side"], list) else (at["side"], at["side"])
    (tmp_path / "net.toml").write_text(EXAMPLES[name])
    design = load(str(tmp_path / "net.toml"), Settings(alpha=at["alpha"], resolution=sides))
    (tmp_path / "again.toml").write_text(spec_text(design))
    again = load(str(tmp_path / "again.toml")).graph
    assert counts(again) == counts(design.graph)
    assert (params(cost(again)), madds(cost(again))) == (at["params"], at["madds"])
