"""Which Keras layers let each position of a sequence read the others? Attention, with its projections.

Source: Keras 3, layers/attention.
"""

from __future__ import annotations

from typing import Any

from ...engine.ops import Dense, Elementwise, MatMul, Reduce, Reshape
from ...engine.ops.elements import Activation, Scale
from ..kit.tensors import NotKnown, Tensor
from .net import Call, Outputs

NAMES = ("query", "value", "key")


def inputs_of(call: Call, given: list[Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Query, value and key, which is the value where it is left out; each a sequence."""
    found = [*given[:3], None, None, None]
    query, value, key = (call.kwargs.get(name, found[n]) for n, name in enumerate(NAMES))
    key = value if key is None else key
    for t in (query, value, key):
        if not isinstance(t, Tensor) or len(t.dims) != 3:
            raise NotKnown
    if value.dims[1] != key.dims[1]:
        raise call.fault("its value and its key have different numbers of positions")
    q, v, k = (call.seen(t, 2, name) for t, name in zip((query, value, key), NAMES, strict=True))
    return q, v, k


def projected(call: Call, t: Tensor, width: int, bias: bool, part: str) -> Tensor:
    """A dense layer over the last axis."""
    return call.add(Dense(width, bias), t, dims=(1, t.dims[1], width), c=2, part=part)


def shares(call: Call, scores: Tensor) -> Tensor:
    """How much each position takes of each other one."""
    return call.same(Activation("softmax"), scores, part="softmax")


def multiplied(call: Call, q: Tensor, k: Tensor, v: Tensor, heads: int, size: int) -> tuple[Tensor, Tensor]:
    """Both products for so many heads of the query: what is taken of the values, `size` numbers for each
    head, and the scores.
    """
    (_, n, width), (_, m, _) = q.dims, k.dims
    scores = call.add(MatMul(width // heads, heads, n, m), q, k, dims=(1, heads, n, m), c=3, part="scores")
    scores, c = shares(call, scores), heads * size
    return call.add(MatMul(m, n, 1, c), scores, v, dims=(1, n, c), c=2, part="values"), scores


def with_scores(call: Call, y: Tensor, scores: Tensor) -> Outputs:
    """The output, and the scores if the call asks for them."""
    return [y, scores] if call.kwargs.get("return_attention_scores") is True else y


def multi_head(call: Call) -> Outputs:
    """MultiHeadAttention: projections of query, key and value, both products, and a projection."""
    q, v, k = inputs_of(call, call.args)
    if call.given.get("attention_axes") not in (None, [1], 1):
        raise NotKnown
    heads, size, bias = call.integer("num_heads"), call.integer("key_dim"), call.flag("use_bias", True)
    value = call.integer("value_dim", size)
    out = call.integers("output_shape", [q.dims[2]], counts=(1,))[0]
    q = projected(call, q, heads * size, bias, "query")
    k = projected(call, k, heads * size, bias, "key")
    v = projected(call, v, heads * value, bias, "value")
    y, scores = multiplied(call, q, k, v, heads, value)
    return with_scores(call, projected(call, y, out, bias, "output"), scores)


def grouped(call: Call) -> Outputs:
    """GroupQueryAttention: several heads of the query read one head of key and value."""
    q, v, k = inputs_of(call, call.args)
    size, bias = call.integer("head_dim"), call.flag("use_bias", True)
    heads, few = call.integer("num_query_heads"), call.integer("num_key_value_heads")
    if heads % few:
        raise call.fault(f"{few} heads of keys do not divide {heads} heads of queries")
    out = q.dims[2]
    q = projected(call, q, heads * size, bias, "query")
    k = projected(call, k, few * size, bias, "key")
    v = projected(call, v, few * size, bias, "value")
    y, scores = multiplied(call, q, k, v, heads, size)
    return with_scores(call, projected(call, y, out, bias, "output"), scores)


def listed(call: Call) -> list[Any]:
    """The tensors of a call that takes them as one list."""
    return call.args[0] if call.args and isinstance(call.args[0], list) else call.args


def taken(call: Call, scores: Tensor, v: Tensor) -> Outputs:
    """What is taken of the values by these scores."""
    (_, n, m), width = scores.dims, v.dims[2]
    scores = shares(call, scores)
    y = call.add(MatMul(m, n, 1, width), scores, v, dims=(1, n, width), c=2, part="values")
    return with_scores(call, y, scores)


def attention(call: Call) -> Outputs:
    """Attention: the product of query and key, by one learned number with `use_scale`, and that with the
    value. With a `score_mode` of "concat" query and key are added for every pair of positions, and the sum
    over the channels is multiplied by a learned number.
    """
    q, v, k = inputs_of(call, listed(call))
    if q.dims[2] != k.dims[2]:
        raise call.fault("its query and its key have different numbers of channels")
    if call.choice("score_mode", ("dot", "concat"), "dot") == "concat":
        scores = summed(call, q, k, int(call.flag("use_scale", False)), after=False)
        return taken(call, call.same(Scale(False, 1), scores, part="score weight"), v)
    n, m = q.dims[1], k.dims[1]
    scores = call.add(MatMul(q.dims[2], n, 1, m), q, k, dims=(1, n, m), c=2, part="scores")
    if call.flag("use_scale", False):
        scores = call.same(Scale(False, 1), scores, part="scale")
    return taken(call, scores, v)


def additive(call: Call) -> Outputs:
    """AdditiveAttention: query and key are added for every pair of positions; `use_scale` has a learned
    number per channel. Only the values are multiplied as matrices.
    """
    q, v, k = inputs_of(call, listed(call))
    if q.dims[2] != k.dims[2]:
        raise call.fault("its query and its key have different numbers of channels")
    return taken(call, summed(call, q, k, q.dims[2] if call.flag("use_scale", True) else 0, after=True), v)


def summed(call: Call, q: Tensor, k: Tensor, scales: int, after: bool) -> Tensor:
    """Scores without a product of matrices: query and key are added for every pair of positions, and the
    tanh of that over the channels; by so many learned numbers before or after the tanh.
    """
    n, m, c = q.dims[1], k.dims[1], q.dims[2]
    row = call.add(Reshape(1, m, c), k, dims=(1, 1, m, c), c=3, part="row")
    column = call.add(Reshape(n, 1, c), q, dims=(1, n, 1, c), c=3, part="column")
    pairs = call.add(Elementwise("add"), column, row, dims=(1, n, m, c), c=3, part="pairs")
    if scales and not after:
        pairs = call.same(Scale(False, scales), pairs, part="scale")
    pairs = call.same(Activation("tanh"), pairs, part="tanh")
    if scales and after:
        pairs = call.same(Scale(False, scales), pairs, part="scale")
    return call.add(Reduce(n, 1, m, "sum"), pairs, dims=(1, n, m), c=2, part="scores")
