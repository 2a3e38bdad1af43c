"""How long does reading an ONNX file take, and how much memory?

Against onnx-tool on the same file, in one run.

    python -m tests.measure_reading FILE [PYTHON_WITH_ONNX_TOOL]

Each is a fresh process, the best of five; what `python -c pass` and `mnetcost --version` take is shown
beside it. The file must hold its weights for onnx-tool. The memory is the process's largest, start-up
included; shared pages of the mapped file count where they are touched.
"""

import subprocess
import sys
import time

ONNX_TOOL = (
    "import sys, onnx_tool; m = onnx_tool.Model(sys.argv[1]); m.graph.shape_infer(); m.graph.profile();"
    " print(int(m.graph.macs[0]))"
)
TIMES = 5


def best(*command: str) -> tuple[float, int, str]:
    """The shortest of a few runs in seconds, the largest memory in MB, and the last line that it prints."""
    seconds, lines = [], [""]
    for _ in range(TIMES):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
        lines = done.stdout.strip().splitlines() or [""]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL); "
    )
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    memory = int(
        subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
        ).stdout
    )
    return min(seconds), memory, lines[-1][:70]


def main(file: str, tool: str = "") -> None:
    ours = [sys.executable, "-m", "mnetcost"]
    rows = [
        ("python -c pass", [sys.executable, "-c", "pass"]),
        ("mnetcost --version", [*ours, "--version"]),
        ("mnetcost report v2", [*ours, "report", "v2"]),
        ("mnetcost report FILE", [*ours, "report", file]),
    ]
    if tool:
        rows.append(("onnx-tool FILE", [tool, "-c", ONNX_TOOL, file]))
    for label, command in rows:
        seconds, memory, line = best(*command)
        print(f"{label:24} {seconds:6.3f} s {memory:5} MB  {line}")


if __name__ == "__main__":
    main(*sys.argv[1:])
