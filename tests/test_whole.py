"""A change arrives whole: code without its docs, sample, figure or source is seen here.

Each check returns what is lacking, and a twin shows it something that lacks all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath

import pytest

from mnetcost import api
from mnetcost.analyses.report.tally import COMMON, NAMES
from mnetcost.cli import COMMANDS
from mnetcost.designs.candidates import LOOKS
from mnetcost.designs.conventions import convention_names
from mnetcost.designs.find import shipped_spec
from mnetcost.designs.readers import READ, READERS
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import VOCABULARY, Spec
from mnetcost.engine.ops import OPS
from mnetcost.engine.terms import PARAM_KINDS, WORK_KINDS
from mnetcost.output import BINARY, CHECK_FORMATS, FORMATS

from .calls import CALLS
from .golden import CALLS as GOLDEN
from .test_block_layers import LAYERS
from .test_cli import run
from .test_conventions import BY_HAND, MEASURED, READMES
from .test_docs import ROOT
from .test_field import ANSWERS
from .test_reconcile import THREADS

DOCS = ROOT / "docs"


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def command_lacks(name: str, help_: str) -> list[str]:
    """A section of docs/commands.md names each command in its heading and shows a call of it; `--help` has
    an example, the README a row, and tests/calls.py a call.
    """
    sections = [part.partition("\n") for part in read("docs/commands.md").split("\n## ")]
    call = re.compile(rf"\bmnetcost {name}\b")
    has = {
        "a section": any(
            re.search(rf"\b{name}\b", title.partition(":")[0]) and call.search(body)
            for title, _, body in sections
        ),
        "an example": re.search(rf"Examples?:\n(.*\n)*? +mnetcost {name}\b", help_),
        "a row in the README": f"| `mnetcost {name}` |" in read("README.md"),
        "a call": any(one[0] == name for one in CALLS.get(name, [])),
    }
    return [what for what, found in has.items() if not found]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_and_called(name: str) -> None:
    """On its page, in its help, in the README and in the tests that call every command."""
    assert command_lacks(name, run(name, "--help").stdout) == []
    assert set(CALLS) == set(COMMANDS)


def test_a_command_of_code_alone_is_seen() -> None:
    """The guard can fail: nothing is written about `prune`."""
    help_ = "Usage: mnetcost prune\n\nExamples:\n  mnetcost report v2\n"
    assert command_lacks("prune", help_) == ["a section", "an example", "a row in the README", "a call"]


def format_lacks(name: str) -> list[str]:
    """A format is named by a page of the docs, and an answer in it is kept whole in tests/golden/, or
    drawn in docs/pictures/; what is no text is not kept.
    """
    kept = {call[call.index("--format") + 1] for call in GOLDEN.values() if "--format" in call}
    kept |= {"text", "svg", *BINARY}
    page = "docs/commands.md" if name in FORMATS else "docs/ci.md"
    has = {"a line of the docs": f"`{name}`" in read(page), "a golden file": name in kept}
    return [what for what, found in has.items() if not found]


@pytest.mark.parametrize("name", {**FORMATS, **CHECK_FORMATS})
def test_a_format_is_documented_and_kept_whole(name: str) -> None:
    """Those that CI services read too."""
    assert format_lacks(name) == []


def test_a_format_of_code_alone_is_seen() -> None:
    """The guard can fail: there is no `yaml`."""
    assert format_lacks("yaml") == ["a line of the docs", "a golden file"]


def test_every_format_is_listed_where_formats_are_listed() -> None:
    """The sentence of docs/commands.md, and the table of docs/ci.md for those of `check` alone."""
    commands, ci = read("docs/commands.md"), read("docs/ci.md")
    sentence = re.search(r"`--format` takes (.*?)\. ", commands, re.DOTALL)
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", ci.partition("## Other services")[2], re.MULTILINE)
    assert sentence is not None
    assert re.findall(r"`(\w+)`", sentence[1]) == [*FORMATS, "scale"]
    for_checks = {name for name, module in CHECK_FORMATS.items() if FORMATS.get(name) != module}
    assert for_checks <= set(re.findall(r"\w+", " ".join(rows))) <= set(CHECK_FORMATS)


def reader_lacks(module: str, suffixes: Iterable[str]) -> list[str]:
    """A reader has a page in docs/formats/ that names a suffix, and a small file in tests/field/ whose
    figures were worked out by hand or measured.
    """
    page = DOCS / "formats" / f"{module}.md"
    figures = {PurePath(row["file"]).suffix for row in ANSWERS if "params" in row or "madds" in row}
    has = {
        "a page": page.exists() and any(f"{s}`" in page.read_text("utf-8") for s in suffixes),
        "a sample": figures & set(suffixes),
    }
    return [what for what, found in has.items() if not found]


def by_module(readers: Mapping[str, str]) -> dict[str, list[str]]:
    return {m: [suffix for suffix, of in readers.items() if of == m] for m in dict.fromkeys(readers.values())}


@pytest.mark.parametrize(("module", "suffixes"), by_module(READERS).items())
def test_a_reader_has_a_page_and_a_sample(module: str, suffixes: list[str]) -> None:
    """For users, and for the tests."""
    assert reader_lacks(module, suffixes) == []


def test_a_reader_of_code_alone_is_seen() -> None:
    """The guard can fail: a format that nobody describes."""
    assert reader_lacks("darknet", [".cfg"]) == ["a page", "a sample"]


def unnamed(text: str, names: Iterable[str]) -> list[str]:
    """The names that a sentence leaves out, whatever their case."""
    return [name for name in names if name not in text.lower()]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (READ, [*by_module(READERS), *READERS]),
        (
            read("README.md").partition("What does my model file cost?")[2].partition(":")[0],
            by_module(READERS),
        ),
        (read("docs/architecture.md").partition("designs/ ")[2].partition("\n")[0], by_module(READERS)),
        (read("docs/index.md"), [f"formats/{module}.md" for module in by_module(READERS)]),
        (api.render.__doc__, [f'"{name}"' for name in FORMATS if name not in BINARY]),
    ],
    ids=["readers.READ", "README.md", "architecture.md", "index.md", "api.render"],
)
def test_a_sentence_that_lists_a_table_names_every_row(text: str, names: Iterable[str]) -> None:
    """What can be read, and what can be printed; the twin: a row more is seen."""
    assert unnamed(text, names) == []
    assert unnamed(text, [*names, "darknet"]) == ["darknet"]


def test_words_for_kinds_and_tools_are_of_kinds_and_tools_that_exist() -> None:
    """What a report calls a kind, and the conventions named under every table."""
    assert {key.partition(".")[0] for key in NAMES} <= {*WORK_KINDS, *PARAM_KINDS}
    assert set(COMMON) <= set(convention_names())
    assert set(LOOKS) <= {".toml", *READERS}


def without_number(names: Iterable[str]) -> list[str]:
    """The conventions that no figure of the tests needs: one that a tool printed, that a paper, a README or
    a thread published, or, for a form without a publisher, one worked out by hand.
    """
    known = {tool for part in MEASURED.values() for row in part["designs"].values() for tool in row["tools"]}
    known |= {name for _, name, *_ in READMES} | {name for name, *_ in BY_HAND}
    known |= {name for row in THREADS for name in re.findall(r"convention ([\w-]+)", row[3])}
    return [name for name in names if name not in known]


def test_a_convention_has_a_number_that_needs_it() -> None:
    """The number stands in the tests with its source."""
    assert without_number(convention_names()) == []


def test_a_convention_without_a_number_is_seen() -> None:
    """The guard can fail: a convention that nothing uses, though its name begins as another's."""
    assert without_number(["thop", "thop-2", "three-plus-one"]) == ["thop-2", "three-plus-one"]


def test_a_block_has_its_layers_by_hand() -> None:
    """Every block has one of LAYERS, in tests/test_block_layers.py."""
    blocks = [word for word in VOCABULARY if word not in OPS]
    assert unlisted(blocks, LAYERS) == []
    assert unlisted([*blocks, "mbv5"], LAYERS) == ["mbv5"]


def unlisted(blocks: Iterable[str], cases: Iterable[str]) -> list[str]:
    """The blocks that no case is named after."""
    firsts = {case.split()[0] for case in cases}
    return [block for block in blocks if block not in firsts]


def spec_lacks(name: str, spec: Spec) -> list[str]:
    """A shipped spec has a title and a source, on the first line or the line after `extends`; that of an
    implementation, in a folder, also says what it differs in from the paper.
    """
    first = [line for line in spec.text.splitlines() if line.strip()][:2]
    # a paper, a repository, a file or a version
    named = re.search(r"arXiv \d{4}\.\d{5}|\w/\w|\.py\b|\d\.\d", spec.source)
    has = {
        "a title": spec.title,
        "a source": named and any(line.startswith("source = ") for line in first),
        "what it differs in": spec.differs or "/" not in name,
    }
    return [what for what, found in has.items() if not found]


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_spec_says_where_it_is_from(name: str) -> None:
    """In the file, where a reader sees it first."""
    assert spec_lacks(name, shipped_spec(name)) == []


def test_a_spec_without_its_source_is_seen() -> None:
    """The guard can fail: the lines are taken out, or the source names nothing."""
    spec = shipped_spec("keras/v2")
    bare = spec._replace(title="", source="", differs="")
    assert spec_lacks("keras/v2", bare) == ["a title", "a source", "what it differs in"]
    assert spec_lacks("keras/v2", spec._replace(source="somewhere")) == ["a source"]
    assert spec_lacks("keras/v2", spec._replace(text="resolution = 224\n")) == ["a source"]


def entries(page: str) -> dict[str, str]:
    """The words of the glossary, and what it says of each."""
    found = re.findall(r"^\*\*(.+?)\*\*(.*?)(?=^\*\*|^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return {word: " ".join(text.split()) for word, text in found}


def entry_lacks(word: str, text: str, elsewhere: str) -> list[str]:
    """A word of the glossary is used in the package or on another page, and its entry says in a sentence
    what it is, in another how it relates to the rest, and has a link.
    """
    has = {
        "a use": re.search(rf"\b{re.escape(word)}", elsewhere, re.IGNORECASE),
        "two sentences": len(re.findall(r"[.;](?: |$)", text)) >= 2,
        "a link": "](" in text,
    }
    return [what for what, found in has.items() if not found]


def test_a_word_of_the_glossary_is_used_and_explained() -> None:
    """No word is left there that the code and the pages do not use any more; the twin: one that nobody uses
    is seen. Links are tested with those of all pages.
    """
    glossary = DOCS / "glossary.md"
    pages = [ROOT / "README.md", *(ROOT / "mnetcost").rglob("*.py"), *DOCS.rglob("*.md")]
    elsewhere = "\n".join(path.read_text("utf-8") for path in pages if path != glossary)
    words = entries(glossary.read_text("utf-8"))
    assert {w: lacks for w, text in words.items() if (lacks := entry_lacks(w, text, elsewhere))} == {}
    assert len(words) >= 40
    assert entry_lacks("frobnication", ": what frobs.", elsewhere) == ["a use", "two sentences", "a link"]
