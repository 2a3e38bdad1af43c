"""`mnetcost schema`: print the JSON Schema of specs or of mnetcost.toml."""

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
    from ..designs.budgets.schema import budgets_schema_text

    return budgets_schema_text()


SCHEMAS: dict[str, Callable[[], str]] = {"spec": _spec, "budgets": _budgets}
"""The schemas, by name: of specs and of mnetcost.toml. They are shipped as specs/NAME.schema.json."""


FOLDER = ".mnetcost"
"""The folder of a schema, beside the file that names it. It is hidden, so that a pattern such as
`nets/*.json` does not match the schema.
"""


def directive(of: str) -> str:
    """Return the first line of a TOML file that names its schema for editors, by a relative path."""
    return f"#:schema ./{FOLDER}/{of}.schema.json\n"


def beside(file: Path, of: str) -> Path:
    """Return the path of the schema that a file's first line names."""
    return file.parent / FOLDER / f"{of}.schema.json"


def put_beside(file: Path, of: str) -> Path | None:
    """Write a schema to the hidden folder beside a file; return its path, or None if it exists already.

    Raises CallError if it cannot be written.
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
    """Print the JSON Schema of specs, or of budgets in mnetcost.toml.

    Editors use it to complete, explain and check keys while you type.
    """
    text = SCHEMAS[of]()
    write_text(text, output, ".json")
