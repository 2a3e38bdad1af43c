"""Does a spec become the same network for one alpha and size as for a grid of them?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mnetcost.designs import Settings, find_spec, load_spec
from mnetcost.designs.build import build
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost

# small ones let neighbouring widths meet, where shortcuts appear and expansions vanish; the rest are
# published or odd
ALPHAS = (0.03, 0.1, 0.28, 0.35, 0.63, 1.0, 1.4)
SIZES = (224, 225, 97)
LARGER = {"unet": (224, 225, 197)}  # its unpadded convolutions take 184 of each side

FEWEST = {
    f"shufflenet-v1-g{n}": 0.1 for n in (2, 3, 4, 8)
}  # below, a stage has no channels to add to its input's


@pytest.mark.parametrize("design", shipped())
def test_a_grid_says_cell_by_cell_what_one_design_says(design: str) -> None:
    """Parameters and work of every kind, for alphas down the rows and resolutions along the columns."""
    spec = find_spec(design)
    sides = LARGER.get(design, SIZES)
    widths = [alpha for alpha in ALPHAS if alpha >= FEWEST.get(design, 0)]
    alphas, sizes = np.array(widths)[:, None], np.array(sides)[None, :]
    depth = [sizes // 20] * (len(spec.resolution) - 2)
    grid = cost(build(spec, alphas, sizes, sizes, spec.classes, True, *depth))
    shape = (len(widths), len(sides))
    for counts in ("params_by_kind", "work_by_kind"):
        kinds = {kind: np.broadcast_to(v, shape) for kind, v in getattr(grid, counts)().items()}
        for (i, alpha), (j, size) in itertools.product(enumerate(widths), enumerate(sides)):
            asked = Settings(alpha=alpha, resolution=(*[size // 20] * len(depth), size, size))
            single = getattr(cost(load_spec(spec, asked).graph), counts)()
            cell = {kind: int(v[i, j]) for kind, v in kinds.items() if v[i, j]}
            assert cell == {kind: n for kind, n in single.items() if n}, (alpha, size)
