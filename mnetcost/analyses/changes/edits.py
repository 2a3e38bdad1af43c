"""Which changes turn one design into another?

Pieces matched, then an edit script grouped by what a reader would call one change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...engine.ops import Norm
from ...engine.rules import Rules
from ...errors import ShapeError
from ...records import NamedTuple
from .matching import VIEWS, Pairs, aspects, interchangeable, match
from .order import arranged, inputs_of
from .units import FROM_STYLE, State, Unit, World

ONE_SIDED = ("added", "removed", "replaced")  # changes of pieces that only one side has
MANY_WIDTHS = 3  # more different changes of width than this, between files, are one scaling


class Change(NamedTuple):
    """One change: what of, from what, to what, of which pieces; `puts` make it, one after another."""

    kind: str  # a row of `words.TEXTS`
    what: str
    old: Any
    new: Any
    ids: tuple[str, ...] = ()  # pieces it is about; those that go, of a replacement or a move
    others: tuple[str, ...] = ()  # pieces that come, of a replacement or a move
    puts: tuple[Callable[[State], State], ...] = ()

    def apply(self, state: State) -> State:
        """Return the state with this change made; the given one is left as it is."""
        state = state._replace(units=dict(state.units))  # one copy, which the puts write to
        for put in self.puts:
            state = put(state)
        return state


class Script(NamedTuple):
    """Where the changes start and end, what they are, and what a piece is called on either side."""

    start: State
    end: State
    changes: tuple[Change, ...]
    old_names: dict[str, str]
    new_names: dict[str, str]


def script(old: State, new: State) -> Script:
    """Find the changes that turn one design into the other: of the scripts that several ways of matching
    give, the shortest.

    Where pieces differ, the new design may only list its branches in another order: it is then read in the
    old one's as well.
    """
    a, b = list(old.units.values()), list(new.units.values())
    ways: dict[Pairs, None] = dict.fromkeys(match(a, b, view) for view in VIEWS)
    best = min((write(old, new, a, b, pairs) for pairs in ways), key=length)
    if not any(u.inputs for u in b) or all(c.kind in ("setting", "rule", "written") for c in best.changes):
        return best  # a chain has one order only; and where no piece differs, the order is the same
    other, pairs = arranged(old, new)
    return (
        best
        if other is new
        else min(best, write(old, other, a, list(other.units.values()), pairs), key=length)
    )


def length(found: Script) -> int:
    """How much a reader has to read: every change, and of what only one side has, every piece."""
    return sum(
        (c.kind != "wiring" or not c.what) + (len(c.ids) + len(c.others)) * (c.kind in ONE_SIDED)
        for c in found.changes
    )


def write(old: State, new: State, a: Sequence[Unit], b: Sequence[Unit], pairs: Pairs) -> Script:
    """Write the changes in a stable order: settings, rules, then piece by piece."""
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
    order = tuple(x.id if x else target[y.id].id for x, y in merged)  # type: ignore[union-attr]
    edits = [*_world(old.world, new.world, _held([*a, *b]))]
    gaps: list[tuple[list[Unit], list[Unit]]] = [([], [])]
    for x, y in merged:
        if x and y:
            edits += _pair(x, target[y.id])
            gaps.append(([], []))
        elif x:
            gaps[-1][0].append(x)
        elif y:
            gaps[-1][1].append(target[y.id])
    edits += _runs([gap for gap in gaps if any(gap)], old.spec is not None)
    places = {name: n for n, name in enumerate(order)}
    grouped = _grouped(edits, old.spec is None)
    for kind, bias in (("removed", True), ("added", False)):
        grouped = _folded(grouped, kind, bias, places)
    changes = sorted(grouped, key=lambda c: _place(c, places))
    return Script(
        old._replace(order=order),
        new,
        (
            *changes,
            *_grouped(list(_wires(old, new._replace(units={u.id: u for u in target.values()}))), False),
        ),
        {u.id: u.id for u in a},
        {called[u.id]: u.id for u in b},
    )


def _wires(start: State, end: State) -> Iterator[Change]:
    """The changes of what a piece reads; "same" where only attached layers came or went between."""
    old, new = start.units, end.units
    reads = inputs_of(start), inputs_of(end)
    before = [dict(zip([*units][1:], units, strict=False)) for units in (old, new)]
    for id_, x in old.items():
        if id_ in new and (y := new[id_]).inputs != x.inputs:
            mine = [_through(i, old, new, before[0]) for i in reads[0][id_]]
            theirs = [_through(i, new, old, before[1]) for i in reads[1][id_]]
            same = set(mine) == set(theirs) if x.cls.commutes else mine == theirs
            yield Change("wiring", "same" if same else "", None, None, (id_,), (), (_wire(id_, y.inputs),))


def _through(
    id_: str, mine: Mapping[str, Unit], others: Mapping[str, Unit], before: Mapping[str, str]
) -> str:
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


def _merge(a: Sequence[Unit], b: Sequence[Unit], pairs: Pairs) -> list[tuple[Unit | None, Unit | None]]:
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
        if s.spec and fields.keys() - unit.fields.keys():
            raise ShapeError("a row of another op, which has no such field yet")
        return _insert(
            unit._replace(fields={**unit.fields, **fields}, role=unit.role if role is None else role)
        )(s)

    return put


def _swap(unit: Unit, kept: tuple[str, ...]) -> Callable[[State], State]:
    """Make another op of a piece, which keeps some fields as they are by then."""

    def put(s: State) -> State:
        was = s.units[unit.id]
        fields = {**unit.fields, **{k: was.fields[k] for k in kept}}
        return _insert(was._replace(op=unit.op, fields=fields, own=unit.own))(s)

    return put


def _wire(id_: str, inputs: tuple[str, ...]) -> Callable[[State], State]:
    return lambda s: _insert(s.units[id_]._replace(inputs=inputs))(s)


def _insert(unit: Unit) -> Callable[[State], State]:
    def put(s: State) -> State:
        s.units[unit.id] = unit
        return s

    return put


def _remove(id_: str) -> Callable[[State], State]:
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


def _held(units: Sequence[Unit]) -> set[tuple[str, ...]]:
    """Return the [style] keys that every block has as a field: a difference is then one of the blocks."""
    blocks = [u for u in units if u.is_block]
    return {("style", field) for field in FROM_STYLE if all(field in u.fields for u in blocks)}


def _world(old: World, new: World, held: set[tuple[str, ...]]) -> Iterator[Change]:
    for field in ("resolution", "channels", "alpha", "classes", "batch"):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield Change("setting", field, was, now, puts=(_set(field, now),))
    yield from _rules(old.rules, new.rules, held)


def _rules(old: Rules, new: Rules, held: set[tuple[str, ...]]) -> Iterator[Change]:
    before = dict(_leaves(old))
    for path, now in _leaves(new):
        if before.get(path) != now and path not in held:
            # a role uses the design's rule unless it has another: a change of both is one change
            what = path[-1] if {"widths", "width", "roles"} & set(path) else ".".join(path)
            yield Change(
                "written" if path[0] == "written" else "rule",
                what,
                before.get(path),
                now,
                (".".join(path),),
                (),
                (_rule(path, now),),
            )


def _pair(x: Unit, y: Unit) -> Iterator[Change]:
    """The changes between two matched pieces."""
    if x.op != y.op:
        # fields that mean the same; how they differ is another change
        alike = tuple(x.fields) if interchangeable(x, y) else ("out", "bias")
        kept = {k: x.fields[k] for k in alike if k in y.fields and x.fields.get(k) is not None}
        x, word = y._replace(fields={**y.fields, **kept}, inputs=x.inputs, role=x.role), x.op
        yield Change("op", "", word, y.op, (x.id,), (), (_swap(x, tuple(kept)),))
    mine, theirs = aspects(x), aspects(y)
    for name in {**mine, **theirs}:
        was, now = mine.get(name), theirs.get(name)
        if was == now:
            continue
        fields = x.cls.together.get(name, (name,))
        kind = "written" if name == "written" else "norm form" if x.cls is Norm else "field"
        put = (
            _field(x.id, {}, y.role) if name == "role" else _field(x.id, {f: y.fields.get(f) for f in fields})
        )
        yield Change(kind, name, was, now, (x.id,), (), (put,))


Gap = tuple[list[Unit], list[Unit]]  # pieces between two matched ones: the old design's, the new one's
Moves = dict[tuple[int, int], list[tuple[Unit, Unit]]]  # by the gaps they leave and enter


def _runs(gaps: list[Gap], by_row: bool) -> Iterator[Change]:
    """The changes of pieces that only one side has: moved, replaced, added, removed."""
    moves = _moves(gaps) if by_row else {}
    yield from map(_moved, moves.values())
    done = {u.id for pairs in moves.values() for pair in pairs for u in pair}
    for n, gap in enumerate(gaps):
        olds, news = ([u for u in side if u.id not in done] for side in gap)
        if olds and not any(u.heavy for u in olds):
            yield from (_attached("removed", u) for u in olds)
            olds = []
        if news and not any(u.heavy for u in news):
            yield from (_attached("added", u) for u in news)
            news = []
        if olds or news:
            yield _run(olds, news, f"run {n}" if by_row else "")


def _moves(gaps: list[Gap]) -> Moves:
    """Find pieces that left one gap and stand in another, changed in nothing."""
    gone = [(n, u) for n, (olds, _) in enumerate(gaps) for u in olds if u.heavy]
    moves: Moves = {}
    for m, (_, news) in enumerate(gaps):
        for y in news:
            same = ((n, x) for n, x in gone if n != m and x.op == y.op and aspects(x) == aspects(y))
            if found := next(same, None):
                gone.remove(found)
                moves.setdefault((found[0], m), []).append((found[1], y))
    return moves


def _moved(pairs: list[tuple[Unit, Unit]]) -> Change:
    """One change of all pieces that moved from one gap to another."""
    ids, others = tuple(x.id for x, _ in pairs), tuple(y.id for _, y in pairs)
    puts = tuple(put for x, y in pairs for put in (_remove(x.id), _insert(y)))
    return Change("moved", ids[0], None, None, ids, others, puts)


def _attached(kind: str, unit: Unit) -> Change:
    """One attached layer that came or went; `_grouped` joins those of one op to one change."""
    put = _insert(unit) if kind == "added" else _remove(unit.id)
    return Change(kind, unit.op, unit.fields.get("function"), None, (unit.id,), (), (put,))


def _run(olds: list[Unit], news: list[Unit], what: str) -> Change:
    """One change of a whole run of pieces: replaced where both sides have some, or else removed or added.

    what: changes that say the same are joined; where it is empty, that is runs of the same ops, such as what
    every block got or lost, layer by layer.
    """
    kind = "replaced" if olds and news else "removed" if olds else "added"
    puts = (*(_remove(u.id) for u in olds), *(_insert(u) for u in news))
    if not what:
        what = f"run {(olds or news)[0].id}" if kind == "replaced" else " ".join(u.op for u in olds or news)
    ids = tuple(u.id for u in olds or news)
    return Change(kind, what, None, None, ids, tuple(u.id for u in news) if olds else (), puts)


def _grouped(edits: list[Change], between_files: bool) -> list[Change]:
    """Join what a reader calls one change: the same thing of several pieces, a stride that moved, a
    scaling of all widths.
    """
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


def _folded(changes: list[Change], kind: str, bias: bool, places: Mapping[str, int]) -> list[Change]:
    """Join norms gone with biases come right before them, or the other way round: a file has its norms
    folded into its convolutions.
    """
    norms = next((c for c in changes if c.kind == kind and c.what == "norm"), None)
    biases = next(
        (c for c in changes if (c.kind, c.what, c.old, c.new) == ("field", "bias", not bias, bias)), None
    )
    if norms and biases and {places[i] for i in norms.ids} == {places[i] + 1 for i in biases.ids}:
        changes[changes.index(biases)] = Change(
            "folded", "", not bias, bias, biases.ids, norms.ids, biases.puts + norms.puts
        )
        changes.remove(norms)
    return changes


def _key(value: Any) -> Any:
    return (value.__class__.__name__, value)  # 1, 1.0 and True are three values


def _strides(edits: list[Change]) -> list[Change]:
    """Pair a stride that one piece loses with the same stride that another gains, the nearest first."""
    out = list(edits)
    lost = [e for e in edits if e.kind == "field" and e.what == "stride" and e.new == 1]
    for loss in lost:
        at = edits.index(loss)
        gains = [
            e for e in out if e.kind == "field" and e.what == "stride" and e.old == 1 and e.new == loss.old
        ]
        if gains:
            gain = min(gains, key=lambda e: abs(edits.index(e) - at))
            moved = Change(
                "stride moved",
                loss.ids[0],
                loss.old,
                gain.ids[0],
                loss.ids,
                gain.ids,
                (*loss.puts, *gain.puts),
            )
            out[out.index(loss)] = moved
            out.remove(gain)
    return out
