"""What a prediction rests on, in words: what is known, what is not, and what contradicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.operations.prediction.reports import Reports, load_of
from gridmend.operations.prediction.tree import Tree

LIT = 0.5
REASONS_MOST = 20


@dataclass(frozen=True, eq=False)
class Chances:
    """What follows from the posterior.

    `cause` [heads, 8]: that a device has opened these lanes while they were live; `zone` [loads]
    that a device of the tree keeps a load dark; `own` [loads] that its own device does; `dark`
    [loads] either; `service` [subjects] that a customer's own service has failed.
    """

    cause: Floats
    zone: Floats
    own: Floats
    dark: Floats
    service: Floats

    @property
    def opened(self) -> Floats:
        """[heads] chance that it has opened any lane that was live."""
        return self.cause[:, 1:].sum(1)

    def mixed(self, other: Chances, heads: Floats, loads: Floats, subjects: Floats) -> Chances:
        """These and others, which hold with a share by [heads], [loads] and [subjects]."""
        return Chances(
            self.cause + heads[:, None] * (other.cause - self.cause),
            self.zone + loads * (other.zone - self.zone),
            self.own + loads * (other.own - self.own),
            self.dark + loads * (other.dark - self.dark),
            self.service + subjects * (other.service - self.service),
        )


def words_of(
    tree: Tree, reports: Reports, row: int, loads: Ints, chances: Chances
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Known, unknown and contradictory about a device and the loads behind it."""
    load = load_of(tree)
    behind = np.isin(load, loads)
    gasps = behind & ~np.isnan(reports.lost_s)
    calls = behind & ~np.isnan(reports.called_s)
    pings = behind & (reports.unanswered_s > np.nan_to_num(reports.lit_s, nan=-np.inf))
    known = [
        f"{int(found.sum())} {what}"
        for found, what in (
            (gasps, "meters lost their supply"),
            (calls, "customers called"),
            (pings, "pings had no answer"),
        )
        if found.any()
    ]
    contradictory: list[str] = []
    if row < len(tree.heads):
        name = tree.heads[row]
        if reports.position[row] > 0:
            known.append(f"{name} is reported open")
        elif reports.position[row] == 0:
            contradictory.append(f"{name} was last reported closed")
        elif reports.reporting[row]:
            contradictory.append(f"{name} reports its position, and has not said that it opened")
        if reports.flagged[row]:
            known.append(f"the indicator at {name} saw a fault")
        elif reports.equipped[row]:
            contradictory.append(f"the indicator at {name} saw no fault")
    meters = behind & reports.metered
    silent = meters & ~gasps & ~pings & ~(reports.lit_s > 0)
    unknown = []
    if silent.any():
        unknown.append(f"{int(silent.sum())} of {int(meters.sum())} meters behind it are silent")
    unmetered = behind & ~reports.metered
    unmetered[: len(tree.loads)] &= tree.counts == 1
    if unmetered.any():
        unknown.append(f"{int(unmetered.sum())} customers have no meter of their own that reports")
    lit = behind & (reports.lit_s > np.nan_to_num(reports.lost_s, nan=-np.inf))
    if lit.any():
        contradictory.append(f"{int(lit.sum())} meters behind it said that they have supply")
    return tuple(known), tuple(unknown), tuple(contradictory)


def notes_of(tree: Tree, reports: Reports, chances: Chances) -> tuple[str, ...]:
    """What was left out and why, what cannot be judged, and devices against their customers."""
    found = list(tree.notes)
    dead = ~tree.is_fed & (tree.counts > 0)
    if dead.any():
        found.append(
            f"{int(dead.sum())} loads with {int(tree.counts[dead].sum())} customers have no supply "
            "at the positions given: known, and no part of the prediction"
        )
    opened = chances.opened
    for row in np.flatnonzero((reports.position > 0) & (opened < LIT)).tolist():
        zones = tree.above(int(tree.head_zone[row]))
        others = [h for zone in zones for h in tree.zone_heads[zone] if h != row]
        above = float(np.max(opened[others], initial=0.0))
        if above < LIT:
            found.append(f"{tree.heads[row]} is reported open, and what is behind it has supply")
    for row in np.flatnonzero(reports.flagged > 0).tolist():
        if _near(tree, row, opened) < LIT:
            found.append(
                f"the indicator at {tree.heads[row]} saw a fault, and no outage is predicted there"
            )
    reasons = sorted(reports.unread.items(), key=lambda one: -one[1])
    for why, count in reasons[:REASONS_MOST]:
        found.append(f"{why} ({count} times)" if count > 1 else why)
    if len(reasons) > REASONS_MOST:
        found.append(f"{len(reasons) - REASONS_MOST} more reasons for which reports were left out")
    if reports.repeated:
        found.append(f"{reports.repeated} calls by who had called before: each counts once")
    return tuple(found)


def _near(tree: Tree, row: int, opened: Floats) -> float:
    """The greatest chance of a device at or above an indicator, or of one below it."""
    zone = int(tree.head_zone[row])
    order, begin, end = tree.span
    near = [*order[begin[zone] : end[zone]].tolist(), *tree.above(zone)]
    heads = [h for z in near for h in tree.zone_heads[z]]
    return float(np.max(opened[heads], initial=0.0))
