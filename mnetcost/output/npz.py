"""NPZ: numpy arrays in one file, the same bytes for the same arrays."""

from __future__ import annotations

from io import BytesIO

from ..analyses.documents import Document
from ..errors import CallError


def render(document: Document) -> bytes:
    """Return the document's arrays as an uncompressed .npz file.

    Raises CallError where there are none.
    """
    if document.arrays is None:
        raise CallError(
            "npz holds arrays, and this answer has none",
            hint="`mnetcost scale` has; json or csv hold everything",
        )
    import numpy as np

    out = BytesIO()
    np.savez(out, **document.arrays)  # numpy dates the members 1980, so the bytes depend on the arrays alone
    return out.getvalue()
