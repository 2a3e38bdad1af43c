"""Which changes turn one design into another? Pieces matched, then an edit script grouped by what a reader would call one change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from ..engine.rules import Rules
from .units import FROM_STYLE, State, Unit, World

LARGEST_TABLE = 250_000  # cells of one alignment; larger designs are first cut at their longest common runs
LARGEST_RUNS = 4_000_000  # and what is larger still, between the common beginning and end, is not matched
ENOUGH = 2 / 3  # of the smaller design's pieces must match; if not, its middle is replaced as a whole
MANY_WIDTHS = 3  # more different changes of width than this, between files, are one scaling

ASPECTS: dict[str, dict[str, tuple[str, ...]]] = {
    "bneck": {"expansion": ("expand", "exp")},
    "conv_norm": {"width": ("out", "expand")},
    "input": {"resolution": ("h", "w"), "channels": ("c",)},
    "unknown": {"shape": ("h", "w", "c")},
    "reshape": {"shape": ("h", "w", "c")},
}
"""Fields that say one thing together, by op; every other field stands for itself."""

STYLED = tuple(("style", field) for field in FROM_STYLE)  # rows hold these already

FAMILIES = (
    ("max_pool", "avg_pool", "global_pool", "adaptive_pool"),
    ("dense", "conv"),
    ("flatten", "reshape"),
    ("conv_norm", "separable", "spatial_separable"),  # a factorisation, where the width stays
)
"""Ops that may stand for one another in the same place."""


class Change(NamedTuple):
    """One change: what of, from what, to what, of which pieces; `puts` make it, one after another."""

    kind: str  # a row of `words.SAY`
    what: str
    old: Any
    new: Any
    ids: tuple[str, ...] = ()  # pieces it is about; those that go, of a replacement or a move
    others: tuple[str, ...] = ()  # pieces that come, of a replacement or a move
    puts: tuple[Callable[[State], State], ...] = ()

    def apply(self, state: State) -> State:
        state = state._replace(units=dict(state.units))  # one copy, which the puts write to
        for put in self.puts:
            state = put(state)
        return state


class Script(NamedTuple):
    """Where the changes start, what they are, and what a piece is called on either side."""

    start: State
    changes: tuple[Change, ...]
    old_names: dict[str, str]
    new_names: dict[str, str]


# matching -------------------------------------------------------------------------------------------------------------------


def aspects(unit: Unit) -> dict[str, Any]:
    """What a piece says, each thing under one name."""
    joint = ASPECTS.get(unit.op, {})
    taken = {f for fields in joint.values() for f in fields}
    said = {name: tuple(unit.fields.get(f) for f in fields) for name, fields in joint.items()}
    return {**{k: v for k, v in unit.fields.items() if k not in taken}, **said, "role": unit.role}


def likeness(a: Unit, b: Unit) -> float:
    """How well two pieces match: equal ones far better than like ones, 0 for those that cannot be one another."""
    named = (12.0 if a.named and b.named else 1.0) * (a.id == b.id)
    if a.op != b.op:
        kin = any(a.op in f and b.op in f for f in FAMILIES) and (a.op == "conv" or a.fields.get("out") == b.fields.get("out"))
        return (1.0 if kin else 0.0) + (named if kin or (a.heavy and b.heavy and a.named) else 0.0)
    mine, theirs = aspects(a), aspects(b)
    weight, placed = (4.0 if a.heavy else 1.0), 0.0
    if a.shape is not None and b.shape is not None:
        placed = 0.25 * (a.shape.c == b.shape.c) + 0.25 * (a.shape == b.shape)
        if not a.heavy:  # a norm or an activation is like any other: where it stands says which one it is
            weight = 0.2 + 2 * placed
    if mine == theirs:
        return weight * (3 + placed) + named
    equal = sum(bool(mine[k] == theirs[k]) for k in mine if k in theirs)
    return weight * (0.25 + 0.5 * equal / len(mine) + placed) + named


def align(a: Sequence[Unit], b: Sequence[Unit]) -> list[tuple[int, int]]:
    """Pairs of places in both, in order, so that as many pieces as can be stand beside their like."""
    said = [[(u.op, aspects(u), u.shape, u.id if u.named else "") for u in units] for units in (a, b)]
    head = next((n for n, (x, y) in enumerate(zip(*said, strict=False)) if x != y), min(len(a), len(b)))
    ends = zip(*(reversed(s[head:]) for s in said), strict=False)
    tail = next((n for n, (x, y) in enumerate(ends) if x != y), min(len(a), len(b)) - head)
    pairs = [(n, n) for n in range(head)]
    pairs += [(i + head, j + head) for i, j in _align(a[head : len(a) - tail], b[head : len(b) - tail])]
    return pairs + [(len(a) - tail + n, len(b) - tail + n) for n in range(tail)]


def _align(a: Sequence[Unit], b: Sequence[Unit]) -> list[tuple[int, int]]:
    n, m = len(a), len(b)
    if n * m > LARGEST_TABLE:
        return _by_runs(a, b) if n * m <= LARGEST_RUNS else []
    kinds: dict[Any, int] = {}

    def kind(u: Unit) -> int:
        return kinds.setdefault((u.op, tuple(aspects(u).items()), u.shape, u.named), len(kinds))

    known: dict[tuple[int, int, bool], float] = {}
    kinds_a, kinds_b = [kind(u) for u in a], [kind(u) for u in b]
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    match = [[0.0] * m for _ in range(n)]
    for i in reversed(range(n)):
        row, below = best[i], best[i + 1]
        for j in reversed(range(m)):
            key = kinds_a[i], kinds_b[j], a[i].id == b[j].id
            like = known.get(key)
            if like is None:
                like = known[key] = likeness(a[i], b[j])
            match[i][j] = like
            row[j] = max(like + below[j + 1] if like else 0.0, below[j], row[j + 1])
    pairs, i, j = [], 0, 0
    while i < n and j < m:
        if match[i][j] and match[i][j] + best[i + 1][j + 1] == best[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] == best[i][j]:
            i += 1
        else:
            j += 1
    return pairs


def _by_runs(a: Sequence[Unit], b: Sequence[Unit]) -> list[tuple[int, int]]:
    """Align long designs: the longest common runs first, then what lies between them where that is small enough."""
    keys, other = ([(u.op, tuple(aspects(u).items())) for u in units] for units in (a, b))
    pairs: list[tuple[int, int]] = []
    i = j = 0
    for at, to, size in SequenceMatcher(None, keys, other, autojunk=False).get_matching_blocks():
        if (at - i) * (to - j) <= LARGEST_TABLE:
            pairs += [(i + x, j + y) for x, y in _align(a[i:at], b[j:to])]
        pairs += [(at + x, to + x) for x in range(size)]
        i, j = at + size, to + size
    return pairs


def _ends(pairs: list[tuple[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    """Keep the pairs of the common beginning and end only."""
    head = [p for k, p in enumerate(pairs) if p == (k, k)]
    tail = [p for k, p in enumerate(reversed(pairs), 1) if p == (n - k, m - k)]
    return head + [p for p in reversed(tail) if p not in head]


# edits ----------------------------------------------------------------------------------------------------------------------


def script(old: State, new: State) -> Script:
    """Write the changes that turn one design into the other, in a stable order: settings, rules, then piece by piece."""
    a, b = list(old.units.values()), list(new.units.values())
    pairs = align(a, b)
    if sum(a[i].heavy for i, _ in pairs) < ENOUGH * min(sum(u.heavy for u in units) for units in (a, b)):
        pairs = _ends(pairs, len(a), len(b))
    called = {b[j].id: a[i].id for i, j in pairs}
    taken = {u.id for u in a}
    for u in b:
        name = called.get(u.id, u.id)
        while u.id not in called and name in taken:
            name += "'"
        called[u.id] = name
        taken.add(name)
    merged = _merge(a, b, pairs)
    target = {u.id: u._replace(id=called[u.id], inputs=tuple(called.get(i, i) for i in u.inputs)) for u in b}
    by_id = {u.id: u for u in target.values()}
    order = tuple(x.id if x else target[y.id].id for x, y in merged)  # type: ignore[union-attr]
    edits = [*_world(old.world, new.world)]
    gap: list[tuple[Unit | None, Unit | None]] = []
    gaps = []
    for x, y in merged:
        if x is not None and y is not None:
            edits += _pair(x, target[y.id])
            if gap:
                gaps.append(gap)
            gap = []
        else:
            gap.append((x, y and target[y.id]))
    gaps += [gap] if gap else []
    edits += _runs([([x for x, _ in g if x], [y for _, y in g if y]) for g in gaps], old.spec is not None)
    wires = []
    previous = [dict(zip(ids[1:], ids, strict=False)) for ids in (list(old.units), list(by_id))]
    for x, y in merged:
        if x and y and (t := target[y.id]).inputs != x.inputs:
            sides = (x, old.units, by_id, previous[0]), (t, by_id, old.units, previous[1])
            both = [[_through(i, mine, others, before) for i in u.inputs] for u, mine, others, before in sides]
            what = "same" if (set(both[0]) == set(both[1]) if x.op == "add" else both[0] == both[1]) else ""
            wires.append(Change("wiring", what, None, None, (x.id,), (), (_wire(x.id, t.inputs),)))
    places = {name: n for n, name in enumerate(order)}
    changes = sorted(_grouped(edits, old.spec is None), key=lambda c: _place(c, places))
    return Script(
        old._replace(order=order),
        (*changes, *_grouped(wires, False)),
        {u.id: u.id for u in a},
        {called[u.id]: u.id for u in b},
    )


def _through(id_: str, mine: Mapping[str, Unit], others: Mapping[str, Unit], before: Mapping[str, str]) -> str:
    """Go back past light layers that only this side has: a sum behind a norm reads what the norm reads."""
    while id_ in mine and id_ not in others and not mine[id_].heavy and len(mine[id_].inputs) < 2:
        back = mine[id_].inputs[0] if mine[id_].inputs else before.get(id_)
        if back is None:
            break
        id_ = back
    return id_


def _place(change: Change, places: dict[str, int]) -> int:
    """Settings and rules first, then by the first piece concerned."""
    found = [places[i] for i in (*change.ids, *change.others) if i in places]
    return min(found) if found and change.kind not in ("setting", "rule") else -1


def _merge(a: Sequence[Unit], b: Sequence[Unit], pairs: list[tuple[int, int]]) -> list[tuple[Unit | None, Unit | None]]:
    out: list[tuple[Unit | None, Unit | None]] = []
    i = j = 0
    for x, y in [*pairs, (len(a), len(b))]:
        out += [(u, None) for u in a[i:x]]
        out += [(None, u) for u in b[j:y]]
        if x < len(a):
            out.append((a[x], b[y]))
        i, j = x + 1, y + 1
    return out


def _set(field: str, value: Any) -> Callable[[State], State]:
    return lambda s: s._replace(world=s.world._replace(**{field: value}))


def _rule(path: tuple[str, ...], value: Any) -> Callable[[State], State]:
    return lambda s: s._replace(world=s.world._replace(rules=_put(s.world.rules, path, value)))


def _field(id_: str, fields: dict[str, Any], role: str | None = None) -> Callable[[State], State]:
    def put(s: State) -> State:
        unit = s.units[id_]
        return _lay(unit._replace(fields={**unit.fields, **fields}, role=unit.role if role is None else role))(s)

    return put


def _swap(unit: Unit) -> Callable[[State], State]:
    """Make another op of a piece, which keeps the fields that both have."""

    def put(s: State) -> State:
        was = s.units[unit.id]
        fields = {**unit.fields, **{k: v for k, v in was.fields.items() if k in unit.fields}}
        return _lay(was._replace(op=unit.op, fields=fields))(s)

    return put


def _wire(id_: str, inputs: tuple[str, ...]) -> Callable[[State], State]:
    return lambda s: _lay(s.units[id_]._replace(inputs=inputs))(s)


def _lay(unit: Unit) -> Callable[[State], State]:
    def put(s: State) -> State:
        s.units[unit.id] = unit
        return s

    return put


def _lift(id_: str) -> Callable[[State], State]:
    def put(s: State) -> State:
        del s.units[id_]
        return s

    return put


def _put(tree: Any, path: tuple[str, ...], value: Any) -> Any:
    """Replace one leaf of nested rules; a tuple of pairs is a table by its first halves."""
    if not path:
        return value
    if hasattr(tree, "_replace"):
        return tree._replace(**{path[0]: _put(getattr(tree, path[0]), path[1:], value)})
    return tuple((k, _put(v, path[1:], value) if k == path[0] else v) for k, v in tree)


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(tree, "_asdict"):
        for key, value in tree._asdict().items():
            yield from _leaves(value, (*path, key))
    elif path == ("roles",):
        for key, value in tree:
            yield from _leaves(value, (*path, key))
    else:
        yield path, tree


def _world(old: World, new: World) -> Iterator[Change]:
    for field in ("resolution", "channels", "alpha", "classes", "batch"):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield Change("setting", field, was, now, puts=(_set(field, now),))
    yield from _rules(old.rules, new.rules)


def _rules(old: Rules, new: Rules) -> Iterator[Change]:
    before = dict(_leaves(old))
    for path, now in _leaves(new):
        if before.get(path) != now and path not in STYLED:
            # a role's rule follows the design's own unless it says otherwise: one change of both is one change
            what = path[-1] if {"widths", "width", "roles"} & set(path) else ".".join(path)
            yield Change(
                "written" if path[0] == "written" else "rule", what, before.get(path), now, (".".join(path),), (), (_rule(path, now),)
            )


def _pair(x: Unit, y: Unit) -> Iterator[Change]:
    """The changes between two matched pieces."""
    if x.op != y.op:
        kept = {k: v for k, v in x.fields.items() if k in y.fields}  # what else differs is another change
        x, word = y._replace(fields={**y.fields, **kept}, inputs=x.inputs, role=x.role), x.op
        yield Change("op", "", word, y.op, (x.id,), (), (_swap(x),))
    mine, theirs = aspects(x), aspects(y)
    for name in {**mine, **theirs}:
        was, now = mine.get(name), theirs.get(name)
        if was == now:
            continue
        fields = ASPECTS.get(x.op, {}).get(name, (name,))
        kind = "written" if name == "written" else "norm form" if x.op == "norm" else "field"
        put = _field(x.id, {}, y.role) if name == "role" else _field(x.id, {f: y.fields.get(f) for f in fields})
        yield Change(kind, name, was, now, (x.id,), (), (put,))


def _runs(gaps: list[tuple[list[Unit], list[Unit]]], by_row: bool) -> Iterator[Change]:
    """The changes of pieces that only one side has: moved, replaced, added, removed."""
    gone = [(n, u) for n, (olds, _) in enumerate(gaps) for u in olds if u.heavy and by_row]
    moved: dict[tuple[int, int], list[tuple[Unit, Unit]]] = {}
    for m, (_, news) in enumerate(gaps):
        for y in news:
            found = next(((n, x) for n, x in gone if n != m and x.op == y.op and aspects(x) == aspects(y)), None)
            if found:
                gone.remove(found)
                moved.setdefault((found[0], m), []).append((found[1], y))
    for both in moved.values():
        puts = tuple(put for x, y in both for put in (_lift(x.id), _lay(y)))
        yield Change("moved", both[0][0].id, None, None, tuple(x.id for x, _ in both), tuple(y.id for _, y in both), puts)
    done = {u.id for both in moved.values() for pair in both for u in pair}
    for n, gap in enumerate(gaps):
        olds, news = ([u for u in side if u.id not in done] for side in gap)
        for kind, units in (("removed", olds), ("added", news)):
            if units and not any(u.heavy for u in units):  # these ride along everywhere: one change for all of a sort
                for u in units:
                    put = _lay(u) if kind == "added" else _lift(u.id)
                    yield Change(kind, u.op, u.fields.get("function"), None, (u.id,), (), (put,))
                units.clear()
        if olds or news:
            kind = "replaced" if olds and news else "removed" if olds else "added"
            puts = (*(_lift(u.id) for u in olds), *(_lay(u) for u in news))
            ids = tuple(u.id for u in (olds or news)), tuple(u.id for u in (news if olds else ()))
            # what every block got or lost, layer by layer, is one change
            what = f"run {n}" if by_row or kind == "replaced" else " ".join(u.op for u in olds or news)
            yield Change(kind, what, None, None, *ids, puts)


def _grouped(edits: list[Change], between_files: bool) -> list[Change]:
    """Join what a reader calls one change: the same thing of several pieces, a stride that moved, a scaling of all widths."""
    groups: dict[Any, list[Change]] = {}
    widths = {(e.old, e.new) for e in edits if e.kind == "field" and e.what == "out"}
    scaled = between_files and len(widths) > MANY_WIDTHS
    for e in _strides(edits):
        if e.what in ("padding", "pad"):
            e = e._replace(kind="padding", what="", old=None, new=None)
        if e.kind == "norm form" or (e.kind in ("added", "removed") and e.what == "scale"):
            e = e._replace(kind="norm form", what="", old=None, new=None)
        if scaled and e.kind == "field" and e.what in ("out", "groups"):
            e = e._replace(kind="widths", what="", old=None, new=None)
        groups.setdefault((e.kind, e.what, _key(e.old), _key(e.new)), []).append(e)
    return [
        group[0]._replace(
            ids=tuple(i for e in group for i in e.ids),
            others=tuple(i for e in group for i in e.others),
            puts=tuple(p for e in group for p in e.puts),
        )
        for group in groups.values()
    ]


def _key(value: Any) -> Any:
    return (value.__class__.__name__, value)  # 1, 1.0 and True are three values


def _strides(edits: list[Change]) -> list[Change]:
    """Pair a stride that one piece loses with the same stride that another gains, the nearest first."""
    out = list(edits)
    lost = [e for e in edits if e.kind == "field" and e.what == "stride" and e.new == 1]
    for loss in lost:
        at = edits.index(loss)
        gains = [e for e in out if e.kind == "field" and e.what == "stride" and e.old == 1 and e.new == loss.old]
        if gains:
            gain = min(gains, key=lambda e: abs(edits.index(e) - at))
            moved = Change("stride moved", loss.ids[0], loss.old, gain.ids[0], loss.ids, gain.ids, (*loss.puts, *gain.puts))
            out[out.index(loss)] = moved
            out.remove(gain)
    return out
