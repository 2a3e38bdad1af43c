"""Does each example of docs/examples.md cost what the same module costs in PyTorch?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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
    """At two sizes, from a spec of a few rows."""
    spec = spec_in(EXAMPLES[name])
    assert len(EXAMPLES[name].splitlines()) <= 15
    for at in TRUTH[name]:
        done = costed(spec, tuple(at["side"]) if isinstance(at["side"], list) else (at["side"], at["side"]))
        assert (params(done), madds(done)) == (at["params"], at["madds"])


@pytest.mark.parametrize("name", TRUTH)
def test_an_example_is_built_at_another_alpha(name: str) -> None:
    """No row holds the width of another as a number."""
    spec = spec_in(EXAMPLES[name])
    done = costed(spec, (8, 64, 96)[-len(spec.resolution) :], alpha=0.5)
    assert madds(done) > 0
