"""What holds for the whole house: its rooms, its start, its bytes, its arithmetic."""

from __future__ import annotations

import ast
import doctest
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.report.explain import explain
from mnetcost.analyses.report.report import report_data
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import shipped_spec
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost

from .calls import CALLS

PACKAGE = Path(mnetcost.__file__).parent
ROOT = PACKAGE.parent
ROOMS = ("engine", "designs", "analyses", "output", "cli")
"""From the lowest; a room imports from itself and from those before it."""
MODULES = {p.relative_to(PACKAGE).with_suffix("").as_posix(): p for p in sorted(PACKAGE.rglob("*.py"))}


def imports(source: str, module: str) -> Iterator[tuple[str, bool]]:
    """Each module that a module's source imports, in full, and whether that happens as soon as it is
    itself imported.
    """
    package = ["mnetcost", *module.split("/")][:-1]

    def walk(node: ast.AST, early: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, early) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                name = ".".join([*base, *([child.module] if child.module else [])])
                yield name, early
                yield from ((f"{name}.{alias.name}", early) for alias in child.names)
            else:
                checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
                yield from walk(
                    child, early and not checking and not isinstance(child, ast.FunctionDef | ast.Lambda)
                )

    return walk(ast.parse(source), True)


def upward(source: str, module: str) -> list[str]:
    """Imports from a room above a module's own."""
    room = module.split("/")[0]
    if room not in ROOMS:
        return []
    above = {f"mnetcost.{r}" for r in (*ROOMS[ROOMS.index(room) + 1 :], "api", "display", "pytest_plugin")}
    return [name for name, _ in imports(source, module) if ".".join(name.split(".")[:2]) in above]


def early_strangers(source: str, module: str) -> list[str]:
    """Packages of others, click in the command line apart, that are imported as soon as the module is."""
    own = {"cli": ["click"], "pytest_plugin": ["pytest"]}.get(module.split("/")[0], [])
    allowed = {"mnetcost", *sys.stdlib_module_names, *own}
    return [name for name, early in imports(source, module) if early and name.split(".")[0] not in allowed]


@pytest.mark.parametrize("module", MODULES)
def test_rooms_import_only_downward(module: str) -> None:
    """cli, output, analyses, designs, engine: what is lower knows nothing of what is higher."""
    assert upward(MODULES[module].read_text("utf-8"), module) == []


@pytest.mark.parametrize("module", MODULES)
def test_heavy_things_wait_at_the_door(module: str) -> None:
    """numpy, rich, tabulate and readers' libraries are imported inside the function that needs them."""
    assert early_strangers(MODULES[module].read_text("utf-8"), module) == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from ..analyses import report", "engine/ops"),
        ("from .. import cli", "designs/spec"),
        ("def f():\n    from ..output.text import render", "analyses/report"),
        ("import mnetcost.designs.find", "engine/graph"),
        ("from mnetcost.cli import main", "output/text"),
        ("from .. import api", "cli/report"),
        ("from ..display import html", "engine/costs"),
    ],
)
def test_an_upward_import_would_be_seen(source: str, module: str) -> None:
    """The guard can fail: relative, absolute, and inside a function."""
    assert upward(source, module) != []


def arrows(sources: dict[str, str]) -> dict[str, set[str]]:
    """The modules that each module imports, also inside functions, but not for type checkers alone.

    A name imported from a package is an arrow to the package's `__init__`, a module also one to itself.
    """

    def found(name: str) -> str | None:
        at = name.removeprefix("mnetcost").lstrip(".").replace(".", "/")
        return next((m for m in (at, f"{at}/__init__".lstrip("/")) if m in sources), None)

    def targets(module: str) -> set[str]:
        named = (n for n in at_run_time(sources[module], module) if n.split(".")[0] == "mnetcost")
        return {at for n in named if (at := found(n)) and at != module}

    return {module: targets(module) for module in sources}


def at_run_time(source: str, module: str) -> Iterator[str]:
    """What a module imports, in full, what stands under TYPE_CHECKING apart."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = [ast.Pass()]
    return (name for name, _ in imports(ast.unparse(tree), module))


def circles(graph: dict[str, set[str]]) -> list[str]:
    """What is left after modules that import nothing of the rest are taken away, again and again."""
    left = dict(graph)
    while free := [module for module, to in left.items() if not to & set(left)]:
        for module in free:
            del left[module]
    return sorted(left)


def test_nothing_imports_in_a_circle() -> None:
    """Not even inside a room or inside a function: what is left after taking off every floor is nothing."""
    sources = {module: path.read_text("utf-8") for module, path in MODULES.items()}
    graph = arrows(sources)
    assert {"designs/spec/__init__", "designs/shipped"} <= graph["designs/find"]
    assert circles(graph) == []


def test_sub_rooms_of_analyses_import_only_downward() -> None:
    """documents below report, that below changes, budgets and reconcile: folders go in no circle either."""
    sources = {module: path.read_text("utf-8") for module, path in MODULES.items()}
    folders: dict[str, set[str]] = {}
    for module, to in arrows(sources).items():
        for at in (module, *to):
            folders.setdefault(sub_room(at), set())
        folders[sub_room(module)] |= {sub_room(at) for at in to} - {sub_room(module)}
    inside = {folder: to for folder, to in folders.items() if folder.startswith("analyses/")}
    assert {"analyses/documents", "analyses/report"} <= inside["analyses/budgets"]
    assert circles(inside) == []
    assert circles({**inside, "analyses/report": {"analyses/budgets"}}) != []


def sub_room(module: str) -> str:
    return "/".join(module.split("/")[:2])


@pytest.mark.parametrize(
    "back",
    [
        "from .find import f",
        "def g():\n    from . import find",
        "import mnetcost.designs.find",
        "from .. import cli",
    ],
)
def test_a_circle_would_be_seen(back: str) -> None:
    """The guard can fail: within a room, in a function, over several modules; not for type checkers alone."""
    sources = {
        "cli/__init__": "from ..designs.find import f",
        "designs/__init__": "",
        "designs/find": "from .spec import s",
        "designs/spec": back,
    }
    assert "designs/spec" in circles(arrows(sources))
    indented = "\n".join(f"    {line}" for line in back.split("\n"))
    assert circles(arrows({**sources, "designs/spec": f"if TYPE_CHECKING:\n{indented}"})) == []


@pytest.mark.parametrize(
    "source",
    ["import numpy as np", "try:\n    from rich import box\nexcept ImportError:\n    pass", "import click"],
)
def test_an_early_heavy_import_would_be_seen(source: str) -> None:
    """The guard can fail; inside a function or for type checkers the same import is fine."""
    assert early_strangers(source, "output/text") != []
    assert (
        early_strangers("def f():\n" + "\n".join("    " + line for line in source.split("\n")), "output/text")
        == []
    )
    assert early_strangers("if TYPE_CHECKING:\n    import numpy", "output/text") == []


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_answers(module: str) -> None:
    """The first line of its docstring is a sentence; no file is past 600 lines."""
    text = MODULES[module].read_text("utf-8")
    said = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    assert len(said) > 10
    assert said[-1] in ".?:"
    assert text.count("\n") <= 600


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module: str) -> None:
    """What stands behind >>> gives what is printed beneath it."""
    if ">>>" in MODULES[module].read_text("utf-8"):
        name = f"mnetcost/{module}".removesuffix("/__init__").replace("/", ".")
        found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
        assert found.attempted
        assert not found.failed


def python_says(code: str) -> set[str]:
    """The words that a fresh process writes to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


def loaded_by(code: str) -> set[str]:
    """Top-level packages that a fresh process holds after running code, Python's own apart."""
    held = "{m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names"
    return python_says(f"{code}\nprint(*{held}, file=sys.stderr)")


def calling(*args: str) -> str:
    return (
        f"from mnetcost.cli import cli\ntry:\n    cli.main({list(args)!r})\nexcept SystemExit as e:\n   "
        " assert not e.code"
    )


def test_the_start_loads_click_and_nothing_else() -> None:
    """`import mnetcost` loads no package of others, `mnetcost --help` only what `import click` does."""
    assert loaded_by("import mnetcost") - loaded_by("") == {"mnetcost"}
    assert loaded_by(calling("--help")) - loaded_by("import click") == {"mnetcost"}


@pytest.mark.parametrize(
    "call", [["compare", "v1", "v2", "--alpha", "0.5"], ["report", "v2", "--format", "json"]], ids=" ".join
)
def test_a_call_into_a_pipe_loads_no_more(call: list[str]) -> None:
    """What answers in a tenth of a second has no time for numpy, rich or tabulate."""
    assert loaded_by(calling(*call)) - loaded_by("import click") == {"mnetcost"}


WAITING = (
    "pathlib",
    "locale",
    "fractions",
    "json",
    "mnetcost.analyses.report.report",
    "mnetcost.designs.aliases",
    "mnetcost.designs.budgets.metrics",
    "mnetcost.designs.contents",
    "mnetcost.designs.spec.blocks",
    "mnetcost.designs.spec.changes",
    "mnetcost.designs.spec.spaces",
    "mnetcost.engine.memory.tflm",
)
"""Modules that a comparison of the papers' networks has no use for, and that took a part of its time."""


def test_a_comparison_loads_what_it_uses() -> None:
    """Each module takes a tenth of a millisecond at least, and some of Python's own twenty times that."""
    held = python_says(calling("compare", "v1", "v2") + "\nprint('held:', *sys.modules, file=sys.stderr)")
    assert "mnetcost.analyses.report.compare" in held
    assert [module for module in WAITING if module in held] == []


def test_classes_on_the_way_are_made_the_quick_way() -> None:
    """By `mnetcost.records`: a class of `typing.NamedTuple` is a direct subclass of tuple."""
    made = "[c.__module__ for c in tuple.__subclasses__() if '_fields' in vars(c)]"
    held = python_says(f"{calling('compare', 'v1', 'v2')}\nprint(*{made}, file=sys.stderr)")
    assert [module for module in held if module.startswith("mnetcost")] == []


def test_the_guard_of_the_start_can_fail() -> None:
    """A process that imports numpy is seen to have done so."""
    assert "numpy" in loaded_by("import mnetcost, numpy")


@pytest.mark.parametrize("call", [call for calls in CALLS.values() for call in calls], ids=" ".join)
def test_the_same_call_gives_the_same_bytes(call: list[str]) -> None:
    """In execution order, whatever Python's hash seed."""
    said = [
        subprocess.run(
            [sys.executable, "-m", "mnetcost", *call],
            capture_output=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert said[0]
    assert said[0] == said[1] == said[2]


@cache
def small(name: str) -> str:
    """A design as a user would ask for it at another alpha and size."""
    *depth, h, _ = shipped_spec(name).resolution
    h = h * 6 // 7 or 1
    return f"{name}:alpha=0.75,resolution={'x'.join(map(str, (*depth, h, h + 3)))}"


def multiplied(formula: str) -> int:
    """What a printed formula comes to: 3 k_h x 3 k_w x 32 c is 288."""
    return math.prod(int(part.split(" ", 1)[0]) for part in formula.split(" x "))


@pytest.mark.parametrize("name", shipped())
def test_printed_terms_multiply_to_the_printed_count(name: str) -> None:
    """Every layer of every shipped spec: what `explain` prints multiplies to its count, and what counts
    adds up to the report's.
    """
    paper = load_convention()
    for design in map(load, (name, small(name))):
        costs = cost(design.graph)
        reported = report_data(design, costs, paper)["layers"]
        explained = explain(design, costs, paper).tables
        assert len(explained) == len(reported)
        for table, layer in zip(explained, reported, strict=True):
            counts = [
                (label, count, multiplied(formula))
                for label, count, formula in table.rows
                if count is not None
            ]
            assert [product for *_, product in counts] == [count for _, count, _ in counts]
            for side, key in (("params: ", "params"), ("MAdds: ", "madds")):
                assert sum(count for label, count, _ in counts if label.startswith(side)) == layer[key]
            kinds = {**layer["params_by_kind"], **layer["work_by_kind"]}
            assert sum(count for _, count, _ in counts) == sum(layer["params_by_kind"].values()) + sum(
                layer["work_by_kind"].values()
            )
            assert {label.split(": ")[1].split(" (")[0] for label, *_ in counts} == set(kinds)
