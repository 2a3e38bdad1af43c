"""JUnit XML: a suite for each design, a test case for each limit, a failure for a broken one.

There is no standard; this is what Jenkins, GitLab and GitHub's readers have in common (testsuites,
testsuite, testcase, failure).
"""

from __future__ import annotations

from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from ..analyses.documents import Document
from ..errors import plain
from .ci import details, fails, from_top, limit

ERRORS = ("error", "incomparable")
"""States of limits that could not be judged: an error of the test case, not a failure."""


def _case(suite: ET.Element, result: dict[str, Any]) -> None:
    where = {"file": plain(from_top(result["file"])), "line": str(result["line"] or "")}
    attributes = {
        "classname": plain(result["design"]),
        "name": plain(limit(result)),
        "time": "0",
        **{k: v for k, v in where.items() if v},
    }
    case = ET.SubElement(suite, "testcase", attributes)
    if fails(result):
        tag = "error" if result["state"] in ERRORS else "failure"
        failure = ET.SubElement(case, tag, {"message": plain(result["message"]), "type": result["state"]})
        failure.text = "\n".join(map(plain, details(result)))
    elif result["state"] == "waived":
        ET.SubElement(case, "skipped", {"message": plain(result["message"])})


def render(document: Document) -> str:
    """Return the XML document."""
    results = document.data["results"]

    def counts(some: list[dict[str, Any]]) -> dict[str, str]:
        errors, waived = sum(r["state"] in ERRORS for r in some), sum(r["state"] == "waived" for r in some)
        failures = sum(map(fails, some)) - errors
        return {
            "tests": str(len(some)),
            "failures": str(failures),
            "errors": str(errors),
            "skipped": str(waived),
            "time": "0",
        }

    root = ET.Element("testsuites", {"name": "mnetcost", **counts(results)})
    for design, group in groupby(results, key=lambda r: r["design"]):
        some = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": plain(design), **counts(some)})
        for result in some:
            _case(suite, result)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
