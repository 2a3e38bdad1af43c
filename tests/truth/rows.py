"""How are measured figures written down? One record or layer a line, so that a change can be read."""

import json

COLUMNS = ["design", "alpha", "resolution", "classes", "trainable", "total", "macs"]
LAYER_COLUMNS = ["class", "input", "output", "kernel", "stride", "groups", "params", "macs"]


def size_of(shape):
    """How many numbers a tensor of this shape holds."""
    n = 1
    for side in shape:
        n *= int(side)
    return n


def dump(source, records, layers):
    """Print the figures as JSON."""
    lines = [f'{{"source": {json.dumps(source)}, "columns": {json.dumps(COLUMNS)}, "records": [']
    lines.append(
        ",\n".join(json.dumps(r) for r in records)
        + f'], "layer_columns": {json.dumps(LAYER_COLUMNS)}, "layers": {{'
    )
    lines.append(
        ",\n".join(
            f"{json.dumps(k)}: [\n" + ",\n".join(json.dumps(r) for r in v) + "]" for k, v in layers.items()
        )
        + "}}"
    )
    print("\n".join(lines))
