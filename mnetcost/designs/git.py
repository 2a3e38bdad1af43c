"""What did a design say at another revision?

Git is asked through its plumbing, without a shell, and only reads.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ..errors import CompareError, Fault, MnetcostError, SpecError, nearest
from ..records import NamedTuple
from .files import LARGEST_TEXT, decode, is_pointer
from .find import parent_of, shipped_spec
from .loading import load_spec, split_design
from .plumbing import Git, LateError
from .readers import load_file, model_reader, reader_of
from .settings import Design, Settings
from .shipped import is_shipped
from .spec import Spec, read_spec

LARGEST_MODEL = 1 << 31  # bytes
LARGEST_TREE = 1 << 26  # bytes, of a folder's entries or a commit's message
LONGEST_LINK = 1 << 12  # bytes
MOST_LINKS = 40
PIECE = 1 << 20  # bytes of a model file in memory at a time
FOLDER, LINK, SUBMODULE = "40000", "120000", "160000"
"""Modes of entries of a git tree that are not files."""
OUT = "leads out of the repository"
ELSEWHERE = "compare it with a file of figures: `mnetcost baseline`, and baseline = FILE in its budget"
PARTIAL = (
    "clone again without --filter; or, where you trust this clone's config, `git fetch --refetch --no-filter`"
    " brings every object"
)
DAMAGED = (
    "`git fsck` names what is missing; clone again, or `git fetch --refetch` from a complete clone that you"
    " trust"
)
BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Names of the main branch; the first that exists is compared with."""
TARGETS = {
    "GITHUB_BASE_REF": "origin/{}",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{}",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "origin/{}",
}
"""Variables in which a CI service names the branch a pull request is for."""


class Commit(NamedTuple):
    """A commit: its full name, the day on which it was committed, and the first line of its message."""

    name: str
    date: str
    subject: str


class Repository:
    """The repository around a folder, for as long as a `with` block lasts.

    A bare repository must be named by the variable GIT_DIR: a folder of files may be made to look like one.
    It has no `top`.

    Raises CompareError where git is missing, or the folder is in no repository that git may be asked about.
    """

    def __init__(self, folder: str | Path = "") -> None:
        self.folder = Path(folder or ".").absolute()
        self._commits: dict[str, str | None] = {}  # asked once: a check of a thousand designs asks for one
        self._renames: dict[str, dict[str, str]] = {}
        self._tree = lru_cache(64)(self._read_tree)
        self._root = lru_cache(64)(self._read_root)
        self.git = Git(self.folder)
        self.top: Path | None = None
        self.shallow = self._discover()

    def _discover(self) -> bool:
        """Find the working tree around the folder, or the repository that GIT_DIR names.

        Returns whether the clone is shallow.
        """
        code, out, err = self.git.run("rev-parse", "--is-shallow-repository", "--show-toplevel")
        if code == 0:
            shallow, _, top = out.partition("\n")
            self.top = self._checked(Path(top.removesuffix("\n")))
            return shallow == "true"
        if os.environ.get("GIT_DIR"):
            self.git = Git(self.folder, explicit=True)
            return self.git.ask("rev-parse", "--is-shallow-repository") == "true\n"
        if "cannot use bare repository" in err or "must be run in a work tree" in err:
            raise self._bare()
        raise self.git.complaint(err)

    def _bare(self) -> CompareError:
        """The error for a bare repository that GIT_DIR does not name; raise what this returns."""
        hint = (
            "files here make git take the folder for one; a bare repository that you trust is named by the"
            " variable GIT_DIR"
        )
        return CompareError(
            f"'{self.folder}' is a bare repository, or made to look like one, and is not read", hint=hint
        )

    def _checked(self, top: Path) -> Path:
        """Return the top of the working tree, after a check that it is the nearest folder with a `.git`.

        The config of a repository can name any other folder, and git before 2.38 takes any folder that has
        the right files for a repository; both are refused with CompareError.
        """
        around = [(here := self.folder.resolve()), *here.parents]
        if Path(self.git.ask("rev-parse", "--absolute-git-dir").removesuffix("\n")).resolve() in around:
            raise self._bare()
        with_git = next((p for p in around if os.path.lexists(p / ".git")), None)
        if with_git != top.resolve():
            raise CompareError(
                f"the repository of '{with_git}' says that its files are in '{top}'",
                hint="core.worktree in its config",
            )
        return top

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.git.close()

    def commit(self, rev: str) -> str:
        """The full name of the commit that a revision stands for.

        Raises CompareError where there is none, with a hint on what to fetch, and where the revision looks
        like an option.
        """
        found = self._commit(rev)
        if found is None:
            raise CompareError(
                f"there is no revision '{rev[:200]}' in this repository", hint=self._fetch_hint(rev)
            )
        return found

    def _commit(self, rev: str) -> str | None:
        """As `commit`, but None where there is no such revision."""
        if not rev or rev.startswith("-") or not rev.isprintable():
            raise CompareError(
                f"'{rev[:200]}' is not a revision", hint="such as main, origin/main, HEAD~1 or a commit"
            )
        if rev not in self._commits:
            code, out, _ = self.git.run("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
            if code:
                self._refuse_missing(rev)
            self._commits[rev] = out.strip() if code == 0 else None
        return self._commits[rev]

    def _refuse_missing(self, rev: str) -> None:
        """Raise CompareError where a branch or tag has this name, but the commit it names is missing."""
        code, out, _ = self.git.run("rev-parse", "--verify", "--quiet", rev)
        if code == 0 and out.strip() != rev and self._kind(out.strip()) == "missing":
            raise CompareError(
                f"the commit that '{rev[:200]}' names is missing in this repository",
                hint=self._fetch_hint(rev),
            )

    def _kind(self, name: str) -> str:
        """The kind of an object, or "missing"."""
        kind, _ = self.git.begin(name)
        self.git.drop()
        return kind

    def _fetch_hint(self, rev: str) -> str:
        """What to do where a revision is not here: unshallow, mend the spelling, or fetch."""
        remote, slash, branch = rev.partition("/")
        wanted = f"{remote} {branch}" if slash and remote == "origin" else f"origin {rev}"
        if self.shallow:
            return (
                f"this clone is shallow: `git fetch --unshallow {wanted}`, or fetch-depth: 0 where"
                " actions/checkout made it"
            )
        refs = self.git.ask(
            "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"
        ).split()
        like = nearest(rev, refs, 0.75)
        return f"did you mean '{like}'?" if like else f"`git fetch {wanted}` may bring it"

    def history(self, most: int) -> list[Commit]:
        """The last commits of HEAD along first parents, the newest first, at most so many.

        Raises CompareError where there is none.
        """
        head = self.commit("HEAD")
        out = self.git.ask(
            *("rev-list", "--first-parent", f"--max-count={most}", "--encoding=UTF-8"),
            *("--format=%H%x00%cI%x00%s", head, "--"),
        )
        text = out.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        rows = [line.split("\0", 2) for line in text.split("\n") if "\0" in line]
        return [Commit(name, date[:10], subject) for name, date, subject in rows]

    def merge_base(self, rev: str, other: str = "HEAD") -> str:
        """The best common ancestor of two revisions, as `git merge-base` finds it.

        Raises CompareError where they have none here, with a hint on what to fetch.
        """
        code, out, err = self.git.run("merge-base", self.commit(rev), self.commit(other))
        if code > 1 or (code and err):  # not "there is none", but a history that cannot be read
            raise self._unread(err, f"the history of '{rev[:200]}' and {other}")
        if code:
            hint = (
                self._fetch_hint(rev)
                if self.shallow
                else f"compare with '{rev[:200]}' itself: --no-merge-base"
            )
            raise CompareError(f"'{rev[:200]}' and {other} have no common ancestor here", hint=hint)
        return out.strip()

    def target(self, environ: Mapping[str, str] = os.environ) -> str:
        """The branch that this one will be merged into: as the CI service names it, else the main branch.

        Raises CompareError where there is none.
        """
        for variable, form in TARGETS.items():
            if environ.get(variable):
                # named, so it must be there: `commit` says what to fetch
                return form.format(environ[variable])
        for rev in BRANCHES:
            if self._commit(rev):
                return rev
        raise CompareError("there is no main branch to compare with", hint="name a revision: --against REV")

    def inside(self, path: str | Path) -> str:
        """The path of a file on this computer, from the top of the repository.

        Raises CompareError where it is outside.
        """
        if self.top is None:
            raise CompareError(f"'{path}' is in no working tree: the repository is bare")
        file = self.folder / path
        try:
            return (file.parent.resolve() / file.name).relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise CompareError(f"'{path}' is outside the repository {self.top}") from None

    def comparable(self, path: str | Path) -> None:
        """Raise CompareError for a file whose history is not in this repository.

        It is in another repository or a submodule, or it is a link that leads out. No revision here has
        such a file, however old it is.
        """
        inside = self.inside(path)
        assert self.top is not None
        top = self.top.resolve()
        folder = top
        for name in PurePosixPath(inside).parts[:-1]:
            folder /= name
            if os.path.lexists(folder / ".git"):
                raise CompareError(
                    f"'{path}' is in another repository, or a submodule: {folder}", hint=ELSEWHERE
                )
        if not (top / inside).resolve().is_relative_to(top):
            raise CompareError(
                f"'{path}' is a link that leads out of the repository {self.top}", hint=ELSEWHERE
            )

    def place(self, path: str) -> str:
        """The path from the top of the repository, for a path as git reads it behind a colon.

        One that begins with ./ or ../ counts from the folder.
        """
        if path.startswith(("./", "../")):
            path = f"{self.inside(self.folder / '_')[:-1]}{path}"
        return posixpath.normpath(path)

    def find(self, commit: str, path: str) -> str | None:
        """The name of a file's object at a commit, by its path from the top; links are followed.

        Returns None where the commit has no such file. Raises CompareError where that cannot be known: an
        object is missing or damaged, or the path leads into a submodule, or through a link out of the
        repository or to nothing.
        """
        if path.startswith("/"):
            return None
        left, folders, names, links = path.split("/")[::-1], [self._root(commit)], [""], 0
        astray = "leads to a folder"
        while left:
            name = left.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if len(folders) == 1:
                    astray = OUT
                    break
                folders.pop()
                names.pop()
                continue
            mode, entry = self._entry(folders[-1], "/".join(names)[1:], name, commit, path)
            if mode == LINK:
                links += 1
                left += self._target(entry, links, commit, path)
            elif mode == FOLDER:
                folders.append(entry)
                names.append(name)
            elif mode and not left:
                return entry
            else:
                astray = "leads to nothing"
                break
        if links:
            raise CompareError(f"'{path}' at {commit[:12]} is or passes a link that {astray}", hint=ELSEWHERE)
        return None

    def _entry(self, folder: str, called: str, name: str, commit: str, path: str) -> tuple[str, str]:
        """Mode and object of an entry of a folder, both "" for none; raises CompareError for a submodule."""
        mode, entry = self._tree(folder, f"'{called or '.'}' at {commit[:12]}").get(name, ("", ""))
        if mode == SUBMODULE:
            module = f"{called}/{name}".lstrip("/")
            raise CompareError(f"'{path}' is in the submodule '{module}' at {commit[:12]}", hint=ELSEWHERE)
        return mode, entry

    def _target(self, name: str, links: int, commit: str, path: str) -> list[str]:
        """The names in a link's path, the last one first."""
        target = os.fsdecode(
            self._object(name, "blob", f"a link on the way to '{path}' at {commit[:12]}", LONGEST_LINK)
        )
        if target.startswith("/") or links > MOST_LINKS:
            astray = "leads to itself" if links > MOST_LINKS else OUT
            raise CompareError(f"'{path}' at {commit[:12]} is or passes a link that {astray}", hint=ELSEWHERE)
        return target.split("/")[::-1]

    def _read_root(self, commit: str) -> str:
        """The object of a commit's top folder."""
        data = self._object(commit, "commit", f"the commit {commit[:12]}", LARGEST_TREE)
        return data[: data.index(b"\n")].removeprefix(b"tree ").decode()

    def _read_tree(self, name: str, called: str) -> dict[str, tuple[str, str]]:
        """The entries of a folder: mode and object by name."""
        data = self._object(name, "tree", f"the folder {called}", LARGEST_TREE)
        entries = {}
        at = 0
        size = len(name) // 2
        while at < len(data):
            space = data.index(b" ", at)
            end = data.index(b"\0", space)
            entries[os.fsdecode(data[space + 1 : end])] = (
                data[at:space].decode(),
                data[end + 1 : end + 1 + size].hex(),
            )
            at = end + 1 + size
        return entries

    def _open(self, name: str, kind: str, called: str, limit: int) -> int:
        """Ask git for an object, and return its size; its bytes come next.

        called: how errors name it.

        Raises CompareError where it is missing, damaged, larger than `limit` or of another kind.
        """
        try:
            found, size = self.git.begin(name)
        except LateError:
            raise
        except CompareError as e:
            raise self._unread(e.faults[0].message, called) from None
        if found == "missing":
            raise self._unread("", called)
        if found != kind or size > limit:
            self.git.drop()
            raise CompareError(
                f"{called} is larger than {limit:,} bytes"
                if found == kind
                else f"{called} is no {kind} but a {found}"
            )
        return size

    def _object(self, name: str, kind: str, called: str, limit: int) -> bytes:
        """The bytes of an object; raises CompareError as `_open` does."""
        size = self._open(name, kind, called, limit)
        return self.git.take(name, size + 1)[:-1]

    def _unread(self, complaint: str, called: str) -> CompareError:
        """The error for an object that is in the history and cannot be read; raise what this returns."""
        partial = self.git.run(
            "config",
            "--get-regexp",
            r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$",
        )[1]
        why = (
            "this clone is partial, and nothing is fetched here"
            if partial
            else "this clone is shallow"
            if self.shallow
            else ""
        )
        why = why or (complaint.splitlines() or ["the repository is damaged"])[0].removeprefix("git: ")
        return CompareError(
            f"{called} is in the history, but its object cannot be read: {why}",
            hint=PARTIAL if partial else DAMAGED,
        )

    def read(self, commit: str, path: str, limit: int = LARGEST_TEXT) -> bytes | None:
        """The bytes of a file at a commit, by its path from the top; None where it is not there.

        Raises CompareError as `find` does, and where the file is larger than `limit` bytes or kept in Git
        LFS.
        """
        name = self.find(commit, path)
        if name is None:
            return None
        data = self._object(name, "blob", f"'{path}' at {commit[:12]}", limit)
        _refuse_pointer(data, path, commit)
        return data

    def copy(self, commit: str, path: str, target: Path, limit: int = LARGEST_MODEL) -> bool:
        """Write a file at a commit to `target`, piece by piece, so that a large one needs no memory.

        Returns False where it is not there.

        Raises CompareError as `read` does.
        """
        name = self.find(commit, path)
        if name is None:
            return False
        size = self._open(name, "blob", f"'{path}' at {commit[:12]}", limit)
        with target.open("wb") as f:
            for start in range(0, size, PIECE):
                data = self.git.take(name, min(PIECE, size - start))
                if not start:
                    _refuse_pointer(data, path, commit)
                f.write(data)
        self.git.take(name, 1)
        return True

    def renamed(self, commit: str, path: str) -> str | None:
        """The former path of a file, if git finds that it has been renamed since a commit."""
        if commit not in self._renames:
            code, out, err = self.git.run(
                "diff-index", "--cached", "-M", "--diff-filter=R", "--name-status", "-z", commit, "--"
            )
            if code:
                raise self._unread(err, f"a file that '{path}' may have been at {commit[:12]}")
            words = out.split("\0")
            self._renames[commit] = dict(zip(words[2::3], words[1::3], strict=False))
        return self._renames[commit].get(path)

    def spec(self, commit: str, path: str, rev: str = "") -> Spec | None:
        """Read a spec at a commit, and the files that it extends at the same commit.

        rev: how messages name the commit. Returns None where the file is not there. Raises SpecError where
        it cannot be read.
        """
        mark = f"{rev or commit[:12]}:"
        homes = {mark + path: path}  # the files read here, by the name `read_spec` knows them by

        def text(path: str) -> str | None:
            data = self.read(commit, path)
            if data is None:
                return None
            return decode(data, mark + path)

        def parent(name: str, base: str | None) -> tuple[str, str]:
            child = homes.get(base) if base and name.endswith(".toml") else None
            if child is None:
                return parent_of(name, base)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(child), name))
            found = text(path)
            if found is None:
                raise SpecError(Fault(f"no such file at this revision: {path}", mark + path))
            homes[mark + path] = path
            return mark + path, found

        found = text(path)
        return (
            None
            if found is None
            else read_spec(found, mark + path, PurePosixPath(path).stem, mark + path, parent)
        )


def load_at(
    rev: str, design: str, settings: Settings | None = None, repository: Repository | None = None
) -> Design:
    """Load a design as it was at a git revision.

    design: a path as git reads it behind a colon: from the top of the repository, or from the folder where
    it begins with ./ or ../. Settings may follow it behind a colon; they override `settings`. A shipped
    design's name gives that design as it is shipped, whatever the revision.

    Raises CompareError for an unknown revision or a file that was not there, SpecError where it cannot be
    read or built.
    """
    name, in_name = split_design(design)
    asked = in_name.over(settings or Settings())
    if not name.endswith(".toml") and not reader_of(name) and is_shipped(name):
        return load_spec(shipped_spec(name), asked)
    if repository is None:
        with Repository() as repository:
            return load_at(rev, design, settings, repository)
    path, commit = repository.place(name), repository.commit(rev)
    if not name.endswith(".toml") and (model := _model_at(repository, rev, path, asked)):
        return model
    spec = repository.spec(commit, path, rev)
    if spec is None:
        raise not_there(rev, path)
    return load_spec(spec, asked)


def not_there(rev: str, path: str) -> CompareError:
    """Make the error for a file that a revision does not have; raise what this returns."""
    return CompareError(
        f"there is no file '{path}' at {rev}",
        hint="a path counts from the top of the repository, or from here behind ./",
    )


def _model_at(repository: Repository, rev: str, path: str, settings: Settings) -> Design | None:
    """Read a model file from a temporary copy, since readers read files.

    Returns None for a spec whose name does not end in .toml.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="mnetcost-") as folder:
        file = Path(folder) / PurePosixPath(path).name
        if not repository.copy(repository.commit(rev), path, file):
            raise not_there(rev, path)
        try:
            if not model_reader(str(file)):
                return None
            return load_file(str(file), settings)._replace(file=f"{rev}:{path}")
        except MnetcostError as e:
            raise type(e)(
                *(f._replace(file=f.file.replace(str(file), f"{rev}:{path}")) for f in e.faults)
            ) from None


def _refuse_pointer(data: bytes, path: str, commit: str) -> None:
    """Raise CompareError for a file of which git has only the pointer that Git LFS keeps."""
    if is_pointer(data):
        raise CompareError(
            f"'{path}' is kept in Git LFS; git itself has only a pointer to what it was at {commit[:12]}",
            hint=ELSEWHERE,
        )
