"""What does an expression in a block say? Exact arithmetic over its fields and the shapes of its rows.

Python's parser reads the text, and a few of its node types become functions; every other one is refused, and
nothing is run as Python. A width has two numbers, as printed and as alpha leaves it: an expression is asked
for one of them at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...engine import exact
from ...engine.num import Num, is_array
from ...errors import ShapeError, nearest
from ...records import NamedTuple
from ..sorts import Wrong

if TYPE_CHECKING:
    import ast

    from ..patterns import Scope

LONGEST = 200
LARGEST = 10**60
"""No number of an expression is larger, nor is a fraction finer: floats hold both, and messages show them."""
IN = "in"
STYLE = "style"
STYLE_KEYS = ("norm", "activation", "bias", "padding")
SIDES = ("c", "h", "w", "d")

Code = Callable[["Scope", bool], Any]
"""From the place where a block is built, and whether numbers are asked for as printed, to a value."""


class Expression(NamedTuple):
    """An expression, read: its text, the function for its value, and what it is made of.

    field: the one field that it is, if it is nothing else; scaled: it holds channels, which alpha has scaled
    already.
    """

    text: str
    code: Code
    field: str = ""
    scaled: bool = False


FOREIGN = {"&&": "and", "||": "or", "?": "a if condition else b"}
"""What other languages write, and how it is written here."""


class Names(NamedTuple):
    """What an expression may name: the block's fields, each with whether it is a width, and rows above."""

    fields: Mapping[str, bool]
    rows: Collection[str]

    def hint(self, word: str, also: Collection[str] = ()) -> str:
        """The known name that was probably meant, or all of them."""
        known = [*self.fields, IN, "classes", *also]
        like = nearest(word, known)
        return f"did you mean '{like}'?" if like else "it may use: " + ", ".join(known)


def read_expression(text: str, names: Names) -> Expression:
    """Read an expression.

    Raises Wrong with what the text must be, and a hint.
    """
    import ast

    if len(text) > LONGEST:
        raise Wrong(f"an expression of up to {LONGEST} characters")
    # "in" is a word of Python's; the text of names in quotes is left alone
    code = "".join(
        part if n % 2 else re.sub(r"\bin\b", "_in", part)
        for n, part in enumerate(re.split("('[^']*')", text))
    )
    try:
        tree = ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        foreign = [f"'{ours}' for '{theirs}'" for theirs, ours in FOREIGN.items() if theirs in text]
        hint = "write " + ", ".join(foreign) if foreign else 'such as "in * expand" or "floor(out / 2)"'
        raise Wrong("a number or an expression", hint) from None
    reader = _Reader(names)
    code_of = reader.read(tree)
    field = tree.id if isinstance(tree, ast.Name) and tree.id in names.fields else ""
    return Expression(text, code_of, field, reader.scaled)


class _Reader:
    """Turns the nodes of Python's syntax tree into functions."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.scaled = False

    def read(self, node: ast.AST) -> Code:
        """The function of one node; raises Wrong for a node that expressions do not have."""
        way = getattr(self, f"_{node.__class__.__name__.lower()}", None)
        if way is None:
            raise Wrong(
                "arithmetic",
                "+ - * / // % and comparisons, 'a if condition else b', and " + ", ".join(FUNCTIONS),
            )
        return way(node)  # type: ignore[no-any-return]

    def _constant(self, node: ast.Constant) -> Code:
        if node.value.__class__ not in (int, float, bool, str):
            raise Wrong("made of numbers and names")
        if node.value.__class__ in (int, float) and not abs(node.value) < LARGEST:
            raise Wrong("made of numbers below 1e60")
        value = exact.exact(node.value)
        return lambda scope, printed: value

    def _name(self, node: ast.Name) -> Code:
        name = node.id
        if name in self.names.fields:
            self.scaled |= self.names.fields[name]
            return lambda scope, printed: exact.exact(scope.field(name, printed))
        if name == "_in":
            self.scaled = True
            return lambda scope, printed: scope.channels(IN, printed)
        if name == "classes":
            self.scaled = True
            return lambda scope, printed: scope.classes
        if name in ("true", "false"):
            return lambda scope, printed: name == "true"
        hint = f"a row's size is {name}.h, {name}.w and {name}.c" if name in self.names.rows else ""
        raise Wrong("made of known names", f"there is no '{name}': {hint or self.names.hint(name)}")

    def _attribute(self, node: ast.Attribute) -> Code:
        side, owner = node.attr, self._row(node.value, also=(STYLE,))
        if owner == STYLE and side in STYLE_KEYS:
            return lambda scope, printed: getattr(scope.site.rules.style, side)
        if owner == STYLE or side not in SIDES:
            known = STYLE_KEYS if owner == STYLE else SIDES
            raise Wrong("made of known names", f"'{owner}' has {', '.join(known)}, no '{side}'")
        self.scaled = True
        if side == "c":
            return lambda scope, printed: scope.channels(owner, printed)
        return lambda scope, printed: scope.side(owner, side)

    def _row(self, node: ast.AST, also: tuple[str, ...] = ()) -> str:
        """The name of a row, or of the block's input."""
        name = {"_in": IN}.get(getattr(node, "id", ""), getattr(node, "id", ""))
        if name not in self.names.rows and name not in also:
            like = nearest(name, [*self.names.rows, *also]) if name else None
            known = ", ".join([*self.names.rows][-8:])
            raise Wrong(
                "made of known names",
                f"there is no row '{name}' above: "
                + (f"did you mean '{like}'?" if like else f"rows above are {known}"),
            )
        return name

    def _binop(self, node: ast.BinOp) -> Code:
        way = OPERATIONS.get(node.op.__class__.__name__)
        if way is None:
            raise Wrong("arithmetic with + - * / // %")
        a, b = self.read(node.left), self.read(node.right)
        return lambda scope, printed: bounded(way(number(a(scope, printed)), number(b(scope, printed))))

    def _unaryop(self, node: ast.UnaryOp) -> Code:
        kind, a = node.op.__class__.__name__, self.read(node.operand)
        if kind == "Not":
            return lambda scope, printed: 1 - truth(a(scope, printed))
        if kind == "USub":
            return lambda scope, printed: exact.times(number(a(scope, printed)), -1)
        raise Wrong("arithmetic with + - * / // %")

    def _boolop(self, node: ast.BoolOp) -> Code:
        every = node.op.__class__.__name__ == "And"
        codes = [self.read(value) for value in node.values]

        def value(scope: Scope, printed: bool) -> Num:
            met: Num = 1 if every else 0
            for code in codes:
                here = truth(code(scope, printed))
                met = met * here if every else met + here - met * here
                if not is_array(met) and met != every:
                    break  # decided: what follows need not fit
            return met

        return value

    def _compare(self, node: ast.Compare) -> Code:
        if any(op.__class__.__name__ not in COMPARISONS for op in node.ops):
            raise Wrong("a comparison with ==, !=, <, <=, > or >=")
        before = self.scaled
        codes = [self.read(value) for value in (node.left, *node.comparators)]
        self.scaled = before  # what is compared is no part of the value
        ways = [COMPARISONS[op.__class__.__name__] for op in node.ops]
        if len(ways) == 1:
            (a, b), way = codes, ways[0]
            return lambda scope, printed: way(a(scope, printed), b(scope, printed))

        def value(scope: Scope, printed: bool) -> Num:
            values = [code(scope, printed) for code in codes]
            met: Num = 1
            for a, way, b in zip(values, ways, values[1:], strict=False):
                met = met * way(a, b)
            return met

        return value

    def _ifexp(self, node: ast.IfExp) -> Code:
        test, yes, no = self.read(node.test), self.read(node.body), self.read(node.orelse)

        def value(scope: Scope, printed: bool) -> Any:
            met = truth(test(scope, printed))
            if not is_array(met):
                return yes(scope, printed) if met else no(scope, printed)
            a, b = number(yes(scope, printed)), number(no(scope, printed))
            return exact.plus(b, exact.times(exact.minus(a, b), met))

        return value

    def _call(self, node: ast.Call) -> Code:
        name = getattr(node.func, "id", "")
        if name not in FUNCTIONS or node.keywords:
            like = nearest(name, FUNCTIONS) if name else None
            known = "it may be: " + ", ".join(FUNCTIONS)
            raise Wrong("made of known functions", f"did you mean '{like}'?" if like else known)
        low, high, way = FUNCTIONS[name]
        if not low <= len(node.args) <= high:
            raise Wrong(f"{name}() of {low}{' or more' if high > low else ''}")
        if name == "same":
            rows = [self._row(arg) for arg in node.args]
            return lambda scope, printed: same(scope, rows)
        before = self.scaled
        codes = [self.read(arg) for arg in node.args]
        if name == "printed":
            self.scaled = before
            return lambda scope, printed: codes[0](scope, True)
        if name in ("scaled", "rounded"):
            self.scaled = True
            return lambda scope, printed: way(scope, printed, codes[0])
        return lambda scope, printed: way(*[number(code(scope, printed)) for code in codes])


def number(value: Any) -> exact.Exact:
    """A value that can be reckoned with; raises ShapeError for a word or a pair."""
    if value.__class__ in (str, tuple) or value is None:
        raise ShapeError(f"'{value}' is no number")
    return value * 1 if value.__class__ is bool else value


def bounded(value: exact.Exact) -> exact.Exact:
    """A number that is no larger, and no fraction that is finer, than `LARGEST`; raises ShapeError."""
    for part in value if value.__class__ is exact.Quotient else (value,):
        if part.__class__ is int and not -LARGEST < part < LARGEST:
            raise ShapeError("a number of more than 60 digits")
    return value


def truth(value: Any) -> Num:
    """1 or 0: does a condition hold?"""
    if value.__class__ is int or value.__class__ is bool:
        return 1 if value else 0
    return equal(number(value), 0, no=True)


def equal(a: Any, b: Any, no: bool = False) -> Num:
    """1 where two values are equal, or with `no` where they differ."""
    if a.__class__ is int is b.__class__ or a.__class__ in (str, tuple) or b.__class__ in (str, tuple):
        return ((a == b) != no) * 1
    (a, under), (b, other) = exact.parts(a), exact.parts(b)
    a, b = exact.times(a, other), exact.times(b, under)
    return (a != b if no else a == b) * 1


def same(scope: Scope, rows: list[str]) -> Num:
    """1 where rows give one shape."""
    first, *others = [scope.shape(row) for row in rows]
    met: Num = 1
    for other in others:
        if first.__class__ is not other.__class__:
            return 0  # a map and a volume
        for a, b in zip(first, other, strict=True):
            met = met * (a == b)
    return met * 1


def scaled(scope: Scope, printed: bool, code: Code) -> Num:
    """A printed number at this alpha, as [widths] scales it."""
    value = to_whole(code(scope, True))
    return value if printed else scope.site.width(value)


def rounded(scope: Scope, printed: bool, code: Code) -> Num:
    """A number of channels as [widths] rounds it, not scaled."""
    value, rule = number(code(scope, printed)), scope.site.rules.width(scope.site.role)
    over, under = exact.parts(value)
    return rule.round(over / under if under.__class__ is not int or under != 1 else over)


def to_whole(value: Any) -> Num:
    """A whole number; raises ShapeError for a fraction, which has to say how it is rounded."""
    if value.__class__ is bool:
        return int(value)
    if value.__class__ is exact.Quotient:
        if not exact.whole(value):
            raise ShapeError(f"comes to {shown(value)}, no whole number: write floor(), ceil() or round()")
        return value.over // value.under
    return value


def shown(value: exact.Exact) -> str:
    """A number for a message: of an array, the first fraction in it."""
    over, under = exact.parts(value)
    if is_array(over) or is_array(under):
        at = ((over % under) != 0).argmax()
        over, under = ((x.flat[at] if is_array(x) and x.size > 1 else x) for x in (over, under))
    return f"{over}/{under}" if under != 1 else str(over)


def larger(*values: exact.Exact) -> exact.Exact:
    """The largest of some numbers, cell by cell for arrays."""
    top, *others = values
    for other in others:
        less = exact.below(top, other)
        top = exact.plus(top, exact.times(exact.minus(other, top), less))
    return top


def smaller(*values: exact.Exact) -> exact.Exact:
    """The smallest of some numbers, cell by cell for arrays."""
    return exact.times(larger(*[exact.times(value, -1) for value in values]), -1)


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": exact.plus,
    "Sub": exact.minus,
    "Mult": exact.times,
    "Div": exact.divided,
    "FloorDiv": lambda a, b: exact.floor(exact.divided(a, b)),
    "Mod": lambda a, b: exact.minus(a, exact.times(b, exact.floor(exact.divided(a, b)))),
}
COMPARISONS: dict[str, Callable[[Any, Any], Num]] = {
    "Eq": equal,
    "NotEq": lambda a, b: equal(a, b, no=True),
    "Lt": lambda a, b: exact.below(number(a), number(b)),
    "Gt": lambda a, b: exact.below(number(b), number(a)),
    "LtE": lambda a, b: 1 - exact.below(number(b), number(a)),
    "GtE": lambda a, b: 1 - exact.below(number(a), number(b)),
}
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "min": (2, 9, smaller),
    "max": (2, 9, larger),
    "floor": (1, 1, exact.floor),
    "ceil": (1, 1, exact.ceil),
    "round": (1, 1, exact.nearest),
    "printed": (1, 1, number),
    "scaled": (1, 1, scaled),
    "rounded": (1, 1, rounded),
    "same": (2, 9, same),
}
"""The functions of expressions: the fewest and most arguments, and what they do."""
