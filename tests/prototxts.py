"""Caffe nets as text, written from the papers' tables: what the reader of prototxt files is tested on."""

from __future__ import annotations

from collections.abc import Callable


class Text:
    """Writes a net layer by layer; `x` is the blob that was made last."""

    def __init__(self, c: int, h: int, w: int, images: int = 1) -> None:
        self.out = [
            f'name: "net"\ninput: "data"\ninput_dim: {images}\ninput_dim: {c}\ninput_dim: {h}\ninput_dim:'
            f" {w}\n"
        ]
        self.x = "data"

    def layer(
        self, name: str, type_: str, params: str = "", bottoms: tuple[str, ...] = (), in_place: bool = False
    ) -> str:
        reads = bottoms or (self.x,)
        top = reads[0] if in_place else name
        bottoms_text = "".join(f' bottom: "{b}"' for b in reads)
        self.out.append(f'layer {{ name: "{name}" type: "{type_}"{bottoms_text} top: "{top}" {params} }}\n')
        self.x = top
        return top

    def conv(
        self,
        name: str,
        out: int,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
        group: int = 1,
        bias: bool = True,
        more: str = "",
    ) -> str:
        fields = f"num_output: {out} kernel_size: {kernel} stride: {stride} pad: {pad} group: {group} {more}"
        return self.layer(
            name, "Convolution", f"convolution_param {{ {fields}{'' if bias else ' bias_term: false'} }}"
        )

    def relu(self) -> str:
        return self.layer(f"{self.x}/relu{len(self.out)}", "ReLU", in_place=True)

    def norm(self) -> str:
        """Batch norm as Caffe has it: the statistics, then the scale and the shift."""
        self.layer(
            f"{self.x}/bn{len(self.out)}",
            "BatchNorm",
            "batch_norm_param { use_global_stats: true }",
            in_place=True,
        )
        return self.layer(
            f"{self.x}/scale{len(self.out)}", "Scale", "scale_param { bias_term: true }", in_place=True
        )

    def conv_norm(
        self,
        name: str,
        out: int,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
        group: int = 1,
        relu: bool = True,
    ) -> str:
        self.conv(name, out, kernel, stride, pad, group, bias=False)
        self.norm()
        return self.relu() if relu else self.x

    def pool(
        self, name: str, kernel: int, stride: int, pad: int = 0, how: str = "MAX", more: str = ""
    ) -> str:
        return self.layer(
            name,
            "Pooling",
            f"pooling_param {{ pool: {how} kernel_size: {kernel} stride: {stride} pad: {pad} {more} }}",
        )

    def global_pool(self, name: str = "pool_last") -> str:
        return self.layer(name, "Pooling", "pooling_param { pool: AVE global_pooling: true }")

    def dense(self, name: str, out: int) -> str:
        return self.layer(name, "InnerProduct", f"inner_product_param {{ num_output: {out} }}")

    def concat(self, name: str, *blobs: str) -> str:
        return self.layer(name, "Concat", bottoms=blobs)

    def softmax(self) -> str:
        return self.layer("prob", "Softmax")

    def text(self) -> str:
        return "".join(self.out)


def alexnet() -> str:
    """Krizhevsky et al. 2012, section 3.5, as trained in one column of groups: 227 x 227, overlapping
    pools.
    """
    t = Text(3, 227, 227, images=10)
    for n, (out, kernel, stride, pad, group, pooled) in enumerate(
        [
            (96, 11, 4, 0, 1, True),
            (256, 5, 1, 2, 2, True),
            (384, 3, 1, 1, 1, False),
            (384, 3, 1, 1, 2, False),
            (256, 3, 1, 1, 2, True),
        ],
        1,
    ):
        t.conv(f"conv{n}", out, kernel, stride, pad, group)
        t.relu()
        if n < 3:
            t.layer(f"norm{n}", "LRN", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")
        if pooled:
            t.pool(f"pool{n}", 3, 2)
    for name, out in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        t.dense(name, out)
        if out == 4096:
            t.relu()
            t.layer(f"drop_{name}", "Dropout", "dropout_param { dropout_ratio: 0.5 }", in_place=True)
    t.softmax()
    return t.text()


def vgg16() -> str:
    """Simonyan and Zisserman 2014, table 1, column D."""
    t = Text(3, 224, 224)
    for stage, (width, times) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for n in range(times):
            t.conv(f"conv{stage}_{n + 1}", width, 3, pad=1)
            t.relu()
        t.pool(f"pool{stage}", 2, 2)
    for name, out in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        t.dense(name, out)
    t.softmax()
    return t.text()


def squeezenet() -> str:
    """Iandola et al. 2016, table 1: SqueezeNet v1.0 at 227, the last convolution with a border of 1 as
    released.
    """
    t = Text(3, 227, 227, images=10)
    t.conv("conv1", 96, 7, 2)
    t.relu()
    t.pool("pool1", 3, 2)
    for n, (squeeze, expand) in enumerate(
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)], 2
    ):
        t.conv(f"fire{n}/squeeze", squeeze, 1)
        narrow = t.relu()
        one = t.conv(f"fire{n}/expand1", expand, 1)
        t.relu()
        t.x = narrow
        three = t.conv(f"fire{n}/expand3", expand, 3, pad=1)
        t.relu()
        t.concat(f"fire{n}/concat", one, three)
        if n in (4, 8):
            t.pool(f"pool{n}", 3, 2)
    t.conv("conv10", 1000, 1, pad=1)
    t.relu()
    t.global_pool()
    t.softmax()
    return t.text()


INCEPTION = [
    ("3a", 64, 96, 128, 16, 32, 32), ("3b", 128, 128, 192, 32, 96, 64),
    ("4a", 192, 96, 208, 16, 48, 64), ("4b", 160, 112, 224, 24, 64, 64),
    ("4c", 128, 128, 256, 24, 64, 64), ("4d", 112, 144, 288, 32, 64, 64), ("4e", 256, 160, 320, 32, 128, 128),
    ("5a", 256, 160, 320, 32, 128, 128), ("5b", 384, 192, 384, 48, 128, 128),
]  # fmt: skip


def googlenet() -> str:
    """Szegedy et al. 2014, table 1, without the auxiliary classifiers."""
    t = Text(3, 224, 224, images=10)
    t.conv("conv1", 64, 7, 2, 3)
    t.pool("pool1", 3, 2)
    t.layer("norm1", "LRN", "lrn_param { local_size: 5 }")
    t.conv("conv2/reduce", 64, 1)
    t.conv("conv2", 192, 3, pad=1)
    t.layer("norm2", "LRN", "lrn_param { local_size: 5 }")
    t.pool("pool2", 3, 2)
    for name, one, reduce3, three, reduce5, five, project in INCEPTION:
        start = t.x
        branches = [t.conv(f"{name}/1x1", one, 1)]
        for kernel, narrow, wide in ((3, reduce3, three), (5, reduce5, five)):
            t.x = start
            t.conv(f"{name}/reduce{kernel}", narrow, 1)
            branches.append(t.conv(f"{name}/{kernel}x{kernel}", wide, kernel, pad=kernel // 2))
        t.x = start
        t.pool(f"{name}/pool", 3, 1, 1)
        branches.append(t.conv(f"{name}/project", project, 1))
        t.concat(f"{name}/output", *branches)
        if name in ("3b", "4e"):
            t.pool(f"pool{name}", 3, 2)
    t.pool("pool5", 7, 1, how="AVE")
    t.dense("classifier", 1000)
    t.softmax()
    return t.text()


def resnet50(gate: Callable[[Text, str, str, int], None] | None = None) -> str:
    """He et al. 2015, table 1, the stride on the first 1x1; `gate` ends a block otherwise than by a sum."""
    t = Text(3, 224, 224)
    t.conv_norm("conv1", 64, 7, 2, 3)
    t.pool("pool1", 3, 2)
    for stage, (mid, times) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], 2):
        for n in range(times):
            name, stride, start = f"res{stage}{'abcdef'[n]}", 2 if n == 0 and stage > 2 else 1, t.x
            t.conv_norm(f"{name}/a", mid, 1, stride)
            t.conv_norm(f"{name}/b", mid, 3, pad=1)
            end = t.conv_norm(f"{name}/c", 4 * mid, 1, relu=False)
            if n == 0:
                t.x = start
                start = t.conv_norm(f"{name}/shortcut", 4 * mid, 1, stride, relu=False)
            if gate:
                gate(t, end, start, 4 * mid)
            else:
                t.layer(name, "Eltwise", bottoms=(start, end))
            t.relu()
    t.pool("pool5", 7, 1, how="AVE")
    t.dense("fc1000", 1000)
    t.softmax()
    return t.text()


def squeeze_excite(t: Text, end: str, start: str, width: int) -> None:
    """Hu et al. 2017, figure 3, ended by SENet's own layer: a x + y."""
    t.x = end
    t.global_pool(f"{end}/pool")
    t.conv(f"{end}/down", width // 16, 1)
    t.relu()
    t.conv(f"{end}/up", width, 1)
    t.layer(f"{end}/sigmoid", "Sigmoid", in_place=True)
    t.layer(f"{end}/axpy", "Axpy", bottoms=(t.x, end, start))


def densenet121() -> str:
    """Huang et al. 2016, table 1, growth 32, the first pool padded and rounded down as forks of Caffe can."""
    t = Text(3, 224, 224)
    t.conv_norm("conv1", 64, 7, 2, 3)
    t.pool("pool1", 3, 2, 1, more="ceil_mode: false")
    width = 64
    for block, times in enumerate([6, 12, 24, 16], 1):
        for n in range(times):
            start = t.x
            name = f"conv{block}_{n + 1}"
            t.layer(f"{name}/bn", "BatchNorm")
            t.layer(f"{name}/scale", "Scale", "scale_param { bias_term: true }", in_place=True)
            t.relu()
            t.conv_norm(f"{name}/x1", 128, 1)
            t.conv(f"{name}/x2", 32, 3, pad=1, bias=False)
            t.concat(f"{name}/concat", start, t.x)
            width += 32
        t.layer(f"{block}/bn", "BatchNorm")
        t.layer(f"{block}/scale", "Scale", "scale_param { bias_term: true }", in_place=True)
        t.relu()
        if block < 4:
            width //= 2
            t.conv(f"{block}/narrow", width, 1, bias=False)
            t.pool(f"{block}/pool", 2, 2, how="AVE")
    t.global_pool()
    t.conv("fc6", 1000, 1)
    return t.text()


def mobilenet() -> str:
    """Howard et al. 2017, table 1, the classifier as a convolution, depthwise layers as groups."""
    t = Text(3, 224, 224)
    t.conv_norm("conv1", 32, 3, 2, 1)
    width = 32
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for n, (out, stride) in enumerate(
        zip([64, 128, 128, 256, 256, *[512] * 6, 1024, 1024], strides, strict=True)
    ):
        t.conv_norm(f"{n}/dw", width, 3, stride, 1, width)
        t.conv_norm(f"{n}/sep", out, 1)
        width = out
    t.global_pool()
    t.conv("fc7", 1000, 1)
    t.softmax()
    return t.text()


def mobilenet_v2(rows: list[tuple[int, int, int, int]], depthwise: str = "Convolution") -> str:
    """Sandler et al. 2018: rows of (ratio, out, times, stride), expanded even at ratio 1, the classifier
    as a convolution.
    """
    t = Text(3, 224, 224)
    t.conv_norm("conv1", 32, 3, 2, 1)
    width, n = 32, 0
    for ratio, out, times, stride in rows:
        for step in range(times):
            n += 1
            start, mid = t.x, width * ratio
            t.conv_norm(f"{n}/expand", mid, 1)
            fields = (
                f"num_output: {mid} kernel_size: 3 pad: 1 stride: {stride if step == 0 else 1} bias_term:"
                " false"
            )
            group = f" group: {mid}" if depthwise == "Convolution" else ""
            t.layer(f"{n}/dwise", depthwise, f"convolution_param {{ {fields}{group} }}")
            t.norm()
            t.relu()
            end = t.conv_norm(f"{n}/linear", out, 1, relu=False)
            if step or (stride == 1 and width == out):
                t.layer(f"{n}/sum", "Eltwise", bottoms=(start, end))
            width = out
    t.conv_norm("last", 1280, 1)
    t.global_pool()
    t.conv("fc7", 1000, 1)
    t.softmax()
    return t.text()


PAPER_ROWS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]
SHICAI_ROWS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 1),
    (6, 96, 3, 2),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]
"""The strides of github shicai/MobileNet-Caffe: 64 channels at 28 x 28 and not at 14 x 14."""
