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
}
"""A file of docs/pictures/, and the call that draws it, but for `--format svg`."""


def pictures() -> dict[Path, str]:
    """Every picture, as the program draws it now."""
    return {
        FOLDER / name: CliRunner().invoke(cli, [*call, "--format", "svg"], catch_exceptions=False).stdout
        for name, call in PICTURES.items()
    }
