"""Are pictures for paper whole? PNG and PDF, of charts and of tables, and the error without the library."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import mnetcost
from mnetcost.cli.options import emit
from mnetcost.errors import CallError
from mnetcost.output import BINARY, encode, png
from mnetcost.output.charts.theme import TONES
from mnetcost.output.paper import paper

from .test_cli import run
from .test_output import HOSTILE, document

ONE = 'source = "x"\nresolution = 32\nlayers = [{ op = "conv", name = "%s", out = 16 }]\n'


def chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The pieces of a PNG file: the kind and the bytes of each, whose checksum must be right."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        data = picture[at + 8 : at + 8 + length]
        assert struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        yield kind, data
        at += 12 + length


def dots(picture: bytes) -> tuple[int, int, Counter[bytes]]:
    """The width and height of a PNG of 8-bit RGBA, and how many dots of each colour it has."""
    kinds = dict(chunks(picture))
    wide, high, *how = struct.unpack(">IIBBBBB", kinds[b"IHDR"])
    assert how == [8, 6, 0, 0, 0]
    raw = zlib.decompress(b"".join(data for kind, data in chunks(picture) if kind == b"IDAT"))
    above, found, size = bytes(4 * wide), Counter[bytes](), 4 * wide + 1
    for y in range(high):
        row = bytearray(raw[y * size + 1 : (y + 1) * size])
        filter_ = raw[y * size]
        for x in range(len(row)) if filter_ else ():
            left, corner = (row[x - 4], above[x - 4]) if x >= 4 else (0, 0)
            guess = left + above[x] - corner
            paeth = min((left, above[x], corner), key=lambda v, guess=guess: abs(guess - v))
            row[x] = row[x] + (0, left, above[x], (left + above[x]) // 2, paeth)[filter_] & 255
        above = bytes(row)
        found.update(above[x : x + 4] for x in range(0, len(above), 4))
    return wide, high, found


def colour(tone: str) -> bytes:
    """A tone by day, as a dot."""
    return bytes.fromhex(TONES[tone][0][1:]) + b"\xff"


def test_a_png_is_twice_as_large_as_the_svg_and_has_the_colours_of_the_day(tmp_path: Path) -> None:
    """On white, with both bars of the only block, each as long as can be."""
    (tmp_path / "net.toml").write_text(ONE % "a")
    out = tmp_path / "net.png"
    assert run("report", str(tmp_path / "net.toml"), "-o", str(out)).exit_code == 0
    svg = paper(mnetcost.report(str(tmp_path / "net.toml")))
    found = re.search(r'viewBox="0 0 900 (\d+)"', svg)
    assert found is not None
    wide, high, colours = dots(out.read_bytes())
    assert (wide, high) == (1800, 2 * int(found[1]))
    assert colours.most_common(1)[0][0] == colour("paper")
    for tone in ("blue", "orange"):
        bar = re.search(rf'width="([\d.]+)" height="16" class="f-{tone}"', svg)
        assert bar is not None
        assert colours[colour(tone)] == pytest.approx(4 * 16 * float(bar[1]), rel=0.01)
    assert colours[colour("ink")] > 100  # text


def test_a_png_says_how_many_dots_are_in_an_inch() -> None:
    """144, as metres have them, so that it is printed as large as the PDF."""
    found = dict(chunks(encode(mnetcost.report("v1", by="block"), "png")))
    across, down, metres = struct.unpack(">IIB", found[b"pHYs"])
    assert across == down == pytest.approx(144 / 0.0254, abs=1)
    assert metres == 1


def test_the_same_call_writes_the_same_png() -> None:
    """As text formats do."""
    answer = mnetcost.report("v1")
    assert encode(answer, "png") == encode(answer, "png")


def streams(pdf: bytes) -> list[bytes]:
    """Every stream of a PDF, decompressed where it is compressed."""
    found = []
    for head, data in re.findall(rb"<<(.*?)>>\nstream\n(.*?)\nendstream", pdf, re.DOTALL):
        found.append(zlib.decompress(data) if b"FlateDecode" in head else data)
    return found


def letters(pdf: bytes) -> str:
    """The letters that the fonts of a PDF are said to stand for, for searching and copying."""
    pairs = [
        pair
        for data in streams(pdf)
        for block in re.findall(rb"beginbfchar(.*?)endbfchar", data, re.DOTALL)
        for pair in re.findall(rb"<[0-9A-F]+> *<([0-9A-F]+)>", block)
    ]
    return "".join(bytes.fromhex(pair.decode()).decode("utf-16-be") for pair in pairs)


def test_a_pdf_is_one_page_of_text_with_its_fonts(tmp_path: Path) -> None:
    """As large as the chart; its letters can be searched and copied, and its fonts are within."""
    out = tmp_path / "net.pdf"
    assert run("report", "v2", "-o", str(out)).exit_code == 0
    pdf = out.read_bytes()
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.count(b"/Type /Page\n") == 1
    assert re.search(rb"/MediaBox \[0 0 900 547\]", pdf)
    assert pdf.count(b"/FontFile") == pdf.count(b"/FontDescriptor\n") == 2
    assert set("v2:alpha=1,resolution=224: cost by block".replace(" ", "")) <= set(letters(pdf))
    assert any(b" re" in data or b" l\n" in data for data in streams(pdf))


@pytest.mark.parametrize("name", ["png", "pdf"])
def test_what_has_no_charts_is_drawn_as_on_a_light_terminal(name: str) -> None:
    """White paper, whatever the names in it."""
    svg = paper(document("net"))
    assert 'fill="#ffffff"' in svg
    assert "#292929" not in svg  # the dark terminal of `--format svg`
    for hostile in HOSTILE:
        assert len(encode(document(hostile), name)) > 1000


def test_every_font_has_one_to_fall_back_to() -> None:
    """The converter leaves out text whose fonts are not there."""
    for svg in (paper(document("net")), paper(mnetcost.report("v2"))):
        for family in re.findall(r"font-family[:=] ?\"?([^;\"]+)", svg):
            assert re.search(r"(sans-serif|monospace)$", family), family


def test_a_picture_that_takes_a_gigabyte_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what can be written instead: V2's chart has 1800 x 1094 dots, and a long table many more."""
    monkeypatch.setattr(png, "MOST_DOTS", 1800 * 1094)
    encode(mnetcost.report("v2"), "png")
    monkeypatch.setattr(png, "MOST_DOTS", 1800 * 1094 - 1)
    with pytest.raises(CallError, match=r"a PNG of 1,800 x 1,094 dots is too large") as refused:
        encode(mnetcost.report("v2"), "png")
    assert refused.value.faults[0].hint == "-o FILE.pdf or FILE.svg, or fewer rows"


@pytest.mark.parametrize("name", ["png", "pdf"])
def test_without_the_library_the_extra_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what can be written without it; nothing is."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = run("report", "v2", "-o", str(tmp_path / f"net.{name}"))
    assert not list(tmp_path.iterdir())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"error: {name.upper()} needs vl-convert",
        "  hint: pip install 'mnetcost[pictures]', or -o FILE.svg",
    ]


@pytest.mark.parametrize("name", BINARY)
def test_a_terminal_is_sent_no_bytes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be shown as letters."""
    grid = mnetcost.scale("v2")
    from mnetcost.analyses.report.scale import answer

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(CallError, match=f"{name} is binary and cannot be shown on a terminal") as refused:
        emit(answer(grid), name, None)
    assert refused.value.faults[0].hint == f"write it to a file: -o FILE.{name}"


def test_python_saves_by_the_suffix(tmp_path: Path) -> None:
    """As `-o` does; a suffix of no format is refused with the nearest."""
    answer = mnetcost.report("v2", by="block")
    for name, start in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<svg"), ("a.csv", b"name,")):
        mnetcost.save(answer, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    mnetcost.save(answer, str(tmp_path / "plain"), "markdown")
    assert (tmp_path / "plain").read_text("utf-8") == mnetcost.render(answer, "markdown")
    with pytest.raises(CallError, match=r"cannot write a '\.gif' file"):
        mnetcost.save(answer, tmp_path / "a.gif")
