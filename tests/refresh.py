"""What in the repository is made by the program, and does it say what the program says now?

`python -m tests.refresh` writes it anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

from mnetcost.analyses.report import catalogue, stored
from mnetcost.cli import COMMANDS
from mnetcost.cli.schema import SCHEMAS
from mnetcost.designs import contents
from mnetcost.designs.budgets.metrics import METRICS
from mnetcost.designs.readers import READERS
from mnetcost.designs.schema import ABOUT, takes
from mnetcost.designs.sorts import sorts_of
from mnetcost.designs.spec import VOCABULARY
from mnetcost.designs.spec.language import (
    CHANGE_KEYS,
    EITHER,
    ROUNDING_KEYS,
    ROW_KEYS,
    SPACE_KEYS,
    SPACE_TOP_KEYS,
    TOP_KEYS,
    WIDTH_KEYS,
)
from mnetcost.engine.fields import ACTIVATIONS, CHOICES
from mnetcost.engine.ops import OPS, SEVERAL_INPUTS
from mnetcost.engine.rules import ROLES, RULE_CHOICES, RULE_TABLES
from mnetcost.engine.widths import ROUNDING, WidthRule
from mnetcost.output.starter import HOOKED

from . import counting, implementations, mistakes, teaching, test_published
from .golden import golden
from .pictures import pictures

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "designs", "analyses", "output", "cli")
MARKED = re.compile(r"(<!-- made: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def default(value: Any) -> str:
    return (
        ""
        if value is None or value == ""
        else f"`{str(value).lower() if isinstance(value, bool) else repr(value)}`".replace("'", '"')
    )


def keys(sorts: Mapping[str, str]) -> str:
    """Keys that every file or row may have."""
    return table(
        ("key", "takes", ""),
        (
            (f"`{key}`", "a block or a single op" if key == "op" else takes(sort, key), ABOUT[key])
            for key, sort in sorts.items()
        ),
    )


def fields(cls: Any, choices: Mapping[str, tuple[str, ...]]) -> str:
    """The keys of one op, block or table of rules."""
    if not cls._fields:
        return "No keys except those of every row."
    rows = []
    for key, sort in sorts_of(cls).items():
        if key == "width":
            rows += [(f"`{k}`", takes(WIDTH_KEYS[k], k), "as in `[widths]`") for k in ROUNDING_KEYS]
        else:
            field = getattr(cls, "fields", {}).get(key)  # of a block that is data
            known = field.words if field else choices.get(key, CHOICES.get(key, ()))
            words = takes(sort, key, known if sort == "Choice" else ())
            words += f", a multiple of {field.multiple}" if field and field.multiple > 1 else ""
            words += f", at most {field.most}" if field and field.most else ""
            rows.append(
                (
                    f"`{key}`",
                    words,
                    default(silent(cls, key)) if key in cls._field_defaults else "required",
                )
            )
    return table(("key", "takes", "default"), rows)


def silent(cls: Any, key: str) -> Any:
    """What a key is where the row is silent."""
    field = getattr(cls, "fields", {}).get(key)
    return field.expression.text if field and field.expression else cls._field_defaults[key]


def vocabulary(ops: Mapping[str, type]) -> str:
    """A section an op: what it is, and its keys."""
    parts = []
    for name, cls in ops.items():
        more = []
        if name in SEVERAL_INPUTS:
            more.append(f"`from` names {SEVERAL_INPUTS[name] or 'two or more'} rows; it takes no `repeat`.")
        if name in EITHER:
            ways, needed = EITHER[name]
            words = ", ".join(" and ".join(f"`{key}`" for key in way) for way in ways[:-1])
            last = " and ".join(f"`{key}`" for key in ways[-1])
            both = " and " if all(len(way) == 1 for way in ways) else " or "
            more.append(f"A row has {'exactly' if needed else 'at most'} one of {words}{both}{last}.")
        parts += [f"### {name}", cleandoc(cls.__doc__ or ""), *more, fields(cls, {})]
    return "\n\n".join(parts)


def rules(name: str) -> str:
    """One table of rules: what it is, and its keys."""
    cls = RULE_TABLES[name]
    return f"{cleandoc(cls.__doc__ or '')}\n\n" + fields(
        cls, {k.split(".")[1]: v for k, v in RULE_CHOICES.items() if k.startswith(f"{name}.")}
    )


def widths() -> str:
    defaults = WidthRule()._asdict()
    rows = [(f"`{k}`", takes(sort, k), default(defaults[k]), ABOUT[k]) for k, sort in WIDTH_KEYS.items()]
    roles = [
        (
            f"`{role}`",
            "a table of the same keys",
            "as `[widths]`",
            f'The rule for rows with `role = "{role}"`.',
        )
        for role in ROLES
    ]
    return table(("key", "takes", "default", "meaning"), [*rows, *roles])


def roundings() -> str:
    values = (11.2, 18.0, 24.0, 44.8, 1.6)
    rows = [
        (f'`"{name}"`', " ".join((f.__doc__ or "").split("\n\n")[0].split()), *(str(f(v)) for v in values))
        for name, f in ROUNDING.items()
    ]
    return table(("rounding", "", *map(str, values)), rows)


def modules() -> str:
    """Every module of the rooms, with the first line of its docstring."""
    rows = []
    for room in ROOMS:
        for path in sorted(
            (ROOT / "mnetcost" / room).rglob("*.py"),
            key=lambda p: p.with_suffix("").as_posix().removesuffix("__init__"),
        ):
            said = " ".join(
                (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0].split()
            )
            rows.append(
                (f"`{path.relative_to(ROOT / 'mnetcost').as_posix().removesuffix('__init__.py')}`", said)
            )
    return table(("module", "answers"), rows)


def metrics() -> str:
    """What a budget may limit; the layers of one op are one row."""
    shown = {name: m for name, m in METRICS.items() if not name.startswith("layers.")}
    rows = [(f"`{name}`", m.title, m.unit, "yes" if m.scoped else "no") for name, m in shown.items()]
    rows.append(("`layers.OP`", "layers of one op: `layers.depthwise`", "layers", "yes"))
    return table(("metric", "", "unit", "of some layers"), rows)


def endings() -> str:
    """Which endings of a name mean which reader."""
    pages = {module: f"[{module}.md]({module}.md)" for module in dict.fromkeys(READERS.values())}
    rows = [
        (", ".join(f"`{e}`" for e, m in READERS.items() if m == module), page)
        for module, page in pages.items()
    ]
    return table(("a name ends in", "read as"), [("`.toml`", "[a spec](../spec-language.md)"), *rows])


def no_designs() -> str:
    """Files that people have, and that hold no graph that can be read."""
    kinds = [
        v
        for v in vars(contents).values()
        if isinstance(v, contents.Content) and not v.reader and v is not contents.SPEC
    ]
    return table(("what it is", "instead"), ((kind.called, kind.hint) for kind in kinds))


PARTS: dict[str, Callable[[], str]] = {
    "endings": endings,
    "no-designs": no_designs,
    "commands": lambda: table(
        ("command", ""), ((f"`mnetcost {name}`", said) for name, said in COMMANDS.items())
    ),
    "counting-rules": counting.rules,
    "counting-figures": counting.figures,
    "file-keys": lambda: keys(TOP_KEYS),
    "row-keys": lambda: keys(ROW_KEYS),
    "space-keys": lambda: table(
        ("key", ""), ((f"`{key}`", ABOUT[key]) for key in (*SPACE_KEYS, "any", *SPACE_TOP_KEYS))
    ),
    "change-keys": lambda: table(("key", ""), ((f"`{key}`", ABOUT[key]) for key in CHANGE_KEYS)),
    "widths": widths,
    "roundings": roundings,
    **{name: lambda name=name: rules(name) for name in RULE_TABLES},
    "blocks": lambda: vocabulary({word: cls for word, cls in VOCABULARY.items() if word not in OPS}),
    "ops": lambda: vocabulary(OPS),
    "activations": lambda: ", ".join(f"`{name}`" for name in ACTIVATIONS),
    "modules": modules,
    "metrics": metrics,
    "mistakes": mistakes.index,
    "relu": teaching.lost_table,
    **implementations.PARTS,
}
"""What stands in the docs between `<!-- made: NAME -->` and `<!-- end -->`."""


def page(path: Path) -> str:
    """A page with its made parts as they should be."""
    return MARKED.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]().strip()}\n\n{m[3]}", path.read_text("utf-8"))


def hooks() -> str:
    """The pre-commit hooks with the pattern of files that can change an answer: specs, budgets, and
    whatever the readers read.
    """
    text = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    return re.sub(r"^  files: .*$", lambda _: f"  files: {HOOKED}", text, flags=re.MULTILINE)


def made() -> dict[Path, str]:
    """Every file that is made in whole or in part, and what it should hold."""
    whole = {
        **{ROOT / "specs" / f"{name}.schema.json": text() for name, text in SCHEMAS.items()},
        ROOT / "specs" / stored.FIGURES: stored.text(catalogue.entries()),
        ROOT / ".pre-commit-hooks.yaml": hooks(),
        test_published.PAGE: test_published.page(),
        **golden(),
        **pictures(),
        **teaching.taught(),
    }
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return whole | {path: page(path) for path in pages if MARKED.search(path.read_text("utf-8"))}


if __name__ == "__main__":
    for path, text in made().items():
        path.write_text(text, "utf-8")
