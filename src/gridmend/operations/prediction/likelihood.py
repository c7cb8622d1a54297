"""How likely what was reported is, given who is dark: of loads, devices and indicators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.operations.prediction.posterior import Evidence
from gridmend.operations.prediction.reports import UNKNOWN, Reports, load_of
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.tree import MASKS, Tree

SETTLED_S = 3600.0
"""How long after a device was closed its customers are expected to say that they are back."""
PINGS_MOST = 4
"""Pings without answer that count."""
CLOCKS_S = 5.0
"""By how much the clocks of meters and RTUs may differ: so much before a device closed, a meter may
say that it is back by it. Assumed."""
FRESH_S = 60.0
"""A word of having supply counts up to so long before the first report of an outage: times of
reports are not exact."""


@dataclass(frozen=True, eq=False)
class Homes:
    """What is said of loads and of customers, as logarithms of likelihoods.

    `dark`, `fed` [loads]: of all that is reported at a load, given that its zone is dark for it,
    or not; `own` [loads]: chance that its own device has failed where its zone is not dark;
    `service` [subjects]: the same for a customer whose load is not dark. `onset_s` [loads]: when
    an outage would have begun there, nan where nothing says so.
    """

    dark: Floats
    fed: Floats
    own: Floats
    service: Floats
    onset_s: Floats
    stands: Flags
    """[subjects] whether it says that it is without supply."""


def evidence_of(
    tree: Tree, reports: Reports, now_s: float, assumed: Assumptions, deaf: Flags | None = None
) -> tuple[Evidence, Homes]:
    """All that was reported until `now_s` [s since 1970] as likelihoods.

    `deaf` [loads] are those whose gasps cannot arrive, so that their silence says nothing.
    """
    homes = homes_of(tree, reports, now_s, assumed, deaf)
    zone = np.zeros((len(tree.parent), MASKS))
    fed = np.flatnonzero(tree.is_fed)
    masks = np.arange(MASKS)
    hit = (masks[None, :] & tree.load_lanes[fed, None]) != 0
    np.add.at(zone, tree.load_zone[fed], np.where(hit, homes.dark[fed, None], homes.fed[fed, None]))
    opened = _devices(tree, reports, assumed)
    return Evidence(opened, zone, _flags(tree, reports, assumed)), homes


def homes_of(
    tree: Tree, reports: Reports, now_s: float, assumed: Assumptions, deaf: Flags | None = None
) -> Homes:
    """What loads and their customers say; silence counts as far as a report would be here."""
    load = load_of(tree)
    loads = len(tree.loads)
    awaited = now_s - reports.returned_s <= SETTLED_S
    stands = ~np.isnan(reports.lost_s) | ~np.isnan(reports.called_s)
    stands |= reports.unanswered_s > reports.lit_s
    onset_s = _onset(tree, reports, load)[load]
    is_deaf = np.zeros(loads, bool) if deaf is None else deaf
    dark, lit = _said(tree, reports, now_s, assumed, onset_s, awaited, is_deaf[load])
    more = nested_multiples(tree, reports, assumed)[1]
    service = np.minimum(tree.service_prior * more[load], 0.5)
    mixed = np.logaddexp(np.log1p(-service) + lit, np.log(service) + dark)
    failed = np.exp(np.log(service) + dark - mixed)
    at_dark, at_fed = dark[:loads].copy(), lit[:loads].copy()
    np.add.at(at_dark, load[loads:], dark[loads:])
    np.add.at(at_fed, load[loads:], mixed[loads:])
    several = tree.counts > 1
    chance = np.where(several, np.minimum(tree.own_prior * more, 0.5), service[:loads])
    fed = np.logaddexp(np.log1p(-chance) + at_fed, np.log(chance) + at_dark)
    own = np.exp(np.log(chance) + at_dark - fed)
    failed[:loads] = np.where(several, 0.0, own)
    onset = _onset(tree, reports, load)
    return Homes(at_dark, fed, own, failed, onset, stands)


def _onset(tree: Tree, reports: Reports, load: np.ndarray) -> Floats:
    """[loads] the first standing report at a load, or in the nearest zone above that has one."""
    first = np.full(len(tree.loads), np.inf)
    for times in (reports.lost_s, reports.called_s):
        np.fmin.at(first, load, np.where(np.isnan(times), np.inf, times))
    zones = np.full(len(tree.parent), np.inf)
    fed = tree.is_fed
    np.minimum.at(zones, tree.load_zone[fed], first[fed])
    # What SCADA says begins an outage as well.
    is_open = reports.position > 0
    np.minimum.at(zones, tree.head_zone[is_open], reports.position_s[is_open])
    for here in reversed(tree.levels):
        np.minimum.at(zones, tree.parent[here], zones[here])
    zones[0] = np.inf
    for here in tree.levels:
        silent = np.isinf(zones[here])
        zones[here[silent]] = zones[tree.parent[here[silent]]]
    found = np.full(len(first), np.inf)
    found[fed] = zones[tree.load_zone[fed]]
    found = np.where(np.isinf(first), found, first)
    return np.where(np.isinf(found), np.nan, found)


def _said(
    tree: Tree, reports: Reports, now_s: float, assumed: Assumptions, onset_s: Floats,
    awaited: Flags,
    deaf: Flags,
) -> tuple[Floats, Floats]:  # fmt: skip
    """[subjects] of what each said and did not say, given that it is dark, or has supply."""
    a, size = assumed, len(reports.metered)
    dark, lit = np.zeros(size), np.zeros(size)
    since = np.fmax(now_s - onset_s, 0.0)
    since = np.where(np.isnan(since), 0.0, since)
    gasped_share = np.where(deaf, a.false_gasp, 1 - a.gasp_lost)
    gasps = gasped_share * -np.expm1(-since / a.gasp_s)
    gasped = ~np.isnan(reports.lost_s)
    heard = gasped & ~awaited | gasped & (reports.lost_s > reports.returned_s)
    quiet = reports.metered & ~heard & ~awaited
    dark += np.where(heard, np.log(gasped_share), np.where(quiet, np.log1p(-gasps), 0.0))
    lit += np.where(heard, np.log(a.false_gasp), np.where(quiet, np.log1p(-a.false_gasp), 0.0))
    back_s = np.where(awaited, now_s - reports.returned_s, 0.0)
    returns = (1 - a.return_lost) * -np.expm1(-back_s / a.return_s)
    began = np.where(awaited, reports.returned_s, onset_s - FRESH_S)
    lit_from_s = np.where(awaited, began - CLOCKS_S, began)
    is_lit = ~np.isnan(reports.lit_s) & ~(reports.lit_s < lit_from_s) & ~heard
    missing = reports.metered & awaited & ~is_lit & ~heard
    lit += np.where(missing, np.log1p(-returns), 0.0)
    dark += np.where(is_lit, np.log(a.false_return), 0.0)
    calls_here = np.ones(size, bool)
    calls_here[: len(tree.loads)] = tree.counts == 1
    called = ~np.isnan(reports.called_s)
    began_s = np.where(awaited, back_s, since)
    calls = a.calls * -np.expm1(-began_s / a.call_s)
    silent = calls_here & ~called
    dark += np.where(called, np.log(a.calls), np.where(silent, np.log1p(-calls), 0.0))
    lit += np.where(called, np.log(a.false_call), np.where(silent, np.log1p(-a.false_call), 0.0))
    pings = np.where(reports.unanswered_s < began, 0, np.minimum(reports.unanswered, PINGS_MOST))
    pings = np.where(is_lit, 0, pings)
    dark += pings * np.log1p(-a.ping_false)
    unreached = np.where(reports.spoke, 0.0, a.unreachable)
    missed = unreached + (1 - unreached) * a.ping_lost**pings
    lit += np.where(pings > 0, np.log(missed), 0.0)
    return dark, lit


def nested_multiples(
    tree: Tree, reports: Reports, assumed: Assumptions
) -> tuple[Floats, Floats]:  # fmt: skip
    """[heads], [loads] how much likelier each has failed for lying behind a device that was closed
    after an outage: `assumed.nested` failures are expected there, shared out by the priors."""
    heads, loads = np.ones(len(tree.heads)), np.ones(len(tree.loads))
    each = np.where(tree.counts > 1, tree.own_prior, tree.counts * tree.service_prior)
    order, begin, end = tree.span
    for row in np.flatnonzero(~np.isnan(reports.said_closed_s)).tolist():
        zone = int(tree.head_zone[row])
        inside = np.zeros(len(tree.parent), bool)
        inside[order[begin[zone] : end[zone]]] = True
        own = tree.is_fed & inside[tree.load_zone]
        inside[zone] = False
        below = inside[tree.head_zone]
        expected = float(tree.prior[below, 1:].sum() + each[own].sum())
        multiple = max(1.0, assumed.nested / max(expected, 1e-12))
        heads[below] = np.maximum(heads[below], multiple)
        loads[own] = np.maximum(loads[own], multiple)
    return heads, loads


def _devices(tree: Tree, reports: Reports, assumed: Assumptions) -> Floats:
    """[heads, 8] prior and what was said of the device itself."""
    prior = tree.prior.copy()
    prior[:, 1:] *= nested_multiples(tree, reports, assumed)[0][:, None]
    spill = prior[:, 1:].sum(1)
    prior[:, 1:] *= np.where(spill > 0.5, 0.5 / np.maximum(spill, 0.5), 1.0)[:, None]
    prior[:, 0] = 1 - prior[:, 1:].sum(1)
    with np.errstate(divide="ignore"):
        found = np.log(prior)
    missed = np.where(reports.doubted, 0.5, assumed.status_missed)
    closed = reports.reporting & (reports.position <= 0)
    closed |= reports.position == 0
    closed |= ~np.isnan(reports.said_closed_s) & (reports.position == UNKNOWN)
    found[:, 1:] += np.where(closed, np.log(missed), 0.0)[:, None]
    rows = np.flatnonzero(reports.position > 0)
    said = np.tile(np.log(missed[rows])[:, None], (1, MASKS))
    said[:, 0] = np.log(assumed.status_false)
    said[np.arange(len(rows)), reports.position[rows]] = np.log1p(-missed[rows])
    found[rows] += said
    return found


def _flags(tree: Tree, reports: Reports, assumed: Assumptions) -> Floats:
    """[zones, 8, 2] of the indicators at the zones' heads.

    A fault of which the operated device lies at or below an indicator was seen by it. Where the
    device lies above, the fault is below the indicator by the share that lies there; indicators
    behind one device are judged each by itself.
    """
    found = np.zeros((len(tree.parent), MASKS, 2))
    masks = np.arange(MASKS)
    for row in np.flatnonzero(reports.equipped | (reports.flagged > 0)).tolist():
        lanes, seen = int(tree.head_lanes[row]), int(reports.flagged[row])
        share = float(tree.share_below[row])
        above = share * (1 - assumed.flag_missed) + (1 - share) * assumed.flag_false
        chance = np.empty((MASKS, 2))
        chance[:, 1] = 1 - assumed.flag_missed
        chance[:, 0] = np.where(masks & lanes, above, assumed.flag_false)
        if not seen:
            chance = 1 - chance
        found[int(tree.head_zone[row])] += np.log(chance)
    return found
