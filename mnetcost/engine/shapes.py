"""What size is the map after a window has slid over it?"""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..records import NamedTuple
from .num import Num, anywhere, ceil_div, is_array


class Shape(NamedTuple):
    """Height, width and channels of one image's map; a vector is (1, 1, c)."""

    h: Num
    w: Num
    c: Num

    @property
    def elements(self) -> Num:
        """Numbers in the map: h x w x c."""
        return self.h * self.w * self.c

    @property
    def positions(self) -> Num:
        """Positions of the map: h x w."""
        return self.h * self.w

    def __str__(self) -> str:
        return f"{self.h}x{self.w}x{self.c}"

    @property
    def places(self) -> tuple[tuple[str, Num], ...]:
        """The named sides that count its positions."""
        return (("h", self.h), ("w", self.w))


class Volume(NamedTuple):
    """Depth (or frames), height, width and channels of one volume; ops take it that have the trait
    `volumes`.
    """

    d: Num
    h: Num
    w: Num
    c: Num

    @property
    def elements(self) -> Num:
        """Numbers in the volume: d x h x w x c."""
        return self.d * self.h * self.w * self.c

    @property
    def positions(self) -> Num:
        """Positions of the volume: d x h x w."""
        return self.d * self.h * self.w

    def __str__(self) -> str:
        return f"{self.d}x{self.h}x{self.w}x{self.c}"

    @property
    def places(self) -> tuple[tuple[str, Num], ...]:
        """The named sides that count its positions."""
        return (("d", self.d), ("h", self.h), ("w", self.w))


def sides(padding: Any, kernel: tuple[Num, Num], dilation: tuple[Num, Num]) -> tuple[Num, Num, Num, Num]:
    """Padding as (top, bottom, left, right): a number for every side, [h, w], [top, bottom, left, right], or
    "symmetric", which is dilation * (kernel - 1) // 2 a side as torch and Caffe models write it."""
    if padding == "symmetric":
        v, h = (d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        return v, v, h, h
    if padding.__class__ is tuple:
        if len(padding) == 4:
            return padding  # type: ignore[return-value]
        v, h = padding
        return v, v, h, h
    return padding, padding, padding, padding


def slide(
    n: Num, kernel: Num, stride: Num, dilation: Num, before: Num, after: Num, ceil: bool = False
) -> Num:
    """Return how many positions a window has along a side of n with `before` and `after` added.

    With `ceil` a last partial window counts too, unless it would start past the map and its leading padding
    (torch, Caffe).
    """
    free = n + before + after - dilation * (kernel - 1) - 1
    if not ceil:
        return free // stride + 1
    out = ceil_div(free, stride) + 1
    return out - 1 * ((out - 1) * stride >= n + before)


def tiled(x: Shape, tiles: int) -> Shape:
    """Return one of `tiles` maps that stand one below the other and have nothing to do with each other,
    such as attention's windows.
    """
    if anywhere(x.h % tiles):
        raise ShapeError(f"a map of {x} is not {tiles} tiles one below the other")
    return x._replace(h=x.h // tiles)


def windowed(
    x: Shape, kernel: Any, stride: Any, dilation: Any, padding: Any, ceil: bool = False, tiles: int = 1
) -> tuple[Num, Num]:
    """Return the output's height and width.

    "same" gives ceil(n / stride), "valid" adds nothing, anything else is explicit (see `sides`). `tiles`:
    see `tiled`.

    Raises ShapeError where nothing is left.
    """
    if tiles != 1:
        h, w = windowed(tiled(x, tiles), kernel, stride, dilation, padding, ceil)
        return h * tiles, w
    if padding == "same":  # TensorFlow: whatever padding it takes
        if stride == 1:
            return x.h, x.w
        s_h, s_w = stride if stride.__class__ is tuple else (stride, stride)
        return ceil_div(x.h, s_h), ceil_div(x.w, s_w)
    kernel = kernel if kernel.__class__ is tuple else (kernel, kernel)
    stride = stride if stride.__class__ is tuple else (stride, stride)
    dilation = dilation if dilation.__class__ is tuple else (dilation, dilation)
    top, bottom, left, right = (0, 0, 0, 0) if padding == "valid" else sides(padding, kernel, dilation)
    h = slide(x.h, kernel[0], stride[0], dilation[0], top, bottom, ceil)
    w = slide(x.w, kernel[1], stride[1], dilation[1], left, right, ceil)
    for out, n, k, d in ((h, x.h, kernel[0], dilation[0]), (w, x.w, kernel[1], dilation[1])):
        if anywhere(out < 1):
            if is_array(n):
                n = n[out < 1].min() if n.shape == getattr(out, "shape", None) else n.min()
            raise ShapeError(f"the map vanishes: a window of {d * (k - 1) + 1} does not fit into {n}")
    return h, w


def triple(x: Any) -> tuple[Any, Any, Any]:
    """A size along three axes: 3 is (3, 3, 3), and (1, 3, 3) stays."""
    return x if x.__class__ is tuple else (x, x, x)


def sides3d(padding: Any, kernels: tuple[Num, ...] = (), dilations: tuple[Num, ...] = ()) -> tuple[Num, ...]:
    """Padding of a volume as (front, back, top, bottom, left, right): "valid", "symmetric" (see `sides`), a
    number for every side, [d, h, w], or all six.
    """
    if padding == "valid":
        padding = 0
    elif padding == "symmetric":
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernels, dilations, strict=True))
    if padding.__class__ is tuple and len(padding) == 6:
        return padding  # type: ignore[no-any-return]
    return tuple(side for side in triple(padding) for _ in range(2))


def windowed3d(
    x: Volume, kernel: Any, stride: Any, dilation: Any, padding: Any, ceil: bool = False
) -> tuple[Num, Num, Num]:
    """Return the output's depth, height and width; padding as in `windowed`, or [d, h, w], or six numbers:
    [front, back, top, bottom, left, right].

    Raises ShapeError where nothing is left.
    """
    kernels, strides, dilations = triple(kernel), triple(stride), triple(dilation)
    if padding == "same":
        d, h, w = (ceil_div(n, s) for n, s in zip(x[:3], strides, strict=True))
        return d, h, w
    both = sides3d(padding, kernels, dilations)
    out = []
    for i, (n, k, s, d) in enumerate(zip(x[:3], kernels, strides, dilations, strict=True)):
        out.append(slide(n, k, s, d, both[2 * i], both[2 * i + 1], ceil))
        if anywhere(out[-1] < 1):
            raise ShapeError(f"the volume vanishes: a window of {d * (k - 1) + 1} does not fit into {n}")
    return out[0], out[1], out[2]
