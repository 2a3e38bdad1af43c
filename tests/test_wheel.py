"""The built wheel, installed alone in a fresh environment with its runtime dependencies only, runs every
command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from mnetcost.cli import COMMANDS

from .calls import CALLS

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.wheel


def run(*args: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    done = subprocess.run(
        [*map(str, args)],
        cwd=cwd,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{' '.join(map(str, args))}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel that is built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program, in an environment of its own without the test dependencies."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True, clear=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "-q", next(built.glob("*.whl")), cwd=folder)
    return scripts / "mnetcost"


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as z:
        return {n: z.read(n) for n in z.namelist()}


def test_the_wheel_carries_every_spec_and_no_tests(built: Path) -> None:
    """Each file of specs/ is in the wheel as mnetcost/specs/..., with the marker that it is typed and the
    licence.
    """
    names = set(members(next(built.glob("*.whl"))))
    specs = {f"mnetcost/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "specs").rglob("*") if p.is_file()}
    assert specs
    assert specs <= names
    assert {"mnetcost/py.typed", "mnetcost/output/page/page.css", "mnetcost/output/page/page.js"} <= names
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert {n.split("/")[0] for n in names} == {
        "mnetcost",
        next(n for n in names if n.endswith("METADATA")).split("/")[0],
    }


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    """What is in the sdist builds a wheel with the same bytes."""
    # the sdist, and a wheel from that
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=ROOT)
    assert len(list(tmp_path.glob("*.tar.gz"))) == 1
    assert members(next(tmp_path.glob("*.whl"))) == members(next(built.glob("*.whl")))


def test_the_installed_program_runs_every_command_from_an_empty_folder(program: Path, tmp_path: Path) -> None:
    """Every command of the command line answers, with nothing on stderr."""
    assert set(CALLS) == set(COMMANDS)
    for calls in CALLS.values():
        for call in calls:
            done = run(program, *call, cwd=tmp_path)
            assert done.stdout
            assert done.stderr == "", call
    for command in COMMANDS:
        assert "Usage: mnetcost" in run(program, command, "--help", cwd=tmp_path).stdout
    assert run(program, "--version", cwd=tmp_path).stdout.startswith("mnetcost, version ")
    assert "</html>" in run(program, "report", "v2", "--format", "html", cwd=tmp_path).stdout


def test_the_installed_library_can_be_imported_without_the_checkout(program: Path, tmp_path: Path) -> None:
    """`python -m mnetcost` is the same program, from the environment and not from the checkout."""
    python = program.parent / "python"
    where = run(python, "-c", "import mnetcost; print(mnetcost.__file__)", cwd=tmp_path).stdout.strip()
    assert Path(where).is_relative_to(program.parent.parent)
    assert (
        run(python, "-m", "mnetcost", "report", "v2", cwd=tmp_path).stdout
        == run(program, "report", "v2", cwd=tmp_path).stdout
    )
