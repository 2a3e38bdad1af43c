"""Which layers does attention stand for? Its projections, both products, and what is between them."""

from ..errors import Fault, ShapeError
from ..records import NamedTuple
from .fields import Choice, Count, Flag, MaybeCount, MaybeFlag, Padding, Row, Size, Width
from .graph import Ref
from .num import Num, anywhere, everywhere, pair
from .ops import (
    Activation,
    Conv,
    Crop,
    Dense,
    L2Norm,
    MapToTokens,
    MatMul,
    Pad,
    RelativePositions,
    Rescale,
    Scale,
)
from .ops.op import op
from .shapes import Shape, Volume
from .site import Site


@op("patch_embed", family="filter")
class PatchEmbed(NamedTuple):
    """Patch embedding: a convolution whose stride is its kernel, `size`, read as a sequence of tokens.

    Source: Dosovitskiy et al. 2020, arXiv 2010.11929, section 3.1.
    """

    out: Width
    size: Size = 16
    padding: Padding = "valid"
    bias: Flag = True

    def build(self, s: Site) -> None:
        layer = Conv(s.width(self.out), self.size, self.size, 1, 1, self.padding, self.bias)
        s.add("conv", layer, why="a token from each patch", printed=self.out)
        s.add("tokens", MapToTokens(), why="reads each position as a token")


@op("attention", together={"region": ("window", "step")})
class Attention(NamedTuple):
    """Multi-head attention: queries, keys and values by dense layers, softmax(Q K^T / sqrt(d)) V in each
    head, and a dense layer behind it.

    It reads a map or a sequence; each position is a token. `width` is that of the queries of all heads, and
    `values` that of the values; both are the input's channels if they are not given, as is `out`. With fewer
    `kv_heads` than `heads`, several heads share keys and values. `keys` names a row above that gives the keys
    and values (cross attention). `window` lets tokens attend within windows of this size only; as in
    torchvision, a map is padded to whole windows. `step` lets those tokens attend to each other that are so
    many positions apart (MobileViT's patches). `relative` adds a learned number a head for each offset within
    such a part, or within the map. With `attend = "channels"` the channels of a head attend to each other
    (EdgeNeXt, Restormer): queries and keys are normalised, and a head has a learned temperature.
    `project = false` leaves out the dense layer at the end; `out_bias` is what `bias` is, if not given.

    Multiply-adds of both products = tokens x keys x (width + values). Softmax has none.
    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.2; Liu et al. 2021, arXiv 2103.14030, section
    3.2; Ainslie et al. 2023, arXiv 2305.13245; El-Nouby et al. 2021, arXiv 2106.09681.
    """

    heads: Count
    width: Width = None
    values: Width = None
    kv_heads: MaybeCount = None
    out: Width = None
    keys: Row = None
    window: Size = None
    step: Size = 1
    relative: Flag = False
    attend: Choice = "positions"
    bias: Flag = True
    out_bias: MaybeFlag = None
    project: Flag = True

    def build(self, s: Site) -> None:
        before = s.shape
        self.check(s)
        self.whole_windows(s)
        start, x = s.x, s.shape
        printed = s.printed[start] if self.width is None else self.width
        width = x.c if self.width is None else s.width(self.width)
        printed_values = printed if self.values is None else self.values
        values = width if self.values is None else s.width(self.values)
        shared = self.heads // (self.kv_heads or self.heads)  # heads that share their keys and values
        if anywhere(width % self.heads) or anywhere(values % self.heads):
            wrong = width if anywhere(width % self.heads) else values
            raise ShapeError(Fault(f"{self.heads} heads do not divide a width of {wrong}", place=s.place))
        source = start if self.keys is None else self.keys
        why = "what each token looks for"
        query = s.add("query", Dense(width, self.bias), start, why=why, printed=printed)
        why = "what each token is found by"
        key = s.add("key", Dense(width // shared, self.bias), source, why=why, printed=printed)
        why = "what each token tells those that find it"
        value = s.add("value", Dense(values // shared, self.bias), source, why=why, printed=printed_values)
        self.products(s, query, key, value, width, values)
        s.printed[s.x] = printed_values
        if self.project:
            out, printed = (before.c, s.printed[start]) if self.out is None else (s.width(self.out), self.out)
            bias = self.bias if self.out_bias is None else self.out_bias
            s.add("project", Dense(out, bias), why="mixes what the heads found", printed=printed)
        if x is not before:
            s.add("crop", Crop(before.h, before.w), why="drops the padding of the windows")

    def check(self, s: Site) -> None:
        """Refuse what cannot be said together."""
        one_map = self.keys is None and self.attend == "positions"
        wrong = [
            (self.heads % (self.kv_heads or 1), f"{self.kv_heads} kv_heads do not divide {self.heads} heads"),
            (
                self.out is not None and not self.project,
                "'out' is the width of the layer that 'project' drops",
            ),
            (self.window is not None and self.step != 1, "attention has a 'window' or a 'step', not both"),
            (not one_map and (self.window is not None or self.step != 1 or self.relative), APART),
            (self.attend == "channels" and (self.keys is not None or self.values is not None), CHANNELS),
            (self.attend == "channels" and self.kv_heads not in (None, self.heads), CHANNELS),
        ]
        for fault, message in wrong:
            if fault:
                raise ShapeError(Fault(message, place=s.row))
        for ref in (s.x, s.x if self.keys is None else self.keys):
            if isinstance(s.builder.shape(ref), Volume):
                hint = "'map_to_tokens' reads a volume as a sequence"
                raise ShapeError(
                    Fault("attention takes a map or a sequence, not a volume", place=s.row, hint=hint)
                )

    def whole_windows(self, s: Site) -> None:
        """Pad the map to whole windows where it is not made of them."""
        if self.window is None:
            return
        (w_h, w_w), x = pair(self.window), s.shape
        if everywhere(x.w == 1) and w_w != 1:
            raise ShapeError(Fault("windows are parts of a map, and this is a sequence", place=s.row))
        if anywhere(x.h % w_h) or anywhere(x.w % w_w):
            s.add("pad", Pad((0, -x.h % w_h, 0, -x.w % w_w)), why="so that the map is made of whole windows")

    def region(self, s: Site, x: Shape) -> tuple[Num, Num]:
        """Return the height and width of a part of the map whose tokens attend to each other."""
        if self.window is not None:
            return pair(self.window)
        s_h, s_w = pair(self.step)
        if self.step != 1 and (anywhere(x.h % s_h) or anywhere(x.w % s_w)):
            raise ShapeError(Fault(f"a map of {x} is not made of pieces of {s_h}x{s_w}", place=s.row))
        return x.h // s_h, x.w // s_w

    def products(self, s: Site, query: Ref, key: Ref, value: Ref, width: Num, values: Num) -> None:
        """Add both products and what is between them."""
        x, other = s.builder.shape(query), s.builder.shape(key)
        if self.attend == "channels":
            query = s.add("query_norm", L2Norm(scale=False), query, why="a channel of length 1")
            key = s.add("key_norm", L2Norm(scale=False), key, why="a channel of length 1")
            d = width // self.heads
            scores = MatMul(x.h * x.w, self.heads, d, d)
            mix = MatMul(d, x.h, x.w, values)
        else:
            h, w = self.region(s, x)
            tokens, parts = h * w, (x.h // h) * (x.w // w)
            found = tokens if self.keys is None else other.h * other.w
            query = s.add("scale", Rescale(shift=False), query, why="divides by the root of a head's width")
            scores = MatMul(width // self.heads, parts * self.heads, tokens, found)
            mix = MatMul(found, x.h, x.w, values)
        s.add("scores", scores, query, key, why="how much each token heeds each other")
        if self.attend == "channels":
            s.add("temperature", Scale(False, self.heads), why="a learned factor a head")
        if self.relative:
            s.add("offsets", RelativePositions(self.heads, *self.region(s, x)))
        s.add("softmax", Activation("softmax"), why="turns the scores into shares")
        s.add("mix", mix, s.x, value, why="the values, each by its share")


APART = "'window', 'step' and 'relative' are of tokens of one map, which attend by their positions"
CHANNELS = 'with attend = "channels" the queries, keys and values have one width and come from one row'
