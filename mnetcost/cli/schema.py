"""`mnetcost schema`: the spec language, or the language of mnetcost.toml, as a JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from ..errors import CallError
from .options import Word, write_file, write_text

EPILOG = """\b
Examples:
  mnetcost schema
  mnetcost schema -o spec.schema.json               in a spec, line 1: #:schema ./spec.schema.json
  mnetcost schema budgets -o budgets.schema.json    in mnetcost.toml, line 1: #:schema ./budgets.schema.json
"""


def _spec() -> str:
    from ..designs.schema import schema_text

    return schema_text()


def _budgets() -> str:
    from ..analyses.budgets.schema import budgets_schema_text

    return budgets_schema_text()


SCHEMAS: dict[str, Callable[[], str]] = {"spec": _spec, "budgets": _budgets}
"""What there is a schema of: a design's spec, and mnetcost.toml. It is shipped as specs/NAME.schema.json."""


FOLDER = ".mnetcost"
"""Where a schema stands beside the file that names it: hidden, so that no pattern such as `nets/*.json`
takes it for a design.
"""


def directive(of: str) -> str:
    """The first line of a TOML file that tells editors its schema, by a path that is right for everybody
    who has the files.
    """
    return f"#:schema ./{FOLDER}/{of}.schema.json\n"


def beside(file: Path, of: str) -> Path:
    """Where the schema stands that a file's first line names."""
    return file.parent / FOLDER / f"{of}.schema.json"


def put_beside(file: Path, of: str) -> Path | None:
    """Write a schema into the hidden folder beside a file; return its path, or None where there is one
    already.

    Raises CallError where it cannot be written.
    """
    path = beside(file, of)
    if path.exists():
        return None
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as e:
        raise CallError(f"cannot write '{path}': {e.strerror}") from None
    write_file(str(path), SCHEMAS[of]().encode())
    return path


@click.command("schema", epilog=EPILOG)
@click.argument("of", type=Word("schema", lambda: SCHEMAS), metavar="[spec|budgets]", default="spec")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of the terminal.")
def command(of: str, output: str | None) -> None:
    """A JSON Schema of specs, or of budgets in mnetcost.toml.

    Editors complete, explain and check keys by it as they are typed.
    """
    text = SCHEMAS[of]()
    write_text(text, output, ".json")
