"""How does an answer name a planner, and write a size of memory?"""

from __future__ import annotations

from typing import Any

from ...engine.memory.planners import Planner


def kib(size: int) -> str:
    """Bytes in KiB to two decimals, as data sheets count memory."""
    return f"{size / 1024:,.2f} KiB"


def planner_data(planner: Planner) -> dict[str, Any]:
    """The `planner` object of a JSON document."""
    return {
        "name": planner.name,
        "title": planner.title,
        "version": planner.version,
        "source": planner.source,
        "run": planner.run,
    }


def planner_note(planner: Planner) -> str:
    """The note under every table that names the planner, its version and its source."""
    unrun = "" if planner.run else "; read in the sources and not run"
    version = f", {planner.version}" if planner.version else ""
    return f"planner: {planner.name} ({planner.title}{version}; {planner.source}{unrun})"
