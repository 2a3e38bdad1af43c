"""What does a spec say? Strict reading of TOML into a frozen `Spec`, all its mistakes found in one run."""

from .draft import ParentOf
from .language import EITHER, ROW_KEYS, TABLES, TOP_KEYS, WIDTH_KEYS, rule_keys
from .read import read_spec
from .values import Block, Row, Spec
from .words import VOCABULARY, vocabulary

__all__ = [
    "EITHER",
    "ROW_KEYS",
    "TABLES",
    "TOP_KEYS",
    "VOCABULARY",
    "WIDTH_KEYS",
    "Block",
    "ParentOf",
    "Row",
    "Spec",
    "read_spec",
    "rule_keys",
    "vocabulary",
]
