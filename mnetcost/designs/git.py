"""What did a design say at another revision? Git is asked through its plumbing, without a shell, and only reads."""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import CompareError, Fault, MnetcostError, SpecError, nearest
from . import Design, Settings, load_spec, split_design
from .files import decode
from .find import is_shipped, parent_of, shipped_spec
from .readers import load_file, reader_of
from .spec import LARGEST_FILE, Spec, read_spec

LARGEST_MODEL = 1 << 31  # bytes
TIMEOUT = 120  # seconds; a blobless clone may have to fetch
BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where a branch is taken to have started, the first that exists."""
TARGETS = {
    "GITHUB_BASE_REF": "origin/{}",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{}",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "origin/{}",
}
"""Variables in which a CI service names the branch a pull request is for."""


class Repository:
    """The repository around a folder, for as long as a `with` block lasts.

    Raises CompareError where git is missing, or the folder is in no repository.
    """

    def __init__(self, folder: str | Path = "") -> None:
        self.folder = Path(folder or ".").absolute()
        self._blobs: subprocess.Popen[bytes] | None = None
        self._commits: dict[str, str | None] = {}  # asked once: a check of a thousand designs asks for one
        self._renames: dict[str, dict[str, str]] = {}
        bare, shallow, *_ = (*self._ask("rev-parse", "--is-bare-repository", "--is-shallow-repository").split(), "")
        self.shallow = shallow == "true"
        self.top = None if bare == "true" else Path(self._ask("rev-parse", "--show-toplevel").rstrip("\n"))

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        if self._blobs is not None:
            self._blobs.communicate()
            self._blobs = None

    def _start(self, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        command = ["git", "-c", "core.fsmonitor=false", *arguments]
        try:
            return subprocess.Popen(command, cwd=self.folder, env={**os.environ, **quiet}, stdout=subprocess.PIPE, **streams)
        except FileNotFoundError:
            if not self.folder.is_dir():
                raise CompareError(f"there is no folder '{self.folder}'") from None
            raise CompareError("git is not on the PATH", hint="install git, or compare with a file: --baseline FILE") from None
        except OSError as e:
            raise CompareError(f"git cannot be run: {e.strerror or e}") from None

    def _try(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and complaint of one git command."""
        process = self._start(*arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise CompareError(f"git {arguments[0]} did not answer in {TIMEOUT} seconds") from None
        return process.returncode, os.fsdecode(out), err.decode("utf-8", "replace").strip()

    def _ask(self, *arguments: str) -> str:
        code, out, err = self._try(*arguments)
        if code:
            said = (err.splitlines() or [f"git {arguments[0]} ended with {code}"])[0].removeprefix("fatal: ")
            hint = f"git config --global --add safe.directory {self.folder}" if "dubious ownership" in err else ""
            raise CompareError(f"git: {said}", hint=hint)
        return out

    def commit(self, rev: str) -> str:
        """The full name of the commit a revision stands for.

        Raises CompareError, saying what to fetch, where there is none, and where the revision looks like an option.
        """
        found = self._commit(rev)
        if found is None:
            raise CompareError(f"there is no revision '{rev[:200]}' in this repository", hint=self._fetch_hint(rev))
        return found

    def _commit(self, rev: str) -> str | None:
        if not rev or rev.startswith("-") or not rev.isprintable():
            raise CompareError(f"'{rev[:200]}' is not a revision", hint="such as main, origin/main, HEAD~1 or a commit")
        if rev not in self._commits:
            code, out, _ = self._try("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
            self._commits[rev] = out.strip() if code == 0 else None
        return self._commits[rev]

    def _fetch_hint(self, rev: str) -> str:
        remote, slash, branch = rev.partition("/")
        wanted = f"{remote} {branch}" if slash and remote == "origin" else f"origin {rev}"
        if self.shallow:
            return f"this clone is shallow: `git fetch --unshallow {wanted}`, or fetch-depth: 0 where actions/checkout made it"
        refs = self._ask("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags").split()
        like = nearest(rev, refs, 0.75)
        return f"did you mean '{like}'?" if like else f"`git fetch {wanted}` may bring it"

    def merge_base(self, rev: str, other: str = "HEAD") -> str:
        """The commit at which two revisions parted: their best common ancestor.

        Raises CompareError, saying what to fetch, where they have none here.
        """
        code, out, _ = self._try("merge-base", self.commit(rev), self.commit(other))
        if code:
            hint = self._fetch_hint(rev) if self.shallow else f"compare with '{rev[:200]}' itself: --no-merge-base"
            raise CompareError(f"'{rev[:200]}' and {other} have no common ancestor here", hint=hint)
        return out.strip()

    def target(self, environ: Mapping[str, str] = os.environ) -> str:
        """The revision this branch is for: what the CI service says, else the main branch.

        Raises CompareError where there is none.
        """
        for variable, form in TARGETS.items():
            if environ.get(variable):
                return form.format(environ[variable])  # named, so it must be there: `commit` says what to fetch
        for rev in BRANCHES:
            if self._commit(rev):
                return rev
        raise CompareError("there is no main branch to compare with", hint="name a revision: --against REV")

    def inside(self, path: str | Path) -> str:
        """Where a file of this computer stands in the repository: its path from the top.

        Raises CompareError where it is outside.
        """
        file = self.folder / path
        try:
            return (file.parent.resolve() / file.name).relative_to((self.top or self.folder).resolve()).as_posix()
        except ValueError:
            raise CompareError(f"'{path}' is outside the repository {self.top or self.folder}") from None

    def place(self, path: str) -> str:
        """A path as git reads it behind a colon: from the top, or from the folder where it begins with ./ or ../."""
        if path.startswith(("./", "../")):
            path = f"{self.inside(self.folder / '_')[:-1]}{path}"
        return posixpath.normpath(path)

    def read(self, commit: str, path: str, limit: int = LARGEST_FILE) -> bytes | None:
        """A file at a commit, by its path from the top; None where it is not there.

        Raises CompareError where it is larger than `limit` bytes, or git fails.
        """
        if "\n" in path or "\0" in path or path.startswith(("/", "../")):
            return None
        if self._blobs is None:  # one process for all files, its questions on stdin, where nothing is an option
            self._blobs = self._start("cat-file", "--batch", "--follow-symlinks", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        asked, answer = self._blobs.stdin, self._blobs.stdout
        assert asked is not None
        assert answer is not None
        try:
            asked.write(os.fsencode(f"{commit}:{path}\n"))
            asked.flush()
            head = answer.readline().split()
        except OSError:
            head = []
        if not head:
            raise CompareError(f"git cannot read '{path}' at {commit[:12]}")
        if not head[-1].isdigit():
            return None  # "missing", "ambiguous"
        size = int(head[-1])
        if head[-2] == b"blob" and size > limit:
            self._blobs.kill()
            self.__exit__()
            raise CompareError(f"'{path}' at {commit[:12]} is larger than {limit:,} bytes")
        data = answer.read(size + 1)[:-1]
        if data.startswith(b"version https://git-lfs."):
            raise CompareError(f"'{path}' is kept in Git LFS; git itself has only a pointer to what it was at {commit[:12]}")
        return data if head[-2] == b"blob" else None  # else a folder, or a link that leads nowhere

    def renamed(self, commit: str, path: str) -> str | None:
        """What a file of the index was called at a commit, where git takes it for renamed since."""
        if commit not in self._renames:
            out = self._ask("diff-index", "--cached", "-M", "--diff-filter=R", "--name-status", "-z", commit, "--")
            words = out.split("\0")
            self._renames[commit] = dict(zip(words[2::3], words[1::3], strict=False))
        return self._renames[commit].get(path)

    def spec(self, commit: str, path: str, rev: str = "") -> Spec | None:
        """The spec in a file at a commit, its relative `extends` read at the same commit; None where it is not there.

        `rev` is what the commit is called in messages. Raises SpecError where it cannot be read.
        """
        mark = f"{rev or commit[:12]}:"
        homes = {Path(mark + path): path}  # the files read here, by the name `read_spec` knows them by

        def text(path: str) -> str | None:
            data = self.read(commit, path)
            if data is None:
                return None
            return decode(data, mark + path)

        def parent(name: str, base: Path | None) -> tuple[str, str]:
            child = homes.get(base) if base and name.endswith(".toml") else None
            if child is None:
                return parent_of(name, base)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(child), name))
            found = text(path)
            if found is None:
                raise SpecError(Fault(f"no such file at this revision: {path}", mark + path))
            homes[Path(mark + path)] = path
            return mark + path, found

        found = text(path)
        return None if found is None else read_spec(found, mark + path, PurePosixPath(path).stem, Path(mark + path), parent)


def load_at(rev: str, design: str, settings: Settings | None = None, repository: Repository | None = None) -> Design:
    """Load a design as it was at a git revision.

    `design` is a path as git reads it behind a colon (from the top of the repository, or ./ and ../ from the folder), with its
    own settings behind a colon, which beat `settings`. A shipped design's name is that design, just as shipped.

    Raises CompareError for an unknown revision or a file that was not there, SpecError where it cannot be read or built.
    """
    name, own = split_design(design)
    asked = own.over(settings or Settings())
    if not name.endswith(".toml") and not reader_of(name) and is_shipped(name):
        return load_spec(shipped_spec(name), asked)
    if repository is None:
        with Repository() as repository:
            return load_at(rev, design, settings, repository)
    path, commit = repository.place(name), repository.commit(rev)
    if reader_of(name):
        return _model_at(rev, path, repository.read(commit, path, LARGEST_MODEL), asked)
    spec = repository.spec(commit, path, rev)
    if spec is None:
        raise not_there(rev, path)
    return load_spec(spec, asked)


def not_there(rev: str, path: str) -> CompareError:
    """What to say where a revision has no such file."""
    return CompareError(f"there is no file '{path}' at {rev}", hint="a path counts from the top of the repository, or from here behind ./")


def _model_at(rev: str, path: str, data: bytes | None, settings: Settings) -> Design:
    """Read a model file's bytes through a copy of their own, since readers read files."""
    from tempfile import TemporaryDirectory

    if data is None:
        raise not_there(rev, path)
    with TemporaryDirectory(prefix="mnetcost-") as folder:
        file = Path(folder) / PurePosixPath(path).name
        file.write_bytes(data)
        try:
            return load_file(str(file), settings)._replace(file=f"{rev}:{path}")
        except MnetcostError as e:
            raise type(e)(*(f._replace(file=f.file.replace(str(file), f"{rev}:{path}")) for f in e.faults)) from None
