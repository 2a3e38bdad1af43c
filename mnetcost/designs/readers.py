"""Which model files can be read, and by which module?

A row by suffix; a reader turns a file into a `Model`.
"""

from __future__ import annotations

import os.path
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from ..engine.graph import Graph
from ..errors import CallError, Fault, SpecError, UnknownOpError, nearest
from ..records import NamedTuple
from .files import is_file, stem
from .shipped import is_shipped

if TYPE_CHECKING:
    from .contents import Content
    from .settings import Design, Settings

READERS = {
    ".prototxt": "caffe",
    ".json": "keras",
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".onnx": "onnx",
    ".tflite": "tflite",
}
"""The module of this folder that reads files of a suffix: a `Reader`."""

READ = f"mnetcost reads specs in TOML (.toml), ONNX, TFLite, Keras and Caffe models ({', '.join(READERS)})"
"""What can be a design, in words."""

REFUSED = {
    "alpha": "the widths of a model file are fixed; alpha is for designs whose rules of width are known",
    "depth": "the layers of a model file are fixed; depth is for specs, whose rows repeat",
    "classes": "a model file says itself how many classes it has",
    "channels": (
        "a model file says itself how many channels its input has; its first weights are made for them"
    ),
    "top": "a model file is costed whole; it does not say where its top begins",
}
"""Settings that a model file cannot follow, and why."""


class Model(NamedTuple):
    """What a reader returns: the graph at the size asked for, the size of the image in the file, and what
    the file says of itself.
    """

    graph: Graph
    resolution: tuple[int, ...]  # of the image at which the graph was built
    file_size: tuple[int, ...] | None  # height and width in the file; None where it leaves them open
    format: str  # "Caffe prototxt"
    title: str = ""  # the network's name in the file


class Reader(Protocol):
    """A module that reads the model files of one format, on what `kit/` shares.

    Pause before you change this: every folder of a format, `load_file`, and whatever reads a further
    format are written for it. `Settings` may get more fields; `read` must still return a Model.
    """

    def read(self, file: str, settings: Settings) -> Model:
        """Read one file, of which nothing is executed and no other file is opened.

        The graph is built with `kit.layers.Layers` (or `kit.maps.Maps`) at the size that `settings` asks
        for; an op that cannot be costed is added with their `unknown`. Raises SpecError for a file that
        is wrong, CallError where it leaves open what the settings do not give, UnknownOpError for an op
        of unknown cost where `settings.allow_unknown` is not set.
        """
        ...


def reader_of(name: str) -> str | None:
    """Return the module that reads a file of this name, by its ending alone, or None for a name that is
    no model file's.
    """
    return READERS.get(os.path.splitext(name)[1].lower())


def reader_for(name: str, found: Content | None) -> str | None:
    """Return the module that reads a file of this name and content; the content decides, not the name.

    None for a spec, or if there is no file. Raises SpecError for a file that no module reads, with what it is
    and how to get one that is read.
    """
    from .contents import SPEC, named

    by_name = reader_of(name)
    if found is SPEC or name.endswith(".toml"):
        return None
    if found is None and by_name:
        return by_name
    if found is None and (like := named(name)):
        raise SpecError(
            Fault(
                f"is, judging by its name, {like.with_article}",
                name,
                hint=f"{like.hint}; {READ}",
            )
        )
    if found is None:
        raise SpecError(
            Fault(
                "is not a design: its first bytes are of no format that is read",
                name,
                hint=READ,
            )
        )
    if found.reader or (by_name and not found.sure):
        return found.reader or by_name
    raise SpecError(Fault(f"is {found.with_article}", name, hint=f"{found.hint}; {READ}"))


def model_reader(name: str) -> str | None:
    """Return the module that reads this file, or None for what is no model file: a shipped design, a
    spec, no file.

    Raises SpecError for a file that is neither.
    """
    if not reader_of(name) and (name.endswith(".toml") or is_shipped(name) or not is_file(name)):
        return None
    from .contents import content_of

    return reader_for(name, content_of(name))


def load_file(file: str, settings: Settings) -> Design:
    """Read a model file as a design.

    Raises CallError for a setting that files cannot follow, SpecError where the file cannot be read or
    built, and UnknownOpError where it holds an op that cannot be costed and `settings.allow_unknown` is not
    set.
    """
    from .contents import content_of
    from .settings import Design

    for setting, why in REFUSED.items():
        if getattr(settings, setting) is not None:
            raise CallError(f"{file}: {why}")
    module = reader_for(file, content_of(file))
    assert module is not None
    reader = cast("Reader", import_module(f".{module}", __package__))
    try:
        model = reader.read(file, settings._replace(allow_unknown=None))
    except UnknownOpError:
        if not settings.allow_unknown:
            raise
        model = reader.read(file, settings)
    file_height = (model.file_size or model.resolution)[-2]
    rho = settings.rho or (model.resolution[-2] / file_height if file_height else 1.0)
    name = os.path.basename(file)
    return Design(
        name,
        model.title or name,
        model.format,
        1.0,
        rho,
        model.resolution,
        None,
        settings.batch or 1,
        True,
        model.graph,
        file=file,
    )


def unreadable(name: str) -> CallError:
    """What to say to a command that needs a spec and was given a model file."""
    like = nearest(stem(name), ("v1", "v2", "v3-large", "v3-small"))
    return CallError(
        f"'{name}' is a model file, and this needs a design whose widths can change",
        hint=f"a shipped design, such as '{like or 'v2'}', or a .toml file; `mnetcost convert` writes one",
    )
