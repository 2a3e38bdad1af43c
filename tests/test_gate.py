"""The gate never opens by itself: what could not be compared ends in 3 and says why; only a file that was
not there is new.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from datetime import date
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mnetcost.analyses.budgets import waivers
from mnetcost.designs import Settings
from mnetcost.designs.budgets.limits import Limit
from mnetcost.designs.budgets.values import Budget, Rule, Waiver

from . import onnx_files, tflite_files
from .repositories import TINY, Checkout
from .test_security import call
from .tflite_files import T, conv, floats

WIDER = TINY.replace("out = 16", "out = 999")


def budget(design: str) -> str:
    return f'[[budget]]\ndesign = "{design}"\nmadds = "+1%"\n'


@pytest.fixture
def work(tmp_path: Path) -> Checkout:
    """A committed design and its budget; in the working tree the design has become much larger."""
    made = Checkout(tmp_path / "work")
    made.commit("base", net_toml=TINY, mnetcost_toml=budget("net.toml"))
    made.write(net_toml=WIDER)
    return made


def path_of(work: Checkout, what: str) -> Path:
    name = work.git("rev-parse", what)
    return work.folder / ".git/objects" / name[:2] / name[2:]


def refused(work: Checkout, *said: str) -> None:
    """Every way to compare ends in 3, with these words."""
    code, text = call(work.folder, "check", "--against", "HEAD")
    assert code == 3, text
    for words in said:
        assert words in text


def test_the_gate_is_shut_for_a_larger_design(work: Checkout) -> None:
    """What the tests below take away is what this one finds."""
    assert call(work.folder, "check", "--against", "HEAD")[0] == 1


@pytest.mark.parametrize("what", ["HEAD:net.toml", "HEAD^{tree}", "HEAD^{commit}"])
def test_a_missing_object_is_no_new_design(work: Checkout, what: str) -> None:
    """A damaged clone: the file, its folder or the commit."""
    path_of(work, what).unlink()
    refused(
        work,
        *(
            ["git fsck", "git fetch --refetch"]
            if "commit" not in what
            else ["the commit that 'HEAD' names is missing"]
        ),
    )
    assert call(work.folder, "diff", "--rev", "HEAD", "net.toml")[0] == 3


@pytest.mark.parametrize(
    "data", [b"", b"garbage", zlib.compress(b"blob 5\0other"), zlib.compress(b"blob 999999\0short")]
)
@pytest.mark.parametrize("what", ["HEAD:net.toml", "HEAD^{tree}"])
def test_a_damaged_object_is_no_new_design(work: Checkout, what: str, data: bytes) -> None:
    """Empty, no zlib stream, of another kind, shorter than it says."""
    path = path_of(work, what)
    path.chmod(0o644)
    path.write_bytes(data)
    refused(work)


def test_a_missing_parent_of_a_spec_is_no_new_design(work: Checkout) -> None:
    """What it extends is read at the same commit, or nothing is compared."""
    work.commit("child", child_toml='extends = "net.toml"\n', mnetcost_toml=budget("child.toml"))
    path_of(work, "HEAD:net.toml").unlink()
    refused(work, "'net.toml' at ")


def test_a_design_of_a_submodule_cannot_be_compared(work: Checkout, tmp_path: Path) -> None:
    """Its history is in another repository: once it was committed, and on the branch that adds it."""
    inner = Checkout(tmp_path / "inner")
    inner.commit("base", net_toml=TINY)
    work.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(inner.folder), "sub")
    work.write(mnetcost_toml=budget("sub/net.toml"), sub__net_toml=WIDER)
    refused(work, "another repository, or a submodule")
    work.commit("submodule")
    refused(work, "is in the submodule 'sub'", "baseline = FILE")


def test_a_repository_within_the_repository_cannot_be_compared(work: Checkout) -> None:
    """A folder that was cloned into this one has no history here either."""
    inner = Checkout(work.folder / "vendor/inner")
    inner.commit("base", net_toml=TINY)
    work.write(mnetcost_toml=budget("vendor/inner/net.toml"), vendor__inner__net_toml=WIDER)
    refused(work, "another repository, or a submodule: ")


def test_a_link_out_of_the_repository_cannot_be_compared(work: Checkout, tmp_path: Path) -> None:
    """A file, a folder on the way, new or committed; one that leads nowhere at the base; a file outside."""
    outside = tmp_path / "outside/net.toml"
    outside.parent.mkdir()
    outside.write_text(WIDER)
    (work.folder / "link.toml").symlink_to(outside)
    (work.folder / "nets").symlink_to(outside.parent)
    for design in ("link.toml", "nets/net.toml", "../outside/net.toml"):
        work.write(mnetcost_toml=budget(design))
        refused(work, "repository")
    work.commit("links")
    for design in ("link.toml", "nets/net.toml"):
        work.write(mnetcost_toml=budget(design))
        refused(work, "repository")
    (work.folder / "link.toml").unlink()
    (work.folder / "link.toml").symlink_to("gone.toml")
    work.commit("nowhere")
    (work.folder / "link.toml").unlink()
    work.write(link_toml=WIDER, mnetcost_toml=budget("link.toml"))
    refused(work, "a link that leads to nothing")


def test_a_name_of_two_lines_is_compared(work: Checkout) -> None:
    """As any other."""
    (work.folder / "two\nlines.toml").write_text(TINY)
    work.commit("names", mnetcost_toml=budget("two\\nlines.toml"))
    assert call(work.folder, "check", "--against", "HEAD")[0] == 0
    (work.folder / "two\nlines.toml").write_text(WIDER)
    assert call(work.folder, "check", "--against", "HEAD")[0] == 1


def test_a_pointer_of_git_lfs_is_no_new_design(work: Checkout) -> None:
    """The repository has its name and size, not what it was."""
    shutil.copyfile(work.folder / "net.toml", work.folder / "big.toml")
    work.commit(
        "pointer",
        big_toml="version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        mnetcost_toml=budget("big.toml"),
    )
    work.write(big_toml=WIDER)
    refused(work, "Git LFS")


def test_a_blobless_clone_compares_what_it_has_and_refuses_the_rest(work: Checkout, tmp_path: Path) -> None:
    """The files of the commit that is checked out are there; those of the one before are not, until
    somebody fetches them.
    """
    work.git("config", "uploadpack.allowFilter", "true")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    work.commit("wider")
    clone = work.clone(tmp_path / "clone", "--filter=blob:none")
    assert call(clone.folder, "check", "--against", "HEAD")[0] == 0
    code, text = call(clone.folder, "check", "--against", "HEAD~1")
    assert code == 3
    assert "this clone is partial, and nothing is fetched here" in text
    clone.git("fetch", "-q", "--refetch", "--no-filter", "origin")
    assert call(clone.folder, "check", "--against", "HEAD~1")[0] == 1


def test_a_renamed_file_whose_old_one_is_missing_is_no_new_design(work: Checkout) -> None:
    """Whether it was renamed cannot be known."""
    (work.folder / "net.toml").unlink()
    work.write(moved_toml=TINY.replace("out = 16", "out = 24"), mnetcost_toml=budget("moved.toml"))
    work.git("add", "-A")
    path_of(work, "HEAD:net.toml").unlink()
    refused(work, "moved.toml")


def test_a_new_design_is_new(work: Checkout) -> None:
    """It passes relative limits, visibly; so does one whose folder, or whose name as a folder, was there."""
    work.commit("folders", designs__readme="", other_toml__readme="")
    shutil.rmtree(work.folder / "other.toml")
    for name in ("new.toml", "designs/new.toml", "fresh/new.toml", "other.toml"):
        path = work.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(TINY)
        work.write(mnetcost_toml=budget(name))
        code, text = call(work.folder, "check", "--against", "HEAD")
        assert (code, "1 new" in text) == (0, True), text


def onnx(folder: Path, out: int) -> str:
    """One pointwise convolution of 512 channels to `out`, its weights inside: 2,048 bytes a channel."""
    image, stored = (1, 512, 4, 4), [onnx_files.weights("w", out, 512, 1, 1)]
    return onnx_files.write(folder, [onnx_files.node("Conv", ["x", "w"], ["y"])], stored, image)


def tflite(folder: Path, out: int) -> str:
    tensors = {"x": T((1, 4, 4, 512)), "w": floats(out, 1, 1, 512), "y": T((1, 4, 4, out))}
    return tflite_files.write(folder, tensors, [conv("x", "w", "y")])


def h5(folder: Path, out: int) -> str:
    import h5py

    image = {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": [None, 4, 4, 512]}}
    layer = {
        "name": "conv",
        "filters": out,
        "kernel_size": [1, 1],
        "strides": [1, 1],
        "padding": "same",
        "use_bias": False,
    }
    said = {
        "class_name": "Sequential",
        "config": {"name": "net", "layers": [image, {"class_name": "Conv2D", "config": layer}]},
    }
    with h5py.File(folder / "net.h5", "w") as f:
        f.attrs["model_config"] = json.dumps(said)
        f["weights"] = np.random.default_rng(out).random((1, 1, 512, out), np.float32)
    return str(folder / "net.h5")


@pytest.mark.parametrize("write", [onnx, tflite, h5])
def test_a_model_file_of_megabytes_is_compared(tmp_path: Path, write: Callable[[Path, int], str]) -> None:
    """1,024 channels are 2 MiB of weights, past what a spec may have; 16 pixels x 512 x 1,024
    multiply-adds, 2 % more at 1,044.
    """
    work = Checkout(tmp_path / "work")
    name = Path(write(work.folder, 1024)).name
    assert (work.folder / name).stat().st_size > 2 << 20
    work.commit("base", mnetcost_toml=budget(name))
    assert call(work.folder, "check", "--against", "HEAD")[0] == 0
    write(work.folder, 1044)
    code, said = call(work.folder, "check", "--against", "HEAD", "--format", "json")
    assert code == 1, said
    (result,) = json.loads(said)["results"]
    assert (result["base"], result["value"]) == (16 * 512 * 1024, 16 * 512 * 1044)
    assert [(c["value"]) for c in result["causes"]] == [16 * 512 * 20]
    for call_ in (["diff", "--rev", "HEAD", name], ["diff", f"HEAD:{name}", name]):
        code, said = call(work.folder, *call_, "--format", "json")
        assert code == 0, said
        assert "163840" in said
    (work.folder / name).rename(work.folder / f"new-{name}")
    work.write(mnetcost_toml=budget(f"new-{name}"))
    work.git("add", "-A")
    code, said = call(work.folder, "check", "--against", "HEAD", "--format", "json")
    assert json.loads(said)["results"][0]["base"] in (16 * 512 * 1024, None)


@pytest.mark.parametrize(
    "name", ["net.onnx", "net.tflite", "net.h5", "net.keras", "net.toml", "net.prototxt", "net.json"]
)
def test_a_pointer_of_git_lfs_is_named_as_such(work: Checkout, name: str) -> None:
    """In the working tree it is a design that cannot be read; at a revision, nothing to compare with."""
    (work.folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n")
    work.commit("pointer", mnetcost_toml=budget(name))
    code, said = call(work.folder, "check", "--against", "HEAD")
    assert code == 2
    assert "Git LFS pointer" in said
    assert "git lfs pull" in said
    code, said = call(work.folder, "diff", f"HEAD:{name}", "v2")
    assert code == 3
    assert "Git LFS" in said


def test_many_waivers_beside_many_limits_cost_their_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns are tried for the names that begin like them: 2,000 limits and 2,000 waivers are not four
    million trials.
    """
    tried: list[str] = []
    monkeypatch.setattr(
        waivers, "fnmatchcase", lambda name, pattern: tried.append(name) or fnmatchcase(name, pattern)
    )
    rule = Rule("madds", Limit("max", Fraction(1)))
    for forms in (("net{}.toml", "net{}.tom*"), ("net{}.toml", "net{}.toml")):
        budgets = [Budget(forms[0].format(n), "", Settings(), (rule,)) for n in range(2000)]
        index = waivers.Waivers(
            Waiver(forms[1].format(n), limit, "", date(2030, 1, 1))
            for n in range(2000)
            for limit in ("madds", "zz*")
        )
        assert [len(index.of(one, rule)) for one in budgets] == [1] * 2000
    assert len(tried) < 20 * 2000
