"""`mnetcost init`: set up cost checks for the designs of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from ..errors import CallError, plain
from ..records import NamedTuple
from .options import write_file
from .schema import SCHEMAS, beside, directive

EPILOG = """\b
Examples:
  mnetcost init --dry-run
  mnetcost init
  mnetcost init models --owner me      use the action and the hook of github.com/me/mnetcost
"""

WORKFLOW = ".github/workflows/mnetcost.yml"
HOOKS = ".pre-commit-config.yaml"
LARGEST = 1 << 20  # bytes; larger files are not read
MOST_NAMED = 40  # skipped files that are listed, one line each


class File(NamedTuple):
    """A file to write: its path, its text, and what it is for."""

    path: Path
    text: str
    about: str


@click.command("init", epilog=EPILOG)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option(
    "--owner",
    metavar="NAME",
    help="GitHub owner of the mnetcost repository that the workflow and the hook use.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite existing files; an existing pre-commit config gets one more hook.",
)
def command(folder: str, owner: str | None, dry_run: bool, force: bool) -> None:
    """Set up cost checks for the designs of a folder.

    Finds specs and model files under FOLDER and writes mnetcost.toml with their current figures as budgets,
    a GitHub workflow and a pre-commit hook. Hidden folders, virtual environments, node_modules and what git
    ignores are skipped. Existing files are kept, unless --force is given.
    """
    if owner is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}", owner):
        raise CallError(
            f"'{owner[:60]}' is not a valid GitHub owner",
            hint="such as octocat in github.com/octocat/mnetcost",
        )
    if "\0" in folder or not Path(folder).is_dir():
        raise CallError(f"there is no folder '{folder[:200]}'")
    base = Path(folder)
    top = _top(base)
    files = [*_budgets(base, force), *_checks(base, top, owner, force)]
    if not files:
        raise CallError("all files exist already", hint="--force overwrites them")
    for file in files:
        if not file.path.resolve().is_relative_to(top.resolve()):
            raise CallError(
                f"'{file.path}' is outside of '{top}'",
                hint="a symbolic link leads there, and init does not write through links",
            )
    if dry_run:
        for file in files:
            click.echo(f"would write {_shown(file.path)}: {file.about}", err=True)
            if file.path.suffix != ".json":
                click.echo(f"--- {_shown(file.path)}\n{file.text}")
        return
    _write(files)
    for file in files:
        click.echo(f"wrote {_shown(file.path)}: {file.about}", err=True)
    config = "" if base.resolve() == Path().resolve() else f" --config {_shown(base / 'mnetcost.toml')}"
    click.echo(f"next: run mnetcost check{config}, then commit these files", err=True)


def _top(base: Path) -> Path:
    """Return the root of the repository that contains a folder, or the folder if there is none."""
    from ..designs.budgets.patterns import root_of

    found = root_of(base)
    return found if os.path.lexists(found / ".git") else base


def _shown(path: Path) -> str:
    return plain(Path(os.path.relpath(path)).as_posix())


def _kept(path: Path, why: str = "") -> None:
    click.echo(f"kept {_shown(path)}: {why or 'it exists already (--force overwrites it)'}", err=True)


def _budgets(base: Path, force: bool) -> list[File]:
    """Return mnetcost.toml and its schema as files to write; none if the folder has budgets.

    Raises CallError if no design is found.
    """
    from ..analyses.budgets.today import today
    from ..designs.budgets.config import FILE, find_config
    from ..designs.readers import READ

    path, known = base / FILE, find_config(base)
    if not force and (os.path.lexists(path) or (known and known.resolve().parent == base.resolve())):
        _kept(
            path if os.path.lexists(path) else base / "pyproject.toml",
            "" if os.path.lexists(path) else "it has budgets",
        )
        return []
    designs, faults = today(base)
    for fault in faults[:MOST_NAMED]:
        click.echo(
            f"skipped {plain(fault.file)}: {plain(fault.message)}"
            + (f" ({plain(fault.hint)})" if fault.hint else ""),
            err=True,
        )
    if len(faults) > MOST_NAMED:
        click.echo(f"skipped {len(faults) - MOST_NAMED:,} more files that cannot be costed", err=True)
    if not designs:
        raise CallError(
            f"there is no design under '{base}'" + (" that can be costed" if faults else ""),
            hint=f"{READ}; `mnetcost new net.toml` creates a spec",
        )
    from ..output.starter import budgets

    count = f"{len(designs):,} design{'s' * (len(designs) != 1)}"
    files = [File(path, directive("budgets") + budgets(designs), f"current figures of {count} as budgets")]
    schema = beside(path, "budgets")
    if force or not os.path.lexists(schema):
        files.append(File(schema, SCHEMAS["budgets"](), "lets editors complete and check mnetcost.toml"))
    return files


def _checks(base: Path, top: Path, owner: str | None, force: bool) -> list[File]:
    """Return the workflow and the hook as files to write, at the root of the repository."""
    from ..output import starter

    inside = Path(os.path.relpath(base.resolve(), top.resolve())).as_posix()
    inside = "" if inside == "." else inside
    owner = owner or starter.OWNER
    files, path = [], top / WORKFLOW
    if force or not os.path.lexists(path):
        next_ = "" if owner != starter.OWNER else "; replace OWNER by the owner of the action, or use --owner"
        lfs = b"filter=lfs" in _bytes(top / ".gitattributes")
        files.append(File(path, starter.workflow(owner, inside, lfs), f"checks every pull request{next_}"))
    else:
        _kept(path)
    path, lines = top / HOOKS, starter.hook(owner, inside and f"{inside}/mnetcost.toml")
    if not os.path.lexists(path):
        files.append(
            File(path, starter.hooks(lines), "checks before every commit, after `pre-commit install`")
        )
        return files
    before = _bytes(path).decode("utf-8", "replace")
    after = starter.with_hook(before, lines) if force else None
    if "mnetcost" in before:
        _kept(path, "it has the hook")
    elif after is not None:
        files.append(File(path, after, "one more hook, which checks before every commit"))
    else:
        add = "\n".join(f"  {line}" for line in lines)
        _kept(path, f"add these lines after its last hook{'' if force else ', or use --force'}:\n{add}")
    return files


def _bytes(path: Path) -> bytes:
    """Return the contents of a small file; empty if it is missing or cannot be read."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size < LARGEST else b""
    except OSError:
        return b""


def _write(files: list[File]) -> None:
    """Write all files, or none: if one fails, those written before are restored.

    Raises CallError if one cannot be written.
    """
    undo: list[Callable[[], object]] = []
    try:
        for file in files:
            for folder in reversed([p for p in file.path.parents if not p.exists()]):
                folder.mkdir()
                undo.append(folder.rmdir)
            before = file.path.read_bytes() if file.path.exists() else None
            write_file(str(file.path), file.text.encode())
            undo.append(file.path.unlink if before is None else partial(write_file, str(file.path), before))
    except (OSError, CallError) as e:
        for back in reversed(undo):
            back()
        if isinstance(e, CallError):
            raise
        raise CallError(f"cannot write '{file.path}': {e.strerror or e}") from None
