"""What every test may count on: the same examples on every run, and no terminal, locale or setting of the
machine.
"""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("mnetcost", derandomize=True, deadline=None, database=None, print_blob=True)
settings.load_profile("mnetcost")

TERMINAL = ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE")
for name in list(os.environ):
    # set where tests run in a hook or a CI service
    if name in TERMINAL or name.startswith(("GITHUB_", "CI_", "GIT_")):
        del os.environ[name]
os.environ["LC_ALL"] = "C.UTF-8"
