"""How long does a check of many designs take?

`python -m tests.measure_check [DESIGNS]` makes them, checks them and prints seconds.

Each design is a file of its own, 150 layers, with four limits; once with absolute limits, once against the
branch point in git.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from .repositories import Checkout

ROOT = Path(__file__).resolve().parent.parent
LIMITS = {"absolute": ("1G", "10M", "100MB", "10M"), "against the branch point": ("+0%", "+0%", "+0%", "+0%")}
WIDTHS = 100  # the widest of them keeps the absolute limits, however many designs there are


def make(folder: Path, designs: int) -> Checkout:
    """A repository of MobileNetV2s whose widths differ."""
    checkout = Checkout(folder)
    text = (ROOT / "specs/v2.toml").read_text("utf-8")
    for n in range(designs):
        (folder / f"net{n}.toml").write_text(
            text.replace("out = 1280", f"out = {1280 + 8 * (n % WIDTHS)}"), "utf-8"
        )
    for name, (madds, params, weights, largest) in LIMITS.items():
        limits = (
            f'madds = "{madds}"\nparams = "{params}"\nweight_bytes.int8 ='
            f' "{weights}"\nactivation_elements.largest = "{largest}"\n'
        )
        budgets = "".join(f'[[budget]]\ndesign = "net{n}.toml"\n{limits}' for n in range(designs))
        (folder / f"{name.split()[0]}.toml").write_text(budgets, "utf-8")
    checkout.commit("designs")
    return checkout


def seconds(folder: Path, *arguments: str) -> float:
    """The processor's seconds for the fastest of three runs of the program, git's among them."""

    def used() -> float:
        usage = getrusage(RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    best = float("inf")
    for _ in range(3):
        start = used()
        subprocess.run(
            [sys.executable, "-m", "mnetcost", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True
        )
        best = min(best, used() - start)
    return best


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(designs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        checkout = make(Path(folder) / "work", designs)
        start = seconds(checkout.folder, "check", "v2", "--max", "madds=1G")
        say(f"one shipped design: {start:.2f} s")
        for name in LIMITS:
            whole = seconds(checkout.folder, "check", "--config", f"{name.split()[0]}.toml")
            say(
                f"{designs} designs, {name}: {whole:.2f} s, {1000 * (whole - start) / designs:.1f} ms each"
                " beyond start-up"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
