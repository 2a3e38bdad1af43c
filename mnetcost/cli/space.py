"""`mnetcost space`: spaces of designs: how many there are, their spread, one of them, and samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..designs import read_whole
from ..designs.conventions import load_convention
from ..errors import CallError
from .groups import Group
from .options import Word, apply, convention_option, emit, format_options, write_file, write_text
from .progress import progress

EPILOG = """\b
Examples:
  mnetcost space list
  mnetcost space count ofa-mobilenetv3 --max madds=300M
  mnetcost space stats ofa-mobilenetv3:resolution=160
  mnetcost space show ofa-mobilenetv3 42 -o net.toml
  mnetcost space sample ofa-mobilenetv3 5 --max madds=300M
  mnetcost space sweep ofa-mobilenetv3 1000000 -o designs.parquet
  mnetcost space front v2-grid --of madds,params,peak_bytes.int8
"""
COUNT = """\b
Examples:
  mnetcost space count ofa-mobilenetv3
  mnetcost space count ofa-mobilenetv3:resolution=128 --max madds=300M --max peak_bytes.int8=800K
  mnetcost space count proxylessnas --max madds=300M --max params=3M --format json
"""
STATS = """\b
Examples:
  mnetcost space stats ofa-mobilenetv3
  mnetcost space stats my.toml --of madds,flash_bytes.int8 --bins 40
"""
SHOW = """\b
Examples:
  mnetcost space show ofa-mobilenetv3            the space itself, as in its file
  mnetcost space show ofa-mobilenetv3 0          its first design, as a spec
  mnetcost space show ofa-mobilenetv3 42 -o net.toml
"""
SAMPLE = """\b
Examples:
  mnetcost space sample ofa-mobilenetv3 5 --max madds=300M
  mnetcost space sample ofa-mobilenetv3 100 --seed 7 --format csv
  mnetcost space sample proxylessnas 3 --max madds=300M --specs nets
"""
SWEEP = """\b
Examples:
  mnetcost space sweep v1-grid --format csv                   every design, on the standard output
  mnetcost space sweep ofa-mobilenetv3 1000000 -o ofa.parquet
  mnetcost space sweep mnasnet-space 100000000 -o parts/ --workers 4
"""
FRONT = """\b
Examples:
  mnetcost space front v2-grid --of madds,params
  mnetcost space front ofa-mobilenetv3 --of madds,params,peak_bytes.int8,top1=mine.csv
"""
SWEEP_FORMATS = ("text", "json", "csv")


def _spaces() -> Iterable[str]:
    from ..designs.shipped import shipped_spaces

    return shipped_spaces()


SPACE = Word("space", _spaces, strict=False)


@click.group("space", cls=Group, epilog=EPILOG)
def command() -> None:
    """Answer questions about a space of designs.

    SPACE is a shipped space, or a spec whose values may be choices. Settings stand behind a colon:
    ofa-mobilenetv3:resolution=128.
    """


def limit_options(f: Any) -> Any:
    """--max and --min."""
    return apply(
        [
            click.option(
                "--max", "most", multiple=True, metavar="FIGURE=N", help="At most this: madds=300M."
            ),
            click.option("--min", "least", multiple=True, metavar="FIGURE=N", help="At least this."),
        ],
        f,
    )


def of_option(f: Any) -> Any:
    """--of: the figures that are asked for."""
    return click.option(
        "--of",
        "figures",
        metavar="FIGURES",
        help="Figures, with commas between: madds,params,peak_bytes.int8.",
    )(f)


def read_of(figures: str | None) -> list[str]:
    """Read --of; nothing where it is not given."""
    from ..designs.budgets.options import read_metrics

    return [] if figures is None else read_metrics(figures)


def shares(word: str) -> Any:
    """A callback for progress that is told a share."""
    tick = progress(word)
    return (lambda share: None) if tick is None else lambda share: tick(round(1000 * share), 1000)


@command.command("count", epilog=COUNT)
@click.argument("space", type=SPACE)
@limit_options
@click.option(
    "--memory", default="2G", show_default=True, metavar="SIZE", help="Memory that tables may take."
)
@click.option("--quick", is_flag=True, help="Rather an interval than a number that takes minutes.")
@convention_option
@format_options
def count(
    space: str,
    most: tuple[str, ...],
    least: tuple[str, ...],
    memory: str,
    quick: bool,
    convention: str,
    format_: str | None,
    output: str | None,
) -> None:
    """Count the designs of SPACE within limits.

    The number is exact; where that would take more memory or time than is allowed, the answer is an interval
    that is proven, and says so. Limits may be on figures that are sums over a design's blocks (params, madds,
    flops, weight_bytes.TYPE, flash_bytes.TYPE, layers) or the largest of them (peak_bytes.TYPE).
    """
    from ..analyses.search import space as analysis
    from ..designs.spaces import load_space

    limits, bytes_ = analysis.read_limits(most, least), analysis.read_memory(memory)
    document = analysis.count(
        load_space(space), limits, load_convention(convention), bytes_, quick, shares("counting")
    )
    emit(document, format_, output)


@command.command("stats", epilog=STATS)
@click.argument("space", type=SPACE)
@of_option
@click.option("--bins", default="20", show_default=True, metavar="N", help="Bins of each histogram.")
@convention_option
@format_options
def stats(
    space: str, figures: str | None, bins: str, convention: str, format_: str | None, output: str | None
) -> None:
    """Show how the figures of SPACE's designs are spread.

    For each figure the least, quantiles, the most, and a histogram, all of them exact.
    """
    from ..analyses.search import space as analysis
    from ..designs.spaces import load_space

    wanted, cells = read_of(figures), read_whole(bins, "--bins", 1000)
    document = analysis.stats(
        load_space(space), wanted, load_convention(convention), cells, shares("counting")
    )
    emit(document, format_, output)


@command.command("show", epilog=SHOW)
@click.argument("space", type=SPACE)
@click.argument("number", required=False)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE (atomically).")
def show(space: str, number: str | None, output: str | None) -> None:
    """Print a design of SPACE as a spec, or SPACE itself.

    Without a NUMBER it is SPACE. The designs are numbered from 0, in the order of the choices in the file,
    the first one changing slowest. `space sample` and `space sweep` show the numbers of designs.
    """
    from ..analyses.search import space as analysis
    from ..designs.loading import find_space, split_design
    from ..designs.spaces import load_space
    from ..designs.toml import inert

    if number is None:
        text = find_space(split_design(space)[0]).text
    else:
        if not (number.isascii() and number.isdigit() and len(number) < 400):
            raise CallError(f"the number of a design is a whole number from 0, not '{number[:60]}'")
        text = analysis.show(load_space(space), int(number), load_convention("paper"))
    write_text(inert(text) if output is None else text, output, ".toml")


@command.command("sample", epilog=SAMPLE)
@click.argument("space", type=SPACE)
@click.argument("many", metavar="[N]", default="1")
@limit_options
@of_option
@click.option(
    "--seed", default="0", show_default=True, metavar="N", help="The same seed draws the same designs."
)
@click.option("--specs", "folder", metavar="FOLDER", help="Write each design there, as a spec.")
@convention_option
@format_options
def sample(
    space: str,
    many: str,
    most: tuple[str, ...],
    least: tuple[str, ...],
    figures: str | None,
    seed: str,
    folder: str | None,
    convention: str,
    format_: str | None,
    output: str | None,
) -> None:
    """Draw N designs of SPACE within limits, each with the same chance.

    Nothing is drawn and thrown away: a limit that one design in a billion keeps takes no longer. There may be
    limits on one or two sums (madds, params, ...), and any on peaks.
    """
    from ..analyses.search import space as analysis
    from ..designs.spaces import load_space

    limits = analysis.read_limits(most, least)
    wanted = [*(read_of(figures) or analysis.FIGURES), *(limit.metric for limit in limits)]
    size, start = read_whole(many, "N", analysis.MOST_SAMPLES), read_seed(seed)
    known = analysis.price(load_space(space), wanted, load_convention(convention))
    drawn = analysis.sample(known, limits, size, start, shares("drawing"))
    if folder is not None:
        write_specs(known, drawn, folder)
    emit(analysis.samples(known, limits, drawn, start), format_, output)


def write_specs(known: Any, drawn: Iterable[Any], folder: str) -> None:
    """Write each design that was drawn as a spec, called by the space and its number.

    Raises CallError where one cannot be written.
    """
    from pathlib import Path

    from ..analyses.search.space import spec_text

    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise CallError(f"cannot make the folder '{folder}': {e.strerror}") from None
    for one in drawn:
        path = Path(folder) / f"{known.space.spec.name}-{one.number}.toml"
        write_file(str(path), spec_text(known, one.number).encode())


def read_seed(text: str) -> int:
    """Read --seed: a whole number from 0; raises CallError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise CallError(f"--seed is a whole number from 0, not '{text[:60]}'")
    return int(text)


@command.command("sweep", epilog=SWEEP)
@click.argument("space", type=SPACE)
@click.argument("many", metavar="[N]", required=False)
@limit_options
@of_option
@click.option(
    "--seed", default="0", show_default=True, metavar="N", help="The same seed draws the same designs."
)
@click.option(
    "-o", "--output", metavar="FILE|FOLDER/", help="Write a row a design: .csv, .npz, .parquet, or parts."
)
@click.option("--workers", metavar="N", help="Of parts: worker processes of a local Dask cluster.")
@click.option("--scheduler", metavar="ADDRESS", help="Of parts: a Dask scheduler, such as tcp://host:8786.")
@click.option(
    "--format",
    "format_",
    type=Word("format", lambda: SWEEP_FORMATS),
    metavar="NAME",
    help="text, json, or csv: a row a design.",
)
@convention_option
def sweep(
    space: str,
    many: str | None,
    most: tuple[str, ...],
    least: tuple[str, ...],
    figures: str | None,
    seed: str,
    output: str | None,
    workers: str | None,
    scheduler: str | None,
    format_: str | None,
    convention: str,
) -> None:
    """Cost every design of SPACE, or N of them drawn by chance.

    A row a design goes to the file: its number, what the space chooses for whole designs, and its figures. A
    folder gets a Parquet file for every million designs. A sweep into a folder that was stopped goes on with
    the parts that are missing.
    """
    from pathlib import Path

    from ..analyses.search import space as spaces
    from ..analyses.search import sweeping as analysis
    from ..designs.spaces import load_space

    limits = spaces.read_limits(most, least)
    wanted = [*(read_of(figures) or analysis.FIGURES), *(limit.metric for limit in limits)]
    folder = output is not None and (output.endswith("/") or Path(output).is_dir())
    if (workers or scheduler) and not folder:
        raise CallError("workers write parts into a folder", hint="-o parts/")
    bound = analysis.MOST_IN_PARTS if folder else analysis.MOST_DESIGNS
    size = None if many is None else read_whole(many, "N", bound)
    known = spaces.price(load_space(space), wanted, load_convention(convention))
    asked = analysis.plan(known, size, read_seed(seed), limits, bound)
    if output is not None and folder:
        emit(_parts(known, asked, Path(output), workers, scheduler), format_, None)
        return
    watch = analysis.Watch(known.metrics)
    chunks = watch.over(asked.chunks(0, asked.many), asked.many, shares("sweeping"))
    if output is not None:
        from ..output.columns import write_columns

        write_columns(output, chunks)
    elif format_ == "csv":
        from ..output.columns import csv_lines

        for text in csv_lines(chunks):
            click.echo(text, nl=False)
        return
    else:
        for _ in chunks:
            pass
    emit(analysis.document(known, asked, watch, [output] if output else []), format_, None)


def _parts(known: Any, asked: Any, folder: Any, workers: str | None, scheduler: str | None) -> Any:
    """Write the parts of a sweep that are missing; return what they come to."""
    from ..analyses.search import sweeping as analysis
    from ..output.columns import arrow, parquet

    arrow()
    count_ = None if workers is None else read_whole(workers, "--workers", 1024)
    missing = analysis.prepare(known, asked, folder)
    told = shares("sweeping")
    if missing and (count_ or scheduler):
        with dask_client(count_, scheduler) as client:
            analysis.in_parts(asked, missing, folder, parquet, client, told)
    else:
        analysis.in_parts(asked, missing, folder, parquet, None, told)
    return analysis.parts_document(known, asked, folder, len(missing))


def dask_client(workers: int | None, scheduler: str | None) -> Any:
    """A client of a Dask cluster: of a local one of so many processes, or of a scheduler.

    Raises CallError where Dask is not installed, or the scheduler cannot be reached.
    """
    try:
        from dask import distributed
    except ImportError:
        raise CallError("workers need Dask", hint="pip install 'mnetcost[dask]'") from None
    dask: Any = distributed  # whose functions have no types
    if scheduler is None:
        return dask.Client(dask.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None))
    try:
        return dask.Client(scheduler, timeout="10s")
    except (OSError, ValueError) as e:
        raise CallError(f"cannot reach a Dask scheduler at '{scheduler[:100]}': {e}") from None


@command.command("front", epilog=FRONT)
@click.argument("space", type=SPACE)
@click.option(
    "--of",
    "objectives",
    default="madds,params",
    show_default=True,
    metavar="FIGURES",
    help="Two to four figures, with commas between; top1=FILE.csv.",
)
@click.option("--all", "everything", is_flag=True, help="Show every row.")
@convention_option
@format_options
def front(
    space: str, objectives: str, everything: bool, convention: str, format_: str | None, output: str | None
) -> None:
    """Find the Pareto front of SPACE in two to four figures.

    It is of the designs for which no other one is better: no worse in any figure, and better in one. Without
    an accuracy, of all designs of the space, exactly, however many there are. With top1=FILE.csv, of those
    that the file gives one: its columns are design (the number) and value. Nothing is predicted.
    """
    from ..analyses.search import space as spaces
    from ..analyses.search import spacefront as analysis
    from ..analyses.search.front import read_objectives
    from ..designs.spaces import load_space

    wanted = read_objectives(objectives)
    counted = [one.metric for one in wanted if not one.larger]
    known = spaces.price(load_space(space), counted, load_convention(convention))
    emit(analysis.document(known, wanted, analysis.front(known, wanted), everything), format_, output)


@command.command("list")
@convention_option
@format_options
def list_(convention: str, format_: str | None, output: str | None) -> None:
    """List the shipped spaces, with their numbers of designs."""
    from ..analyses.search import space as analysis

    emit(analysis.listed(load_convention(convention)), format_, output)
