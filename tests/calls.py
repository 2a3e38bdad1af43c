"""What is each command asked where a test asks all of them?

One row a command; a command without a row fails the house's tests.
"""

from __future__ import annotations

CALLS: dict[str, list[list[str]]] = {
    "report": [
        ["report", "v2"],
        ["report", "keras/v3-large:alpha=0.75", "--format", "json"],
        ["report", "v2", "--memory", "--dtype", "float16"],
        ["report", "v2", "--by", "block", "--receptive", "--format", "json"],
        ["report", "v2", "--tree"],
        ["report", "resnet50", "--tree", "--depth", "2", "--format", "json"],
    ],
    "reconcile": [
        ["reconcile", "v2", "320.3M"],
        ["reconcile", "v2", "3.4M", "--kind", "params", "--format", "json"],
        ["reconcile", "v2", "300M", "3.4M", "--format", "json"],
    ],
    "compare": [
        ["compare", "v1", "v2", "--alpha", "0.5"],
        ["compare", "v2", "keras/v2", "timm/v2", "--format", "json"],
    ],
    "scale": [
        ["scale", "v1"],
        ["scale", "v2", "--alpha", "0.5:1:0.25", "--resolution", "96,128x160", "--format", "csv"],
    ],
    "draw": [
        ["draw", "v1", "v2"],
        ["draw", "resnet50", "v2", "--style", "block", "--format", "text"],
        ["draw", "v3-small", "--by", "layer", "--format", "json"],
        ["draw", "v2", "--style", "graph", "--format", "text"],
    ],
    "factorize": [["factorize", "112x112x64", "--kernel", "3", "--out", "128"]],
    "memory": [
        ["memory", "keras/v2:alpha=0.35,resolution=96"],
        ["memory", "v2", "--planner", "in-place", "--dtype", "float32", "--format", "json"],
        ["memory", "v2", "--split", "4", "--limit", "1M"],
        ["memory", "v1", "--device", "stm32h747-cubeai10"],
        ["memory", "v2", "--patches", "4x4", "--format", "json"],
    ],
    "fit": [
        ["fit", "keras/v2:alpha=0.35,resolution=96,classes=2", "--ram", "256K", "--flash", "1M"],
        ["fit", "v1:alpha=0.25,resolution=96,classes=5", "--device", "stm32h747-cubeai10", "--ms", "50"],
        ["fit", "v1", "v2", "--alpha", "0.25:1:0.25", "--ram", "1M", "--format", "json"],
    ],
    "receptive": [["receptive", "v1"], ["receptive", "v3-small", "--all", "--format", "json"]],
    "solve": [
        ["solve", "v2", "--max", "madds=150M", "--max", "params=3M"],
        ["solve", "v1", "--max", "params=3M", "--over", "width:separable 8", "--format", "json"],
    ],
    "space": [
        ["space", "count", "v1-grid", "--max", "madds=300M"],
        ["space", "list", "--format", "json"],
        ["space", "sample", "proxylessnas", "2", "--max", "madds=300M", "--format", "json"],
        ["space", "show", "v1-widths", "7"],
    ],
    "front": [
        ["front", "v1", "v2", "--alpha", "0.25:1:0.25", "--resolution", "96,128", "--all"],
        ["front", "v2", "--alpha", "0.5,1", "--of", "madds,params,ram", "--format", "json"],
        ["front", "--checkpoints", "--of", "top1,madds", "--format", "csv"],
    ],
    "pick": [
        ["pick", "--max", "madds=100M", "--max", "flash=2MB", "--min", "top1=65"],
        ["pick", "--source", "tf-slim-v2", "--format", "json"],
    ],
    "sensitivity": [
        ["sensitivity", "v3-small"],
        ["sensitivity", "v1:alpha=0.5", "--by", "down", "--sort", "peak", "--top", "5"],
        ["sensitivity", "v2", "--of", "kernel", "--format", "json"],
    ],
    "devices": [["devices"], ["devices", "pixel1-cpu1-f32", "--format", "json"]],
    "calibrate": [["calibrate", "--help"]],
    "explain": [["explain", "v2", "bottleneck 4/1"], ["explain", "v3-small", "*/se/*", "--format", "csv"]],
    "list": [["list"], ["list", "keras", "--format", "json"]],
    "show": [["show", "v2"], ["show", "keras/v2", "--resolved"]],
    "new": [["new", "--help"]],
    "init": [["init", "--help"]],
    "identify": [["identify", "shicai-caffe/v2"], ["identify", "v1:alpha=0.5", "--format", "json"]],
    "convert": [["convert", "v2"]],
    "conventions": [
        ["conventions"],
        ["conventions", "thop"],
        ["conventions", "torchvision/v2"],
        ["conventions", "v1", "--format", "json"],
    ],
    "check": [
        ["check", "v2", "--max", "madds=301M"],
        ["check", "v1", "v2", "--min", "op:depthwise.params=1k", "--format", "sarif"],
    ],
    "baseline": [["baseline", "v2", "v3-small:alpha=0.75", "--baseline", "-"]],
    "schema": [["schema"], ["schema", "budgets"]],
    "diff": [["diff", "v2", "shicai-caffe/v2"], ["diff", "v1", "v2:alpha=0.5", "--format", "json"]],
}
"""Calls that need no file and write none, so that they answer in an empty folder."""
