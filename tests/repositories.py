"""Real git repositories for tests, made with the git command: files are written, then committed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

TINY = """\
source = "made up for a test"
resolution = 32
classes = 10
layers = [
  { op = "conv_norm", name = "stem", out = 8, kernel = 3, stride = 2 },
  { op = "conv_norm", name = "body", out = 16, kernel = 3 },
]
top = [
  { op = "global_pool", name = "pool" },
  { op = "dense", name = "classifier", out = "classes" },
]
"""
"""Multiply-adds: stem 3*3*3*8*16*16 = 55,296, body 3*3*8*16*16*16 = 294,912, classifier 16*10 = 160;
together 350,368.
"""

TINY_MADDS = 350_368


class Checkout:
    """A working tree; every git command runs in it with a configuration of its own."""

    def __init__(self, folder: Path, init: bool = True) -> None:
        self.folder = folder
        if init:
            folder.mkdir(parents=True)
            self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, seconds: float = 60) -> str:
        """What one git command says; CalledProcessError where it fails, TimeoutExpired where it takes
        longer.
        """
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "T"), ("EMAIL", "t@example.org"))
        }
        when = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.folder)}
        env = {**os.environ, **who, **when, **own}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files; `designs__tiny_toml` is designs/tiny.toml."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_toml", ".toml").replace("_onnx", ".onnx")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def commit(self, message: str = "change", **files: str) -> str:
        """Write files, commit everything and return the commit."""
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, folder: Path, *options: str) -> Checkout:
        """Clone over file://, so that a depth is kept."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.git("clone", "-q", *options, f"file://{self.folder}", str(folder))
        return Checkout(folder, init=False)
