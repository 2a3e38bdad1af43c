"""A design at another revision, in real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mnetcost.designs import Settings
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.git import Repository, load_at
from mnetcost.engine.costs import cost
from mnetcost.errors import CompareError, SpecError

from . import prototxts
from .repositories import TINY, TINY_MADDS, Checkout

WIDER = TINY.replace("out = 16", "out = 32")
WIDER_MADDS = 55_296 + 2 * 294_912 + 2 * 160


def madds(rev: str, design: str, repository: Repository, settings: Settings | None = None) -> int:
    total = load_convention().madds(
        t for layer in cost(load_at(rev, design, settings, repository).graph).layers for t in layer.work
    )
    assert isinstance(total, int)
    return total


@pytest.fixture
def work(tmp_path: Path) -> Checkout:
    """main: base; feature, from base: body is wider; main then moves on: stem is wider."""
    made = Checkout(tmp_path / "work")
    made.commit("base", designs__tiny_toml=TINY)
    made.git("checkout", "-q", "-b", "feature")
    made.commit("wider", designs__tiny_toml=WIDER)
    made.git("checkout", "-q", "main")
    made.commit("main moves on", designs__tiny_toml=TINY.replace("out = 8", "out = 80"))
    made.git("checkout", "-q", "feature")
    return made


def test_a_design_is_read_as_it_was(work: Checkout) -> None:
    """At HEAD as committed, at HEAD~1 as before, whatever lies in the working tree; settings behind the
    path count.
    """
    work.write(designs__tiny_toml="broken")
    with Repository(work.folder) as repository:
        assert madds("HEAD", "designs/tiny.toml", repository) == WIDER_MADDS
        assert madds("HEAD~1", "designs/tiny.toml", repository) == TINY_MADDS
        assert madds("HEAD~1", "designs/tiny.toml:classes=20", repository) == TINY_MADDS + 160
        assert load_at("HEAD~1", "designs/tiny.toml", repository=repository).name == "tiny"


def test_a_shipped_design_is_the_same_at_every_revision(work: Checkout) -> None:
    """It is the program's, not the repository's."""
    with Repository(work.folder) as repository:
        assert madds("HEAD", "v2", repository) == 300_774_272


def test_paths_count_from_the_top_or_from_here_behind_a_dot(work: Checkout) -> None:
    """As git reads them behind a colon."""
    with Repository(work.folder / "designs") as repository:
        assert madds("HEAD~1", "designs/tiny.toml", repository) == TINY_MADDS
        assert madds("HEAD~1", "./tiny.toml", repository) == TINY_MADDS
        assert madds("HEAD~1", "../designs/tiny.toml", repository) == TINY_MADDS
        assert repository.inside("tiny.toml") == "designs/tiny.toml"
        with pytest.raises(CompareError, match=r"no file 'tiny.toml' at HEAD~1\n.*from the top"):
            load_at("HEAD~1", "tiny.toml", repository=repository)
        with pytest.raises(CompareError, match="outside the repository"):
            repository.inside("../../elsewhere.toml")


def test_the_branch_point_is_not_the_tip_of_main(work: Checkout) -> None:
    """A branch is not blamed for what main did since."""
    with Repository(work.folder) as repository:
        base = repository.merge_base("main")
        assert base == work.git("rev-parse", "HEAD~1")
        assert madds(base, "designs/tiny.toml", repository) == TINY_MADDS
        assert madds("main", "designs/tiny.toml", repository) > TINY_MADDS


def test_what_a_spec_extends_is_read_at_the_same_revision(tmp_path: Path) -> None:
    """Also through ../ and a shipped parent, and though the parent has changed or gone since."""
    work = Checkout(tmp_path / "work")
    work.commit(
        "base",
        base__tiny_toml=TINY,
        nets__mid_toml='extends = "../base/tiny.toml"\n',
        nets__leaf_toml='extends = "mid.toml"\n',
    )
    (work.folder / "base/tiny.toml").unlink()
    work.commit("gone", nets__mid_toml='extends = "v2"\n', nets__lost_toml='extends = "../base/tiny.toml"\n')
    with Repository(work.folder) as repository:
        assert madds("HEAD~1", "nets/leaf.toml", repository) == TINY_MADDS
        assert madds("HEAD", "nets/leaf.toml", repository) == 300_774_272
        with pytest.raises(
            SpecError,
            match=r"HEAD:nets/lost.toml:1: extends: '../base/tiny.toml': no such file at this revision",
        ):
            load_at("HEAD", "nets/lost.toml", repository=repository)


def test_a_spec_cannot_reach_out_of_the_repository_at_a_revision(tmp_path: Path) -> None:
    """`extends` past the top finds nothing, though the file is there in the file system."""
    work = Checkout(tmp_path / "work")
    (tmp_path / "tiny.toml").write_text(TINY)
    work.commit(
        "base", leaf_toml='extends = "../tiny.toml"\n', far_toml=f'extends = "{tmp_path}/tiny.toml"\n'
    )
    with Repository(work.folder) as repository:
        for design in ("leaf.toml", "far.toml"):
            with pytest.raises(SpecError, match="no such file at this revision"):
                load_at("HEAD", design, repository=repository)


def test_a_fault_in_an_old_spec_names_revision_file_and_line(tmp_path: Path) -> None:
    """The file as it is now has other lines."""
    work = Checkout(tmp_path / "work")
    work.commit("base", tiny_toml=TINY.replace("stride", "strid"))
    with (
        Repository(work.folder) as repository,
        pytest.raises(SpecError, match=r"^error: HEAD:tiny.toml:5: layers\[0\].strid: "),
    ):
        load_at("HEAD", "tiny.toml", repository=repository)


@pytest.mark.parametrize("rev", ["--output=stolen", "-h", "", "main\nHEAD", "a\0b", "--end-of-options"])
def test_a_revision_that_looks_like_an_option_is_refused(work: Checkout, rev: str) -> None:
    """It never reaches git."""
    with (
        Repository(work.folder) as repository,
        pytest.raises(CompareError, match="is not a revision") as caught,
    ):
        repository.commit(rev)
    assert caught.value.exit_code == 3
    assert not (work.folder / "stolen").exists()


@pytest.mark.parametrize(
    "path",
    [
        "--batch-check",
        "-",
        "/etc/passwd",
        "designs",
        "designs/tiny.toml\nHEAD:designs/tiny.toml",
        "no such",
        "../x",
    ],
)
def test_a_path_that_is_no_file_is_not_there(work: Checkout, path: str) -> None:
    """An option, an absolute path, a folder, two lines: none is a file of the commit, and the next
    question is answered rightly.
    """
    with Repository(work.folder) as repository:
        commit = repository.commit("HEAD")
        assert repository.read(commit, path) is None
        assert repository.read(commit, "designs/tiny.toml") == WIDER.encode()


def test_an_unknown_revision_says_what_to_do(work: Checkout) -> None:
    """The nearest one, or the fetch that may bring it."""
    with Repository(work.folder) as repository:
        with pytest.raises(
            CompareError, match=r"no revision 'featur' in this repository\n  hint: did you mean 'feature'"
        ):
            repository.commit("featur")
        with pytest.raises(CompareError, match="`git fetch origin release` may bring it"):
            repository.commit("origin/release")
        with pytest.raises(CompareError, match="no revision"):
            repository.commit("HEAD:designs/tiny.toml")


def test_a_shallow_clone_says_what_to_fetch(work: Checkout, tmp_path: Path) -> None:
    """With one commit only, neither main nor the branch point is there; with both tips, only the branch
    point is missing.
    """
    alone = work.clone(tmp_path / "alone", "--depth=1", "--branch=feature")
    with (
        Repository(alone.folder) as repository,
        pytest.raises(CompareError, match=r"shallow: `git fetch --unshallow origin main`, or fetch-depth: 0"),
    ):
        repository.merge_base("origin/main")
    tips = work.clone(tmp_path / "tips", "--depth=1", "--branch=feature", "--no-single-branch")
    with Repository(tips.folder) as repository:
        assert madds("origin/main", "designs/tiny.toml", repository) > TINY_MADDS
        with pytest.raises(
            CompareError,
            match=r"'origin/main' and HEAD have no common ancestor here\n.*fetch --unshallow origin main",
        ) as caught:
            repository.merge_base("origin/main")
    assert caught.value.exit_code == 3
    tips.git("fetch", "-q", "--unshallow")
    with Repository(tips.folder) as repository:
        assert repository.merge_base("origin/main") == work.git("rev-parse", "HEAD~1")


def test_unrelated_histories_say_so(work: Checkout) -> None:
    """There is no branch point to find, and nothing to fetch."""
    work.git("checkout", "-q", "--orphan", "other")
    work.commit("alone")
    with (
        Repository(work.folder) as repository,
        pytest.raises(CompareError, match="no common ancestor here\n  hint: compare with 'main' itself"),
    ):
        repository.merge_base("main")


def test_a_renamed_file_is_found_under_its_old_name(work: Checkout) -> None:
    """Committed or only staged, changed a little or not."""
    (work.folder / "nets").mkdir()
    work.git("mv", "designs/tiny.toml", "nets/small.toml")
    with Repository(work.folder) as repository:
        assert repository.renamed(repository.commit("HEAD~1"), "nets/small.toml") == "designs/tiny.toml"
        assert repository.renamed(repository.commit("HEAD~1"), "designs/tiny.toml") is None
    work.commit("rename")
    with Repository(work.folder) as repository:
        assert repository.renamed(repository.merge_base("main"), "nets/small.toml") == "designs/tiny.toml"


def test_a_worktree_and_a_detached_head_are_checkouts_like_any(work: Checkout, tmp_path: Path) -> None:
    """HEAD is what is checked out there."""
    work.git("worktree", "add", "-q", "--detach", str(tmp_path / "second"), "main~1")
    with Repository(tmp_path / "second/designs") as repository:
        assert repository.top == (tmp_path / "second").resolve()
        assert madds("HEAD", "designs/tiny.toml", repository) == TINY_MADDS
        assert repository.merge_base("feature") == work.git("rev-parse", "main~1")


def test_a_bare_repository_answers_where_it_is_named(
    work: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no working tree, but every revision; a folder of files may look like one, so GIT_DIR must
    name it.
    """
    bare = work.clone(tmp_path / "bare.git", "--bare")
    with pytest.raises(
        CompareError,
        match=r"is a bare repository, or made to look like one.*\n.*named by the variable GIT_DIR",
    ):
        Repository(bare.folder)
    monkeypatch.setenv("GIT_DIR", str(bare.folder))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))  # whatever checkout the tests run in
    for folder in (bare.folder, tmp_path):
        with Repository(folder) as repository:
            assert madds("feature~1", "designs/tiny.toml", repository) == TINY_MADDS
            with pytest.raises(CompareError, match="the repository is bare"):
                repository.inside("tiny.toml")


def test_the_variables_that_git_sets_in_hooks_change_nothing(
    work: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository is the one around the designs; GIT_DIR alone would make their folder its top, and
    every file new.
    """
    other = Checkout(tmp_path / "other")
    other.commit("other", designs__tiny_toml=WIDER)
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(work.folder / "designs"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git/index"))
    with Repository(work.folder / "designs") as repository:
        assert repository.top == work.folder.resolve()
        assert repository.inside("tiny.toml") == "designs/tiny.toml"
        assert madds("HEAD~1", "designs/tiny.toml", repository) == TINY_MADDS


def test_a_link_inside_the_repository_is_followed(work: Checkout) -> None:
    """As the file system does, through folders and back up."""
    (work.folder / "link.toml").symlink_to("designs/tiny.toml")
    (work.folder / "nets").symlink_to("./designs//")
    (work.folder / "designs/back.toml").symlink_to("../nets/../link.toml")
    work.commit("links")
    with Repository(work.folder) as repository:
        for path in ("link.toml", "nets/tiny.toml", "nets/back.toml"):
            assert madds("HEAD", path, repository) == WIDER_MADDS
        assert repository.inside("link.toml") == "link.toml"
        assert repository.read(repository.commit("HEAD"), "designs/none.toml") is None


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/etc/passwd", "leads out of the repository"),
        ("designs/../../tiny.toml", "leads out of the repository"),
        ("gone.toml", "leads to nothing"),
        ("designs/tiny.toml/x", "leads to nothing"),
        ("designs", "leads to a folder"),
        ("link.toml", "leads to itself"),
        ("nets/x.toml", "leads to nothing"),
    ],
)
def test_a_link_that_leads_to_no_file_is_not_a_file_that_was_not_there(
    work: Checkout, target: str, reason: str
) -> None:
    """The tree has such an entry, and what it said cannot be known: nothing to compare with, not a new
    design.
    """
    (work.folder / "link.toml").symlink_to(target)
    (work.folder / "nets").symlink_to("designs")
    work.commit("links")
    with Repository(work.folder) as repository, pytest.raises(CompareError, match=f"a link that {reason}"):
        repository.read(repository.commit("HEAD"), "link.toml")


def test_a_name_is_taken_as_it_is(tmp_path: Path) -> None:
    """A line's end, a colon, a star, a quote or a byte that is no UTF-8: git is asked for objects, never
    by a name.
    """
    work = Checkout(tmp_path / "work")
    names = [
        "two\nlines.toml",
        ":(top)tiny.toml",
        "*.toml",
        'a"b\\.toml',
        "-x.toml",
        " .toml",
        os.fsdecode(b"\xff.toml"),
        "ünet.toml",
    ]
    for n, name in enumerate(names):
        (work.folder / name).write_text(f"# {n}\n")
    commit = work.commit("names")
    with Repository(work.folder) as repository:
        for n, name in enumerate(names):
            assert repository.read(commit, repository.inside(name)) == f"# {n}\n".encode()


def test_a_repository_of_sha256_answers_alike(tmp_path: Path) -> None:
    """Its objects' names are longer."""
    work = Checkout(tmp_path / "work", init=False)
    work.folder.mkdir()
    work.git("init", "-q", "-b", "main", "--object-format=sha256")
    work.commit("base", designs__tiny_toml=TINY)
    with Repository(work.folder) as repository:
        assert madds("HEAD", "designs/tiny.toml", repository) == TINY_MADDS


def test_a_pointer_of_git_lfs_is_not_taken_for_a_file(work: Checkout) -> None:
    """Its real bytes are elsewhere."""
    work.commit("lfs", net_toml="version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    work.commit("old", net_onnx="version https://hawser.github.com/spec/v1\noid sha256:0\nsize 12\n")
    for file in ("net.toml", "net.onnx"):
        with Repository(work.folder) as repository, pytest.raises(CompareError, match="Git LFS"):
            load_at("HEAD", file, repository=repository)


def test_a_file_at_a_revision_is_told_by_what_is_in_it(work: Checkout) -> None:
    """A prototxt called test.pt and a spec called net.txt are read as they were; what is no design is
    called what it is.
    """
    (work.folder / "test.pt").write_text(prototxts.mobilenet())
    (work.folder / "net.txt").write_text(TINY)
    (work.folder / "weights.pt").write_bytes(b"\x80\x02}q\x00.")
    work.commit("other names")
    for name in ("test.pt", "net.txt", "weights.pt"):
        (work.folder / name).write_text("something else since")
    with Repository(work.folder) as repository:
        assert madds("HEAD", "test.pt", repository) == 568_740_352
        assert madds("HEAD", "net.txt", repository) == TINY_MADDS
        with pytest.raises(SpecError, match=r"HEAD:weights\.pt: is a Python pickle"):
            load_at("HEAD", "weights.pt", repository=repository)


def test_a_file_past_the_limit_is_refused_unread(work: Checkout) -> None:
    """And the repository still answers."""
    commit = work.commit("large", large_toml="#" * 2_000_000)
    with Repository(work.folder) as repository:
        with pytest.raises(CompareError, match="larger than 1,048,576 bytes"):
            repository.read(commit, "large.toml")
        assert repository.read(commit, "designs/tiny.toml") == WIDER.encode()


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({}, "main"),
        ({"GITHUB_BASE_REF": "release"}, "origin/release"),
        ({"GITHUB_BASE_REF": ""}, "main"),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc123"}, "abc123"),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "dev"}, "origin/dev"),
    ],
)
def test_the_branch_a_pull_request_is_for(work: Checkout, environ: dict[str, str], target: str) -> None:
    """What the service says, else the main branch that is there."""
    with Repository(work.folder) as repository:
        assert repository.target(environ) == target


def test_without_any_main_branch_one_must_be_named(tmp_path: Path) -> None:
    """There is nothing to guess."""
    work = Checkout(tmp_path / "work")
    work.git("checkout", "-q", "-b", "trunk")
    work.commit("base")
    with (
        Repository(work.folder) as repository,
        pytest.raises(CompareError, match=r"no main branch.*\n  hint: name a revision: --against REV"),
    ):
        repository.target({})


def test_a_folder_outside_any_repository_cannot_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git's own sentence is passed on."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(CompareError, match="not a git repository"):
        Repository(tmp_path)


def test_without_git_on_the_path_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And offers what needs no git."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompareError, match=r"git is not on the PATH\n  hint: .*--baseline FILE") as caught:
        Repository(tmp_path)
    assert caught.value.exit_code == 3


def test_git_is_left_as_it_was(work: Checkout) -> None:
    """Reading writes nothing: a read-only checkout will do."""
    before = {p: p.stat().st_mtime_ns for p in (work.folder / ".git").rglob("*")}
    with Repository(work.folder) as repository:
        madds(repository.merge_base("main"), "designs/tiny.toml", repository)
        repository.renamed(repository.commit("main"), "x")
    assert {p: p.stat().st_mtime_ns for p in (work.folder / ".git").rglob("*")} == before
