"""How many small changes of the code do the tests notice?

`python -m tests.measure_mutants [--seed 1] [--each 12] [MODULE ...]`.

It changes one thing at a time in a copy of the checkout (a comparison, an operator, a number, a truth, a
return value, chosen at random by a fixed seed), runs the tests that are about the module, the quick ones
first, and prints what share of the changes made a test fail, and those that did not. Messages, docstrings,
annotations and assertions are left alone: a change there alters no answer.

Why a script of our own: mutmut and cosmic-ray try every change, which is thousands of test runs and hours,
keep databases and run a suite as a whole; here a random sample of each module, its own tests first, gives
the same share within a few per cent in minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click.testing  # noqa: F401
import hypothesis  # noqa: F401
import numpy  # noqa: F401
import pytest
import rich.console  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "mnetcost",
    "specs",
    "tests",
    "docs",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "action.yml",
    ".github",
    ".pre-commit-hooks.yaml",
)
LONGEST = 300  # seconds that a mutant's tests may take; one that loops is noticed

ENGINE = "defaults moves ops windows block_layers blocks widths costs rows layers"
SLOW = "metrics factorize truth scale"
TESTS = {
    "mnetcost/engine": (ENGINE, SLOW),
    "mnetcost/analyses/budgets/check.py": ("verdicts", "check check_rows"),
    "mnetcost/designs/budgets/limits.py": ("limits", "budgets verdicts"),
}
"""The tests of a module, by the beginning of its path: the quick ones, and those that are run where these
notice nothing.
"""

COMPARED = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
COMPARED |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
OPERATORS |= {
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
SILENT = ("why", "hint", "what", "message")
"""Arguments that are words."""
WORDS = (
    "Fault",
    "ShapeError",
    "SpecError",
    "CallError",
    "BudgetError",
    "CompareError",
    "UnknownOpError",
    "fault",
    "op",
    "lru_cache",
)
"""Calls whose arguments are words, or change no answer."""


class Mutant(NamedTuple):
    """One change: where it stands, what it is in words, and how it is made and taken back."""

    line: int
    what: str
    make: Callable[[], None]
    undo: Callable[[], None]


def swap(holder: object, key: str, new: object) -> tuple[Callable[[], None], Callable[[], None]]:
    old = getattr(holder, key)
    return lambda: setattr(holder, key, new), lambda: setattr(holder, key, old)


def mutants(tree: ast.Module) -> list[Mutant]:
    """Every change that may be made, in the order of the text."""
    return list(_within(tree))


def _within(node: ast.AST) -> Iterator[Mutant]:
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in WORDS:
        return
    if isinstance(node, ast.keyword) and node.arg in SILENT:
        return
    yield from _of(node)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _within(child)


def _of(node: ast.AST) -> Iterator[Mutant]:
    line = getattr(node, "lineno", 0)

    def change(what: str, holder: object, key: str, new: object) -> Mutant:
        return Mutant(line, what, *swap(holder, key, new))

    if isinstance(node, ast.Compare):
        new = [COMPARED[type(op)]() if n == 0 else op for n, op in enumerate(node.ops)]
        yield change(f"{ast.unparse(node)}: {type(new[0]).__name__}", node, "ops", new)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        text = isinstance(node, ast.BinOp) and any(
            isinstance(x, ast.Constant) and isinstance(x.value, str) for x in (node.left, node.right)
        )
        if not text:
            yield change(
                f"{ast.unparse(node)}: {OPERATORS[type(node.op)].__name__}",
                node,
                "op",
                OPERATORS[type(node.op)](),
            )
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield change(f"{ast.unparse(node)}: {other.__name__}", node, "op", other())
    elif isinstance(node, ast.If | ast.IfExp) and not isinstance(node.test, ast.Compare | ast.BoolOp):
        yield change(f"if {ast.unparse(node.test)}: not", node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield change(f"{ast.unparse(node)}: no sign", node, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield change(f"{node.value}: {not node.value}", node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield change(f"{node.value}: {node.value + 1}", node, "value", node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield change(f"return {ast.unparse(node.value)}: None", node, "value", ast.Constant(None))


def copied(folder: Path) -> Path:
    """A copy of what the tests need, as it stands in the working tree."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy2(source, folder / name)
    return folder


def noticed(folder: Path, names: list[str]) -> bool:
    """Does one of these tests fail, or take too long?

    In a child of this process, which has imported what is not ours already.
    """
    files = [f"tests/test_{name}.py" for name in names if (folder / f"tests/test_{name}.py").is_file()]
    if not files:
        return False
    child = os.fork()
    if not child:
        signal.alarm(LONGEST)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "mnetcost")]:
            del sys.modules[name]
        sys.path[:] = [str(folder), *(p for p in sys.path if p and Path(p).resolve() != ROOT)]
        sys.dont_write_bytecode = True
        os._exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "--assert=plain", *files])) & 127)
    return os.waitpid(child, 0)[1] != 0


def tests_of(module: str) -> tuple[list[str], list[str]]:
    """The quick tests, that of the module's own name first, and the others."""
    quick, slow = next(tests for begin, tests in TESTS.items() if module.startswith(begin))
    return list(dict.fromkeys([Path(module).stem, *quick.split()])), slow.split()


def measure(folder: Path, module: str, each: int, seed: int) -> tuple[int, list[Mutant]]:
    """Try so many changes of a module; return how many, and those that no test noticed."""
    path = folder / module
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    every = mutants(tree)
    chosen = random.Random(f"{seed} {module}").sample(every, min(each, len(every)))
    survivors = []
    for mutant in sorted(chosen, key=lambda m: m.line):
        mutant.make()
        path.write_text(ast.unparse(ast.fix_missing_locations(tree)), "utf-8")
        if not any(noticed(folder, names) for names in tests_of(module)):
            survivors.append(mutant)
            print(f"  {module}:{mutant.line}: {' '.join(mutant.what.split())[:160]}", flush=True)
        mutant.undo()
    path.write_text(text, "utf-8")
    return len(chosen), survivors


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("modules", nargs="*", help="paths; all of the engine, check.py and limits.py by default")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--each", type=int, default=12, help="changes of a module")
    asked = ask.parse_args()
    engine = (p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "mnetcost/engine").rglob("[a-z]*.py")))
    modules = asked.modules or [
        *engine,
        "mnetcost/analyses/budgets/check.py",
        "mnetcost/designs/budgets/limits.py",
    ]
    tried, missed, start = 0, 0, time.monotonic()
    sound: list[tuple[list[str], list[str]]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = copied(Path(name))
        for module in modules:
            if tests_of(module) not in sound:
                if any(noticed(folder, names) for names in tests_of(module)):
                    print(f"{module}: its tests fail as it stands")
                    return 2
                sound.append(tests_of(module))
            number, survivors = measure(folder, module, asked.each, asked.seed)
            tried, missed = tried + number, missed + len(survivors)
            if number:
                print(f"{module}: {number - len(survivors)} of {number} noticed", flush=True)
    share, seconds = 100 * (tried - missed) / max(tried, 1), time.monotonic() - start
    print(f"seed {asked.seed}: {tried - missed} of {tried} noticed, {share:.0f} %, in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
