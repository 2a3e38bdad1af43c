"""Options shared by several commands.

A command that costs designs is decorated with `@setting_options` and reads them by `settings(options)`. One
that prints a document is decorated with `@output_options` and ends with `emit(document, format_, output)`.
Values from a list are of type `Word`, designs of type `DESIGN`: the shell completes both, and the error for
a misspelt word suggests the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from ..analyses.documents import Document
from ..designs import Settings, read_multiplier, read_resolution, read_whole
from ..errors import CallError
from .color import colored

F = TypeVar("F", bound=Callable[..., Any])


class Word(click.ParamType):  # type: ignore[type-arg]
    """A value from a list of words; `words` is called only when the list is needed."""

    def __init__(self, name: str, words: Callable[[], Iterable[str]], strict: bool = True) -> None:
        self.name, self.words, self.strict = name, words, strict

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word; raises CallError with the nearest known word if it is not in the list."""
        if self.strict and value not in (words := list(self.words())):
            from ..designs.synonyms import did_you_mean

            text = f"'{str(value)[:60]}'"
            option = self.name.startswith("--")
            message = f"unknown value {text} for {self.name}" if option else f"there is no {self.name} {text}"
            raise CallError(message, hint=did_you_mean(value, words, self.name))
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Return the words with this prefix; if there are none and other words are allowed, files."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(w) for w in self.words() if w.startswith(incomplete)]
        return found or ([] if self.strict else [CompletionItem(incomplete, type="file")])


def _designs() -> Iterable[str]:
    from ..designs.shipped import shipped

    return shipped()


def _conventions() -> Iterable[str]:
    from ..designs.conventions import convention_names

    return convention_names()


class DesignWord(Word):
    """A design: completed from the shipped names, then their other names, then files."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from ..designs.aliases import aliases, fold

        found = [CompletionItem(w) for w in self.words() if w.startswith(incomplete)]
        if incomplete and not found:
            key = fold(incomplete)
            called = {
                alias: design
                for design, them in aliases().written.items()
                for alias in them
                if "{" not in alias
            }
            found = [CompletionItem(w) for w in self.words() if fold(w).startswith(key)]
            found += [
                CompletionItem(a, help=design) for a, design in called.items() if fold(a).startswith(key)
            ]
        return found or [CompletionItem(incomplete, type="file")]


DESIGN = DesignWord("design", _designs, strict=False)
"""A DESIGN argument: `click.argument("design", type=DESIGN)`."""
CONVENTION = Word("convention", _conventions, strict=False)


def apply(options: Iterable[Callable[[Any], Any]], f: F) -> F:
    """Add several options to a command, in the order of `--help`."""
    for option in reversed(list(options)):
        f = option(f)
    return f


def alpha_option(f: F) -> F:
    """--alpha."""
    return click.option("--alpha", metavar="A", help="Width multiplier, above 0: 0.5 halves the channels.")(f)


def size_options(f: F) -> F:
    """--rho and --resolution."""
    return apply(
        [
            click.option(
                "--rho", metavar="R", help="Resolution multiplier: scales the design's default resolution."
            ),
            click.option(
                "--resolution", metavar="N|HxW|DxHxW", help="Input size in pixels, instead of --rho."
            ),
        ],
        f,
    )


def depth_option(f: F, views: str = "--by block") -> F:
    """--depth, which `depth_of()` reads; views: the options that it goes with."""
    help_ = f"With {views}: blocks by the first N parts of a layer's path (stage/unit/conv)."
    return click.option("--depth", metavar="N", help=help_)(f)


def block_options(f: F) -> F:
    """--by block and --depth, for commands that have rows of another kind by default."""
    by = click.option(
        "--by", type=Word("--by", lambda: ("block",)), metavar="block", help="Show the figures of each block."
    )
    return apply([by, depth_option], f)


def depth_of(by: str | None, depth: str | None) -> int | None:
    """Read --depth; raises CallError for what is no whole number from 1, or without --by block."""
    if depth is None:
        return None
    if by != "block":
        raise CallError("--depth needs --by block", hint="--by block --depth 1: the outermost blocks")
    return read_whole(depth, "--depth")


def other_options(f: F) -> F:
    """--classes, --channels, --no-top, --batch and --allow-unknown."""
    return apply(
        [
            click.option("--classes", metavar="N", help="Number of classes."),
            click.option("--channels", metavar="N", help="Input channels: 1 for grey images."),
            click.option("--no-top", is_flag=True, help="Omit the final pooling and the classifier."),
            click.option(
                "--batch", metavar="N", help="Batch size; multiply-adds are counted for the whole batch."
            ),
            click.option(
                "--allow-unknown",
                is_flag=True,
                help="Skip unsupported ops of a model file; the result is marked partial.",
            ),
        ],
        f,
    )


def setting_options(f: F) -> F:
    """--alpha, --rho, --resolution, --classes, --channels, --no-top, --batch and --allow-unknown, which
    `settings()` reads.
    """
    return alpha_option(size_options(other_options(f)))


def settings(options: dict[str, Any]) -> Settings:
    """Read the setting options, and remove them from `options`.

    Raises CallError if a value is invalid.
    """
    alpha = options.pop("alpha", None)
    rho = options.pop("rho", None)
    resolution = options.pop("resolution", None)
    classes = options.pop("classes", None)
    no_top = options.pop("no_top", False)
    batch = options.pop("batch", None)
    allow_unknown, channels = options.pop("allow_unknown", False), options.pop("channels", None)
    if rho is not None and resolution is not None:
        raise CallError("--rho and --resolution cannot be combined")
    return Settings(
        None if alpha is None else read_multiplier(alpha, "--alpha"),
        None if rho is None else read_multiplier(rho, "--rho"),
        None if resolution is None else read_resolution(resolution),
        None if classes is None else read_whole(classes, "--classes"),
        False if no_top else None,
        None if batch is None else read_whole(batch, "--batch"),
        allow_unknown or None,
        None if channels is None else read_whole(channels, "--channels"),
    )


def convention_option(f: F) -> F:
    """--convention."""
    return click.option(
        "--convention",
        type=CONVENTION,
        metavar="NAME",
        default="paper",
        show_default=True,
        help="Counting convention (see mnetcost conventions).",
    )(f)


def format_options(
    f: F,
    formats: Mapping[str, str] | None = None,
    arrays: bool = False,
    networks: bool = False,
    otherwise: str = "text",
) -> F:
    """--format and -o, which `emit()` reads; formats: those that the command supports, by default FORMATS.

    otherwise: what is written without both.
    """
    from ..output import FORMATS, words

    known = Word("format", lambda: formats or FORMATS)
    known_words = words(formats or FORMATS, arrays, networks)
    help_ = f"{known_words}; by default from the suffix of FILE, else {otherwise}."
    return apply(
        [
            click.option("--format", "format_", type=known, metavar="NAME", help=help_),
            click.option("-o", "--output", metavar="FILE", help="Write to FILE (atomically)."),
        ],
        f,
    )


def output_options(f: F, arrays: bool = False, networks: bool = False, otherwise: str = "text") -> F:
    """--convention, --format and -o; arrays: whether the document has arrays, for npz; networks: whether it
    has the graph of a design; otherwise: see `format_options`.
    """
    return convention_option(format_options(f, None, arrays, networks, otherwise))


def format_of(format_: str | None, output: str | None, formats: Mapping[str, str] | None = None) -> str:
    """Return the name of the format: given, or by the suffix of the output file, or text.

    Raises CallError if the suffix of the file is that of another format.
    """
    if format_ is None and output is None:
        return "text"
    from ..output import FORMATS, format_for

    return format_for(format_, output, formats or FORMATS)


def emit(
    document: Document, format_: str | None, output: str | None, formats: Mapping[str, str] | None = None
) -> None:
    """Print a document, or write it to a file atomically.

    Text is printed with a terminal's layout if stdout is a terminal or colours are asked for.
    formats: those that the command supports, by default FORMATS.
    Raises CallError for an unknown format, for one that is no text on a terminal, or if the file cannot be
    written.
    """
    import sys

    format_ = format_of(format_, output, formats)
    printed = output is None and sys.stdout is not None
    terminal = printed and sys.stdout.isatty()
    color = colored()
    if format_ == "text" and printed and (terminal or color):
        from ..output.terminal import show

        show(document, color)
        return
    if format_ == "text" and printed:
        from ..output.layout import has_blocks
        from ..output.text import render

        text = render(document, has_blocks(sys.stdout)).encode("utf-8", "backslashreplace").decode()
        click.echo(text, nl=not text.endswith("\n"))
        return
    from ..output import BINARY, FORMATS, encode, file_of

    data = encode(document, format_, formats or FORMATS)
    if output is not None:
        write_file(output, data)
    elif terminal and format_ in BINARY:
        raise CallError(
            f"{format_} is binary and cannot be shown on a terminal",
            hint=f"write it to a file: {file_of(format_)}",
        )
    elif format_ in BINARY:
        if sys.stdout is not None:  # None: stdout was closed before the program started
            sys.stdout.buffer.write(data)
    else:
        click.echo(data.decode(), nl=False)


def write_text(text: str, output: str | None, ending: str) -> None:
    """Print a text, or write it to a file with the suffix `ending` or none.

    Raises CallError if the file has another suffix or cannot be written.
    """
    from pathlib import PurePath

    if output is None:
        click.echo(text, nl=False)
        return
    if (suffix := PurePath(output).suffix) and suffix.lower() != ending:
        raise CallError(
            f"the output is {ending[1:].upper()}, but the file is named '{output}'",
            hint=f"-o {PurePath(output).with_suffix(ending).name}",
        )
    write_file(output, text.encode())


def write_file(path: str, data: bytes) -> None:
    """Write a file, whole or not at all; see `output.files`. Raises CallError if it cannot be written."""
    from ..output.files import write_file as write

    write(path, data)
