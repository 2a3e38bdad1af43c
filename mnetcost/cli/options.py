"""Options that mean the same in every command.

A command that costs designs takes `@setting_options` and reads them with `settings(options)`; one that
prints an answer takes `@output_options` and ends with `emit(document, format_, output)`. Words of a closed
list are `Word`s, and designs `DESIGN`s: both are completed by the shell, and a misspelt word is answered
with the nearest.
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
    """One of a list of words, which is asked for when it is needed."""

    def __init__(self, name: str, words: Callable[[], Iterable[str]], strict: bool = True) -> None:
        self.name, self.words, self.strict = name, words, strict

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word; raises CallError, with the nearest, where it is not in the list."""
        if self.strict and value not in (words := list(self.words())):
            from ..designs.synonyms import did_you_mean

            raise CallError(
                f"there is no {self.name} '{str(value)[:60]}'", hint=did_you_mean(value, words, self.name)
            )
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The words that begin like this; files where none does and the list is open."""
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
    """A design: completed by the shipped names, then by what else they are called, then by files."""

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
    """Put several options on a command, in the order in which `--help` shows them."""
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
            click.option("--rho", metavar="R", help="Resolution multiplier, times the design's own size."),
            click.option("--resolution", metavar="N|HxW", help="Input size in pixels, instead of --rho."),
        ],
        f,
    )


def other_options(f: F) -> F:
    """--classes, --channels, --no-top, --batch and --allow-unknown."""
    return apply(
        [
            click.option("--classes", metavar="N", help="Outputs of the classifier."),
            click.option("--channels", metavar="N", help="Channels of the input: 1 for grey images."),
            click.option("--no-top", is_flag=True, help="Leave out pooling and classifier."),
            click.option("--batch", metavar="N", help="Images at once; work is counted for all of them."),
            click.option(
                "--allow-unknown",
                is_flag=True,
                help="Go on without a model file's ops that cannot be costed.",
            ),
        ],
        f,
    )


def setting_options(f: F) -> F:
    """--alpha, --rho, --resolution, --classes, --channels, --no-top, --batch and --allow-unknown,
    gathered by `settings()`.
    """
    return alpha_option(size_options(other_options(f)))


def settings(options: dict[str, Any]) -> Settings:
    """Read the setting options of a call, taking them out of `options`.

    Raises CallError where one makes no sense.
    """
    alpha = options.pop("alpha", None)
    rho = options.pop("rho", None)
    resolution = options.pop("resolution", None)
    classes = options.pop("classes", None)
    no_top = options.pop("no_top", False)
    batch = options.pop("batch", None)
    allow_unknown, channels = options.pop("allow_unknown", False), options.pop("channels", None)
    if rho is not None and resolution is not None:
        raise CallError("give --rho or --resolution, not both")
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
        help="How to count.",
    )(f)


def format_options(f: F, formats: Mapping[str, str] | None = None, arrays: bool = False) -> F:
    """--format and -o, read by `emit()`; `formats` are those that the command knows, where these are not
    the usual ones.
    """
    from ..output import FORMATS, words

    known = Word("format", lambda: formats or FORMATS)
    help_ = f"{words(formats or FORMATS, arrays)}; by default what FILE's name ends in, or text."
    return apply(
        [
            click.option("--format", "format_", type=known, metavar="NAME", help=help_),
            click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all."),
        ],
        f,
    )


def output_options(f: F, arrays: bool = False) -> F:
    """--convention, --format and -o; `arrays` where the answer has them, for npz."""
    return convention_option(format_options(f, arrays=arrays))


def format_of(format_: str | None, output: str | None, formats: Mapping[str, str] | None = None) -> str:
    """The format asked for, or else the one that FILE's name ends in, or else text.

    Raises CallError where FILE would hold another format than its name says.
    """
    if format_ is None and output is None:
        return "text"
    from ..output import FORMATS, format_for

    return format_for(format_, output, formats or FORMATS)


def emit(
    document: Document, format_: str | None, output: str | None, formats: Mapping[str, str] | None = None
) -> None:
    """Print a document, or write it to a file whole or not at all.

    Text is printed as for a terminal where stdout is one, or colours are asked for.
    formats: those of `output/` that the command knows; the usual ones where it says nothing.
    Raises CallError for an unknown format, arrays on a terminal, or a file that cannot be written.
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
    from ..output import FORMATS, encode

    data = encode(document, format_, formats or FORMATS)
    if output is not None:
        write_file(output, data)
    elif terminal and format_ == "npz":
        raise CallError("npz is no text for a terminal", hint="write it to a file: -o grid.npz")
    elif format_ == "npz":
        if sys.stdout is not None:  # else it was closed before we began, and nobody reads
            sys.stdout.buffer.write(data)
    else:
        click.echo(data.decode(), nl=False)


def write_text(text: str, output: str | None, ending: str) -> None:
    """Print a text, or write it to a file, whose name must end as such a text's does, or have no ending.

    Raises CallError where it ends otherwise, or cannot be written.
    """
    from pathlib import PurePath

    if output is None:
        click.echo(text, nl=False)
        return
    if (suffix := PurePath(output).suffix) and suffix.lower() != ending:
        raise CallError(
            f"'{output}' would hold {ending[1:].upper()}",
            hint=f"-o {PurePath(output).with_suffix(ending).name}",
        )
    write_file(output, text.encode())


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all: beside it first, then in its place.

    Raises CallError where that cannot be done.
    """
    import os
    import tempfile
    from pathlib import Path

    temporary = None
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a pipe or /dev/stdout: there is nothing to replace
            return
        handle, temporary = tempfile.mkstemp(dir=target.resolve().parent, prefix=".mnetcost-")
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
        Path(temporary).replace(target.resolve())
    except (OSError, ValueError) as e:  # ValueError: a name with a null byte
        raise CallError(f"cannot write '{path}': {getattr(e, 'strerror', None) or e}") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
