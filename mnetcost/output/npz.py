"""NPZ: numpy arrays in one file; the same arrays give the same bytes."""

from __future__ import annotations

from io import BytesIO

from ..analyses.documents import Document
from ..errors import CallError


def render(document: Document) -> bytes:
    """Return the document's arrays as an uncompressed .npz file.

    Raises CallError if it has none.
    """
    if document.arrays is None:
        raise CallError(
            "npz contains arrays, but this command has none",
            hint="only mnetcost scale has; use json or csv",
        )
    import numpy as np

    out = BytesIO()
    np.savez(out, **document.arrays)  # numpy dates the members 1980, so the bytes depend on the arrays alone
    return out.getvalue()
