"""Which small changes do people and implementations make to a design?

An edit has points: 1 for a very common change (another number of classes), 2 for a less common one, 3 for
another implementation as a whole. Two edits with the same key exclude each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...designs import Design, Settings, find_spec
from ...designs.shipped import shipped
from ...designs.spec import Row, Spec
from ...engine.rules import Rules
from ...engine.terms import WRITTEN
from ...engine.widths import WidthRule
from ...records import NamedTuple

HEADS = (1024, 1280)
IMAGENET = (1000, 1001)
EVERYDAY = (1, 2, 10, 100, *IMAGENET)
"""Class counts that cost one point; any other costs two, and one past MANY_CLASSES four."""
MANY_CLASSES, MOST_CLASSES = 1000, 22_000  # ImageNet-21k has 21,843
SIZES = (96, 128, 160, 192, 224, 240, 256, 288, 299, 300, 320, 416, 512, 640)
BATCHES = (2, 4, 8, 16, 32, 64, 128)
WORK_ONLY = ("resolution", "batch", "stride", "written", "activation", "softmax")
"""Keys of edits that do not change the number of parameters."""

State = tuple[Spec, Settings]


class Edit(NamedTuple):
    """A change that somebody may have made to a design."""

    key: str
    words: str
    points: int
    apply: Callable[[Spec, Settings], State]
    alone: bool = False  # goes with no other edit
    without: str = ""  # a place that is left out of the count and stays in the network
    classes: int = 0  # the number of classes that it puts in place of the design's


def of_spec(change: Callable[[Spec], Spec]) -> Callable[[Spec, Settings], State]:
    """Make an edit of the spec alone, which leaves the settings as they are."""
    return lambda spec, settings: (change(spec), settings)


def of_rules(table: str, **put: Any) -> Callable[[Spec, Settings], State]:
    """Set values in one table of rules."""

    def change(spec: Spec) -> Spec:
        return spec._replace(rules=spec.rules._replace(**{table: getattr(spec.rules, table)._replace(**put)}))

    return of_spec(change)


def of_roles(roles: tuple[tuple[str, WidthRule], ...]) -> Callable[[Spec, Settings], State]:
    """Replace the width rules of the roles."""
    return of_spec(lambda spec: spec._replace(rules=spec.rules._replace(roles=roles)))


def of_all_rules(rules: Rules) -> Callable[[Spec, Settings], State]:
    """Replace every rule."""
    return of_spec(lambda spec: spec._replace(rules=rules))


def as_built(other: Spec) -> Callable[[Spec, Settings], State]:
    """Replace the whole spec with that of another build of the design."""
    return of_spec(lambda _: other)


def of_settings(**put: Any) -> Callable[[Spec, Settings], State]:
    """Set values in the settings, which leaves the spec as it is."""
    return lambda spec, settings: (spec, settings._replace(**put))


def of_rows(change: Callable[[Row], Row | None]) -> Callable[[Spec, Settings], State]:
    """Change each row, or drop it where `change` returns None."""

    def rows(old: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(new for row in old if (new := change(row)) is not None)

    return of_spec(lambda spec: spec._replace(layers=rows(spec.layers), top=rows(spec.top)))


def of_fields(chosen: Callable[[Row], bool], **put: Any) -> Callable[[Spec, Settings], State]:
    """Set fields of the rows that `chosen` picks."""
    return of_rows(lambda row: with_fields(row, **put) if chosen(row) else row)


def of_strides(changes: Mapping[int, int]) -> Callable[[Spec, Settings], State]:
    """Set the strides of rows, by their numbers."""

    def change(spec: Spec) -> Spec:
        rows = enumerate(spec.layers)
        return spec._replace(
            layers=tuple(with_fields(row, stride=changes[n]) if n in changes else row for n, row in rows)
        )

    return of_spec(change)


def with_fields(row: Row, **put: Any) -> Row:
    """Return a copy of the row with these fields set."""
    return row._replace(fields={**row.fields, **put})


def edits_of(design: Design) -> list[Edit]:
    """All edits that make sense for a design; none for a model file."""
    spec = design.spec
    return [] if spec is None else [edit for find in FINDERS for edit in find(spec, design)]


def _expansion(spec: Spec, design: Design) -> Iterator[Edit]:
    blocks = [row for row in spec.layers if row.op == "bneck"]
    if blocks:
        if spec.rules.expansion.when != "always":
            # V2's table says t = 1, V3's says no t
            points = 1 if any(row.fields.get("expand") == 1 for row in blocks) else 2
            yield Edit(
                "expansion",
                "a 1x1 expansion in every block, t = 1 too",
                points,
                of_rules("expansion", when="always"),
            )
        else:
            yield Edit("expansion", "no 1x1 expansion where t = 1", 1, of_rules("expansion", when="ratio"))


def _stem(spec: Spec, design: Design) -> Iterator[Edit]:
    first = design.graph.nodes[1]
    yield Edit("stem", f"the first layer ({first.place}) not counted", 2, of_settings(), without=first.place)


def _head(spec: Spec, design: Design) -> Iterator[Edit]:
    for row in (*spec.layers, *spec.top):
        if row.role != "head":
            continue
        for out in HEADS:
            if row.fields.get("out") in HEADS and row.fields["out"] != out:
                words = f"a head of {out:,} channels instead of {row.fields['out']:,}"
                yield Edit("head", words, 1, of_fields(lambda r: r.role == "head", out=out))
        if design.alpha != 1:
            now = spec.rules.width("head")
            for scale, words in (("scaled", "scales with alpha"), ("fixed", "does not scale with alpha")):
                if now.scale != scale:
                    roles = tuple(
                        (role, rule._replace(scale=scale) if role == "head" else rule)
                        for role, rule in spec.rules.roles
                    )
                    yield Edit("head", f"a head that {words}", 2, of_roles(roles))


def _stride_on(spec: Spec, design: Design) -> Iterator[Edit]:
    blocks = [row for row in spec.layers if row.op == "residual"]
    if blocks:
        first = all(row.fields.get("stride_on") == "first" for row in blocks)
        put_on, words = ("spatial", "3x3") if first else ("first", "first 1x1")
        change = of_fields(lambda r: r.op == "residual", stride_on=put_on)
        yield Edit("stride", f"each stage's stride on its {words}", 1, change)


def _stride(spec: Spec, design: Design) -> Iterator[Edit]:
    rows = enumerate(spec.layers)
    strides = {n: r.fields.get("stride", 1) for n, r in rows if r.op in ("bneck", "separable", "residual")}
    for n, stride in strides.items():
        for to, where in ((n + 1, "later"), (n - 1, "earlier")):
            if stride == 2 and strides.get(to) == 1:
                words = f"the stride of row {n + 1} one row {where}"
                yield Edit("stride", words, 2, of_strides({n: 1, to: 2}))
    last = max(strides, default=None)
    if last is not None and strides[last] == 1:
        words = "stride 2 in the last block too, as V1's table prints it"
        yield Edit("stride", words, 2, of_strides({last: 2}))


def _classes(spec: Spec, design: Design) -> Iterator[Edit]:
    if design.top:
        yield Edit("top", "without pooling and classifier", 2, of_settings(top=False))
        if any(row.fields.get("function") == "softmax" for row in spec.top):
            change = of_rows(
                lambda r: None if r.op == "activation" and r.fields.get("function") == "softmax" else r
            )
            yield Edit("softmax", "no softmax at the end", 1, change)


def class_points(classes: int) -> int:
    """The points of a number of classes: 1 if it is common, 2 up to 1,000, else 4."""
    return 1 if classes in EVERYDAY else 2 if classes <= MANY_CLASSES else 4


def classes_edit(design: Design, classes: int) -> Edit:
    """The edit that sets the number of classes."""
    words = f"{classes:,} class{'es' * (classes != 1)} instead of {design.classes:,}"
    return Edit("top", words, class_points(classes), of_settings(classes=classes), classes=classes)


def _shortcuts(spec: Spec, design: Design) -> Iterator[Edit]:
    blocks = [
        row
        for row in spec.layers
        if row.op in ("residual", "bneck") and row.fields.get("shortcut") not in (False, "none")
    ]
    if any(row.op == "residual" for row in blocks):
        for word, words in (("every", "a projecting shortcut in every block"), ("none", "no shortcuts")):
            yield Edit("shortcut", words, 2, of_fields(lambda r: r.op == "residual", shortcut=word))
    if any(row.op == "bneck" for row in blocks):
        change = of_fields(lambda r: r.op == "bneck", project=True)
        yield Edit("shortcut", "a projecting shortcut where a block of stride 1 changes the width", 3, change)
        change = of_fields(lambda r: r.op == "bneck", shortcut=False)
        yield Edit("shortcut", "no shortcuts", 2, change)


def _biases(spec: Spec, design: Design) -> Iterator[Edit]:
    bias = spec.rules.style.bias
    words = "no biases in convolutions" if bias else "a bias in every convolution"
    yield Edit("bias", words, 2, of_rules("style", bias=not bias))
    if any(row.op == "dense" for row in spec.top):
        change = of_fields(lambda r: r.op == "dense", bias=False)
        yield Edit("bias", "no biases in dense layers", 2, change)


def _written(spec: Spec, design: Design) -> Iterator[Edit]:
    for key, what in (("global_pool", "the global pool"), ("se_pool", "the pools of squeeze-and-excite")):
        if key == "se_pool" and not any(row.fields.get("se") for row in spec.layers):
            continue
        now = getattr(spec.rules.written, key) or "module"
        for word in WRITTEN[key]:
            if word != now:
                yield Edit("written", f"{what} written as a {word}", 1, of_rules("written", **{key: word}))
    activation = spec.rules.style.activation
    if activation in ("relu", "relu6"):
        other = "relu6" if activation == "relu" else "relu"
        yield Edit("activation", f"{other} instead of {activation}", 2, of_rules("style", activation=other))


def _squeeze(spec: Spec, design: Design) -> Iterator[Edit]:
    if any(row.fields.get("se") for row in spec.layers):
        width = spec.rules.se.width
        if width.rounding != "truncate":
            change = of_rules("se", width=width._replace(rounding="truncate"))
            yield Edit("se", "squeeze layers of exactly their share, not rounded to 8", 2, change)
        of = "input" if spec.rules.se.of == "expanded" else "expanded"
        yield Edit("se", f"squeeze layers as a share of the {of} width", 2, of_rules("se", of=of))
        change = of_fields(lambda r: bool(r.fields.get("se")), se=0)
        yield Edit("se", "no squeeze-and-excite", 2, change)


def _size(spec: Spec, design: Design) -> Iterator[Edit]:
    for size in dict.fromkeys((*spec.resolutions, *SIZES)):
        if (size, size) != design.resolution and len(design.resolution) == 2:
            yield Edit("resolution", f"at {size} x {size}", 2, of_settings(rho=None, resolution=(size, size)))
    for batch in BATCHES:
        if batch != design.batch:
            yield Edit("batch", f"{batch} images", 2, of_settings(batch=batch), alone=True)


def _built(spec: Spec, design: Design) -> Iterator[Edit]:
    root = (spec.name, *spec.family)[-1]
    for name in shipped():
        if name == spec.name or not name.rpartition("/")[2].startswith(root):
            continue
        other = find_spec(name)
        if root not in (name, *other.family):
            continue
        if design.alpha != 1 and other.rules != spec.rules:
            rules = spec.rules._replace(
                widths=other.rules.widths, roles=other.rules.roles, expansion=other.rules.expansion
            )
            words = f"channels as {name} scales and rounds them"
            yield Edit("built", words, 2, of_all_rules(rules))
        yield Edit("built", f"built as {name}", 3, as_built(other), alone=True)


FINDERS = (
    _expansion,
    _stem,
    _head,
    _stride_on,
    _stride,
    _classes,
    _shortcuts,
    _biases,
    _written,
    _squeeze,
    _size,
    _built,
)
"""The functions that find the edits of a design, each for one kind of change."""
