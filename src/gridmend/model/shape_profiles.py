"""The shapes that a grid's own elements name, read at the steps of a series as OpenDSS does."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import Finding, GridError
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.profiles import Chosen, Profile, Span

MODES = ("yearly", "daily")
_SHAPED = ("loads", "generators", "pv_systems")
_ALSO_DAILY = ("loads", "pv_systems")
"""In yearly mode an element of these follows its daily shape where it has no yearly one."""


def model_profiles(
    grid: Grid, span: Span, *, mode: str = "yearly"
) -> tuple[dict[tuple[str, int], Profile], tuple[Finding, ...]]:
    """What each element follows of the grid's own shapes, by table and row, and what to know.

    `yearly`: its yearly shape, a load or PV system else its daily one; `daily`: its daily shape.
    An element without one, or that is fixed, keeps its power. Of a shape with an interval of h
    the point at the end t of a step counts: the `round(t / h)`-th, halves to the even, and
    after the last the first again. Daily shapes are read on the wall clock of the span's zone,
    yearly ones by hours that passed since the year began. Checked against OpenDSS's yearly and
    daily mode.

    Raises `GridError` for a shape without points, or whose reactive points are of another
    number.
    """
    if mode not in MODES:
        raise GridError(f"there is no mode '{mode}'", mend=f"say {' or '.join(MODES)}")
    # Whole seconds are divided last, so that halves of an interval are met exactly.
    ends = {"yearly": span.ends_s() / 3600, "daily": span.clock_ends_s() / 3600}
    chosen: dict[tuple[str, int], Profile] = {}
    known: dict[tuple[str, str], Profile] = {}
    wrapped: dict[str, float] = {}
    for table in _SHAPED:
        for row, (column, name) in _followed(grid, table, mode).items():
            key = (column, name.lower())
            if key not in known:
                at = grid.shapes.row(name)
                known[key] = _sampled(grid, at, ends[column])
                lasts_h = _lasts_h(grid, at)
                if column == "yearly" and float(ends[column][-1]) > lasts_h + span.step_s / 7200:
                    wrapped[grid.shapes["name"][at]] = lasts_h
            chosen[table, row] = known[key]
    return chosen, _wrapped(wrapped)


def _followed(grid: Grid, table: str, mode: str) -> dict[int, tuple[str, str]]:
    """By row the column, yearly or daily, that rules it, and its shape."""
    rows = grid.table(table)
    fixed = rows.flags("fixed") if table == "loads" else np.zeros(len(rows), np.bool_)
    found: dict[int, tuple[str, str]] = {}
    columns = [mode] if mode == "daily" or table not in _ALSO_DAILY else ["yearly", "daily"]
    for column in reversed(columns):
        for row, name in enumerate(rows.texts(column)):
            if name and not fixed[row]:
                found[row] = (column, name)
    return found


def _lasts_h(grid: Grid, at: int) -> float:
    return len(grid.shapes["p_pu"][at]) * float(grid.shapes["interval_min"][at]) / 60


def _sampled(grid: Grid, at: int, ends_h: Floats) -> Profile:
    name, shapes = str(grid.shapes["name"][at]), grid.shapes
    p: Floats = shapes["p_pu"][at]
    q: Floats = shapes["q_pu"][at]
    actual = bool(shapes["actual"][at])
    where = f"shapes, {name}"
    if not len(p):
        raise GridError(f"shape '{name}' has no points", where=where, mend="give p_pu")
    if len(q) not in (0, len(p)):
        raise GridError(
            f"shape '{name}' has {len(p)} points of active and {len(q)} of reactive power",
            where=where,
            mend="give as many of each, or no reactive ones",
        )
    for values in (p, q):
        if not np.isfinite(values).all():
            raise GridError(
                f"point {int(np.argmin(np.isfinite(values))) + 1} of shape '{name}' is no number",
                where=where,
                mend="mend the model",
            )
    index = _points(ends_h / (float(shapes["interval_min"][at]) / 60), len(p))
    p_at = p[index]
    q_at = q[index] if len(q) else np.zeros(len(index)) if actual else p_at
    return Profile(name, p_at, q_at, actual)


def _points(position: Floats, count: int) -> Ints:
    """Which point holds, from 0, at a position counted in points."""
    return (np.rint(position).astype(np.int64) - 1) % count


def _wrapped(shapes: dict[str, float]) -> tuple[Finding, ...]:
    if not shapes:
        return ()
    name, lasts_h = next(iter(shapes.items()))
    more = f" (and {len(shapes) - 1} more)" if len(shapes) > 1 else ""
    return (
        Finding(
            "warning",
            f"yearly shape '{name}'{more} ends after {lasts_h:g} h, before the series does, and"
            " begins again",
            f"shapes, {name}",
            "ask for fewer steps, or give a longer shape",
        ),
    )


def constant_storages(grid: Grid, chosen: Chosen) -> tuple[Finding, ...]:
    """A finding where a storage follows nothing: its state of charge is not modelled."""
    rows = grid.storages
    used = rows.flags("in_service").copy()
    used[[row for table, row in chosen if table == "storages"]] = False
    if not used.any():
        return ()
    name = rows["name"][int(np.argmax(used))]
    more = f" (and {int(used.sum()) - 1} more)" if used.sum() > 1 else ""
    return (
        Finding(
            "warning",
            f"storage '{name}'{more} keeps its power over the series: its state of charge is not"
            " followed",
            f"{SINGULAR['storages']}.{name}",
            "map it to a shape of its power",
        ),
    )
