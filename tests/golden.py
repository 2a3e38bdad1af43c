"""Which answers are kept whole, so that a change of any byte of them is seen?

`python -m tests.refresh` writes them anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from mnetcost import __version__
from mnetcost.cli import cli

FOLDER = Path(__file__).parent / "golden"

CHECK = ["check", "v1", "v2", "--max", "madds=301M", "--max", "params=4M"]
"""V1 is over both limits, V2 within both."""

CALLS: dict[str, list[str]] = {
    "report.txt": ["report", "v2"],
    "report.csv": ["report", "v3-small:alpha=0.75,resolution=160", "--by", "block", "--format", "csv"],
    "report.json": ["report", "v1:alpha=0.25,resolution=128", "--format", "json"],
    "report.md": ["report", "v1", "--by", "kind", "--format", "markdown"],
    "report.tex": ["report", "v1", "--by", "kind", "--format", "latex"],
    "report.html": ["report", "v1", "--by", "kind", "--format", "html"],
    "report-tree.txt": ["report", "v3-small", "--tree"],
    "report-tree.md": ["report", "resnet50", "--tree", "--depth", "2", "--format", "markdown"],
    "report.mmd": ["report", "v2", "--by", "block", "--format", "mermaid"],
    "report.dot": ["report", "tc-resnet8", "--format", "dot"],
    "report.netron.json": ["report", "tests/field/file-nested.json", "--format", "netron"],
    "report-top.txt": ["report", "resnet50", "--top", "5", "--convention", "flops"],
    "compare.txt": ["compare", "v1", "v2", "--alpha", "0.5"],
    "compare.csv": ["compare", "v1", "v2", "v3-large", "--format", "csv"],
    "compare.json": ["compare", "v1", "v2", "--alpha", "0.5", "--format", "json"],
    "scale.txt": ["scale", "v1"],
    "scale.json": ["scale", "v2", "--alpha", "0.5,1", "--resolution", "96,128x160", "--format", "json"],
    "scale.csv": ["scale", "v3-small", "--alpha", "0.5:1:0.25", "--format", "csv"],
    "factorize.txt": [
        "factorize",
        "14x14x512",
        "--kernel",
        "3",
        "--out",
        "512",
        "--alpha",
        "0.75",
        "--rho",
        "0.714",
    ],
    "factorize.json": ["factorize", "112x112x64", "--kernel", "3", "--out", "128", "--format", "json"],
    "explain.txt": ["explain", "v3-small", "bottleneck 1"],
    "explain.json": ["explain", "v2", "stem/conv", "--format", "json"],
    "list.txt": ["list", "keras"],
    "list.json": ["list", "v2", "--format", "json"],
    "show.toml": ["show", "keras/v3-small", "--resolved"],
    "diff.txt": ["diff", "v2", "shicai-caffe/v2"],
    "diff.md": ["diff", "v2", "shicai-caffe/v2", "--format", "markdown"],
    "diff.html": ["diff", "v2", "shicai-caffe/v2", "--format", "html"],
    "diff.csv": ["diff", "v2", "shicai-caffe/v2", "--format", "csv"],
    "check.txt": CHECK,
    "check.md": [*CHECK, "--format", "markdown"],
    "check-github.txt": [*CHECK, "--format", "github"],
    "check-gitlab.json": [*CHECK, "--format", "gitlab"],
    "check-junit.xml": [*CHECK, "--format", "junit"],
    "check-sarif.json": [*CHECK, "--format", "sarif"],
    "check-benchmark.json": [*CHECK, "--format", "benchmark"],
    "diff.json": ["diff", "v2", "shicai-caffe/v2", "--format", "json"],
}
"""A file of tests/golden/, and the call whose output it holds."""


def golden() -> dict[Path, str]:
    """Every file kept whole and what the program prints now; its version, which changes with every
    release, is left out.
    """
    version = re.compile(rf'("(?:mnetcost|version)": )"{re.escape(__version__)}"')
    return {
        FOLDER / name: body(
            version.sub(r'\1"VERSION"', CliRunner().invoke(cli, call, catch_exceptions=False).output)
        )
        for name, call in CALLS.items()
    }


def body(text: str) -> str:
    """A page without its style and script, which are files of their own, their hashes and the version; any
    other text as it is.
    """
    if not text.startswith("<!doctype html>"):
        return text
    text = re.sub(r"(<(style|script)>).*?(</\2>)", r"\1\3", text, flags=re.DOTALL)
    return re.sub(r"sha256-[^']+|(?<=content=\"mnetcost )[^\"]+", "...", text)
