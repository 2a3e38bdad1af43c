"""What kind of file is this, whatever its suffix?

Decided by its first bytes, and by the last bytes of a zip; nothing is unpacked or executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..records import NamedTuple
from .files import is_file

HEAD = TAIL = 1 << 16  # bytes that are looked at

PYTORCH = "torch.onnx.export(model, (torch.zeros(1, 3, 224, 224),), 'net.onnx') writes the network as ONNX"
TENSORFLOW = "tf.lite.TFLiteConverter, or tf2onnx, writes the network as TFLite or ONNX"
CONVERT = "export the network as ONNX or TFLite with the framework that it was made in"


class Content(NamedTuple):
    """A kind of file: its name, and the module that reads it.

    Where no module does, `hint` says how to get a file that is read.
    """

    called: str
    reader: str | None = None
    hint: str = ""
    sure: bool = True  # False: files of other kinds may begin like this, so a known suffix decides

    @property
    def with_article(self) -> str:
        """What the file is called, with its article: "a spec in TOML", "an ONNX model"."""
        return (
            f"{'an' if self.called.startswith(('ONNX', 'OpenVINO', 'HDF5', 'XML', 'ncnn')) else 'a'}"
            f" {self.called}"
        )


SPEC = Content("spec in TOML")
ONNX = Content("ONNX model", "onnx")
TFLITE = Content("TFLite model", "tflite")
HDF5 = Content("HDF5 file", "keras")
KERAS_ARCHIVE = Content(".keras archive", "keras")
JSON = Content("JSON", "keras")
PROTOTXT = Content("Caffe prototxt", "caffe")

TORCH_ZIP = Content(
    "PyTorch file, a zip of pickles: weights, or code that would have to be executed, and no graph",
    hint=PYTORCH,
)
PICKLE = Content(
    "Python pickle, which only executing it can read (PyTorch's and scikit-learn's older files are)",
    hint=PYTORCH,
)
SAFETENSORS = Content("safetensors file: weights, and no graph", hint=PYTORCH)
GGUF = Content("GGUF file: weights, and no graph", hint=PYTORCH)
NUMPY = Content("NumPy file: weights, and no graph", hint=CONVERT)
NPZ = Content("zip of NumPy arrays: weights, and no graph", hint=CONVERT)
SAVED_MODEL = Content("TensorFlow SavedModel, which is not read", hint=TENSORFLOW, sure=False)
GRAPH_DEF = Content("TensorFlow GraphDef (a frozen graph), which is not read", hint=TENSORFLOW, sure=False)
CAFFEMODEL = Content(
    "Caffe caffemodel: weights", hint="the net's deploy.prototxt, which is published beside it, is read"
)
CORE_ML = Content(
    "Core ML model, which is not read",
    hint="export the network as ONNX from the framework that it was made in",
    sure=False,
)
OPENVINO = Content(
    "OpenVINO model, which is not read", hint="give the ONNX or TFLite file that it was converted from"
)
NCNN = Content(
    "ncnn or pnnx file, which is not read", hint="give the ONNX or prototxt file that it was converted from"
)
DARKNET = Content(
    "Darknet .cfg, which is not read",
    hint="convert it to ONNX, or write it as a spec: `mnetcost new` begins one",
)
XML = Content("XML file", hint=CONVERT)
PAGE = Content("page of HTML: perhaps the page about the file, not the file", hint="download the raw file")
LFS = Content("Git LFS pointer, not the file itself", hint="`git lfs pull` fetches the file")
PACKED = Content("packed archive", hint="unpack it and give the model file in it")

TORCH = Content(
    "PyTorch file: weights or pickled code, and no graph that can be read without executing it", hint=PYTORCH
)
DARKNET_WEIGHTS = Content("Darknet file of weights, without a graph", hint="convert it with its .cfg to ONNX")
CHECKPOINT = Content("TensorFlow checkpoint: weights, and no graph", hint=TENSORFLOW)
PROGRAM = Content("program, which is not executed", hint=f"run it, and in it: {PYTORCH}")
WEIGHTS = Content("file of weights, without a graph", hint=CONVERT)
ENGINE = Content(
    "model compiled for one device, which is not read",
    hint="give the ONNX or TFLite file that it was made from",
)
OTHER = Content(
    "model of another framework, which is not read",
    hint="export it, or the model that it was made from, as ONNX",
)
ORT = Content(
    "model in ONNX Runtime's own format, which is not read", hint="give the .onnx file that it was made from"
)
SETTINGS = Content("file of settings for a program that builds the network, which is not read", hint=CONVERT)
PICTURE = Content(
    "picture or document", hint="a table in it can be written as a spec: `mnetcost new` begins one"
)
FOLDER = Content("folder", hint="give a file in it")

NAMED = {
    **dict.fromkeys((".pth", ".pt", ".ckpt", ".pyt", ".t7", ".mar", ".pt2", ".bin"), TORCH),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), PICKLE),
    **dict.fromkeys((".meta", ".index"), CHECKPOINT),
    **dict.fromkeys((".py", ".ipynb", ".m", ".jl", ".lua", ".cpp", ".c", ".h"), PROGRAM),
    **dict.fromkeys((".npy", ".params", ".mat", ".dat"), WEIGHTS),
    **dict.fromkeys((".engine", ".plan", ".trt", ".uff", ".om", ".hef", ".dlc"), ENGINE),
    **dict.fromkeys((".rknn", ".kmodel", ".nb", ".blob", ".xmodel", ".vmfb"), ENGINE),
    **dict.fromkeys(
        (
            ".pdmodel",
            ".pdiparams",
            ".mnn",
            ".mge",
            ".pte",
            ".ptl",
            ".model",
            ".ms",
            ".mindir",
            ".circle",
            ".dnn",
        ),
        OTHER,
    ),
    **dict.fromkeys((".yaml", ".yml", ".ini", ".gin"), SETTINGS),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".pdf", ".svg", ".md", ".html", ".csv", ".xlsx"), PICTURE),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"), PACKED),
    **dict.fromkeys((".mlmodel", ".mlpackage", ".mlmodelc"), CORE_ML),
    **dict.fromkeys((".pb", ".pbtxt"), GRAPH_DEF),
    **dict.fromkeys((".cfg",), DARKNET),
    ".weights": DARKNET_WEIGHTS,
    **dict.fromkeys((".param", ".ncnn"), NCNN),
    ".npz": NPZ,
    ".safetensors": SAFETENSORS,
    ".gguf": GGUF,
    ".caffemodel": CAFFEMODEL,
    ".xml": OPENVINO,
    ".ort": ORT,
}
"""What a file is by its suffix, where its bytes do not show it; an error says that this is a guess."""


def named(name: str) -> Content | None:
    """Return what a file or a folder is, judging by its name."""
    path = Path(name)
    try:
        if path.is_dir():
            return (
                SAVED_MODEL if (path / "saved_model.pb").is_file() else NAMED.get(path.suffix.lower(), FOLDER)
            )
    except (OSError, ValueError):  # a name that no file can have
        return None
    return NAMED.get(path.suffix.lower())


def content_of(file: str | Path) -> Content | None:
    """Return what a file is by its bytes; None if there is no file, or the bytes do not show it."""
    try:
        if not is_file(file):
            return None
        with Path(file).open("rb") as f:
            head = f.read(HEAD)
            if not head.startswith(b"PK\3\4"):
                return content(head)
            f.seek(max(0, f.seek(0, 2) - TAIL))
            return content(head, f.read())
    except (OSError, ValueError):
        return None


def content(head: bytes, tail: bytes = b"") -> Content | None:
    """Return what kind of file begins with these bytes and, for a zip, ends with `tail`."""
    head, tail = head[:HEAD], tail[-TAIL:]
    for test, found in BINARY:
        if test(head):
            return found
    if head.startswith(b"PK\3\4"):
        return next((found for name, found in ZIPS if name in tail), None)
    if b"\0" in head:
        return None
    text = head.decode("utf-8-sig", "replace")
    begin = text[BLANK.match(text).end() :]  # type: ignore[union-attr]
    return next((found for pattern, found in TEXTS if pattern.match(begin)), None)


def _field(data: bytes, tag: int, at: int = 0) -> tuple[int, int] | None:
    """Where the value of a protobuf field begins and ends, if a field of this tag is at `at`."""
    if data[at : at + 1] != bytes([tag]):
        return None
    size = shift = 0
    for n in range(at + 1, min(at + 6, len(data))):
        size |= (data[n] & 0x7F) << shift
        shift += 7
        if data[n] < 0x80:
            return n + 1, n + 1 + size
    return None


def _word(data: bytes, tag: int, at: int = 0) -> bool:
    """Is there a field of this tag at `at` that holds a name: at most 200 printable characters?"""
    found = _field(data, tag, at)
    if found is None or not found[0] < found[1] <= len(data) or found[1] - found[0] > 200:
        return False
    return data[found[0] : found[1]].isascii() and data[found[0] : found[1]].decode("ascii").isprintable()


def _onnx(data: bytes) -> bool:
    """Is this ONNX's ModelProto? First ir_version, then producer, domain, version, graph or opset."""
    if data[:1] != b"\x08" or not 2 <= data[1:2].ljust(1, b"\0")[0] <= 40:
        return False
    return data[2:3] in (b"\x3a", b"\x42", b"\x28") or any(_word(data, tag, 2) for tag in (0x12, 0x1A, 0x22))


def _core_ml(data: bytes) -> bool:
    """Is this Core ML's Model? First specificationVersion, then a description that begins with an input."""
    found = _field(data, 0x12, 2)
    return data[:1] == b"\x08" and found is not None and data[found[0] : found[0] + 1] == b"\x0a"


def _graph_def(data: bytes) -> bool:
    """Is this TensorFlow's GraphDef? First a node, which begins with its name and its op."""
    node = _field(data, 0x0A)
    name = _field(data, 0x0A, node[0]) if node else None
    return bool(node and name and _word(data, 0x0A, node[0]) and _word(data, 0x12, name[1]))


def _caffemodel(data: bytes) -> bool:
    """Is this Caffe's NetParameter? First its name, then a layer, in the new form or the old."""
    name = _field(data, 0x0A)
    return (
        name is not None
        and _word(data, 0x0A)
        and data[name[1] : name[1] + 2] in (b"\xa2\x06", b"\x12\x80", b"\x12\xff")
    )


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    """A test for files that begin with one of these."""
    return lambda data: data.startswith(magic)


BINARY: tuple[tuple[Callable[[bytes], bool], Content], ...] = (
    (lambda data: data[4:8] == b"TFL3", TFLITE),
    (_begins(b"\x89HDF\r\n\x1a\n"), HDF5),
    (_begins(b"version https://git-lfs."), LFS),
    (_begins(b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"), PICKLE),
    (_begins(b"GGUF", b"ggml"), GGUF),
    (_begins(b"\x93NUMPY"), NUMPY),
    (_begins(b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"), PACKED),
    (lambda data: data[257:262] == b"ustar", PACKED),
    (lambda data: data[8:10] in (b'{"', b"{ ") and data[4:8] == b"\0\0\0\0", SAFETENSORS),
    (_begins(b"\x08\x01\x12"), SAVED_MODEL),
    (_onnx, ONNX),
    (_core_ml, CORE_ML),
    (_graph_def, GRAPH_DEF),
    (_caffemodel, CAFFEMODEL),
)
ZIPS = (
    (b"/data.pkl", TORCH_ZIP),
    (b"config.json", KERAS_ARCHIVE),
    (b"model.weights.h5", KERAS_ARCHIVE),
    (b".npy", NPZ),
)
"""What a zip is, by a file name in its directory."""

BLANK = re.compile(r"(?:\s++|(?:#|//)[^\n]*+)*+")
TEXTS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), found)
    for pattern, found in {
        r'\{\s*["}]|"\{': JSON,
        r"<!doctype html|<html": PAGE,
        r"(?:<\?xml[^>]*>\s*)?<net\b": OPENVINO,
        r"<\?xml": XML,
        r"7767517\b": NCNN,
        r"\[(?:net|network)\]": DARKNET,
        r"node\s*\{\s*(?:name|op)\s*:": GRAPH_DEF,
        # a protobuf text whose first field is one of a net's; a solver's, so that its reader may say so
        r"layers?\s*\{|(?:(?:input|name)\s*:\s*['\"]|(?:input_shape|state)\s*:?\s*\{).*\blayers?\s*\{": (
            PROTOTXT
        ),
        r"(?:net|train_net)\s*:\s*['\"]": PROTOTXT,
        r"(?:source|title|extends|differs|resolution|channels|classes|alphas|resolutions|layers|top)\s*=": (
            SPEC
        ),
    }.items()
)
"""What a text is, by its first words after blanks and comments."""
