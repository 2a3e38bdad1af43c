"""Which of PyTorch's modules is an ONNX node from? As exporters write it, in metadata or in the node's name.

Source: torch 2.14, torch/onnx/_internal/exporter/_core.py and torch/csrc/jit/passes/onnx/naming.cpp.
"""

from __future__ import annotations

import re
from typing import Any

from .file import LONGEST_ENTRY, SCOPES
from .weights import text

NAME = r"""'[^'\\]*'|"[^"\\]*\""""
LIST = re.compile(rf"\[(?:{NAME})(?:, ?(?:{NAME}))*\]")
CALLED_AGAIN = re.compile(r"@[0-9]+(?=\.|$)")
AGAIN = re.compile(r"_[0-9]+$")
WEIGHT = ".weight"


def module_of(node: Any) -> str:
    """The module that a node comes from, as in `named_modules()`: "features.2.conv.0"; empty if unknown."""
    for entry in node.metadata_props:
        if entry.key == SCOPES:
            module, operation = scoped(text(entry.value, LONGEST_ENTRY))
            folded = "batch_norm" in operation and node.op_type != b"BatchNormalization"
            weighs = weights_module(node)
            within = f".{weighs}".startswith(f".{module}".rpartition(".")[0] + ".")
            return weighs if folded and weighs and within else module
    module = traced(text(node.name), text(node.op_type))
    first = AGAIN.sub("", module)  # of a module that is called again: "conv" for "conv_1"
    return first if f".{weights_module(node)}".endswith(f".{first}") else module


def weights_module(node: Any) -> str:
    """The module whose weights a node reads, where the exporter kept their name; empty elsewhere."""
    name = text(node.input[1]) if len(node.input) > 1 else ""
    return name.removesuffix(WEIGHT) if name.endswith(WEIGHT) else ""


def scoped(names: str) -> tuple[str, str]:
    """The innermost module and the operation in the list that the dynamo exporter writes as Python text;
    both are empty for any other text.

    A norm that was folded into a convolution leaves it the norm's own list.

    >>> scoped("['', 'features', 'features.0', 'features.0.0', 'conv2d']")
    ('features.0.0', 'conv2d')
    """
    if not LIST.fullmatch(names):
        return "", ""
    *modules, operation = (name[1:-1] for name in re.findall(NAME, names))
    return CALLED_AGAIN.sub("", modules[-1]) if modules else "", operation


def traced(name: str, op_type: str) -> str:
    """The module in a node's name as the TorchScript exporter writes it: the name of each module, behind
    those of the containers in which it is, and last the operation; empty for any other name.

    >>> traced("/features/features.2/conv/conv.0/conv.0.0/Conv", "Conv")
    'features.2.conv.0.0'
    """
    root, *modules = name.split("/")
    if root or not modules or AGAIN.sub("", modules.pop()) != op_type:
        return ""
    return ".".join(
        part.removeprefix(f"{before}.") for before, part in zip(["", *modules], modules, strict=False)
    )
