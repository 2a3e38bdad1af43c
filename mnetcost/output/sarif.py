"""SARIF 2.1.0: a rule for each metric, a result for each broken limit, suppressed if it is waived.

Source: OASIS, Static Analysis Results Interchange Format Version 2.1.0.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..analyses.documents import Document
from ..errors import plain
from .ci import details, fails, fingerprint, from_top
from .json_ import dumps

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _result(result: dict[str, Any]) -> dict[str, Any]:
    text = "\n".join(map(plain, (result["design"], *details(result))))
    found: dict[str, Any] = {
        "ruleId": result["metric"],
        "level": "error" if fails(result) else "warning",
        "message": {
            "text": text.replace("[", "\\[").replace("]", "\\]")
        },  # section 3.11.6: unescaped, they would form a link
        "partialFingerprints": {"limit/v1": fingerprint(result)},
    }
    if result["file"]:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": quote(from_top(result["file"]), safe="/"), "uriBaseId": "%SRCROOT%"}
        }
        if result["line"]:
            place["region"] = {"startLine": result["line"]}
        found["locations"] = [{"physicalLocation": place}]
    if result["state"] == "waived":
        waiver = result["waiver"]
        found["suppressions"] = [
            {"kind": "external", "justification": plain(f"until {waiver['until']}: {waiver['reason']}")}
        ]
    return found


def render(document: Document) -> str:
    """Return the SARIF log."""
    results = [r for r in document.data["results"] if fails(r) or r["state"] == "waived"]
    rules = [
        {"id": metric, "shortDescription": {"text": f"A budget's limit on {metric}"}}
        for metric in dict.fromkeys(r["metric"] for r in results)
    ]
    driver = {"name": "mnetcost", "version": document.data["mnetcost"], "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(r) for r in results],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
