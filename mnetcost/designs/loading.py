"""How does a design's name or file, with its settings, become a `Design`?"""

from __future__ import annotations

import math
from typing import Any

from ..errors import CallError, Fault, SpecError
from .files import is_file
from .readers import load_file, model_reader, reader_of, unreadable
from .settings import Design, Settings, sized
from .sorts import LARGEST_COUNT, LARGEST_SIDE
from .spec import Spec

LARGEST_MULTIPLIER = 100.0


def read_multiplier(text: str | float, what: str) -> float:
    """Read alpha or rho: a finite number above 0, at most `LARGEST_MULTIPLIER`.

    what: the setting's name, for the error. Raises CallError for anything else.
    """
    try:
        value = float(text)
    except (TypeError, ValueError, OverflowError):
        raise CallError(f"{what} must be a number, not '{str(text)[:60]}'") from None
    if not math.isfinite(value) or not 0 < value <= LARGEST_MULTIPLIER:
        raise CallError(f"{what} must be above 0 and at most {LARGEST_MULTIPLIER:g}, not {str(text)[:60]}")
    return value


def read_whole(text: str | int, what: str, high: int = LARGEST_COUNT) -> int:
    """Read a whole number from 1 to `high`.

    what: the setting's name, for the error. Raises CallError for anything else.
    """
    if text.__class__ is int and 1 <= text <= high:  # a grid has thousands of sizes
        return text
    try:
        value = int(str(text)) if len(str(text)) < 20 else 0
    except ValueError:
        value = 0
    if not 1 <= value <= high:
        raise CallError(f"{what} must be a whole number from 1 to {high:,}, not '{str(text)[:60]}'")
    return value


def read_resolution(text: str | int | tuple[int, ...]) -> tuple[int, ...]:
    """Read a size in pixels, "160" or height x width as "160x224", as (height, width); a volume's,
    "16x112x112", as (depth, height, width).

    Raises CallError for anything else.
    """
    if text.__class__ is int:
        return (read_whole(text, "resolution", LARGEST_SIDE),) * 2
    if isinstance(text, tuple):
        sides = [str(t) for t in text]
    else:
        sides = str(text).lower().split("x")
    if len(sides) > 3:
        raise CallError(f"resolution must be N, HxW or DxHxW in pixels, not '{str(text)[:60]}'")
    numbers = tuple([read_whole(s.strip(), "resolution", LARGEST_SIDE) for s in sides])
    return numbers * 2 if len(numbers) == 1 else numbers


def read_top(text: str) -> bool:
    """Read yes or no, true or false, 1 or 0; raises CallError for anything else."""
    words = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
    if text.lower() not in words:
        raise CallError(f"top must be yes or no, not '{text[:60]}'")
    return words[text.lower()]


SETTINGS: dict[str, Any] = {
    "alpha": lambda v: read_multiplier(v, "alpha"),
    "rho": lambda v: read_multiplier(v, "rho"),
    "resolution": read_resolution,
    "classes": lambda v: read_whole(v, "classes"),
    "top": read_top,
    "batch": lambda v: read_whole(v, "batch"),
    "channels": lambda v: read_whole(v, "channels"),
    "depth": lambda v: read_multiplier(v, "depth"),
}
"""The settings that may stand after a design's name, `v2:alpha=0.75,resolution=160`, each with its reader."""


OTHER_NAMES = {"width": "alpha"}
"""Other names of settings behind a colon, as in the papers that scale width and depth together."""


def unknown_setting(key: str, where: str = "") -> CallError:
    """Return the error for a setting that no design has."""
    from .synonyms import did_you_mean

    return CallError(f"{where}a design has no setting '{key[:60]}'", hint=did_you_mean(key, SETTINGS, "keys"))


def split_design(text: str) -> tuple[str, Settings]:
    """Split a DESIGN into its name and the settings behind its colon.

    >>> split_design("MobileNetV2:alpha=0.75,classes=10")[0]
    'v2'

    Another name of a shipped design (`specs/aliases.toml`) becomes that design's name and, where it holds
    settings, its settings; those behind the colon override them.

    Raises CallError for a name that several networks share, or a setting that makes no sense.
    """
    name, colon, tail = text.rpartition(":")
    if not colon or "=" not in tail or "/" in tail.split("=")[0]:
        name, settings = text, Settings()
    else:
        settings = _settings(text, tail)
    design, within = _resolved(name)
    return design, settings.over(_settings(text, within)) if within else settings


def _resolved(name: str) -> tuple[str, str]:
    """Return a shipped design's name and the settings within an alias of it; any other name unchanged."""
    from .shipped import is_shipped

    if name.endswith(".toml") or name.startswith(("/", "./", "../")) or reader_of(name) or is_shipped(name):
        return name, ""
    from .aliases import resolve

    design, within = resolve(name)
    return design or name, within


def _settings(text: str, tail: str) -> Settings:
    """Read the settings behind a design's colon."""
    given: dict[str, Any] = {}
    for part in tail.split(","):
        key, equals, value = part.partition("=")
        key = OTHER_NAMES.get(key.strip(), key.strip())
        if key not in SETTINGS:
            raise unknown_setting(key, f"'{text}': ")
        if not equals or key in given:
            raise CallError(f"'{text}': write each setting once, as {key}=VALUE")
        try:
            given[key] = SETTINGS[key](value.strip())
        except CallError as e:
            raise CallError(f"'{text}': {e.faults[0].message}") from None
    settings = Settings(**given)
    if settings.rho is not None and settings.resolution is not None:
        raise CallError(f"'{text}': give rho or resolution, not both")
    return settings


def find_spec(name: str) -> Spec:
    """Read the spec of a design's name: a shipped one, or a .toml file.

    Raises SpecError where there is none, with the nearest name, and for a space of designs.
    """
    return one_design(find_space(name))


SPACE_COMMANDS = ("count", "stats", "show", "sample", "sweep", "front")
"""The commands that take a space, behind `mnetcost space`."""


def one_design(spec: Spec) -> Spec:
    """Return a spec without choices; raises SpecError for a space, with the commands that take it."""
    if not spec.chooses:
        return spec
    from .shipped import is_shipped

    commands = ", ".join(f"space {word}" for word in SPACE_COMMANDS)
    name = spec.name if is_shipped(spec.name) else spec.file
    hint = f"{commands} take it; `mnetcost space show {name} 0` writes one of its designs as a spec"
    raise SpecError(Fault("is a space of designs, not one design", spec.file, hint=hint))


def find_space(name: str) -> Spec:
    """Read a spec, with or without choices, by its name or file; see `find_spec`."""
    from .find import shipped_spec, spec_file, unknown_design
    from .shipped import is_shipped

    if "\0" in name or not name:
        raise unknown_design(name)
    if model_reader(name):
        raise unreadable(name)
    if not name.endswith(".toml") and is_shipped(name):
        return shipped_spec(name)
    if name.endswith(".toml") or is_file(name):
        return spec_file(name)
    raise unknown_design(name)


def load(design: str, settings: Settings | None = None) -> Design:
    """Load a design: a shipped name or a file; settings behind its colon override `settings`.

    >>> load("v2:alpha=0.5").graph.nodes[1].output
    Shape(h=112, w=112, c=16)

    Raises SpecError where it cannot be found, read or built, CallError where a setting makes no sense.
    """
    name, given = split_design(design)
    asked = given.over(settings or Settings())
    return load_file(name, asked) if model_reader(name) else load_spec(find_spec(name), asked)


def adjusted(spec: Spec, settings: Settings) -> Spec:
    """Return the spec with the input channels (1 for grey images) and at the depth asked for."""
    if settings.channels is not None:
        spec = spec._replace(channels=settings.channels)
    if settings.depth is not None:
        compound = spec.rules.compound
        compound = compound._replace(depth=compound.depth * settings.depth)
        spec = spec._replace(rules=spec.rules._replace(compound=compound))
    return spec


def load_spec(spec: Spec, settings: Settings) -> Design:
    """Build a spec at these settings.

    Raises CallError for an input larger than `LARGEST_SIDE` pixels a side, SpecError where shapes do not fit.
    """
    from .build import build

    printed, spec = spec.channels, adjusted(one_design(spec), settings)
    size, rho = sized(spec.resolution, settings, spec.name)
    if max(size) > LARGEST_SIDE:
        sides = "x".join(map(str, size))
        raise CallError(f"a resolution of {sides} is past {LARGEST_SIDE:,} pixels a side")
    alpha = 1.0 if settings.alpha is None else settings.alpha
    classes = spec.classes if settings.classes is None else settings.classes
    top = settings.top is not False
    *depth, height, width = size
    graph = build(spec, float(alpha), height, width, classes, top, *depth)
    batch, other = settings.batch or 1, None if spec.channels == printed else spec.channels
    return Design(
        spec.name,
        spec.title,
        spec.source,
        alpha,
        rho,
        size,
        classes,
        batch,
        top,
        graph,
        spec.differs,
        spec,
        channels=other,
        depth=1.0 if settings.depth is None else settings.depth,
    )
