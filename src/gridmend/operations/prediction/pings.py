"""Which meters to ask: those whose answer tells most, and whether a restoration has reached all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.operations.prediction.likelihood import SETTLED_S
from gridmend.operations.prediction.predict import BELIEVED, Working
from gridmend.operations.prediction.reports import Reports, load_of, names_of
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.tree import Tree

RECENT_S = 15.0
"""Who was asked so short a time ago is not asked again."""
LEAST_BITS = 1e-4
"""Answers that tell less are not worth a message."""
BACK = 1e-4
"""Chance of being dark below which a load is known to be back."""


@dataclass(frozen=True, eq=False)
class Ping:
    """A meter to ask, named as its load or customer, and what its answer tells [bit]."""

    meter: str
    information_bit: float


@dataclass(frozen=True, eq=False)
class Verification:
    """What is known of a restoration: customers of whom it is known that they are back, or still
    out, the others, and whom to ask next."""

    device: str
    back: int
    out: int
    open: int
    ask: tuple[Ping, ...]

    def __str__(self) -> str:
        text = f"{self.device}: {self.back} customers are back, {self.out} still out"
        if self.open:
            text += f", {self.open} not known: ask {', '.join(p.meter for p in self.ask)}"
        return text


def pings(
    tree: Tree,
    reports: Reports,
    working: Working,
    now_s: float,
    *,
    most: int = 20,
    assumed: Assumptions | None = None,
    among: Ints | None = None,
) -> tuple[Ping, ...]:
    """At most `most` meters whose answer tells most of who is dark, the most telling first.

    What an answer tells is the mutual information between it and whether the meter is dark. One
    meter is asked in each zone before a second one is, since neighbours tell the same. `among` are
    rows of loads; all unless given. Who was asked within the last seconds is left alone.
    """
    assumed = assumed or Assumptions()
    load = load_of(tree)
    chances = working.chances
    dark = np.clip(chances.dark[load] + chances.service, 0.0, 1.0)
    wanted: Flags = reports.metered & tree.is_fed[load] & (tree.counts[load] > 0)
    wanted &= ~(now_s - reports.unanswered_s < RECENT_S)
    if among is not None:
        wanted &= np.isin(load, among)
    rows = np.flatnonzero(wanted)
    # A second meter without answer may be one that is never reached: it tells less each time.
    told = _information(dark[rows], assumed) * 0.5 ** reports.unanswered[rows]
    order = np.lexsort((rows, -told))
    rows, told = rows[order], told[order]
    turn = _turns(tree.load_zone[load[rows]])
    order = np.lexsort((np.arange(len(rows)), -told * 0.5**turn))
    order = order[told[order] >= LEAST_BITS][:most]
    names = names_of(reports)
    return tuple(Ping(names[int(rows[k])], float(told[k])) for k in order)


def verification(
    tree: Tree,
    reports: Reports,
    working: Working,
    device: str,
    now_s: float,
    *,
    most: int = 20,
    assumed: Assumptions | None = None,
) -> Verification:
    """Whether all behind a device that was closed are back, and which few to ask.

    A load is known to be back, or out, where its chance of being dark is below `BACK`, or 50 %
    and more.
    `GridError` is not raised for a device that is not there: nobody is behind it.
    """
    row = tree.rows.get(device.lower())
    if row is not None:
        behind = tree.below(row)
    else:
        at = tree.load_rows.get(device.lower().partition(".")[2])
        behind = np.array([at] if at is not None else [], np.int64)
    dark = working.chances.dark[behind]
    counts = tree.counts[behind]
    open_ = (dark >= BACK) & (dark < BELIEVED)
    ask = pings(tree, reports, working, now_s, most=most, assumed=assumed, among=behind[open_])
    return Verification(
        device.lower(),
        int(counts[dark < BACK].sum()),
        int(counts[dark >= BELIEVED].sum()),
        int(counts[open_].sum()),
        ask,
    )


def awaited(reports: Reports, now_s: float) -> Flags:
    """[subjects] who is behind a device that was closed lately, and has not said to be back."""
    recent = now_s - reports.returned_s <= SETTLED_S
    return recent & ~(reports.lit_s >= reports.returned_s)


def _information(dark: Floats, assumed: Assumptions) -> Floats:
    """Mutual information of an answer and of being dark [bit]."""
    yes_lit, yes_dark = 1 - assumed.ping_lost, assumed.ping_false
    yes = (1 - dark) * yes_lit + dark * yes_dark
    given = (1 - dark) * _entropy(np.array(yes_lit)) + dark * _entropy(np.array(yes_dark))
    return np.maximum(_entropy(yes) - given, 0.0)


def _entropy(share: Floats) -> Floats:
    inside = np.clip(share, 1e-300, 1 - 1e-16)
    return -(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside))


def _turns(zones: Ints) -> Ints:
    """How many before each are of the same zone."""
    order = np.argsort(zones, kind="stable")
    ranked = zones[order]
    first = np.concatenate([[True], ranked[1:] != ranked[:-1]])
    begin = np.maximum.accumulate(np.where(first, np.arange(len(zones)), 0))
    found = np.empty(len(zones), np.int64)
    found[order] = np.arange(len(zones)) - begin
    return found
