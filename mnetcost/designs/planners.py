"""Which planners of memory are shipped, and by which rules does each go? Reading of `specs/planners/`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..engine.memory.planners import ALGORITHMS, Planner
from ..errors import CallError
from .files import is_file, read_text_file, stem
from .reading import Reading, Spot, Table
from .shipped import PLANNERS_FOLDER, names_in, shipped_file
from .sorts import SORTS, read_flag, word
from .toml import parse_short

DEFAULT = "tflm"
PIECES = "liveness"
"""What plans a network that runs in pieces."""
ORDER = ("liveness", "unfused", "in-place", "sum", "largest", "tflm", "cmsis-nn", "cmsis-nn-helium")
TEXTS = ("title", "source", "rule")
KEYS = (*TEXTS, "version", "algorithm", "fused", "in_place", "scratch", "run")


@lru_cache(None)
def planner_names() -> tuple[str, ...]:
    """Names of the shipped planners: from the simplest rule to those of runtimes."""
    names = names_in(PLANNERS_FOLDER)
    return tuple(sorted(names, key=lambda n: ORDER.index(n) if n in ORDER else len(ORDER)))


@lru_cache(None)
def load_planner(name: str = DEFAULT) -> Planner:
    """Load a planner: a shipped name, or a .toml file with the rules of another one.

    Raises CallError, with the nearest name, where there is none; SpecError where its file is wrong.
    """
    if name.endswith(".toml"):
        return read_planner(read_text_file(name), name, stem(name))
    path = shipped_file(PLANNERS_FOLDER, f"{name}.toml")
    if not name.replace("-", "").isalnum() or not is_file(path):
        from .synonyms import did_you_mean

        raise CallError(
            f"there is no planner '{name[:60]}'", hint=did_you_mean(name, planner_names(), "planner")
        )
    return read_planner(read_text_file(path), f"specs/{PLANNERS_FOLDER}/{name}.toml", name)


def _kernels(value: Any, key: str) -> str:
    """Read whose kernels ask for memory of their own."""
    from ..engine.memory.tflm import SCRATCH

    return word(tuple(SCRATCH), "kernels that ask for memory")(value, key)


def read_planner(text: str, file: str, name: str) -> Planner:
    """Read a planner's text; raises SpecError with every fault found in it."""
    reading = Reading()
    reading.texts[file] = text
    table = Table(reading, Spot(file), parse_short(text, file))
    table.only(KEYS, "a planner")
    for key in TEXTS:
        if not isinstance(table.values.get(key), str):
            table.fault(f"a planner must have '{key}', a text", key=key)
    version = table.read("version", SORTS["Text"].read, "")
    algorithm = table.read("algorithm", word(tuple(ALGORITHMS), "an algorithm"), "liveness")
    scratch = table.read("scratch", _kernels, "")
    fused, in_place, run = (
        table.read(key, read_flag, default)
        for key, default in (("fused", True), ("in_place", False), ("run", True))
    )
    reading.finish()
    title, source, rule = (" ".join(str(table.values[key]).split()) for key in TEXTS)
    return Planner(name, title, source, version, rule, algorithm, fused, in_place, scratch, run)
