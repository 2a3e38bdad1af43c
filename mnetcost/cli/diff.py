"""`mnetcost diff`: explain why two designs differ in cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..designs import Design, Settings, load, split_design
from ..designs.conventions import load_convention
from .options import DESIGN, emit, format_of, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost diff v2 shicai-caffe/v2
  mnetcost diff v3-large v3-large:alpha=0.75
  mnetcost diff origin/main:designs/tiny.toml designs/tiny.toml
  mnetcost diff --rev main...HEAD designs/tiny.toml --format markdown
"""


@click.command("diff", epilog=EPILOG)
@click.argument("old", type=DESIGN)
@click.argument("new", type=DESIGN, required=False)
@click.option(
    "--rev",
    metavar="A..B",
    help="Compare a file at two git revisions. A...B: from their merge base; A: with the working tree.",
)
@click.option("--exit-code", is_flag=True, help="Exit code 1 if they differ.")
@setting_options
@output_options
def command(
    old: str,
    new: str | None,
    rev: str | None,
    exit_code: bool,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Explain why two designs differ in cost: every change from OLD to NEW, and what it adds.

    OLD and NEW are designs, or REV:PATH for a file at a git revision. The changes add up to the total
    difference.
    """
    from ..analyses.changes.diff import diff, document

    asked = settings(options)
    if rev is None:
        if new is None:
            raise click.UsageError("two designs are needed: OLD NEW, or --rev A..B FILE")
        designs = [_load(old, asked), _load(new, asked)]
    else:
        if new is not None:
            raise click.UsageError("--rev takes one file, which is compared at two revisions")
        designs = _at_revisions(rev, old, asked)
    found = diff(designs[0], designs[1], load_convention(convention))
    emit(document(found, sentences=format_of(format_, output) == "text"), format_, output)
    if exit_code and not found.identical:
        sys.exit(1)


def _load(text: str, asked: Settings) -> Design:
    """Load a design, or REV:PATH."""
    name, _ = split_design(text)
    if ":" not in name or Path(name).exists():
        return load(text, asked)
    from ..designs.git import load_at

    rev, _, path = text.partition(":")
    return load_at(rev, path, asked)._replace(name=name)


def _at_revisions(rev: str, file: str, asked: Settings) -> list[Design]:
    """Load a file as it was at two revisions; a file renamed since the first is found there by its old name.

    Raises CompareError if a revision, or the file at a revision, is not available.
    """
    from ..designs.git import Repository, load_at

    name, _ = split_design(file)
    with Repository() as repository:
        old, dots, new = rev.partition("...") if "..." in rev else rev.partition("..")
        revisions = [old or "HEAD", *([new or "HEAD"] if dots else [])]
        commits = {r: repository.commit(r) for r in revisions}
        if dots == "...":
            commits[revisions[0]] = repository.merge_base(*revisions)
        inside = repository.inside(name)
        paths = dict.fromkeys(revisions, inside)
        if repository.find(commits[revisions[0]], inside) is None:
            paths[revisions[0]] = repository.renamed(commits[revisions[0]], inside) or inside
        designs = [
            load_at(commits[r], paths[r] + file[len(name) :], asked, repository)._replace(
                name=f"{r}:{name if paths[r] == inside else paths[r]}"
            )
            for r in revisions
        ]
    return designs if dots else [*designs, load(file, asked)]
