"""Which designs are shipped, and what does each cost as it stands?"""

from __future__ import annotations

from fnmatch import fnmatchcase

from .. import __version__
from ..designs import Settings, load_spec
from ..designs.find import shipped, shipped_spec
from ..engine.conventions import Convention
from ..engine.costs import cost
from ..errors import CallError, nearest
from .records import Column, Document, Table
from .report import convention_data

SCHEMA = "mnetcost.list/1"


def catalogue(convention: Convention, pattern: str | None = None) -> Document:
    """Answer with a row a design: its name, source, params and work at alpha 1 and its own size.

    pattern: a name, a folder such as `keras`, or a pattern with * and ?. Raises CallError where nothing fits.
    """
    wanted = pattern and pattern.rstrip("/")
    names = [n for n in shipped() if not wanted or n == wanted or n.startswith(f"{wanted}/") or fnmatchcase(n, wanted)]
    if not names:
        like = nearest(wanted or "", shipped())
        raise CallError(f"no design is called '{str(wanted)[:60]}'", hint=f"did you mean '{like}'?" if like else "mnetcost list")
    rows, found = [], []
    for name in names:
        spec = shipped_spec(name)
        costs = cost(load_spec(spec, Settings()).graph)
        params = convention.count_params(t for x in costs.layers for t in x.params)
        madds = convention.madds(t for x in costs.layers for t in x.work)
        h, w = spec.resolution
        rows.append((name, (h, w), spec.classes, params, madds, spec.title, spec.source))
        found.append(
            {
                "name": name,
                "title": spec.title,
                "source": spec.source,
                "differs": list(spec.differs),
                "resolution": [h, w],
                "classes": spec.classes,
                "alphas": list(spec.alphas),
                "resolutions": list(spec.resolutions),
                "params": params,
                "madds": madds,
            }
        )
    columns = (
        Column("name", "design"),
        Column("resolution", "input", "size", rank=3),
        Column("classes", "classes", "integer", rank=4),
        Column("params", "params", "count"),
        Column("madds", convention.unit, "count"),
        Column("title", "title", rank=1),
        Column("source", "source", rank=2),
    )
    data = {"schema": SCHEMA, "mnetcost": __version__, "status": "complete", "convention": convention_data(convention), "designs": found}
    notes = (f"counted as '{convention.name}', at alpha 1; `mnetcost show DESIGN` prints one, `mnetcost report DESIGN` costs it",)
    return Document(f"{len(names)} shipped design{'s' * (len(names) > 1)}", (Table("designs", columns, tuple(rows)),), notes, data)
