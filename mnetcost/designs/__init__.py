"""What can become a Graph? A design's name or file, with its settings, loaded as a `Design`."""

from .loading import (
    SETTINGS,
    adjusted,
    find_spec,
    load,
    load_spec,
    read_multiplier,
    read_resolution,
    read_whole,
    split_design,
)
from .settings import Design, Settings

__all__ = [
    "SETTINGS",
    "Design",
    "Settings",
    "adjusted",
    "find_spec",
    "load",
    "load_spec",
    "read_multiplier",
    "read_resolution",
    "read_whole",
    "split_design",
]
