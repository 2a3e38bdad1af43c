"""Is a row written right? Its op, its keys, and the rows it reads, checked into a `Row`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...engine.fields import ACTIVATIONS
from ...engine.ops import SEVERAL_INPUTS
from ..places import spelled
from ..reading import Table, shown
from ..sorts import SORTS, sorts_of
from .choices import read_choice
from .language import ROW_KEYS, SPACE_KEYS, Vocabulary
from .values import Row

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass


def read_row(row: Table, words: Vocabulary) -> Row | None:
    """Check a row against its op; None where it names none. What is wrong is kept as faults."""
    if "any" in row.values:
        from .spaces import read_any

        return read_any(row, words, read_row)
    op = row.values.get("op")
    if not isinstance(op, str) or op not in words:
        unknown_op(row, op, words)
        return None
    fields, common = _values(row, op, words)
    cls = words[op]
    check_needed(row, op, cls)
    inputs, repeat = common.get("from") or (), common.get("repeat") or 0
    check_reads(row, op, cls.reads, inputs, repeat)
    optional, per = common.get("optional") is True, common.get("per") or ""
    if optional or per:
        from .spaces import check_copies

        check_copies(row, optional, per, repeat)
    return Row(
        op,
        fields,
        common.get("name") or "",
        inputs,
        repeat,
        common.get("role") or "",
        common.get("why") or "",
        row.spot.file,
        spelled(row.spot.path),
        common.get("shared") is True,
        common.get("weights") or "",
        optional,
        per,
    )


def unknown_op(row: Table, op: object, words: Vocabulary) -> None:
    """Keep a fault about a row whose op is missing or unknown, with the op that was meant."""
    from ..synonyms import means, op_hint

    if op is None:
        other = next((key for key in row.values if means(key, "keys", ["op"])), None)
        hint = f"did you mean 'op' where it says '{other}'?" if other else 'such as op = "conv_norm"'
        row.fault("a row must name its op", hint)
    else:
        row.fault(f"there is no op {shown(op)}", op_hint(op, words, ACTIVATIONS), key="op")


def unknown_key(row: Table, key: str, op: str, words: Vocabulary) -> None:
    """Keep a fault about a key that rows of this op do not take, with the one that was meant."""
    from ..synonyms import key_hint

    hint = key_hint(
        key, [*words.keys_of(op), *ROW_KEYS, *SPACE_KEYS], {word: words.keys_of(word) for word in words}
    )
    row.fault(f"{op} takes no '{key}'", hint, key=key)


def _values(row: Table, op: str, words: Vocabulary) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read every key of a row: the op's fields, and what every row may say."""
    fields: dict[str, Any] = {}
    common: dict[str, Any] = {}
    known = words.keys_of(op)
    for key, value in row.values.items():
        choice = value.__class__ is dict
        if key in known:
            read = words.reader(op, key)
            fields[key] = row.read(key, read_choice(read, known[key]) if choice else read)
        elif sort := ROW_KEYS.get(key) or SPACE_KEYS.get(key):
            read = SORTS[sort].read
            common[key] = row.read(key, read_choice(read, sort) if choice and key == "repeat" else read)
        else:
            unknown_key(row, key, op, words)
    return fields, common


def check_needed(row: Table, op: str, cls: OpClass) -> None:
    """Check that a row has the keys its op cannot do without."""
    for key in sorts_of(cls):
        if key not in cls._field_defaults and key not in row.values:
            row.fault(f"{op} needs '{key}'")
    if cls.either:
        ways, needed = cls.either
        used = [way for way in ways if any(key in row.values for key in way)]
        whole = all(key in row.values or cls._field_defaults[key] is not None for way in used for key in way)
        if len(used) > 1 or (needed and not used) or not whole:
            words = " or ".join(" and ".join(f"'{key}'" for key in way) for way in ways)
            row.fault(f"{op} {'needs' if needed else 'takes'} either {words}")


def check_reads(row: Table, op: str, many: int, inputs: tuple[str, ...], repeat: Any) -> None:
    """Check that a row names as many rows as its op reads: `many`, or 0 for two or more."""
    if many == 1:
        if len(inputs) > 1:
            several = ", ".join(SEVERAL_INPUTS)
            row.fault(f"{op} reads one row, not {len(inputs)}", f"several are read by {several}", key="from")
        return
    if len(inputs) < 2 or (many and len(inputs) != many):
        row.fault(
            f"{op} must say which {many or 'two or more'} rows it reads",
            'such as from = ["one row", "another"]',
            key="from" if "from" in row.values else "",
        )
    elif repeat.__class__ is not int or repeat > 1:
        row.fault(f"{op} joins rows once and takes no 'repeat'", key="repeat")
