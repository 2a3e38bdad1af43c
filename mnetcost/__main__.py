"""How does the program `mnetcost` start and end? Also run by `python -m mnetcost`.

Only the program's own process is treated so: `mnetcost.cli.main`, called from Python, raises SystemExit.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process.

    The garbage collector runs less often than usual: the program is short-lived and makes few cycles, and
    looking for them took a third of the time for a design of thousands of layers.
    """
    gc.set_threshold(100_000, 50, 50)
    from .cli import main as run

    try:
        run()
    except SystemExit as end:
        if end.code.__class__ is int and not waited_for():
            leave(int(end.code or 0))
        raise


def waited_for() -> bool:
    """Whether something goes on until Python has ended properly: a thread, or a debugger, a profiler or a
    measurement of coverage that follows the program.
    """
    import threading

    tools = getattr(sys, "monitoring", None)  # from Python 3.12 on
    followed = sys.gettrace() or sys.getprofile() or (tools and any(map(tools.get_tool, range(6))))
    return bool(followed) or sys.flags.interactive == 1 or threading.active_count() > 1


def leave(code: int) -> None:
    """End the process with this exit code, without freeing one object after another, which took a tenth of a
    short call.

    What is registered with `atexit` is done first, and what was printed is written; returns if that fails.
    """
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


if __name__ == "__main__":
    main()
