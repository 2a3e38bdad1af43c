"""Nothing in a repository is run, fetched or waited for: hostile repositories, made with the real git."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.cli import cli
from mnetcost.designs.git import Repository
from mnetcost.errors import CompareError

from .repositories import TINY, TINY_MADDS, Checkout
from .test_check import mnetcost

BUDGET = '[[budget]]\ndesign = "net.toml"\nmadds = "+1%"\n'
WIDER = TINY.replace("out = 16", "out = 32")

LOCAL = {
    "fsmonitor": "[core]\n fsmonitor = EVIL",
    "hooks": "[core]\n hooksPath = HOOKS",
    "filter": '[filter "evil"]\n clean = EVIL\n smudge = EVIL\n process = EVIL\n required = true',
    "textconv": '[diff "evil"]\n textconv = EVIL\n command = EVIL\n cachetextconv = false',
    "external diff": "[diff]\n external = EVIL\n[interactive]\n diffFilter = EVIL",
    "aliases": (
        "[alias]\n rev-parse = !EVIL\n cat-file = !EVIL\n merge-base = !EVIL\n diff-index = !EVIL\n config ="
        " !EVIL"
    ),
    "include": "[include]\n path = INCLUDED",
    "conditional include": '[includeIf "gitdir:**"]\n path = INCLUDED',
    "pager": (
        "[core]\n pager = EVIL\n editor = EVIL\n[pager]\n rev-parse = EVIL\n cat-file = EVIL\n diff-index ="
        " EVIL\n config = EVIL"
    ),
    "gpg": (
        '[gpg]\n program = EVIL\n[gpg "ssh"]\n program = EVIL\n[log]\n showSignature = true\n[commit]\n'
        " gpgSign = true"
    ),
    "askpass": "[core]\n askPass = EVIL\n[credential]\n helper = !EVIL",
    "merge driver": '[merge "evil"]\n driver = EVIL\n[merge]\n tool = evil\n[mergetool "evil"]\n cmd = EVIL',
    "alternates": "[core]\n alternateRefsCommand = EVIL",
    "maintenance": "[gc]\n auto = 1\n recentObjectsHook = EVIL\n[maintenance]\n auto = true",
    "trace": "[trace2]\n normalTarget = WITNESS\n eventTarget = WITNESS",
}
"""What a repository's config may name as a program: none of it does anything here."""

PROMISED = (
    '[core]\n repositoryFormatVersion = 1\n[extensions]\n partialClone = origin\n[remote "origin"]\n promisor'
    " = true\n"
)
FETCHING = {
    "uploadpack": " url = /\n uploadpack = EVIL",
    "uploadpack of a file url": " url = file:///\n uploadpack = EVIL",
    "ssh": " url = git@localhost:x.git\n[core]\n sshCommand = EVIL\n[ssh]\n variant = simple",
    "ssh url": " url = ssh://localhost/x\n[core]\n sshCommand = EVIL",
    "ext": " url = ext::EVIL\n[protocol]\n allow = always\n[protocol \"ext\"]\n allow = always",
    "helper": " url = evil::x\n[protocol \"evil\"]\n allow = always",
    "vcs": " url = x\n vcs = evil\n[protocol \"evil\"]\n allow = always",
    "git": " url = git://127.0.0.1:PORT/x\n[protocol]\n allow = always",
    "git proxy": " url = git://127.0.0.1:PORT/x\n[core]\n gitProxy = EVIL",
    "http": " url = http://127.0.0.1:PORT/x\n[credential]\n helper = !EVIL\n[core]\n askPass = EVIL",
    "instead of": ' url = x:y\n[url "ext::EVIL #"]\n insteadOf = x:\n[protocol "ext"]\n allow = always',
    "bundle uri": " url = /\n uploadpack = EVIL\n[fetch]\n bundleURI = http://127.0.0.1:PORT/x",
    "promisor only": " url = /\n uploadpack = EVIL\n partialCloneFilter = blob:none",
}  # fmt: skip
"""Ways by which git would fetch a missing object."""


def call(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the program; in this process, for speed."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.output


class Trap:
    """A repository of a tiny design and its budget, and a program, a port and a file that show what was
    run or reached.
    """

    def __init__(self, folder: Path) -> None:
        self.witness = folder / "EXECUTED"
        self.evil = folder / "bin/git-remote-evil"
        self.evil.parent.mkdir()
        self.evil.write_text(f"#!/bin/sh\ntouch {self.witness}\nexit 1\n")
        self.evil.chmod(0o755)
        for hook in (
            "post-index-change",
            "reference-transaction",
            "fsmonitor-watchman",
            "pre-auto-gc",
            "post-checkout",
        ):
            (folder / "hooks").mkdir(exist_ok=True)
            shutil.copy(self.evil, folder / "hooks" / hook)
        (folder / "included").write_text(
            f"[core]\n fsmonitor = {self.evil}\n sshCommand = {self.evil}\n[alias]\n cat-file ="
            f" !{self.evil}\n"
        )
        self.folder = folder
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0)
        self.work = Checkout(folder / "work")
        self.work.commit("base", net_toml=TINY, mnetcost_toml=BUDGET)

    def config(self, text: str, path: str = ".git/config") -> None:
        port = str(self.socket.getsockname()[1])
        words = {
            "EVIL": self.evil,
            "HOOKS": self.folder / "hooks",
            "INCLUDED": self.folder / "included",
            "PORT": port,
            "WITNESS": self.witness,
        }
        for word, meant in words.items():
            text = text.replace(word, str(meant))
        with (self.work.folder / path).open("a") as f:
            f.write(text + "\n")

    def lose(self, name: str) -> None:
        """Remove one object."""
        (self.work.folder / ".git/objects" / name[:2] / name[2:]).unlink()

    def sprung(self) -> bool:
        """Was anything run or reached?"""
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return self.witness.exists()
        return True


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    made = Trap(tmp_path)
    monkeypatch.setenv("PATH", f"{made.evil.parent}{os.pathsep}{os.environ['PATH']}")
    yield made
    made.socket.close()


@pytest.mark.parametrize("name", LOCAL)
def test_no_program_that_a_config_names_is_run(trap: Trap, name: str) -> None:
    """Filters, hooks, diffs, pagers, aliases, includes: the answer is the one without them."""
    trap.work.write(**{".gitattributes": "*.toml filter=evil diff=evil merge=evil\n"})
    trap.config(LOCAL[name])
    trap.work.write(net_toml=WIDER)
    code, said = call(trap.work.folder, "check", "--against", "HEAD", "--why")
    assert code == 1, said
    assert f"+1% of {TINY_MADDS:,} at" in said
    code, said = call(trap.work.folder, "diff", "--rev", "HEAD", "net.toml")
    assert code == 0, said
    (trap.work.folder / "net.toml").rename(trap.work.folder / "new.toml")
    trap.work.write(mnetcost_toml=BUDGET.replace("net.toml", "new.toml"))
    assert call(trap.work.folder, "check", "--against", "HEAD")[0] == 0
    assert not trap.sprung()


@pytest.mark.parametrize("name", FETCHING)
def test_a_missing_object_is_not_fetched(trap: Trap, name: str) -> None:
    """Whatever its remote is and its config allows: exit code 3, with the reason and how to bring it,
    from every command.
    """
    blob, text = trap.work.git("rev-parse", "HEAD:net.toml"), PROMISED + FETCHING[name]
    if name == "promisor only":
        text = text.replace("[extensions]\n partialClone = origin\n", "").replace(
            " repositoryFormatVersion = 1", ""
        )
    trap.config(text)
    trap.lose(blob)
    trap.work.write(net_toml=WIDER)
    for words in (
        ["check", "--against", "HEAD"],
        ["diff", "HEAD:net.toml", "net.toml"],
        ["diff", "--rev", "HEAD", "net.toml"],
    ):
        code, said = call(trap.work.folder, *words)
        assert code == 3, said
        assert (
            "this clone is partial, and nothing is fetched here\n  hint: clone again without --filter" in said
        )
    assert not trap.sprung()


@pytest.mark.parametrize("what", ["HEAD", "HEAD^{tree}"])
def test_a_missing_commit_or_tree_is_not_fetched(trap: Trap, what: str) -> None:
    """Nor is it taken for a folder without files, or for another branch."""
    trap.work.git("branch", "other")
    name = trap.work.git("rev-parse", what)
    trap.config(PROMISED + FETCHING["uploadpack"])
    trap.lose(name)
    for words in (
        ["check"],
        ["check", "--against", "HEAD"],
        ["check", "--no-merge-base"],
        ["diff", "other:net.toml", "v2"],
    ):
        code, said = call(trap.work.folder, *words)
        assert code == 3, said
        assert "error: " in said
    assert not trap.sprung()


@pytest.mark.parametrize("name", FETCHING)
def test_the_trap_is_one(trap: Trap, name: str) -> None:
    """Git itself, as it is called by others, runs the program or calls the port: what the test above sees
    not happen can happen.
    """
    blob = trap.work.git("rev-parse", "HEAD:net.toml")
    trap.config(PROMISED + FETCHING[name])
    trap.lose(blob)
    with pytest.raises(subprocess.SubprocessError):
        trap.work.git("cat-file", "-p", blob, seconds=2)
    assert trap.sprung()


LOOKS_BARE = (
    "[core]\n repositoryFormatVersion = 1\n bare = BARE\n[extensions]\n partialClone = origin\n"
    + PROMISED.split("\n", 3)[3]
)


@pytest.mark.parametrize("bare", ["true", "false\n worktree = .", "false\n worktree = .."])
@pytest.mark.parametrize("name", ["uploadpack", "ext", "ssh"])
def test_a_folder_that_looks_like_a_repository_is_not_one(trap: Trap, name: str, bare: str) -> None:
    """Committed files named HEAD, config, objects and refs: whoever works in that folder, or names its
    budgets, gets 3.
    """
    trap.work.write(
        models__net_toml=TINY,
        models__mnetcost_toml=BUDGET,
        models__HEAD="ref: refs/heads/main\n",
        models__refs__heads__main="1234567890123456789012345678901234567890\n",
        models__objects__keep="",
        models__config="",
    )
    trap.config(
        LOOKS_BARE.replace("BARE", bare) + FETCHING[name] + "\n" + LOCAL["fsmonitor"], "models/config"
    )
    trap.work.git("add", "-A", "-f")
    trap.work.git("commit", "-q", "-m", "bare")
    inside = trap.work.folder / "models"
    calls = [
        (trap.work.folder, "check", "--config", "models/mnetcost.toml"),
        (inside, "check"),
        (inside, "check", "--against", "main"),
    ]
    calls += [(inside, "diff", "main:./net.toml", "net.toml"), (inside, "diff", "--rev", "main", "net.toml")]
    for folder, *words in calls:
        code, said = call(folder, *words)
        assert code == 3, said
        assert "is a bare repository, or made to look like one" in said
    assert call(inside, "baseline")[0] == 0
    assert call(inside, "report", "net.toml")[0] == 0
    assert not trap.sprung()


def test_an_old_git_takes_no_such_folder_either(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 2.38 git finds the repository: then it is its top, which has no `.git`, that gives it away."""
    from mnetcost.designs import plumbing

    monkeypatch.setitem(plumbing.CONFIG, "safe.bareRepository", "all")
    inside = trap.work.folder / "models"
    Checkout(inside).git("config", "core.bare", "false")
    for file in (inside / ".git").iterdir():
        file.rename(inside / file.name)
    (inside / ".git").rmdir()
    for worktree in (".", "..", "/"):
        trap.work.git("config", "--file", str(inside / "config"), "core.worktree", worktree)
        with pytest.raises(CompareError, match=r"made to look like one|says that its files are in"):
            Repository(inside)


def test_a_working_tree_elsewhere_is_refused(trap: Trap) -> None:
    """Else every file of this one would be new."""
    trap.work.git("config", "core.worktree", str(trap.folder))
    code, said = call(trap.work.folder, "check", "--against", "HEAD")
    assert code == 3
    assert "core.worktree in its config" in said


@pytest.mark.parametrize(
    "what", ["include", "head", "branch", "packed", "blob", "tree", "index", "attributes"]
)
def test_git_that_hangs_is_ended(trap: Trap, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody writes to, in a file's place: exit code 3 after the deadline."""
    git, work = trap.work.folder / ".git", trap.work
    blob, tree = work.git("rev-parse", "HEAD:net.toml"), work.git("rev-parse", "HEAD^{tree}")
    names = {
        "head": "HEAD",
        "branch": "refs/heads/main",
        "packed": "packed-refs",
        "index": "index",
        "attributes": "info/attributes",
    }
    names |= {
        "blob": f"objects/{blob[:2]}/{blob[2:]}",
        "tree": f"objects/{tree[:2]}/{tree[2:]}",
        "include": "fifo",
    }
    if what == "include":
        trap.config(f"[include]\n path = {git}/fifo")
    if what == "packed":
        work.git("branch", "-m", "main", "other")
    if what in ("index", "attributes"):
        (work.folder / "net.toml").rename(work.folder / "new.toml")
        work.write(mnetcost_toml=BUDGET.replace("net.toml", "new.toml"))
    fifo = git / names[what]
    fifo.unlink(missing_ok=True)
    fifo.parent.mkdir(exist_ok=True)
    os.mkfifo(fifo)
    monkeypatch.setenv("MNETCOST_GIT_SECONDS", "1")
    start = time.monotonic()
    code, said = call(trap.work.folder, "check", "--against", "main")
    assert time.monotonic() - start < 10
    if what != "attributes":  # which plumbing does not read
        assert code == 3, said


def test_a_repository_that_hangs_is_waited_for_once(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many designs and limits there are."""
    names = [f"net{n}.toml" for n in range(10)]
    for n, name in enumerate(names):
        (trap.work.folder / name).write_text(f"# {n}\n{TINY}")
    trap.work.commit(
        "many", mnetcost_toml=f'[[budget]]\ndesign = {names}\nmadds = ["+1%", "+2%"]\nparams = "+1%"\n'
    )
    for name in names:
        blob = trap.work.git("rev-parse", f"HEAD:{name}")
        trap.lose(blob)
        os.mkfifo(trap.work.folder / ".git/objects" / blob[:2] / blob[2:])
    monkeypatch.setenv("MNETCOST_GIT_SECONDS", "1")
    start = time.monotonic()
    code, said = call(trap.work.folder, "check", "--against", "HEAD")
    assert time.monotonic() - start < 8
    assert code == 3
    assert said.count("30 incomparable") == 1


def test_a_program_named_git_in_the_current_folder_is_not_run(trap: Trap) -> None:
    """A PATH may hold a relative folder, or an empty one, which means the current one."""
    shutil.copy(trap.evil, trap.work.folder / "git")
    done = mnetcost(
        trap.work.folder, "check", "--against", "HEAD", PATH=f".{os.pathsep}{os.pathsep}{os.environ['PATH']}"
    )
    assert done.returncode == 0, done.stderr
    assert not trap.sprung()
