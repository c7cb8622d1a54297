"""Standing reports taken over to the tree of other positions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from gridmend.model.arrays import Flags
from gridmend.model.grid import Grid
from gridmend.operations.prediction.reports import UNKNOWN, Reports, conductors_of
from gridmend.operations.prediction.tree import Tree


def carried(
    reports: Reports,
    old: Tree,
    new: Tree,
    grid: Grid,
    *,
    reporting: Collection[str],
    equipped: Collection[str],
) -> Reports:
    """The reports about one tree of a grid, as reports about another of the same grid.

    Who reports is the same in both; of devices what was said of them is kept where they stand in
    both. `reporting` and `equipped` are names of devices as in `Reports.of`, with those that are
    in the other tree only.
    """
    pairs = [(row, old.rows[name]) for name, row in new.rows.items() if name in old.rows]
    here = np.array([row for row, _ in pairs], np.int64)
    there = np.array([row for _, row in pairs], np.int64)
    heads = len(new.heads)

    def marked(names: Collection[str]) -> Flags:
        wanted = {name.lower() for name in names}
        return np.array([name in wanted for name in new.heads], bool)

    made = {
        "position": np.full(heads, UNKNOWN, np.int64),
        "position_s": np.full(heads, np.nan),
        "doubted": np.zeros(heads, bool),
        "flagged": np.zeros(heads, np.int64),
        "flagged_s": np.full(heads, np.nan),
        "said_closed_s": np.full(heads, np.nan),
    }
    for name, values in made.items():
        values[here] = getattr(reports, name)[there]
    return replace(
        reports,
        position=made["position"],
        position_s=made["position_s"],
        doubted=made["doubted"],
        flagged=made["flagged"],
        flagged_s=made["flagged_s"],
        said_closed_s=made["said_closed_s"],
        reporting=marked(reporting),
        equipped=marked(equipped),
        conductors=conductors_of(new, grid),
    )
