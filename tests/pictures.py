"""Which pictures do the docs show? Each is drawn by the command beside it, and kept whole in docs/pictures/.

`python -m tests.refresh` draws them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from mnetcost.cli import cli

from .repositories import TINY, Checkout

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"

PICTURES: dict[str, list[str]] = {
    "report.svg": ["report", "v2"],
    "strips.svg": ["draw", "v1", "v2", "v3-large"],
    "unet.svg": ["draw", "unet"],
    "blocks.svg": ["draw", "v2", "--style", "block"],
    "graph.svg": ["draw", "mlperf-tiny-ic", "--style", "graph"],
    "graph-blocks.svg": ["draw", "inception-v3", "--style", "graph", "--by", "block"],
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
    "history.svg": ["check", "tiny.toml", "--max", "madds=500k", "--history", "30"],
    "conventions.svg": ["conventions", "torchvision/v2"],
    "receptive.svg": ["receptive", "v1"],
}
"""A file of docs/pictures/, and the call that draws it, but for `--format svg`."""


def _widths(folder: Path) -> None:
    """A repository in which a design was made wider and narrower; its commits are the same every time."""
    git = Checkout(folder / "net")
    for out in (16, 20, 24, 32, 28, 24):
        text = TINY.replace("out = 16", f"out = {out}")
        git.commit(f"body of {out} channels", tiny_toml=text)


IN_FOLDERS: dict[str, Callable[[Path], None]] = {"history.svg": _widths}
"""Those that are drawn in a folder of their own, net, and what makes it."""


def drawn(name: str) -> str:
    """One picture, as the program draws it now."""
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        if name in IN_FOLDERS:
            IN_FOLDERS[name](Path(temporary))
            stack.enter_context(chdir(Path(temporary) / "net"))
        return CliRunner().invoke(cli, [*PICTURES[name], "--format", "svg"], catch_exceptions=False).stdout


def pictures() -> dict[Path, str]:
    """Every picture, as the program draws it now."""
    return {FOLDER / name: drawn(name) for name in PICTURES}
