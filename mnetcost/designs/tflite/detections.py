"""How many boxes does the operator choose that ends a detector? The numbers in its own options."""

from __future__ import annotations

DETECTIONS = "custom TFLite_Detection_PostProcess"
NUMBERS = ("max_detections", "num_classes")
LARGEST_NUMBER = 1_000_000


def numbers(options: bytes) -> dict[str, int]:
    """The most boxes and the number of classes that a FlexBuffer of options says; {} where it says neither
    or is none.
    """
    from flatbuffers import flexbuffers

    try:
        table = flexbuffers.GetRoot(bytearray(options)).AsMap
        found = {key: int(table[key].AsInt) for key in NUMBERS}
    except Exception:  # the library's own errors and those of its arithmetic: what is no map of numbers
        return {}
    return found if all(0 <= n <= LARGEST_NUMBER for n in found.values()) else {}
