"""How is git run, so that a repository can make it neither run a command, nor fetch, nor hang?

Every call of git starts here.

A repository is a stranger's data: its config can name programs, and a missing object is a reason for git to
fetch. So git is called with every transport off, no lazy fetch and no repository that was not asked for;
docs/security.md says what that keeps out.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Timer
from typing import IO, Any

from ..errors import CompareError

SECONDS = 15.0
"""How long git may take for one answer.

It reads local files only, so that one that takes longer is waiting for something.
"""
SECONDS_NAME = "MNETCOST_GIT_SECONDS"

CONFIG = {
    "safe.bareRepository": "explicit",  # git 2.38: a folder that merely looks like a repository is not one
    "core.fsmonitor": "false",  # may name a program
    "core.hooksPath": os.devnull,
    "protocol.allow": "never",
}
"""Settings of every call; they beat what a repository's config says."""

VARIABLES = {
    "GIT_ALLOW_PROTOCOL": (
        ""
        # no transport at all, so no upload-pack, ssh, remote helper: any git since 2015, whatever the config
        # allows
    ),
    "GIT_NO_LAZY_FETCH": "1",  # git 2.45: a missing object is missing
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""Variables of every call."""

KEPT = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH", "GIT_CONFIG_")
"""What is passed on of the caller's variables that begin with GIT_: where git and its user's config are.

The others (GIT_DIR, which git sets in hooks, GIT_INDEX_FILE, GIT_SSH_COMMAND) would speak of another
repository than the designs', or start programs.
"""

EXPLICIT = ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
"""What says which bare repository is meant, and where a hook of such a one finds the objects that were
just pushed.
"""


def seconds() -> float:
    """How long to wait for git: `SECONDS`, or what the variable MNETCOST_GIT_SECONDS says."""
    try:
        return min(max(float(os.environ.get(SECONDS_NAME, "")), 0.1), 3600.0)
    except ValueError:
        return SECONDS


def program() -> str:
    """Git's file: the first on the PATH, in no folder that depends on where we are.

    Raises CompareError where there is none.
    """
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / name
        if path.is_absolute() and os.access(path, os.X_OK) and path.is_file():
            return str(path)
    raise CompareError("git is not on the PATH", hint="install git, or compare with a file: --baseline FILE")


def _environment(explicit: bool) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(KEPT)}
    kept.pop("GIT_CONFIG_PARAMETERS", None)
    if explicit:
        kept |= {k: os.environ[k] for k in EXPLICIT if k in os.environ}
        kept["GIT_DIR"] = str(Path(kept["GIT_DIR"]).absolute())
    return {**kept, **VARIABLES}


class LateError(CompareError):
    """Git did not answer in time."""


class Git:
    """Git in one folder, or with `explicit` in the repository that GIT_DIR names.

    Every method raises CompareError where git cannot be run, or does not answer in time.
    """

    def __init__(self, folder: Path, explicit: bool = False) -> None:
        self.folder, self.explicit = folder, explicit
        self._reader: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._late: LateError | None = None  # after one answer that did not come, no other is waited for

    def close(self) -> None:
        """End the process that reads objects."""
        if self._reader is not None:
            _end(self._reader)
            self._reader = None
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def _start(self, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        if self._late:
            raise self._late
        settings = [word for key, value in CONFIG.items() for word in ("-c", f"{key}={value}")]
        try:
            return subprocess.Popen(
                [program(), "--no-pager", *settings, *arguments],
                cwd=self.folder,
                env=_environment(self.explicit),
                stdout=subprocess.PIPE,
                # a group that can be ended whole, with no terminal to ask a password at
                start_new_session=True,
                **streams,
            )
        except OSError as e:
            if not self.folder.is_dir():
                raise CompareError(f"there is no folder '{self.folder}'") from None
            raise CompareError(f"git cannot be run: {e.strerror or e}") from None

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and complaint of one command."""
        process = self._start(*arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=seconds())
        except subprocess.TimeoutExpired:
            raise self._too_late(arguments[0]) from None
        finally:
            _end(process)
        return process.returncode, os.fsdecode(out), err.decode("utf-8", "replace").strip()

    def ask(self, *arguments: str) -> str:
        """Output of one command; raises CompareError with git's complaint where it fails."""
        code, out, err = self.run(*arguments)
        if code:
            raise self.complaint(err or f"git {arguments[0]} ended with {code}")
        return out

    def complaint(self, said: str) -> CompareError:
        """The error for what git complains of, and the way out where one is known."""
        lines = [line for line in said.splitlines() if line.startswith("fatal: ")] or said.splitlines()
        text = lines[0].removeprefix("fatal: ").removeprefix("error: ")
        hint = (
            f"git config --global --add safe.directory {self.folder}" if "dubious ownership" in said else ""
        )
        return CompareError(f"git: {text}", hint=hint)

    def begin(self, name: str) -> tuple[str, int]:
        """Ask for an object by its whole name; its kind and size, or "missing" and 0.

        Its bytes must be taken with `take` or `drop`.
        """
        if self._reader is None:  # one process for all objects
            self.close()
            self._complaints = TemporaryFile()  # noqa: SIM115 - closed with the process
            # a larger file is streamed, not held in git's memory
            arguments = ("-c", "core.bigFileThreshold=1m", "cat-file", "--batch")
            self._reader = self._start(*arguments, stdin=subprocess.PIPE, stderr=self._complaints)
        question = self._reader.stdin
        assert question is not None
        try:
            question.write(f"{name}\n".encode())
            question.flush()
        except OSError:
            raise self._broken(name) from None
        words = self._answer("readline", 1000).split()
        if len(words) == 3 and words[2].isdigit():
            return words[1].decode(), int(words[2])
        if words[-1:] == [b"missing"]:
            return "missing", 0
        raise self._broken(name)

    def take(self, name: str, size: int) -> bytes:
        """The next bytes of the object that was asked for."""
        data = self._answer("read", size)
        if len(data) != size:
            raise self._broken(name)
        return data

    def drop(self) -> None:
        """Leave the rest of an object unread: a new process reads the next one."""
        self.close()

    def _answer(self, method: str, size: int) -> bytes:
        process = self._reader
        assert process is not None
        late = Event()

        def expire() -> None:
            late.set()
            _kill(process)

        timer = Timer(seconds(), expire)
        timer.daemon = True
        timer.start()
        try:
            data: bytes = getattr(process.stdout, method)(size)
        finally:
            timer.cancel()
        if late.is_set():
            self.close()
            raise self._too_late("cat-file")
        return data

    def _too_late(self, command: str) -> LateError:
        hint = (
            f"it only reads local files, so it waits for something; {SECONDS_NAME}=60 in the environment"
            " waits longer"
        )
        self._late = LateError(f"git {command} did not answer in {seconds():g} seconds", hint=hint)
        return self._late

    def _broken(self, name: str) -> CompareError:
        """The error for a process that ended instead of answering: a damaged object, or one that it may
        not fetch.
        """
        assert self._reader is not None
        assert self._complaints is not None
        _end(self._reader)
        self._complaints.seek(0)
        said = self._complaints.read(10_000).decode("utf-8", "replace")
        self.close()
        return self.complaint(said or f"object {name} cannot be read")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill git and all that it has started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        pass  # it has ended


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it has not ended, and close its streams; it only reads, so nothing is lost."""
    if process.returncode is None:
        _kill(process)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass  # what was written last found nobody
