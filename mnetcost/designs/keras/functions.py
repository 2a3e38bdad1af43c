"""Which function is an activation, however Keras spells it?

By name, as a function, as a layer or as a class with a config.
"""

from __future__ import annotations

from math import inf
from typing import Any

from .net import Call, Config

FUNCTIONS = {
    "linear": "",
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
    "tanh": "tanh",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "swish": "swish",
    "silu": "swish",
    "hardswish": "hswish",
    "hardsilu": "hswish",
    "celu": "celu",
    "hardsigmoid": "hsigmoid",
    "exponential": "exp",
    "exp": "exp",
    "leakyrelu": "leaky_relu",
    "softplus": "softplus",
    "mish": "mish",
    "softsign": "softsign",
    "logsoftmax": "log_softmax",
    "logsigmoid": "log_sigmoid",
    "hardtanh": "hard_tanh",
    "square": "power",
    "hardshrink": "hard_shrink",
    "softshrink": "soft_shrink",
    "tanhshrink": "tanh_shrink",
    "squareplus": "squareplus",
    "erf": "erf",
    "sparseplus": "sparse_plus",
    "sparsesigmoid": "sparse_sigmoid",
    "sparsemax": "sparsemax",
    "threshold": "threshold",
    "log": "log",
    "sqrt": "sqrt",
    "abs": "abs",
    "absolute": "abs",
    "rsqrt": "power",
    "clip": "clip",
    "clipbyvalue": "clip",
    "exponentiallinearunit": "elu",
}
"""Activation functions by their names in Keras, in lower case and without underscores."""


def plain_name(name: str) -> str:
    """A function's name without its package, in lower case and without underscores."""
    return name.rsplit(">", 1)[-1].rsplit(".", 1)[-1].replace("_", "").lower()


def function_of(call: Call, given: Any, depth: int = 0) -> str | None:
    """Our name for an activation, however it is spelled: a name, a function, a class with a config. "" is
    none, None is not known.
    """
    if given is None:
        return ""
    if isinstance(given, str):
        return FUNCTIONS.get(plain_name(given))
    if not isinstance(given, dict) or depth > 3:
        raise call.fault("its activation must be a name, or a class with a config")
    config = given.get("config")
    if isinstance(config, str):  # a function: {"class_name": "function", "config": "relu6"}
        return FUNCTIONS.get(plain_name(config))
    name = str(given.get("class_name", ""))
    if isinstance(config, dict):
        if "activation" in config:
            return function_of(call, config["activation"], depth + 1)
        if plain_name(name) == "relu":
            return relu_of(Config(config, call.fault))
    return FUNCTIONS.get(plain_name(name))


def relu_of(config: Config) -> str:
    """Which of the ReLUs a ReLU layer is."""
    if config.number("negative_slope", 0) or config.number("alpha", 0):
        return "leaky_relu"
    if config.number("threshold", 0):
        return "threshold"
    if config.raw("max_value") in (None, inf):
        return "relu"
    return {6.0: "relu6", 1.0: "relu1"}.get(config.number("max_value"), "clip")
