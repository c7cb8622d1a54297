"""What has been reported and still stands: by meters, customers, devices and indicators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.grid import Grid
from gridmend.operations.prediction.tree import LANES, Tree

UNKNOWN = -1
"""The position of a device that has said nothing."""


@dataclass(frozen=True, eq=False)
class Reports:
    """The standing reports about a tree; `heard` gives those after more events.

    Who reports is numbered: the loads first, then the customers of loads that stand for several.
    Times are seconds since 1970, nan where nothing stands.

    - `subjects`: names in lower case, of meters, loads and customers, to their number
    - `metered` [subjects]: whether it has a meter that gasps and answers
    - `lost_s`, `lit_s`, `called_s`, `unanswered_s`, `returned_s`: last gasp, last word of having
      supply, first call that stands, last ping without answer, when its supply was said to be back
    - `unanswered` [subjects]: pings without answer in a row; `spoke`: whether it was ever heard
    - `position` [heads]: mask of open lanes as last reported, -1 where nothing was; `position_s`
    - `reporting`, `equipped` [heads]: whether its position is telemetered; has an indicator
    - `flagged` [heads]: lanes in which its indicator saw a fault; `flagged_s`
    - `said_closed_s` [heads]: when a crew or operator said that it is closed again
    - `unread`: why events were left out, and how many for each reason; `repeated`: calls by who
      had called before
    """

    subjects: Mapping[str, int]
    metered: Flags
    lost_s: Floats
    lit_s: Floats
    called_s: Floats
    unanswered_s: Floats
    returned_s: Floats
    unanswered: Ints
    spoke: Flags
    position: Ints
    position_s: Floats
    doubted: Flags
    reporting: Flags
    equipped: Flags
    flagged: Ints
    flagged_s: Floats
    said_closed_s: Floats
    conductors: tuple[tuple[int, ...], ...]
    """[heads] lane of each conductor of a switch."""
    unread: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    repeated: int = 0

    @staticmethod
    def of(
        tree: Tree,
        grid: Grid,
        *,
        reporting: Collection[str] | None = None,
        equipped: Collection[str] = (),
        metered: Collection[str] | None = None,
    ) -> Reports:
        """Nothing was reported yet.

        `reporting` are devices whose positions are telemetered: remote switches unless given.
        `equipped` have an indicator. `metered` are loads or customers with a meter: every load,
        and every row of the table of customers with a meter's number, unless given. Names that
        the tree does not know stand in `unread`.
        """
        remote = grid.switches.flags("remote")
        names = [name.lower() for name in grid.switches.texts("name")]
        if reporting is None:
            reporting = [name for name, is_remote in zip(names, remote, strict=True) if is_remote]
        subjects = _subjects(tree, grid)
        several = tree.counts > 1
        size = len(tree.loads) + int(tree.counts[several].sum())
        unread: Counter[str] = Counter()
        has_meter = np.zeros(size, bool)
        if metered is None:
            has_meter[: len(tree.loads)] = True
            for meter in grid.customers.texts("meter"):
                if meter:
                    has_meter[subjects[meter.lower()]] = True
        for name in metered or ():
            at = subjects.get(name.lower(), -1)
            if at < 0:
                unread[f"'{name}' should have a meter, and there is no such load or customer"] += 1
            else:
                has_meter[at] = True
        heads = len(tree.heads)
        flags: list[Flags] = []
        for what, wanted in (("report", reporting), ("have an indicator", equipped)):
            found = np.zeros(heads, bool)
            for name in wanted:
                row = tree.rows.get(name.lower())
                if row is not None:
                    found[row] = True
                elif name.lower() not in grid.switches.index:
                    unread[f"'{name}' should {what}, and there is no such device"] += 1
            flags.append(found)
        none = np.full(size, np.nan)
        never = np.full(heads, np.nan)
        return Reports(
            MappingProxyType(subjects), has_meter, none, none, none, none, none,
            np.zeros(size, np.int64), np.zeros(size, bool), np.full(heads, UNKNOWN), never,
            np.zeros(heads, bool),
            flags[0], flags[1], np.zeros(heads, np.int64), never, never,
            conductors_of(tree, grid), MappingProxyType(unread),
        )  # fmt: skip

    def with_known(self, unread: Mapping[str, int], repeated: int) -> Reports:
        """The same with more that was left out."""
        found = Counter(self.unread)
        found.update(unread)
        return replace(self, unread=MappingProxyType(found), repeated=self.repeated + repeated)


def names_of(reports: Reports) -> dict[int, str]:
    """The first name of each subject by its number."""
    found: dict[int, str] = {}
    for name, number in reports.subjects.items():
        found.setdefault(number, name)
    return found


def load_of(tree: Tree) -> Ints:
    """[subjects] row of the load of each."""
    several = np.flatnonzero(tree.counts > 1)
    return np.concatenate([np.arange(len(tree.loads)), np.repeat(several, tree.counts[several])])


def _subjects(tree: Tree, grid: Grid) -> dict[str, int]:
    found: dict[str, int] = {}
    number = len(tree.loads)
    first: list[int] = []
    for row, (load, count) in enumerate(zip(tree.loads, tree.counts.tolist(), strict=True)):
        name = load.lower()
        found[name] = row
        first.append(row if count <= 1 else number)
        for k in range(1, count + 1):
            found[f"{name}/{k}"] = row if count == 1 else number + k - 1
        number += count if count > 1 else 0
    before = [0] * len(tree.loads)
    table = grid.customers
    columns = (table.texts("load"), table.counts("count").tolist(), table.texts("meter"), table)
    for load, count, meter, name in zip(*columns, strict=True):
        row = grid.loads.row(load)
        at = first[row] + before[row]
        before[row] += count
        for known in (meter, name):
            if known:
                found.setdefault(known.lower(), at)
    return found


def conductors_of(tree: Tree, grid: Grid) -> tuple[tuple[int, ...], ...]:
    """[heads] lane of each conductor of a switch."""
    lanes = {"a": 0, "b": 1, "c": 2}
    phases = grid.switches.texts("phases1")
    found: list[tuple[int, ...]] = []
    for name, mask in zip(tree.heads, tree.head_lanes.tolist(), strict=True):
        row = grid.switches.index.get(name)
        own = tuple(k for k in range(LANES) if mask >> k & 1)
        words = phases[row].split() if row is not None else []
        found.append(tuple(lanes.get(word, 0) for word in words) if words else own)
    return tuple(found)
