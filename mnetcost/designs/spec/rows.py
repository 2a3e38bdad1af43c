"""Is a row written right? Its op, its keys, and the rows it reads, checked into a `Row`."""

from __future__ import annotations

from typing import Any

from ...engine.fields import ACTIVATIONS
from ...engine.ops import SEVERAL_INPUTS
from ..places import spelled
from ..reading import Table, shown
from ..sorts import SORTS
from .language import EITHER, ROW_KEYS, VOCABULARY, op_keys
from .values import Row


def row_tables(table: Table, key: str) -> list[Table]:
    """The tables of a list of rows: `layers`, `top`, or what a change puts before or after a row."""
    rows, found = table.values[key], []
    if not isinstance(rows, list):
        table.fault(
            f"'{key}' must be a list of rows, each {{ op = ..., ... }}, not {shown(rows)}",
            key=key,
        )
        return []
    for n, row in enumerate(rows):
        spot = table.at(key).at(n)
        if isinstance(row, dict):
            found.append(Table(table.reading, spot, row))
        else:
            message = f'a row must be a table such as {{ op = "conv", out = 8 }}, not {shown(row)}'
            table.reading.fault(spot, message)
    return found


def read_row(row: Table) -> Row | None:
    """Check a row against its op; None where it names none. What is wrong is kept as faults."""
    op = row.values.get("op")
    if not isinstance(op, str) or op not in VOCABULARY:
        _unknown_op(row, op)
        return None
    fields, common = _values(row, op)
    _check_needed(row, op)
    inputs, repeat = common.get("from") or (), common.get("repeat", 1)
    _check_inputs(row, op, inputs, repeat)
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
    )


def _unknown_op(row: Table, op: object) -> None:
    from ..synonyms import means, op_hint

    if op is None:
        other = next((key for key in row.values if means(key, "keys", ["op"])), None)
        hint = f"did you mean 'op' where it says '{other}'?" if other else 'such as op = "conv_norm"'
        row.fault("a row must name its op", hint)
    else:
        row.fault(f"there is no op {shown(op)}", op_hint(op, VOCABULARY, ACTIVATIONS), key="op")


def _values(row: Table, op: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read every key of a row: the op's fields, and what every row may say."""
    fields: dict[str, Any] = {}
    common: dict[str, Any] = {}
    for key in row.values:
        if key in op_keys(op):
            fields[key] = row.read(key, SORTS[op_keys(op)[key]].read)
        elif key in ROW_KEYS:
            common[key] = row.read(key, SORTS[ROW_KEYS[key]].read)
        else:
            from ..synonyms import key_hint

            elsewhere = {word: op_keys(word) for word in VOCABULARY}
            row.fault(f"{op} takes no '{key}'", key_hint(key, [*op_keys(op), *ROW_KEYS], elsewhere), key=key)
    return fields, common


def _check_needed(row: Table, op: str) -> None:
    """Check that a row has the keys its op cannot do without."""
    defaults = VOCABULARY[op]._field_defaults
    for key in op_keys(op):
        if key not in defaults and key not in row.values:
            row.fault(f"{op} needs '{key}'")
    if op in EITHER:
        ways, needed = EITHER[op]
        used = [way for way in ways if any(key in row.values for key in way)]
        whole = all(key in row.values or defaults[key] is not None for way in used for key in way)
        if len(used) > 1 or (needed and not used) or not whole:
            words = " or ".join(" and ".join(f"'{key}'" for key in way) for way in ways)
            row.fault(f"{op} {'needs' if needed else 'takes'} either {words}")


def _check_inputs(row: Table, op: str, inputs: tuple[str, ...], repeat: int) -> None:
    """Check that a row names as many rows as its op reads."""
    if op not in SEVERAL_INPUTS:
        if len(inputs) > 1:
            several = ", ".join(SEVERAL_INPUTS)
            row.fault(f"{op} reads one row, not {len(inputs)}", f"several are read by {several}", key="from")
        return
    many = SEVERAL_INPUTS[op]
    if len(inputs) < 2 or (many and len(inputs) != many):
        row.fault(
            f"{op} must say which {many or 'two or more'} rows it reads",
            'such as from = ["one row", "another"]',
            key="from" if "from" in row.values else "",
        )
    elif repeat != 1:
        row.fault(f"{op} joins rows once and takes no 'repeat'", key="repeat")
