"""Does the ONNX reader count what PyTorch's own counter does, however a net is exported?

Exports, measures, compares.

    PYTHONPATH=. python tests/truth/measure_exports.py FOLDER [PART_OF_A_NAME] > tests/truth/exports.json

Needs torch, torchvision, timm, onnx, onnxscript and onnxruntime. The files stay in FOLDER without their
weights, and so do the figures, a line a file: a run that was stopped goes on where it was. Multiply-adds
are half of what torch's FlopCounterMode counts on the built net; parameters are the numbers of the file's
initializers, by the onnx package: what is one number, or no weight (quantisation's scales and zeros),
apart. A net of another family is built two blocks deep, or one a stage, where it can be: exports take
minutes else.
"""

import json
import logging
import signal
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
mobilenet_v2 mobilenet_v3_large mobilenet_v3_small shufflenet_v2_x1_0 squeezenet1_1 mnasnet1_0 resnet18
resnext50_32x4d densenet121 efficientnet_b0 efficientnet_v2_s convnext_tiny regnet_y_400mf vgg11 alexnet
swin_t vit_b_16"""
TIMM = """
mobilenetv3_small_100 mobilenetv4_conv_small tf_efficientnet_lite0 tf_mobilenetv3_large_100 ghostnet_100
mobilevit_xxs vit_tiny_patch16_224 deit3_small_patch16_224 mixer_s16_224 repvgg_a0 mobileone_s0 levit_128s
edgenext_xx_small efficientformer_l1 fastvit_t8 resnetv2_50 xcit_nano_12_p16_224 poolformer_s12 lcnet_050
tinynet_e res2net50_26w_4s"""
NETS = {
    **{
        f"torchvision/{n}": lambda n=n: torchvision.models.get_model(n, weights=None)
        for n in TORCHVISION.split()
    },
    "torchvision/googlenet": lambda: torchvision.models.googlenet(
        weights=None, aux_logits=False, init_weights=False
    ),
    **{f"timm/{n}": lambda n=n: timm.create_model(n) for n in TIMM.split() if timm.is_model(n)},
}
# one or two of every other family of timm that is exported in the time
FAMILIES = """
bat_resnext26ts beit_base_patch16_224 beitv2_base_patch16_224 botnet26t_256 caformer_s18 coat_lite_tiny
coat_tiny coatnet_pico_rw_224 convit_tiny convmixer_1024_20_ks9_p14 convnext_atto convnext_atto_rms
convnextv2_atto cpubone_nano crossvit_tiny_240 cs3darknet_focus_s csatv2 cspnext_tiny davit_tiny
deepseek_vit_412m deit_tiny_distilled_patch16_224 densenet264d dla46x_c dpn48b eca_botnext26ts_256
eca_nfnet_l0 edgenext_xx_small efficientformer_l1 efficientformerv2_s0 efficientnet_b0 efficientnet_cc_b0_4e
efficientvim_m1 efficientvit_b0 efficientvit_m0 ese_vovnet19b_slim_dw eva02_tiny_patch14_224 fasternet_s
fastvit_mci0 fastvit_t8 focalnet_tiny_srf gcvit_xxtiny ghostnet_050 gmlp_ti16_224 halonet26t hardcorenas_b
hgnetv2_b0 hiera_tiny_224 hrnet_w18_small iformer_t inception_next_atto inception_resnet_v2 inception_v3
inception_v4 lambda_resnet26t lcnetv2_small legacy_seresnet18 legacy_xception levit_128s lowformer_b0
mambaout_femto maxvit_pico_rw_256 mobilenetv3_small_050 mobilenetv5_base mobileone_s0 mobilevit_xxs
mobilevitv2_050 mvitv2_tiny naflexvit_base_patch16_parfac_gap nasnetalarge nest_tiny nextvit_small
nf_regnet_b0 nf_resnet50 pnasnet5large poolformerv2_s12 pvt_v2_b0 qwen3_vit_88m rdnet_tiny regnetx_002
repghostnet_050 repvit_m0_9 res2net50_14w_8s resnest14d resnet14t resnet50_gn resnetv2_18 resnetv2_50x1_bit
rexnet_100 sam2_hiera_tiny samvit_base_patch16_224 selecsls42 sequencer2d_s shvit_s1 skresnet18 starnet_s050
swiftformer_xs swin_tiny_patch4_window7_224 swinv2_cr_tiny_224 swinv2_cr_tiny_ns_224 swinv2_tiny_window8_256
test_nfnet tf_efficientnet_cc_b0_4e tiny_vit_5m_224 tnt_s_legacy_patch16_224 tnt_s_patch16_224 tresnet_m
twins_pcpvt_small twins_svt_small visformer_tiny vit_relpos_small_patch16_224 vit_small_patch16_dinov3
vit_small_patch16_rope_224 vit_small_r26_s32_224 vit_srelpos_small_patch16_224 vit_tiny_r_s16_p8_224
vitamin_small_224 volo_d1_224 xception41p xcit_nano_12_p16_224 xcit_nano_12_p8_224"""
SHALLOW = ({"depth": 2}, {"depths": (1, 1, 1, 1)}, {"layers": (1, 1, 1, 1)})
MOST_SECONDS = 300
FEW = (
    "torchvision/mobilenet_v2",
    "torchvision/mobilenet_v3_large",
    "torchvision/shufflenet_v2_x1_0",
    "timm/vit_tiny_patch16_224",
)


def ways(net):
    """Each way a net is exported: its name, the exporter's arguments, and what is done to the file
    afterwards.
    """
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
        batch = torch.export.Dim("batch")
        h = torch.export.Dim("h", min=64, max=640)
        w = torch.export.Dim("w", min=64, max=640)
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
    """Half of the operations that PyTorch counts."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *size))
    return counter.get_total_flops() // 2


def shallow(name):
    """The net with few blocks, and what makes it so; as it is where it has no such setting."""
    for setting in SHALLOW:
        try:
            model = timm.create_model(name, **setting).eval()
            with torch.no_grad():
                model(torch.zeros(1, *model.pretrained_cfg["input_size"]))
        except Exception:  # whatever a net says to a setting that it does not have
            continue
        return model, " ".join(f"{k}={v}" for k, v in setting.items())
    return timm.create_model(name).eval(), ""


def without_weights(path):
    """Leave the large tensors of a file out: the reader never opens them."""
    model = onnx.load(path)
    for t in model.graph.initializer:
        n = 1
        for d in t.dims:
            n *= d
        if n > 1024 and t.data_type not in (6, 7):
            for field in ("raw_data", "float_data", "double_data"):
                t.ClearField(field)
            t.data_location = onnx.TensorProto.EXTERNAL
            del t.external_data[:]
            t.external_data.add(key="location", value="left_out.bin")
    path.write_bytes(model.SerializeToString())


class Late(Exception):
    """An export took too long."""


def late(*_):
    raise Late


def exported(folder, net, model, size, way, arguments, after):
    """Export a net in one way, unless that was done before: the file, and how many numbers its
    initializers hold.
    """
    path = Path(folder) / f"{net.replace('/', '.')}.{way}.onnx"
    held = path.with_suffix(".held")
    if not held.exists():
        signal.alarm(MOST_SECONDS)
        try:
            torch.onnx.export(
                model, (torch.zeros(1, *size),), path, verbose=False, external_data=False, **arguments
            )
            path = quantised(path, after) if after else path
        finally:
            signal.alarm(0)
        held.write_text(f"{path.name} {initializers(path)}")
        without_weights(path)
    name, count = held.read_text().split()
    return Path(folder) / name, int(count)


def counted(path, size):
    """Parameters and multiply-adds as the reader counts them; none where it refuses the file."""
    try:
        costs = cost(load(str(path), Settings(resolution=tuple(size[1:]))).graph)
    except Exception as e:
        print(path.name, type(e).__name__, str(e)[:300], file=sys.stderr)
        return None, None
    work = costs.work_by_kind()
    return sum(costs.params_by_kind().values()), sum(work.get(k, 0) for k in MAC_KINDS)


def main(folder, only):
    signal.signal(signal.SIGALRM, late)
    torch.set_num_threads(1)
    timm.layers.set_fused_attn(False)
    rows = []
    nets = {
        **NETS,
        **{f"timm/{n}": lambda n=n: shallow(n) for n in FAMILIES.split() if f"timm/{n}" not in NETS},
    }
    for net, build in nets.items():
        if only and only not in net:
            continue
        torch.manual_seed(0)
        built = build()
        model, setting = built if isinstance(built, tuple) else (built, "")
        model = model.eval()
        called = f"{net} {setting}".strip()
        size = getattr(model, "pretrained_cfg", {}).get("input_size", (3, 224, 224))
        for t in (*model.parameters(), *model.buffers()):  # else equal numbers would be stored once
            if t.dtype.is_floating_point:
                t.data.uniform_(0.5, 1.5)
        macs = measure(model, size)
        for way, arguments, after in ways(net):
            try:
                path, held = exported(folder, net, model, size, way, arguments, after)
            except Exception as e:
                print(net, way, "is not exported:", type(e).__name__, str(e)[:100], file=sys.stderr)
                continue
            found = counted(path, size)
            rows.append([called, way, held, macs, *found])
            if found != (held, macs):
                print(
                    f"{called} {way}: held {held} counted {found[0]}; macs {macs} counted {found[1]}",
                    file=sys.stderr,
                )
            sys.stderr.flush()
    source = (
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, onnx"
        f" {onnx.__version__}"
    )
    head = json.dumps(
        {"source": source, "columns": ["net", "exported", "params", "macs", "counted params", "counted macs"]}
    )
    return head[:-1] + ', "records": [\n' + ",\n".join(json.dumps(r) for r in rows) + "]}"


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # the frameworks print as they work
        done = main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    print(done)
