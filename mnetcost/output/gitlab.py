"""GitLab's code quality report: an entry for each broken or waived limit.

Source: GitLab Docs, "Code Quality", report format: description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

from ..analyses.documents import Document
from ..errors import plain
from .ci import fails, fingerprint, from_top
from .json_ import dumps


def render(document: Document) -> str:
    """Return the list of entries."""
    entries = [
        {
            "description": plain(f"{result['design']}: {result['message']}"),
            "check_name": f"mnetcost {result['metric']}",
            "fingerprint": fingerprint(result),
            "severity": "major" if fails(result) else "info",
            "location": {
                "path": plain(from_top(result["file"]) or "."),
                "lines": {"begin": result["line"] or 1},
            },
        }
        for result in document.data["results"]
        if fails(result) or result["state"] == "waived"
    ]
    return dumps(entries)
