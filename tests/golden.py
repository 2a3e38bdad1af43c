"""Which answers are kept whole, so that a change of any byte of them is seen? `python -m tests.refresh` writes them anew."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from mnetcost import __version__
from mnetcost.cli import cli

FOLDER = Path(__file__).parent / "golden"

CALLS: dict[str, list[str]] = {
    "diff.txt": ["diff", "v2", "shicai-caffe/v2"],
    "diff.md": ["diff", "v2", "shicai-caffe/v2", "--format", "markdown"],
    "diff.html": ["diff", "v2", "shicai-caffe/v2", "--format", "html"],
    "diff.csv": ["diff", "v2", "shicai-caffe/v2", "--format", "csv"],
    "diff.json": ["diff", "v2", "shicai-caffe/v2", "--format", "json"],
}
"""A file of tests/golden/, and the call whose output it holds."""


def golden() -> dict[Path, str]:
    """Every file kept whole and what the program prints now; its version, which changes with every release, is left out."""
    run = CliRunner().invoke
    return {
        FOLDER / name: run(cli, call, catch_exceptions=False).output.replace(f'"mnetcost": "{__version__}"', '"mnetcost": "VERSION"')
        for name, call in CALLS.items()
    }
