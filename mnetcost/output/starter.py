"""What does `mnetcost init` write? Budgets, a workflow and a pre-commit hook, as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ..analyses.budgets.today import FIGURES, Today
from ..designs.readers import READERS
from ..designs.toml import quoted
from ..version import VERSION
from .cells import rough

OWNER = "OWNER"
"""Placeholder for the owner of the GitHub repository with the action and the hooks."""

HOOKED = rf"(?i)\.({'|'.join(re.escape(suffix.removeprefix('.')) for suffix in ('.toml', *READERS))})$"
"""Files whose change can change an answer, as a pattern of pre-commit: specs, budgets, and whatever the
readers read.
"""

HEAD = """\
# What each design may cost: its current figures, written by `mnetcost init`.
# `mnetcost check` compares every change with them. Counts are exact, so a limit needs no tolerance:
# raise it in the commit that raises the cost, where a review sees both. A limit may also be relative
# to the merge base with the main branch ("+0%", "+1%", "+500k"), alone or with another:
#   madds = ["300M", "+1%"]
"""


def budgets(designs: Iterable[Today]) -> str:
    """Return mnetcost.toml, with current figures as limits."""
    parts = [HEAD]
    for one in designs:
        rows = [
            (f"{metric} = {value:_}", rough(value) or str(value), FIGURES[metric])
            for metric, value in one.figures.items()
        ]
        width = max(len(text) for text, _, _ in rows)
        lines = (f"{text.ljust(width)}  # {near} {unit}\n" for text, near, unit in rows)
        parts.append(f"\n[[budget]]\ndesign = {quoted(one.design)}\n" + "".join(lines))
    return "".join(parts)


def workflow(owner: str = OWNER, folder: str = "", lfs: bool = False) -> str:
    """A GitHub workflow that checks every pull request with the action.

    folder: where mnetcost.toml stands in the repository. lfs: whether files of the repository are kept in
    Git LFS.
    """
    fetched = "          lfs: true                 # model files are kept in Git LFS\n" if lfs else ""
    where = "" if not folder else f"        with:\n          working-directory: {json.dumps(folder)}\n"
    note = "     # replace OWNER by the owner of the action" if owner == OWNER else ""
    return f"""\
# Checks every pull request against the budgets in mnetcost.toml. Written by `mnetcost init`.
name: network cost
on: pull_request
permissions:
  contents: read
jobs:
  budgets:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0            # the merge base is needed to compare with
{fetched}      - uses: {owner}/mnetcost@v{VERSION.split(".")[0]}{note}
{where}"""


def hook(owner: str = OWNER, config: str = "") -> list[str]:
    """The lines of a pre-commit hook, an item of `repos`; `config` is the path of mnetcost.toml where it
    is not at the top.

    Without an owner it is a local hook, which runs the mnetcost that is installed.
    """
    if owner != OWNER:
        return [
            f"- repo: https://github.com/{owner}/mnetcost",
            f"  rev: v{VERSION}",
            "  hooks:",
            "    - id: mnetcost-check",
            *([f"      args: [{json.dumps(f'--config={config}')}]"] if config else []),
        ]
    return [
        "- repo: local",
        "  hooks:",
        "    - id: mnetcost-check",
        "      name: mnetcost check",
        "      entry: mnetcost check",
        *([f"      args: [{json.dumps(f'--config={config}')}]"] if config else []),
        (
            "      language: system          # uses the installed mnetcost; docs/ci.md has a hook that"
            " installs it"
        ),
        f"      files: {HOOKED}",
        "      pass_filenames: false",
        "      require_serial: true",
    ]


def hooks(lines: Iterable[str]) -> str:
    """Return .pre-commit-config.yaml with one hook."""
    head = "# Runs before every commit, after `pre-commit install`. Written by `mnetcost init`.\nrepos:\n"
    return head + "".join(f"  {line}\n" for line in lines)


def with_hook(text: str, lines: Iterable[str]) -> str | None:
    """Return a .pre-commit-config.yaml with one more hook after the last; None if its form is not the
    usual one.
    """
    rows = text.splitlines()
    keys = [row for row in rows if re.match(r"[^\s#\-]", row)]
    item = next((re.match(r"( *)- +repo: ", row) for row in rows if re.match(r" *- +repo: ", row)), None)
    if not keys or not re.fullmatch(r"repos:\s*(#.*)?", keys[-1]) or item is None:
        return None
    return text.rstrip() + "\n" + "".join(f"{item[1]}{line}\n" for line in lines)
