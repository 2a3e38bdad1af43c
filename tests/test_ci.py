"""The formats that CI services read, read back; and names that would be commands, links or tags if they
could.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from mnetcost.analyses.budgets.check import check
from mnetcost.analyses.documents import Document
from mnetcost.designs.budgets.config import read_config
from mnetcost.errors import Fault, plain
from mnetcost.output import BINARY, CHECK_FORMATS, FORMATS, NETWORKS, render
from mnetcost.output.ci import from_top
from mnetcost.output.comment import MARKER, code
from mnetcost.output.github import command, render_faults

from .repositories import TINY, TINY_MADDS, Checkout

DAY = date(2026, 1, 1)
BUDGETS = """\
[[budget]]
design = "tiny.toml"
madds = ["350_368", "300k", "+0%"]
params = { min = "1M" }

[[budget]]
design = ["v2", "new.toml"]
params = ["+0%", "3M"]

[[waiver]]
design = "v2"
limit = "params"
reason = "weights come down in spring"
until = 2026-03-31
"""
NAMES = (
    "::error file=x::owned",
    "a\n::set-output name=x::y",
    "a%0A::error::b",
    "##[stop-commands]x",
    "![i](http://example.org/x.png)",
    "[click](javascript:alert(1))",
    "<script>alert(1)</script>",
    "a|b|c",
    "`code` **bold** _it_",
    "http://example.org www.example.org a@example.org @team #1",
    "a,line=1::b",
    "\x1b[31mred\x07",
    "x\u202egnp.exe",
    "]]>&lt;\x00",
    "--> <img src=x>",
    "\\|\\",
)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """One limit of every state: kept, broken by layer and by budget, waived, new."""
    made = Checkout(tmp_path / "work")
    made.commit("base", tiny_toml=TINY, mnetcost_toml=BUDGETS)
    made.write(tiny_toml=TINY.replace("out = 16", "out = 24"), new_toml=TINY)
    monkeypatch.chdir(made.folder)
    return made


def answer(day: date = DAY) -> Document:
    return check(read_config(Path("mnetcost.toml")), day)


def hostile(name: str) -> Document:
    """A broken budget in which every text that is not ours is this name: the design's file, its rows, the
    waiver.
    """
    file = Path(name.replace("/", "_").replace("\0", "_")[:60] + ".toml")
    file.write_text(TINY.replace('"body"', json.dumps(name).replace("\\u0000", "\\u0001")), "utf-8")
    quoted = json.dumps(str(file)).replace("\\u0000", "\\u0001")
    reason = json.dumps(name).replace("\\u0000", "\\u0001")
    waiver = f'\n[[waiver]]\ndesign = "*"\nlimit = "params"\nreason = {reason}\nuntil = 2026-03-31\n'
    Path("mnetcost.toml").write_text(
        f"[[budget]]\ndesign = {quoted}\nmadds = 1\nparams = 1\n{waiver}", "utf-8"
    )
    return answer()


def test_the_answer_has_every_state(work: Checkout) -> None:
    """So that the formats below show what they do with each."""
    said = {(r["design"], r["limit"], r["allowed"]): r["state"] for r in answer().data["results"]}
    assert said == {
        ("tiny.toml", "madds", "350_368"): "broken",
        ("tiny.toml", "madds", "300k"): "broken",
        ("tiny.toml", "madds", "+0%"): "broken",
        ("tiny.toml", "params", "1M"): "broken",
        ("v2", "params", "+0%"): "kept",
        ("v2", "params", "3M"): "waived",
        ("new.toml", "params", "+0%"): "new",
        ("new.toml", "params", "3M"): "kept",
    }


@pytest.mark.parametrize("name", sorted(CHECK_FORMATS.keys() - {*BINARY, *NETWORKS}))
def test_every_format_prints_the_answer(work: Checkout, name: str) -> None:
    """The usual ones and those for CI; each ends with a line's end and names the design."""
    text = render(answer(), name, CHECK_FORMATS)
    assert text.endswith("\n")
    assert "tiny" in text
    assert set(FORMATS) < set(CHECK_FORMATS)


# GitHub's workflow commands


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read workflow commands as the runner does: kind, properties and message, their escapes undone."""

    def undone(part: str, *more: tuple[str, str]) -> str:
        for mark, character in (*more, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            part = part.replace(mark, character)
        return part

    found = []
    for line in text.splitlines():
        assert "##[" not in line
        if line.lstrip().startswith("::"):
            head, _, message = line.lstrip()[2:].partition("::")
            kind, _, properties = head.partition(" ")
            pairs = (p.partition("=") for p in properties.split(",") if p)
            found.append(
                (kind, {k: undone(v, ("%3A", ":"), ("%2C", ",")) for k, _, v in pairs}, undone(message))
            )
    return found


def test_an_annotation_stands_at_the_line_of_the_layer_or_of_the_budget(work: Checkout) -> None:
    """The body's row, which changed; the limit, where no layer is to blame; the design's budget, where
    the design is shipped.
    """
    found = commands(render(answer(), "github", CHECK_FORMATS))
    assert [(kind, where["file"], where["line"]) for kind, where, _ in found if "line" in where] == [
        ("error", "tiny.toml", "6"),
        ("error", "tiny.toml", "6"),
        ("error", "tiny.toml", "6"),
        ("error", "mnetcost.toml", "4"),
        ("warning", "mnetcost.toml", "8"),
    ]
    assert '"body"' in Path("tiny.toml").read_text().splitlines()[5]
    assert Path("mnetcost.toml").read_text().splitlines()[3].startswith("params = { min")
    assert [kind for kind, _, _ in found] == ["error"] * 4 + ["warning", "notice"]
    _, where, message = found[2]
    assert where["title"] == "tiny.toml: madds broken"
    assert message.splitlines()[0].startswith(
        "madds is 497,904 MAdds, 147,536 over 350,368 (+0% of 350,368 at "
    )
    assert message.splitlines()[1] == "width 16 -> 24 at body: +147,536"


def test_at_most_ten_annotations_of_a_kind(work: Checkout) -> None:
    """GitHub shows no more of one step; the rest is counted."""
    Path("mnetcost.toml").write_text(
        "[[budget]]\ndesign = 'tiny.toml'\n"
        + "".join(f"'layer:body'.layers.{op} = 0\n" for op in ("conv", "norm"))
    )
    limits = "".join(f"[[budget]]\ndesign = 'tiny.toml'\nmadds = {n}\n" for n in range(12))
    Path("mnetcost.toml").write_text(limits)
    text = render(answer(), "github", CHECK_FORMATS)
    assert [kind for kind, _, _ in commands(text)] == ["error"] * 10
    assert "and 2 more of kind 'error', not annotated\nlimits: 12 broken\n" in text


def test_mistakes_are_annotated_too() -> None:
    """At their line; ten at most."""
    text = render_faults(Fault(f"no {n}", "a,b:c.toml", n, "budget[0]", "mend it") for n in range(1, 20))
    found = commands(text)
    assert len(found) == 10
    assert found[0] == (
        "error",
        {"file": "a,b:c.toml", "line": "1", "title": "mnetcost"},
        "budget[0]: no 1\nhint: mend it",
    )


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_cannot_become_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Neither in annotations nor, in a log, in any other format: only our own commands are there, each on
    one line.
    """
    monkeypatch.chdir(tmp_path)
    found = hostile(name)
    got = commands(render(found, "github", CHECK_FORMATS))
    assert [(kind, set(where) <= {"file", "line", "title"}) for kind, where, _ in got] == [
        ("error", True),
        ("warning", True),
    ]
    assert [where["line"] for _, where, _ in got] == ["6", "6"]
    for kind in sorted(CHECK_FORMATS.keys() - {"github", *BINARY, *NETWORKS}):
        text = render(found, kind, CHECK_FORMATS)
        assert commands(text) == [], kind
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text), kind


# the comment


def test_the_comment_begins_with_the_marker_and_says_the_broken_limits_first(work: Checkout) -> None:
    """A later run finds it by its first line."""
    lines = render(answer(), "markdown", CHECK_FORMATS).splitlines()
    assert lines[0] == MARKER == "<!-- mnetcost check -->"
    assert lines[1] == "### Network cost: a budget is broken"
    rows = [line for line in lines if line.startswith("| ") and "<code>" in line and line.count("|") == 8]
    assert len(rows) == 8
    assert [row[2] for row in rows] == ["❌"] * 4 + ["⚠"] + ["🆕"] + ["✅"] * 2
    assert lines.count("</details>") == 6  # the fifth limit's, then that of the kept ones
    assert lines.index("<details><summary>2 limits are ok</summary>") < lines.index(rows[-2])
    assert lines[lines.index(rows[-2]) - 2 :][:1] == ["| | design | limit | value | base | allowed | left |"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_cannot_become_a_link_a_tag_or_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Tags are ours alone, every row has its cells, and no mark of Markdown is left bare."""
    monkeypatch.chdir(tmp_path)
    text = render(hostile(name), "markdown", CHECK_FORMATS)
    tags = set(re.findall(r"(?<!\\)<[^>]*>", text))
    assert tags <= {
        "<code>",
        "</code>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<!-- -->",
        MARKER,
    }
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in tables} <= {8, 3}
    for inside in re.findall("<code>(.*?)</code>", text):
        bare = re.sub(r"\\.", "", inside.replace("<!-- -->", ""))
        assert not set(bare) & set("`*_[]<>|&#$"), inside
        assert "://" not in inside
        assert not re.search(r"@[a-z]|www\.", inside)


@pytest.mark.parametrize(
    ("broken", "kept", "name"),
    [
        (1000, 0, "*" * 190),
        (0, 1000, "*" * 190),
        (500, 500, "*" * 190),
        (300, 700, "\u7f51" * 60),
        (1000, 0, "n"),
        (3, 40, "n"),
    ],
)
def test_a_comment_stays_below_what_a_comment_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int, kept: int, name: str
) -> None:
    """65,536 characters, whatever becomes of a thousand designs and however long they are called; what is
    left out is counted.
    """
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.toml").write_text(TINY.replace('"body"', f'"{name}"'))
    limits = [*range(broken), *range(TINY_MADDS, TINY_MADDS + kept)]
    Path("mnetcost.toml").write_text(
        "".join(f"[[budget]]\ndesign = '{name}.toml'\nmadds = {n}\n" for n in limits)
    )
    text = render(answer(), "markdown", CHECK_FORMATS)
    assert len(text.encode()) <= 65_536
    rows = Counter(line[2] for line in text.splitlines() if re.match(r"\| [✅❌]", line))
    left = {
        what: int(n.replace(",", ""))
        for n, what in re.findall(r"and ([\d,]+) more that (are ok|are not ok), left out", text)
    }
    assert (rows["❌"] + left.get("are not ok", 0), rows["✅"] + left.get("are ok", 0)) == (broken, kept)
    assert text.count("<details>") == text.count("</details>") == text.count("</summary>")
    assert min(broken, 1) <= rows["❌"]
    assert min(kept, 1) <= rows["✅"]


def test_code_is_cut_where_it_is_too_long() -> None:
    """And never in the middle of an escape."""
    assert code("a" * 500) == "<code>" + "a" * 117 + "...</code>"
    assert code("|" * 500) == "<code>" + "\\|" * 117 + "...</code>"


# JUnit


def test_junit_is_read_back(work: Checkout) -> None:
    """Suites are designs, cases limits; counts agree with what is there."""
    root = ET.fromstring(render(answer(), "junit", CHECK_FORMATS))
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == (
        "8",
        "4",
        "0",
        "1",
    )
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in root] == [
        ("tiny.toml", "4", "4", "0"),
        ("v2", "2", "0", "1"),
        ("new.toml", "2", "0", "0"),
    ]
    case = root[0][2]
    assert (case.get("classname"), case.get("name"), case.get("file"), case.get("line")) == (
        "tiny.toml",
        "madds <= +0%",
        "tiny.toml",
        "6",
    )
    (failure,) = case
    assert (failure.tag, failure.get("type")) == ("failure", "broken")
    assert failure.text is not None
    assert failure.text.splitlines()[:2] == [failure.get("message"), "width 16 -> 24 at body: +147,536"]
    assert [c.tag for c in root[1][1]] == ["skipped"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_junit_holds_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It stays well-formed, and the name is read back as it is shown everywhere."""
    monkeypatch.chdir(tmp_path)
    root = ET.fromstring(render(hostile(name), "junit", CHECK_FORMATS))
    text = root[0][0][0].text
    assert text is not None
    assert (
        f"{plain(name if chr(0) not in name else name.replace(chr(0), chr(1)))}/conv: 294,912".replace(
            "##[", "##\\x5b"
        )
        in text
    )


# SARIF


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


TEXT = closed("text", text={"type": "string", "minLength": 1})
ADDRESS = {"type": "string", "pattern": r"^[\w%/.~-]+$"}  # a relative reference
SARIF = closed(
    "version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": closed(
            "tool",
            tool=closed(
                "driver",
                driver=closed(
                    "name",
                    name={"const": "mnetcost"},
                    version={"type": "string"},
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed("id", id={"type": "string"}, shortDescription=TEXT),
                    },
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={
                "type": "array",
                "items": closed(
                    "message",
                    ruleId={"type": "string"},
                    level={"enum": ["none", "note", "warning", "error"]},
                    message=TEXT,
                    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
                    locations={
                        "type": "array",
                        "items": closed(
                            "",
                            physicalLocation=closed(
                                "artifactLocation",
                                artifactLocation=closed(
                                    "uri",
                                    uri={"type": "string", "pattern": r"^[\w%/.~-]+$"},
                                    uriBaseId={"type": "string"},
                                ),
                                region=closed("startLine", startLine={"type": "integer", "minimum": 1}),
                            ),
                        ),
                    },
                    suppressions={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed(
                            "kind", kind={"enum": ["inSource", "external"]}, justification={"type": "string"}
                        ),
                    },
                ),
            },
        ),
    },
)
"""What of SARIF 2.1.0 is used here, and nothing else (sections 3.13 to 3.35): requirements, words and
types as the standard has them.
"""


def sarif(found: Document) -> dict[str, Any]:
    """A log, valid by the schema above, and by the published one where SARIF_SCHEMA names its file."""
    log: dict[str, Any] = json.loads(render(found, "sarif", CHECK_FORMATS))
    jsonschema.Draft7Validator(SARIF).validate(log)
    if published := os.environ.get("SARIF_SCHEMA"):
        jsonschema.validate(log, json.loads(Path(published).read_text("utf-8")))
    return log


def test_sarif_has_a_result_for_every_broken_limit(work: Checkout) -> None:
    """Rule, level, line and fingerprint; a waived one is suppressed, with its reason."""
    (run,) = sarif(answer())["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["madds", "params"]
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [("madds", "error")] * 3 + [
        ("params", "error"),
        ("params", "warning"),
    ]
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    assert [(p["artifactLocation"]["uri"], p["region"]["startLine"]) for p in places] == [
        ("tiny.toml", 6),
        ("tiny.toml", 6),
        ("tiny.toml", 6),
        ("mnetcost.toml", 4),
        ("mnetcost.toml", 8),
    ]
    assert run["results"][4]["suppressions"] == [
        {"kind": "external", "justification": "until 2026-03-31: weights come down in spring"}
    ]
    prints = [r["partialFingerprints"]["limit/v1"] for r in run["results"]]
    assert len(set(prints)) == 5
    assert prints == [
        r["partialFingerprints"]["limit/v1"] for r in sarif(answer(date(2026, 2, 2)))["runs"][0]["results"]
    ]


def test_a_kept_check_is_a_log_without_results(work: Checkout) -> None:
    """Which closes what an earlier one opened."""
    Path("mnetcost.toml").write_text("[[budget]]\ndesign = 'v2'\nmadds = '301M'\n")
    (run,) = sarif(answer())["runs"]
    assert run["results"] == []


def test_the_sarif_schema_of_these_tests_can_fail(work: Checkout) -> None:
    """A misspelt property, a wrong level or a line 0 is seen."""
    log = sarif(answer())
    result = log["runs"][0]["results"][0]
    for key, value in (
        ("levl", "error"),
        ("level", "fatal"),
        ("locations", [{"physicalLocation": {"region": {"startLine": 0}}}]),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft7Validator(SARIF).validate(
                {**log, "runs": [{**log["runs"][0], "results": [{**result, key: value}]}]}
            )


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_sarif_holds_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Its address stays a relative reference, and no text holds a link."""
    monkeypatch.chdir(tmp_path)
    results = sarif(hostile(name))["runs"][0]["results"]
    assert len(results) == 2
    for result in results:
        assert not re.search(r"(?<!\\)\[", result["message"]["text"])


# GitLab, benchmarks


def test_gitlab_has_an_entry_for_every_broken_limit(work: Checkout) -> None:
    """With what its documentation asks for."""
    entries = json.loads(render(answer(), "gitlab", CHECK_FORMATS))
    assert [set(e) for e in entries] == [
        {"description", "check_name", "fingerprint", "severity", "location"}
    ] * 5
    assert [(e["severity"], e["location"]["path"], e["location"]["lines"]["begin"]) for e in entries] == [
        ("major", "tiny.toml", 6),
        ("major", "tiny.toml", 6),
        ("major", "tiny.toml", 6),
        ("major", "mnetcost.toml", 4),
        ("info", "mnetcost.toml", 8),
    ]
    assert len({e["fingerprint"] for e in entries}) == 5


def test_the_benchmark_list_has_every_figure_once(work: Checkout) -> None:
    """Name, unit and value, as benchmark-tracking actions read them."""
    assert json.loads(render(answer(), "benchmark", CHECK_FORMATS)) == [
        {"name": "tiny.toml madds", "unit": "MAdds", "value": 55_296 + 294_912 * 3 // 2 + 240},
        {"name": "tiny.toml params", "unit": "parameters", "value": 216 + 16 + 9 * 8 * 24 + 48 + 250},
        {"name": "v2 params", "unit": "parameters", "value": 3_504_872},
        {"name": "new.toml params", "unit": "parameters", "value": 216 + 16 + 9 * 8 * 16 + 32 + 170},
    ]


# paths and commands


def test_a_path_counts_from_the_top_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service says is the top, else the folder with .git, else here; a file outside stays as it
    is.
    """
    deep = tmp_path / "repo/deep"
    deep.mkdir(parents=True)
    (tmp_path / "repo/.git").mkdir()
    monkeypatch.chdir(deep)
    assert from_top("net.toml") == "deep/net.toml"
    assert from_top("../net.toml") == "net.toml"
    assert from_top("../../net.toml") == "../../net.toml"
    assert from_top("") == ""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert from_top("net.toml") == "repo/deep/net.toml"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert from_top("net.toml") == "deep/net.toml"


def test_a_command_escapes_what_the_runner_undoes() -> None:
    """Source: actions/toolkit, packages/core/src/command.ts, escapeData and escapeProperty."""
    assert (
        command("error", "100%\nof a:b,c", title="x:y,z%") == "::error title=x%3Ay%2Cz%25::100%25%0Aof a:b,c"
    )
    assert command("notice", "m") == "::notice::m"
