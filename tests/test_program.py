"""How does the program end? At once, with everything written, and with the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mnetcost
from mnetcost.cli import main as run

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mnetcost.__file__).parent.parent)}
START = "import sys; from mnetcost.__main__ import main; "


def python(code: str, *args: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START + code, *args],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["report", "v2"], 0),
        (["--help"], 0),
        (["--version"], 0),
        ([], 0),
        (["check", "v2", "--max", "madds=1k"], 1),
        (["report", "no-such-design"], 2),
        (["report", "v2", "--no-such-option"], 2),
        (["no-such-command"], 2),
    ],
)
def test_a_process_ends_with_the_exit_code_of_its_command(call: list[str], code: int) -> None:
    """0, 1 or 2, as `cli` raises it where it is called from Python."""
    assert python("main()", *call).returncode == code


def test_everything_is_written_before_the_end() -> None:
    """More than a pipe holds: as much as a caller in Python is given."""
    call = ["scale", "v1", "--alpha", "0.1:1:0.01", "--resolution", "32:256:8", "--format", "csv"]
    done = python("main()", *call)
    again = python("from mnetcost.cli import main as run; run()", *call)
    assert (done.stdout, done.returncode, done.stderr) == (again.stdout, 0, "")
    assert len(done.stdout) > 1 << 16


def test_a_file_is_whole(tmp_path: Path) -> None:
    """What -o writes is on the disk when the process has ended, and no other file is left."""
    assert python("main()", "report", "v2", "-o", "v2.json", folder=tmp_path).returncode == 0
    assert (tmp_path / "v2.json").read_text("utf-8") == python(
        "main()", "report", "v2", "--format", "json"
    ).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["v2.json"]


def test_what_waits_for_the_end_is_done(tmp_path: Path) -> None:
    """Functions registered with atexit, temporary folders, and threads, also what they still print."""
    registered = "import atexit; atexit.register(print, 'registered'); "
    assert python(registered + "main()", "--version").stdout.endswith("\nregistered\n")
    folder = f"import tempfile; kept = tempfile.TemporaryDirectory(dir={str(tmp_path)!r}); "
    assert python(folder + "main()", "--version").returncode == 0
    assert list(tmp_path.iterdir()) == []
    thread = "import threading; threading.Timer(0.3, print, ['late']).start(); "
    assert python(thread + "main()", "--version").stdout.endswith("\nlate\n")


def test_a_profiler_sees_the_end(tmp_path: Path) -> None:
    """`python -m cProfile -m mnetcost ...` still writes its table."""
    done = subprocess.run(
        [sys.executable, "-m", "cProfile", "-o", str(tmp_path / "out"), "-m", "mnetcost", "--version"],
        env=ENVIRONMENT,
        check=False,
        timeout=60,
    )
    assert (done.returncode, (tmp_path / "out").stat().st_size > 0) == (0, True)


@pytest.mark.skipif(os.name == "nt", reason="no Control-C is sent here")
def test_control_c_ends_a_running_program() -> None:
    """130, without a word."""
    stopped = (
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a job in the background ignores it
    )
    stopped += "r.report = lambda *args: (os.kill(os.getpid(), signal.SIGINT), signal.pause()); "
    done = python(
        "import os, signal, mnetcost.analyses.report.report as r; " + stopped + "main()", "report", "v2"
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_a_caller_in_python_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the program's own main ends the process: `mnetcost.cli.main` raises SystemExit."""
    monkeypatch.setattr(sys, "argv", ["mnetcost", "--version"])
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("mnetcost, version ")
