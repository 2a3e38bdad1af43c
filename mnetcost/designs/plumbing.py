"""How is git run, so that a repository can make it neither run a command, nor fetch, nor hang?

Every call of git starts here. A repository may come from anybody: its config can name programs to run, and
git fetches an object that is missing. So git is called with every transport off, without lazy fetches, and
only on the repository that was asked for; docs/security.md says what that prevents.
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
"""How many seconds git may take for one answer; it reads local files only, so a longer wait is a hang."""
SECONDS_NAME = "MNETCOST_GIT_SECONDS"

CONFIG = {
    "safe.bareRepository": "explicit",  # git 2.38: a folder that merely looks like a repository is not one
    "core.fsmonitor": "false",  # may name a program
    "core.hooksPath": os.devnull,
    "protocol.allow": "never",
}
"""Settings of every call; they override the repository's config."""

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
"""Variables that begin with GIT_ and are passed on: where git and its user's config are.

The others (GIT_DIR, which git sets in hooks, GIT_INDEX_FILE, GIT_SSH_COMMAND) could name another repository
than that of the designs, or start programs.
"""

EXPLICIT = ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
"""Variables that name a bare repository, and in its hooks the place of the objects just pushed."""


def seconds() -> float:
    """Seconds to wait for git: the variable MNETCOST_GIT_SECONDS, or else `SECONDS`."""
    try:
        return min(max(float(os.environ.get(SECONDS_NAME, "")), 0.1), 3600.0)
    except ValueError:
        return SECONDS


def program() -> str:
    """The path of the git program: the first on PATH, of whose folders only absolute ones are searched.

    Raises CompareError where there is none.
    """
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / name
        if path.is_absolute() and os.access(path, os.X_OK) and path.is_file():
            return str(path)
    raise CompareError("git is not on the PATH", hint="install git, or compare with a file: --baseline FILE")


def _environment(explicit: bool) -> dict[str, str]:
    """The variables that git is run with; explicit: with those that name a bare repository."""
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
        """Start git with the settings and variables of every call."""
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
        """Run one command; returns its exit code, stdout and stderr."""
        process = self._start(*arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=seconds())
        except subprocess.TimeoutExpired:
            raise self._too_late(arguments[0]) from None
        finally:
            _end(process)
        return process.returncode, os.fsdecode(out), err.decode("utf-8", "replace").strip()

    def ask(self, *arguments: str) -> str:
        """Run one command and return its stdout; raises CompareError with git's message where it fails."""
        code, out, err = self.run(*arguments)
        if code:
            raise self.complaint(err or f"git {arguments[0]} ended with {code}")
        return out

    def complaint(self, err: str) -> CompareError:
        """Make the error for what git wrote to stderr, with a hint where one is known."""
        lines = [line for line in err.splitlines() if line.startswith("fatal: ")] or err.splitlines()
        text = lines[0].removeprefix("fatal: ").removeprefix("error: ")
        hint = f"git config --global --add safe.directory {self.folder}" if "dubious ownership" in err else ""
        return CompareError(f"git: {text}", hint=hint)

    def begin(self, name: str) -> tuple[str, int]:
        """Ask for an object by its full name; returns its kind and size, or "missing" and 0.

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
        """Read from the process that reads objects, by a method of its stdout, within the time limit."""
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
        """The error for a command that took too long; later calls raise it at once."""
        hint = (
            f"it only reads local files, so it waits for something; {SECONDS_NAME}=60 in the environment"
            " waits longer"
        )
        self._late = LateError(f"git {command} did not answer in {seconds():g} seconds", hint=hint)
        return self._late

    def _broken(self, name: str) -> CompareError:
        """The error for a process that ended instead of answering: an object is damaged or missing."""
        assert self._reader is not None
        assert self._complaints is not None
        _end(self._reader)
        self._complaints.seek(0)
        err = self._complaints.read(10_000).decode("utf-8", "replace")
        self.close()
        return self.complaint(err or f"object {name} cannot be read")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill git and the processes that it has started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        pass  # it has ended


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and close its streams; git only reads here, so nothing is lost."""
    if process.returncode is None:
        _kill(process)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass  # what was written last found nobody
