"""How many bytes do a design's weights take?

As float32, trained and stored, and as int8 with batch norm folded away.
"""

from __future__ import annotations

from ...engine.costs import Costs
from ...engine.flash import flash
from ...errors import SpecError


def weight_sizes(costs: Costs) -> dict[str, int]:
    """Bytes of the weights of a design: `float32` of trained parameters; `float32_stored` with running
    statistics; `int8_folded` after batch norm is folded, where that is possible.

    `int8_folded` counts one byte for each weight, and an int32 bias for each output channel of a layer that
    has a bias or is followed by a batch norm.
    """
    kinds = costs.params_by_kind()
    stored = sum(kinds.values())
    sizes = {"float32": 4 * (stored - kinds.get("norm_statistics", 0)), "float32_stored": 4 * stored}
    try:
        return {**sizes, "int8_folded": int(flash(costs, "int8").total)}
    except SpecError:
        return sizes


def size_note(costs: Costs) -> str:
    """The sizes of the weights in one line, with that of the model file if there is one."""
    sizes, file = weight_sizes(costs), costs.graph.weight_bytes
    parts = [f"{sizes['float32']:,} as float32"]
    if sizes["float32_stored"] != sizes["float32"]:
        parts.append(f"{sizes['float32_stored']:,} with running statistics")
    if "int8_folded" in sizes:
        parts.append(f"{sizes['int8_folded']:,} as int8 (batch norm folded, int32 biases)")
    if file is not None:
        parts.append(f"{file:,} in the file")
    return "bytes of weights: " + ", ".join(parts)
