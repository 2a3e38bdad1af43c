"""Does the ONNX reader count what PyTorch's own counter does, however a net is exported? Exports, measures, compares.

    PYTHONPATH=. python tests/truth/measure_exports.py FOLDER > tests/truth/exports.json

Needs torch, torchvision, timm, onnx, onnxscript and onnxruntime; the files stay in FOLDER. Multiply-adds are half of what torch's
FlopCounterMode counts on the built net; parameters are the numbers of the file's initializers, by the onnx package: what is one number,
or no weight (quantisation's scales and zeros), apart.
"""

import json
import logging
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import onnx
import timm
import torch
import torchvision
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import cost
from mnetcost.engine.terms import MAC_KINDS

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.backends.mha.set_fastpath_enabled(False)  # its one fused op is counted as nothing
TORCHVISION = """
mobilenet_v2 mobilenet_v3_large mobilenet_v3_small shufflenet_v2_x1_0 squeezenet1_1 mnasnet1_0 resnet18 resnext50_32x4d densenet121
efficientnet_b0 efficientnet_v2_s convnext_tiny regnet_y_400mf vgg11 alexnet swin_t vit_b_16"""
TIMM = """
mobilenetv3_small_100 mobilenetv4_conv_small tf_efficientnet_lite0 tf_mobilenetv3_large_100 ghostnet_100 mobilevit_xxs
vit_tiny_patch16_224 deit3_small_patch16_224 mixer_s16_224 repvgg_a0 mobileone_s0 levit_128s edgenext_xx_small efficientformer_l1
fastvit_t8 resnetv2_50 xcit_nano_12_p16_224 poolformer_s12 lcnet_050 tinynet_e res2net50_26w_4s"""
NETS = {
    **{f"torchvision/{n}": lambda n=n: torchvision.models.get_model(n, weights=None) for n in TORCHVISION.split()},
    "torchvision/googlenet": lambda: torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False),
    **{f"timm/{n}": lambda n=n: timm.create_model(n) for n in TIMM.split() if timm.is_model(n)},
}
FEW = ("torchvision/mobilenet_v2", "torchvision/mobilenet_v3_large", "torchvision/shufflenet_v2_x1_0", "timm/vit_tiny_patch16_224")


def ways(net):
    """Each way a net is exported: its name, the exporter's arguments, and what is done to the file afterwards."""
    script = {"dynamo": False}
    yield "script", script | {"opset_version": 17}, None
    yield "dynamo", {"dynamo": True}, None
    if net not in FEW:
        return
    for opset in (9, 11, 13, 20):
        yield f"script-{opset}", script | {"opset_version": opset}, None
    kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    yield "script-norm", script | kept, None
    axes = {"dynamic_axes": {"input": {0: "n", 2: "h", 3: "w"}}, "input_names": ["input"]}
    yield "script-dynamic", script | axes, None
    if "vit" not in net:
        batch, h, w = torch.export.Dim("batch"), torch.export.Dim("h", min=64, max=640), torch.export.Dim("w", min=64, max=640)
        yield "dynamo-dynamic", {"dynamo": True, "dynamic_shapes": ({0: batch, 2: h * 1, 3: w * 1},)}, None
    for after in ("qdq", "qoperator", "dynamic"):
        yield f"script-{after}", script | {"opset_version": 17}, after


def quantised(path, how):
    from onnxruntime import quantization as q

    class Images(q.CalibrationDataReader):
        left = 1

        def get_next(self):
            self.left -= 1
            name = onnx.load(path, load_external_data=False).graph.input[0].name
            return {name: torch.randn(1, 3, 224, 224).numpy()} if self.left >= 0 else None

    to = path.with_suffix(f".{how}.onnx")
    if how == "dynamic":
        q.quantize_dynamic(path, to)
    else:
        form = q.QuantFormat.QDQ if how == "qdq" else q.QuantFormat.QOperator
        q.quantize_static(path, to, Images(), quant_format=form, per_channel=how == "qdq")
    return to


def initializers(path):
    """How many numbers the initializers hold that are weights or biases."""
    graph = onnx.load(path, load_external_data=False).graph
    quantised = any("uantize" in n.op_type or "QLinear" in n.op_type for n in graph.node)
    names = ("_scale", "_zero_point") if quantised else ()
    count = 0
    for t in graph.initializer:
        n = 1
        for d in t.dims:
            n *= d
        quantised_bias = t.data_type == 6 and t.name.endswith("_quantized")
        weight = t.data_type not in (6, 7) and not t.name.endswith(names)
        count += n if n > 1 and (weight or quantised_bias) else 0
    return count


def measure(model, size):
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, size, size))
    return counter.get_total_flops() // 2


def main(folder, only):
    rows = []
    for net, build in NETS.items():
        if only and only not in net:
            continue
        model = build().eval()
        for t in (*model.parameters(), *model.buffers()):  # else equal numbers would be stored once
            if t.dtype.is_floating_point:
                t.data.uniform_(0.5, 1.5)
        macs = measure(model, 224)
        for way, arguments, after in ways(net):
            path = Path(folder) / f"{net.replace('/', '.')}.{way}.onnx"
            try:
                if not path.exists():
                    torch.onnx.export(model, (torch.zeros(1, 3, 224, 224),), path, verbose=False, **arguments)
                path = quantised(path, after) if after else path
            except Exception as e:
                print(net, way, "is not exported:", type(e).__name__, str(e)[:100], file=sys.stderr)
                continue
            held = initializers(path)
            try:
                costs = cost(load(str(path), Settings(resolution=(224, 224))).graph)
                work = costs.work_by_kind()
                found = sum(costs.params_by_kind().values()), sum(work.get(k, 0) for k in MAC_KINDS)
            except Exception as e:
                found = (0, 0)
                print(net, way, type(e).__name__, str(e)[:300], file=sys.stderr)
            rows.append([net, way, held, macs, *found])
            if found != (held, macs):
                print(f"{net} {way}: held {held:,} counted {found[0]:,}; macs {macs:,} counted {found[1]:,}", file=sys.stderr)
            sys.stderr.flush()
    source = f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, onnx {onnx.__version__}"
    head = json.dumps({"source": source, "columns": ["net", "exported", "params", "macs", "counted params", "counted macs"]})
    return head[:-1] + ', "records": [\n' + ",\n".join(json.dumps(r) for r in rows) + "]}"


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # the frameworks print as they work
        done = main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    print(done)
