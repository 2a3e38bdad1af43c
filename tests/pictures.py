"""Which pictures do the docs show? Each is drawn by the command beside it, and kept whole in docs/pictures/.

`python -m tests.refresh` draws them anew.
"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from mnetcost.cli import cli

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"

PICTURES: dict[str, list[str]] = {
    "report.svg": ["report", "v2"],
    "strips.svg": ["draw", "v1", "v2", "v3-large"],
    "unet.svg": ["draw", "unet"],
    "blocks.svg": ["draw", "v2", "--style", "block"],
    "bottlenecks.svg": ["draw", "resnet50", "v2", "v3-large", "--style", "block"],
    "compare.svg": ["compare", "v1", "v2", "v3-large"],
    "scale.svg": ["scale", "v2", "--alpha", "0.35:1.4:0.15", "--resolution", "96:224:16"],
    "front.svg": ["front", "--checkpoints", "--of", "madds,top1"],
    "list.svg": ["list"],
    "spread.svg": ["space", "stats", "proxylessnas", "--of", "params"],
    "diff.svg": ["diff", "v1", "v3-large"],
    "check.svg": ["check", "v2", "--max", "madds=300M", "--max", "params=3.6M", "--max", "ram=2MB"],
    "memory.svg": ["memory", "keras/v1:alpha=0.25,resolution=96,classes=2", "--limit", "64K"],
    "parts.svg": ["memory", "v2", "--split", "4"],
    "roofline.svg": ["fit", "v2", "--device", "tests/core.toml"],
    "receptive.svg": ["receptive", "v1"],
}
"""A file of docs/pictures/, and the call that draws it, but for `--format svg`."""


def pictures() -> dict[Path, str]:
    """Every picture, as the program draws it now."""
    return {
        FOLDER / name: CliRunner().invoke(cli, [*call, "--format", "svg"], catch_exceptions=False).stdout
        for name, call in PICTURES.items()
    }
