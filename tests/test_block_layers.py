"""Which layers does each block stand for, key by key? Written out, to be read beside the papers' figures."""

from __future__ import annotations

import pytest

from mnetcost.engine.costs import Costs

from .test_blocks import costs_of

LAYERS = {
    "bneck": (
        '{ op = "bneck", out = 24, expand = 2, kernel = [5, 3], dilation = 2, se = 0.25, bias = true }',
        """
        expand: conv(out=48, bias=True) of input -> 14x9x48
        expand_norm: norm() of expand -> 14x9x48
        expand_relu: activation() of expand_norm -> 14x9x48
        depthwise: depthwise(kernel=(5, 3), dilation=2, bias=True) of expand_relu -> 14x9x48
        depthwise_norm: norm() of depthwise -> 14x9x48
        depthwise_relu: activation() of depthwise_norm -> 14x9x48
        se/pool: global_pool() of depthwise_relu -> 1x1x48
        se/squeeze: conv(out=16, bias=True) of se/pool -> 1x1x16
        se/relu: activation() of se/squeeze -> 1x1x16
        se/excite: conv(out=48, bias=True) of se/relu -> 1x1x48
        se/hsigmoid: activation(function=hsigmoid) of se/excite -> 1x1x48
        se/gate: gate() of depthwise_relu + se/hsigmoid -> 14x9x48
        project: conv(out=24, bias=True) of se/gate -> 14x9x24
        project_norm: norm() of project -> 14x9x24
        add: add() of project_norm + input -> 14x9x24
        """,
    ),
    "bneck fused": (
        (
            '{ op = "bneck", out = 24, expand = 2, kernel = 3, stride = [2, 1], fused = true, dilation = 2,'
            ' activation = "swish" }'
        ),
        """
        expand: conv(out=48, kernel=3, stride=(2, 1), dilation=2) of input -> 7x9x48
        expand_norm: norm() of expand -> 7x9x48
        expand_swish: activation(function=swish) of expand_norm -> 7x9x48
        project: conv(out=24) of expand_swish -> 7x9x24
        project_norm: norm() of project -> 7x9x24
        """,
    ),
    "conv_norm": (
        (
            '{ op = "conv_norm", expand = 1.5, kernel = [3, 1], stride = [1, 2], dilation = 2, groups = 2,'
            " padding = [1, 0], bias = true }"
        ),
        """
        conv: conv(out=40, kernel=(3, 1), stride=(1, 2), dilation=2, groups=2, padding=(1, 0), bias=True) of input -> 12x5x40
        norm: norm() of conv -> 12x5x40
        relu: activation() of norm -> 12x5x40
        """,  # noqa: E501
    ),
    "depthwise_norm": (
        (
            '{ op = "depthwise_norm", kernel = 5, stride = 2, dilation = 2, multiplier = 3, activation ='
            ' "none" }'
        ),
        """
        depthwise: depthwise(kernel=5, stride=2, dilation=2, multiplier=3) of input -> 7x5x72
        norm: norm() of depthwise -> 7x5x72
        """,
    ),
    "separable": (
        (
            '{ op = "separable", out = 16, kernel = [3, 5], stride = [2, 1], dilation = [1, 2], bias = true,'
            ' activation = "relu6" }'
        ),
        """
        depthwise: depthwise(kernel=(3, 5), stride=(2, 1), dilation=(1, 2), bias=True) of input -> 7x9x24
        depthwise_norm: norm() of depthwise -> 7x9x24
        depthwise_relu6: activation(function=relu6) of depthwise_norm -> 7x9x24
        pointwise: conv(out=16, bias=True) of depthwise_relu6 -> 7x9x16
        pointwise_norm: norm() of pointwise -> 7x9x16
        pointwise_relu6: activation(function=relu6) of pointwise_norm -> 7x9x16
        """,
    ),
    "residual": (
        (
            '{ op = "residual", mid = 8, out = 24, kernel = 5, dilation = 2, groups = 4, se = 0.5, bias ='
            ' true, activation = "swish" }'
        ),
        """
        reduce: conv(out=8, bias=True) of input -> 14x9x8
        reduce_norm: norm() of reduce -> 14x9x8
        reduce_swish: activation(function=swish) of reduce_norm -> 14x9x8
        conv: conv(out=8, kernel=5, dilation=2, groups=4, bias=True) of reduce_swish -> 14x9x8
        conv_norm: norm() of conv -> 14x9x8
        conv_swish: activation(function=swish) of conv_norm -> 14x9x8
        widen: conv(out=24, bias=True) of conv_swish -> 14x9x24
        widen_norm: norm() of widen -> 14x9x24
        se/pool: global_pool() of widen_norm -> 1x1x24
        se/squeeze: conv(out=16, bias=True) of se/pool -> 1x1x16
        se/relu: activation() of se/squeeze -> 1x1x16
        se/excite: conv(out=24, bias=True) of se/relu -> 1x1x24
        se/hsigmoid: activation(function=hsigmoid) of se/excite -> 1x1x24
        se/gate: gate() of widen_norm + se/hsigmoid -> 14x9x24
        add: add() of se/gate + input -> 14x9x24
        swish: activation(function=swish) of add -> 14x9x24
        """,
    ),
    "basic": (
        '{ op = "basic", out = 8, stride = [2, 1], kernel = [3, 5], activation = "swish" }',
        """
        conv1: conv(out=8, kernel=(3, 5), stride=(2, 1)) of input -> 7x9x8
        conv1_norm: norm() of conv1 -> 7x9x8
        conv1_swish: activation(function=swish) of conv1_norm -> 7x9x8
        conv2: conv(out=8, kernel=(3, 5)) of conv1_swish -> 7x9x8
        conv2_norm: norm() of conv2 -> 7x9x8
        shortcut: conv(out=8, stride=(2, 1)) of input -> 7x9x8
        shortcut_norm: norm() of shortcut -> 7x9x8
        add: add() of conv2_norm + shortcut_norm -> 7x9x8
        swish: activation(function=swish) of add -> 7x9x8
        """,
    ),
    "ssdlite_head": (
        '{ op = "ssdlite_head", boxes = 6, kernel = [3, 5] }',
        """
        scores_depthwise: depthwise(kernel=(3, 5)) of input -> 14x9x24
        scores_depthwise_norm: norm() of scores_depthwise -> 14x9x24
        scores_depthwise_relu6: activation(function=relu6) of scores_depthwise_norm -> 14x9x24
        scores: conv(out=6000, bias=True) of scores_depthwise_relu6 -> 14x9x6000
        offsets_depthwise: depthwise(kernel=(3, 5)) of input -> 14x9x24
        offsets_depthwise_norm: norm() of offsets_depthwise -> 14x9x24
        offsets_depthwise_relu6: activation(function=relu6) of offsets_depthwise_norm -> 14x9x24
        offsets: conv(out=24, bias=True) of offsets_depthwise_relu6 -> 14x9x24
        """,
    ),
    "residual strided": (
        '{ op = "residual", mid = 8, out = 24, stride = 2 }',
        """
        reduce: conv(out=8) of input -> 14x9x8
        reduce_norm: norm() of reduce -> 14x9x8
        reduce_relu: activation() of reduce_norm -> 14x9x8
        conv: conv(out=8, kernel=3, stride=2) of reduce_relu -> 7x5x8
        conv_norm: norm() of conv -> 7x5x8
        conv_relu: activation() of conv_norm -> 7x5x8
        widen: conv(out=24) of conv_relu -> 7x5x24
        widen_norm: norm() of widen -> 7x5x24
        shortcut: conv(out=24, stride=2) of input -> 7x5x24
        shortcut_norm: norm() of shortcut -> 7x5x24
        add: add() of widen_norm + shortcut_norm -> 7x5x24
        relu: activation() of add -> 7x5x24
        """,
    ),
    "residual first": (
        '{ op = "residual", mid = 8, out = 32, stride = [1, 2], stride_on = "first", norm = false }',
        """
        reduce: conv(out=8, stride=(1, 2)) of input -> 14x5x8
        reduce_relu: activation() of reduce -> 14x5x8
        conv: conv(out=8, kernel=3) of reduce_relu -> 14x5x8
        conv_relu: activation() of conv -> 14x5x8
        widen: conv(out=32) of conv_relu -> 14x5x32
        shortcut: conv(out=32, stride=(1, 2)) of input -> 14x5x32
        add: add() of widen + shortcut -> 14x5x32
        relu: activation() of add -> 14x5x32
        """,
    ),
    "residual widened": (
        '{ op = "residual", mid = 8, out = 32 }',
        """
        reduce: conv(out=8) of input -> 14x9x8
        reduce_norm: norm() of reduce -> 14x9x8
        reduce_relu: activation() of reduce_norm -> 14x9x8
        conv: conv(out=8, kernel=3) of reduce_relu -> 14x9x8
        conv_norm: norm() of conv -> 14x9x8
        conv_relu: activation() of conv_norm -> 14x9x8
        widen: conv(out=32) of conv_relu -> 14x9x32
        widen_norm: norm() of widen -> 14x9x32
        shortcut: conv(out=32) of input -> 14x9x32
        shortcut_norm: norm() of shortcut -> 14x9x32
        add: add() of widen_norm + shortcut_norm -> 14x9x32
        relu: activation() of add -> 14x9x32
        """,
    ),
    "se": (
        '{ op = "se", share = 0.5 }',
        """
        pool: global_pool() of input -> 1x1x24
        squeeze: conv(out=16, bias=True) of pool -> 1x1x16
        relu: activation() of squeeze -> 1x1x16
        excite: conv(out=24, bias=True) of relu -> 1x1x24
        hsigmoid: activation(function=hsigmoid) of excite -> 1x1x24
        gate: gate() of input + hsigmoid -> 14x9x24
        """,
    ),
    "spatial_separable": (
        (
            '{ op = "spatial_separable", out = 16, kernel = 5, stride = 2, padding = "valid", bias = true,'
            " norm = false }"
        ),
        """
        vertical: conv(out=16, kernel=(5, 1), stride=(2, 1), padding=valid, bias=True) of input -> 5x9x16
        horizontal: conv(out=16, kernel=(1, 5), stride=(1, 2), padding=valid, bias=True) of vertical -> 5x3x16
        relu: activation() of horizontal -> 5x3x16
        """,
    ),
    "uib": (
        '{ op = "uib", out = 24, expand = 2, start = 5, kernel = 3, activation = "relu6" }',
        """
        start: depthwise(kernel=5) of input -> 14x9x24
        start_norm: norm() of start -> 14x9x24
        expand: conv(out=48) of start_norm -> 14x9x48
        expand_norm: norm() of expand -> 14x9x48
        expand_relu6: activation(function=relu6) of expand_norm -> 14x9x48
        depthwise: depthwise() of expand_relu6 -> 14x9x48
        depthwise_norm: norm() of depthwise -> 14x9x48
        depthwise_relu6: activation(function=relu6) of depthwise_norm -> 14x9x48
        project: conv(out=24) of depthwise_relu6 -> 14x9x24
        project_norm: norm() of project -> 14x9x24
        add: add() of project_norm + input -> 14x9x24
        """,
    ),
    "uib strided in the middle": (
        '{ op = "uib", out = 24, start = 3, kernel = 5, stride = 2 }',
        """
        start: depthwise() of input -> 14x9x24
        start_norm: norm() of start -> 14x9x24
        expand: conv(out=96) of start_norm -> 14x9x96
        expand_norm: norm() of expand -> 14x9x96
        expand_relu: activation() of expand_norm -> 14x9x96
        depthwise: depthwise(kernel=5, stride=2) of expand_relu -> 7x5x96
        depthwise_norm: norm() of depthwise -> 7x5x96
        depthwise_relu: activation() of depthwise_norm -> 7x5x96
        project: conv(out=24) of depthwise_relu -> 7x5x24
        project_norm: norm() of project -> 7x5x24
        """,
    ),
    "uib strided at the start": (
        '{ op = "uib", out = 24, start = 3, kernel = 0, stride = 2 }',
        """
        start: depthwise(stride=2) of input -> 7x5x24
        start_norm: norm() of start -> 7x5x24
        expand: conv(out=96) of start_norm -> 7x5x96
        expand_norm: norm() of expand -> 7x5x96
        expand_relu: activation() of expand_norm -> 7x5x96
        project: conv(out=24) of expand_relu -> 7x5x24
        project_norm: norm() of project -> 7x5x24
        """,
    ),
    "uib without filters": (
        '{ op = "uib", out = 32, kernel = 0 }',
        """
        expand: conv(out=96) of input -> 14x9x96
        expand_norm: norm() of expand -> 14x9x96
        expand_relu: activation() of expand_norm -> 14x9x96
        project: conv(out=32) of expand_relu -> 14x9x32
        project_norm: norm() of project -> 14x9x32
        """,
    ),
    "fire": (
        '{ op = "fire", squeeze = 8, out = 32 }',
        """
        squeeze: conv(out=8) of input -> 14x9x8
        squeeze_norm: norm() of squeeze -> 14x9x8
        squeeze_relu: activation() of squeeze_norm -> 14x9x8
        expand1x1: conv(out=16) of squeeze_relu -> 14x9x16
        expand1x1_norm: norm() of expand1x1 -> 14x9x16
        expand1x1_relu: activation() of expand1x1_norm -> 14x9x16
        expand3x3: conv(out=16, kernel=3) of squeeze_relu -> 14x9x16
        expand3x3_norm: norm() of expand3x3 -> 14x9x16
        expand3x3_relu: activation() of expand3x3_norm -> 14x9x16
        concat: concat() of expand1x1_relu + expand3x3_relu -> 14x9x32
        """,
    ),
    "inception": (
        (
            '{ op = "inception", one = 8, reduce3 = 16, three = 24, reduce5 = 32, five = 40, pool = 48, large'
            " = 7 }"
        ),
        """
        1x1: conv(out=8) of input -> 14x9x8
        1x1_norm: norm() of 1x1 -> 14x9x8
        1x1_relu: activation() of 1x1_norm -> 14x9x8
        reduce3x3: conv(out=16) of input -> 14x9x16
        reduce3x3_norm: norm() of reduce3x3 -> 14x9x16
        reduce3x3_relu: activation() of reduce3x3_norm -> 14x9x16
        3x3: conv(out=24, kernel=3) of reduce3x3_relu -> 14x9x24
        3x3_norm: norm() of 3x3 -> 14x9x24
        3x3_relu: activation() of 3x3_norm -> 14x9x24
        reduce5x5: conv(out=32) of input -> 14x9x32
        reduce5x5_norm: norm() of reduce5x5 -> 14x9x32
        reduce5x5_relu: activation() of reduce5x5_norm -> 14x9x32
        5x5: conv(out=40, kernel=7) of reduce5x5_relu -> 14x9x40
        5x5_norm: norm() of 5x5 -> 14x9x40
        5x5_relu: activation() of 5x5_norm -> 14x9x40
        pool: max_pool(kernel=3, stride=1, padding=1) of input -> 14x9x24
        pool_1x1: conv(out=48) of pool -> 14x9x48
        pool_1x1_norm: norm() of pool_1x1 -> 14x9x48
        pool_1x1_relu: activation() of pool_1x1_norm -> 14x9x48
        concat: concat() of 1x1_relu + 3x3_relu + 5x5_relu + pool_1x1_relu -> 14x9x120
        """,
    ),
    "shuffle_unit": (
        '{ op = "shuffle_unit", out = 24, kernel = 5 }',
        """
        pass: slice(channels=12) of input -> 14x9x12
        half: slice(channels=12, start=12) of input -> 14x9x12
        reduce: conv(out=12) of half -> 14x9x12
        reduce_norm: norm() of reduce -> 14x9x12
        reduce_relu: activation() of reduce_norm -> 14x9x12
        depthwise: depthwise(kernel=5) of reduce_relu -> 14x9x12
        depthwise_norm: norm() of depthwise -> 14x9x12
        pointwise: conv(out=12) of depthwise_norm -> 14x9x12
        pointwise_norm: norm() of pointwise -> 14x9x12
        pointwise_relu: activation() of pointwise_norm -> 14x9x12
        concat: concat() of pass + pointwise_relu -> 14x9x24
        shuffle: shuffle() of concat -> 14x9x24
        """,
    ),
    "shuffle_unit strided": (
        '{ op = "shuffle_unit", out = 48, stride = 2 }',
        """
        other_depthwise: depthwise(stride=2) of input -> 7x5x24
        other_depthwise_norm: norm() of other_depthwise -> 7x5x24
        other_pointwise: conv(out=24) of other_depthwise_norm -> 7x5x24
        other_pointwise_norm: norm() of other_pointwise -> 7x5x24
        other_pointwise_relu: activation() of other_pointwise_norm -> 7x5x24
        reduce: conv(out=24) of input -> 14x9x24
        reduce_norm: norm() of reduce -> 14x9x24
        reduce_relu: activation() of reduce_norm -> 14x9x24
        depthwise: depthwise(stride=2) of reduce_relu -> 7x5x24
        depthwise_norm: norm() of depthwise -> 7x5x24
        pointwise: conv(out=24) of depthwise_norm -> 7x5x24
        pointwise_norm: norm() of pointwise -> 7x5x24
        pointwise_relu: activation() of pointwise_norm -> 7x5x24
        concat: concat() of other_pointwise_relu + pointwise_relu -> 7x5x48
        shuffle: shuffle() of concat -> 7x5x48
        """,
    ),
    "separable_conv": (
        (
            '{ op = "separable_conv", out = 8, kernel = [3, 5], stride = [2, 1], dilation = 2,'
            ' activation = "elu" }'
        ),
        """
        depthwise: depthwise(kernel=(3, 5), stride=(2, 1), dilation=2) of input -> 7x9x24
        pointwise: conv(out=8) of depthwise -> 7x9x8
        pointwise_norm: norm() of pointwise -> 7x9x8
        pointwise_elu: activation(function=elu) of pointwise_norm -> 7x9x8
        """,
    ),
    "ssdlite_extra": (
        '{ op = "ssdlite_extra", out = 16, stride = [2, 1], activation = "elu" }',
        """
        reduce: conv(out=8) of input -> 14x9x8
        reduce_norm: norm() of reduce -> 14x9x8
        reduce_elu: activation(function=elu) of reduce_norm -> 14x9x8
        separable/depthwise: depthwise(stride=(2, 1)) of reduce_elu -> 7x9x8
        separable/depthwise_norm: norm() of separable/depthwise -> 7x9x8
        separable/depthwise_elu: activation(function=elu) of separable/depthwise_norm -> 7x9x8
        separable/pointwise: conv(out=16) of separable/depthwise_elu -> 7x9x16
        separable/pointwise_norm: norm() of separable/pointwise -> 7x9x16
        separable/pointwise_elu: activation(function=elu) of separable/pointwise_norm -> 7x9x16
        """,
    ),
    "xception": (
        '{ op = "xception", out = 32, first = 16, convs = 3, stride = 2 }',
        """
        relu1: activation() of input -> 14x9x24
        depthwise1: depthwise() of relu1 -> 14x9x24
        pointwise1: conv(out=16) of depthwise1 -> 14x9x16
        pointwise1_norm: norm() of pointwise1 -> 14x9x16
        relu2: activation() of pointwise1_norm -> 14x9x16
        depthwise2: depthwise() of relu2 -> 14x9x16
        pointwise2: conv(out=16) of depthwise2 -> 14x9x16
        pointwise2_norm: norm() of pointwise2 -> 14x9x16
        relu3: activation() of pointwise2_norm -> 14x9x16
        depthwise3: depthwise() of relu3 -> 14x9x16
        pointwise3: conv(out=32) of depthwise3 -> 14x9x32
        pointwise3_norm: norm() of pointwise3 -> 14x9x32
        pool: max_pool(kernel=3, padding=same) of pointwise3_norm -> 7x5x32
        shortcut: conv(out=32, stride=2) of input -> 7x5x32
        shortcut_norm: norm() of shortcut -> 7x5x32
        add: add() of pool + shortcut_norm -> 7x5x32
        """,
    ),
    "xception strided in one direction": (
        '{ op = "xception", out = 24, convs = 1, stride = [1, 2] }',
        """
        relu1: activation() of input -> 14x9x24
        depthwise1: depthwise() of relu1 -> 14x9x24
        pointwise1: conv(out=24) of depthwise1 -> 14x9x24
        pointwise1_norm: norm() of pointwise1 -> 14x9x24
        pool: max_pool(kernel=3, stride=(1, 2), padding=same) of pointwise1_norm -> 14x5x24
        shortcut: conv(out=24, stride=(1, 2)) of input -> 14x5x24
        shortcut_norm: norm() of shortcut -> 14x5x24
        add: add() of pool + shortcut_norm -> 14x5x24
        """,
    ),
    "xception bare": (
        '{ op = "xception", out = 24, convs = 2, activate_first = false }',
        """
        depthwise1: depthwise() of input -> 14x9x24
        pointwise1: conv(out=24) of depthwise1 -> 14x9x24
        pointwise1_norm: norm() of pointwise1 -> 14x9x24
        relu2: activation() of pointwise1_norm -> 14x9x24
        depthwise2: depthwise() of relu2 -> 14x9x24
        pointwise2: conv(out=24) of depthwise2 -> 14x9x24
        pointwise2_norm: norm() of pointwise2 -> 14x9x24
        add: add() of pointwise2_norm + input -> 14x9x24
        """,
    ),
    "patch_embed": (
        '{ op = "patch_embed", out = 16, size = [7, 2], padding = 1, bias = false }',
        """
        conv: conv(out=16, kernel=(7, 2), stride=(7, 2), padding=1) of input -> 2x5x16
        tokens: map_to_tokens() of conv -> 10x1x16
        """,
    ),
    "attention": (
        (
            '{ op = "attention", heads = 4, width = 32, values = 48, kv_heads = 2, out = 16, bias = false,'
            " out_bias = true }"
        ),
        """
        query: dense(out=32, bias=False) of input -> 14x9x32
        key: dense(out=16, bias=False) of input -> 14x9x16
        value: dense(out=24, bias=False) of input -> 14x9x24
        scale: rescale(shift=False) of query -> 14x9x32
        scores: matmul(inner=8, h=4, w=126, c=126) of scale + key -> 4x126x126
        softmax: activation(function=softmax) of scores -> 4x126x126
        mix: matmul(inner=126, h=14, w=9, c=48) of softmax + value -> 14x9x48
        project: dense(out=16) of mix -> 14x9x16
        """,
    ),
    "attention in windows": (
        '{ op = "attention", heads = 2, window = [7, 5], relative = true, project = false }',
        """
        pad: pad(padding=(0, 0, 0, 1)) of input -> 14x10x24
        query: dense(out=24) of pad -> 14x10x24
        key: dense(out=24) of pad -> 14x10x24
        value: dense(out=24) of pad -> 14x10x24
        scale: rescale(shift=False) of query -> 14x10x24
        scores: matmul(inner=12, h=8, w=35, c=35) of scale + key -> 8x35x35
        offsets: relative_positions(heads=2, h=7, w=5) of scores -> 8x35x35
        softmax: activation(function=softmax) of offsets -> 8x35x35
        mix: matmul(inner=35, h=14, w=10, c=24) of softmax + value -> 14x10x24
        crop: crop(h=14, w=9) of mix -> 14x9x24
        """,
    ),
    "attention of channels": (
        '{ op = "attention", heads = 3, attend = "channels" }',
        """
        query: dense(out=24) of input -> 14x9x24
        key: dense(out=24) of input -> 14x9x24
        value: dense(out=24) of input -> 14x9x24
        query_norm: l2_norm(scale=False) of query -> 14x9x24
        key_norm: l2_norm(scale=False) of key -> 14x9x24
        scores: matmul(inner=126, h=3, w=8, c=8) of query_norm + key_norm -> 3x8x8
        temperature: scale(bias=False, numbers=3) of scores -> 3x8x8
        softmax: activation(function=softmax) of temperature -> 3x8x8
        mix: matmul(inner=8, h=14, w=9, c=24) of softmax + value -> 14x9x24
        project: dense(out=24) of mix -> 14x9x24
        """,
    ),
    "expert_conv": (
        (
            '{ op = "expert_conv", out = 16, kernel = [3, 1], stride = [2, 1], dilation = [1, 2], groups = 2,'
            ' padding = [1, 0], experts = 3, reduce = 0.25, routing = "sigmoid", norm = false, activation ='
            ' "relu6" }'
        ),
        """
        pool: global_pool() of input -> 1x1x24
        squeeze: dense(out=6, bias=False) of pool -> 1x1x6
        squeeze_relu: activation() of squeeze -> 1x1x6
        route: dense(out=3) of squeeze_relu -> 1x1x3
        sigmoid: activation(function=sigmoid) of route -> 1x1x3
        kernels: constant(h=3, c=576, learned=True) of sigmoid -> 3x1x576
        mix: matmul(inner=3, c=576) of sigmoid + kernels -> 1x1x576
        conv: dynamic_conv(out=16, kernel=(3, 1), stride=(2, 1), dilation=(1, 2), groups=2, padding=(1, 0)) of input + mix -> 7x9x16
        relu6: activation(function=relu6) of conv -> 7x9x16
        """,  # noqa: E501
    ),
}
"""A row behind an image of 14 x 9 x 24, and its layers: op, the fields that differ from the op's
defaults, what it reads, its map.
"""


def listed(costs: Costs) -> list[str]:
    """Every layer as a line; names without the place they share."""
    lines = []
    for x in costs.layers:
        op = x.node.op
        fields = ", ".join(
            f"{key}={value}"
            for key, value in zip(op._fields, op, strict=True)
            if op._field_defaults.get(key) != value
        )
        reads = " + ".join(costs.graph.nodes[n].name.split("/", 1)[-1] for n in x.node.inputs)
        lines.append(f"{x.name.split('/', 1)[-1]}: {op.label}({fields}) of {reads} -> {x.output}")
    return lines


@pytest.mark.parametrize("case", LAYERS)
def test_a_block_stands_for_these_layers(case: str) -> None:
    """Each key of each block at a value of its own, on a map that is not square."""
    row, layers = LAYERS[case]
    assert listed(costs_of(row, size="[14, 9]")) == [line.strip() for line in layers.strip().split("\n")]


def test_xceptions_pool_pads_one_where_windows_are_padded_by_hand() -> None:
    """As torch models have it: (14 + 2 - 3) // 2 + 1 = 7 rows, and (9 + 2 - 3) // 2 + 1 = 5 columns."""
    done = costs_of(
        '{ op = "xception", out = 32, stride = 2 }', size="[14, 9]", more='[style]\npadding = "symmetric"\n'
    )
    assert [tuple(x.output) for x in done.layers if x.node.op.label == "max_pool"] == [(7, 5, 32)]
