"""Outages predicted from what was reported until a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.operations.prediction.answer import Alternative, PredictedOutage, Prediction
from gridmend.operations.prediction.duration import Circumstances, duration
from gridmend.operations.prediction.likelihood import Homes, evidence_of
from gridmend.operations.prediction.likeness import likeness
from gridmend.operations.prediction.posterior import Messages, posterior
from gridmend.operations.prediction.reports import Reports, load_of, names_of
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.told import Chances, notes_of, words_of
from gridmend.operations.prediction.tree import MASKS, Tree

BELIEVED = 0.5
"""A load is predicted to be out where this is its chance or more."""
ALTERNATIVES_MOST = 5
LEAST = 0.01
"""Chances below are not listed."""
UNCONFIRMED_MOST = 50
GASPS_FEW = 3
"""Up to so many gasps may be false where no true one arrives."""
_REAL = np.arange(MASKS) > 0


@dataclass(frozen=True, eq=False)
class Working:
    """What a prediction was made from; the next one is cheaper with it."""

    messages: Messages
    homes: Homes
    chances: Chances
    likeness: Ints


def predict(
    tree: Tree,
    reports: Reports,
    now_s: float,
    *,
    assumed: Assumptions | None = None,
    last: Working | None = None,
    circumstances: Circumstances | None = None,
) -> tuple[Prediction, Working]:
    """The outages at `now_s` [s since 1970], and the working to hand to the next call.

    The chances are exact posterior marginals on the tree (`posterior`), given independent failures
    and reports. Outages are chosen so that each load whose chance of being dark is `BELIEVED` or
    more lies behind one: always the device, or group of devices that nobody can tell apart, with
    the greatest chance. `assumed` must be those that the tree was made with; `circumstances` are
    for the time until supply is back.
    """
    assumed = assumed or Assumptions()
    evidence, homes = evidence_of(tree, reports, now_s, assumed)
    messages = posterior(tree, evidence, last.messages if last else None)
    chances = chances_of(tree, messages, homes)
    chances = _or_deaf(tree, reports, now_s, assumed, messages, chances)
    alike = last.likeness if last else likeness(tree)
    where = circumstances or Circumstances()
    picks = _picked(tree, chances, alike)
    outages = [_outage(tree, reports, pick, chances, now_s, where) for pick in picks]
    outages += _services(tree, reports, chances, now_s, where)
    outages.sort(key=lambda one: (-one.customers, -one.probability, one.device))
    found = Prediction(
        now_s,
        tuple(outages),
        np.where(tree.is_fed, chances.dark, 1.0),
        _unconfirmed(tree, reports, chances, homes),
        notes_of(tree, reports, chances),
    )
    return found, Working(messages, homes, chances, alike)


def chances_of(tree: Tree, messages: Messages, homes: Homes) -> Chances:
    """Chances of devices and loads from the masks of zones."""
    heads = len(tree.heads)
    cause = np.zeros((heads, MASKS))
    chance = messages.chance[tree.head_zone]
    rows = np.arange(heads)
    for up in range(MASKS):
        shut = ~tree.through[:, up] & tree.head_lanes
        for mask in range(MASKS):
            np.add.at(cause, (rows, mask & shut), chance[:, up, mask])
    masks = np.arange(MASKS)
    zone = np.zeros(len(tree.loads))
    fed = np.flatnonzero(tree.is_fed)
    hit = (masks[None, :] & tree.load_lanes[fed, None]) != 0
    zone[fed] = np.where(hit, messages.dark[tree.load_zone[fed]], 0.0).sum(1)
    zone = np.clip(zone, 0.0, 1.0)
    own = np.where(tree.is_fed, (1 - zone) * homes.own, 0.0)
    load = load_of(tree)
    service = (1 - zone - own)[load] * homes.service
    service[: len(tree.loads)] = 0.0
    return Chances(cause, zone, own, np.minimum(zone + own, 1.0), np.maximum(service, 0.0))


def _or_deaf(
    tree: Tree, reports: Reports, now_s: float, assumed: Assumptions, messages: Messages,
    chances: Chances,
) -> Chances:  # fmt: skip
    """The same, allowing for trees of which no gasp arrives, where hardly one did.

    The mixture of both cases by their evidence is exact: a tree is heard, or it is not.
    """
    load = load_of(tree)
    top = tree.top[np.maximum(tree.load_zone, 0)]
    size = len(tree.parent)
    is_fed = tree.is_fed[load]
    gasps = np.bincount(top[load][is_fed & ~np.isnan(reports.lost_s)], minlength=size)
    says = np.bincount(top[load][is_fed & ~np.isnan(reports.called_s)], minlength=size)
    says += np.bincount(tree.top[tree.head_zone[reports.position > 0]], minlength=size)
    doubtful = (says > 0) & (gasps <= GASPS_FEW)
    deaf = tree.is_fed & doubtful[top]
    if not deaf.any():
        return chances
    evidence, homes = evidence_of(tree, reports, now_s, assumed, deaf)
    other = posterior(tree, evidence, messages)
    more = np.clip(other.log_evidence - messages.log_evidence, -500, 500)
    odds = assumed.deaf / (1 - assumed.deaf) * np.exp(more)
    share = np.where(doubtful, odds / (1 + odds), 0.0)
    return chances.mixed(
        chances_of(tree, other, homes),
        share[tree.top[tree.head_zone]],
        share[top],
        share[top][load],
    )


@dataclass(frozen=True)
class _Pick:
    """What was chosen: a device and its open lanes, or a load's own. Rows of heads, then loads."""

    row: int
    same: tuple[int, ...]
    mask: int
    loads: Ints
    probability: float


def _picked(tree: Tree, chances: Chances, alike: Ints) -> list[_Pick]:
    heads = len(tree.heads)
    single = np.concatenate([np.where(_REAL, chances.cause, 0.0).reshape(-1), chances.own])
    group = np.bincount(alike, single, int(alike.max(initial=-1)) + 1)
    ranked = np.flatnonzero(group >= LEAST)
    ranked = ranked[np.argsort(-group[ranked], kind="stable")]
    open_ = chances.dark >= BELIEVED
    taken = np.zeros(len(tree.loads), bool)
    found: list[_Pick] = []
    for number in ranked.tolist():
        if not open_.any() and group[number] < BELIEVED:
            break
        members = np.flatnonzero(alike == number)
        members = members[np.argsort(-single[members], kind="stable")]
        best = int(members[0])
        row, mask = (best // MASKS, best % MASKS) if best < heads * MASKS else (best, 0)
        if not mask:
            row = best - heads * MASKS + heads
            loads = np.array([row - heads])
        else:
            below, takes = tree.below_masks(row)
            loads = below[(takes >> mask & 1) != 0]
        feeds_nobody = not len(loads)
        # Behind two that are open in other phases some are out twice: they count with the first.
        loads = loads[~taken[loads]]
        is_new = bool(open_[loads].any())
        if is_new or (feeds_nobody and group[number] >= BELIEVED):
            rows = [m // MASKS if m < heads * MASKS else m - heads * MASKS + heads
                    for m in members.tolist()]  # fmt: skip
            same = tuple(r for r in dict.fromkeys(rows) if r != row)
            found.append(_Pick(row, same, mask, loads, min(float(group[number]), 1.0)))
            taken[loads] = True
            open_[loads] = False
    return found


def _outage(
    tree: Tree, reports: Reports, pick: _Pick, chances: Chances, now_s: float, where: Circumstances,
) -> PredictedOutage:  # fmt: skip
    heads = len(tree.heads)
    name, kind = _name(tree, pick.row)
    dark = chances.dark[pick.loads]
    out = pick.loads[dark >= BELIEVED]
    start_s = _start(reports, pick, load_of(tree), heads)
    known, unknown, contradictory = words_of(tree, reports, pick.row, pick.loads, chances)
    customers = int(tree.counts[out].sum())
    told = replace(where, customers=max(customers, 1))
    elapsed_min = 0.0 if np.isnan(start_s) else max(now_s - start_s, 0.0) / 60
    phases = ()
    if pick.row < heads:
        names = tree.phases[pick.row] if tree.phases else ("a", "b", "c")
        phases = tuple(names[k] for k in range(3) if pick.mask >> k & 1)
    return PredictedOutage(
        device=name,
        kind=kind,
        probability=pick.probability,
        same=tuple(_name(tree, row)[0] for row in pick.same),
        alternatives=_alternatives(tree, chances, pick),
        phases=phases,
        loads=out,
        load_probability=chances.dark[out],
        customers=customers,
        customers_expected=float((tree.counts[pick.loads] * dark).sum()),
        critical=int(tree.critical[out].sum()) if tree.critical is not None else 0,
        start_s=start_s,
        restored=duration(told).after(elapsed_min),
        known=known,
        unknown=unknown,
        contradictory=contradictory,
    )


def _services(
    tree: Tree, reports: Reports, chances: Chances, now_s: float, where: Circumstances
) -> list[PredictedOutage]:  # fmt: skip
    """Single customers whose own service has failed, where their load has supply."""
    rows = np.flatnonzero(chances.service >= BELIEVED)
    names = names_of(reports) if len(rows) else {}
    found: list[PredictedOutage] = []
    for row in rows.tolist():
        calls = int(not np.isnan(reports.called_s[row]))
        gasps = int(not np.isnan(reports.lost_s[row]))
        times = [t for t in (reports.lost_s[row], reports.called_s[row]) if not np.isnan(t)]
        start_s = min(times, default=float("nan"))
        elapsed_min = max(now_s - start_s, 0.0) / 60 if times else 0.0
        chance = float(chances.service[row])
        load = np.array([load_of(tree)[row]])
        found.append(
            PredictedOutage(
                f"customer.{names[row]}", "service", chance, (), (), (), load,
                np.array([chances.dark[load[0]]]), 1, chance, 0, start_s,
                duration(replace(where, customers=1)).after(elapsed_min),
                (f"{gasps} meters lost their supply, {calls} customers called",), (),
                ("others at the same load have supply",),
            )
        )  # fmt: skip
    return found


def _name(tree: Tree, row: int) -> tuple[str, str]:
    heads = len(tree.heads)
    if row < heads:
        return tree.heads[row], tree.kinds[row]
    at = row - heads
    return f"load.{tree.loads[at]}".lower(), "service" if tree.counts[at] <= 1 else "load"


def _start(reports: Reports, pick: _Pick, load: Ints, heads: int) -> float:
    """When it began: by the first gasp, else by SCADA, else by the first call [s]."""
    behind = np.isin(load, pick.loads)
    own = [row for row in (pick.row, *pick.same) if row < heads and reports.position[row] > 0]
    for times in (reports.lost_s[behind], reports.position_s[own], reports.called_s[behind]):
        if (~np.isnan(times)).any():
            return float(np.nanmin(times))
    return float("nan")


def _alternatives(tree: Tree, chances: Chances, pick: _Pick) -> tuple[Alternative, ...]:
    """Devices above and below that may have operated in its stead."""
    heads = len(tree.heads)
    if pick.row < heads:
        zone = int(tree.head_zone[pick.row])
        order, begin, end = tree.span
        near = set(order[begin[zone] : end[zone]].tolist())
    else:
        zone, near = int(tree.load_zone[pick.row - heads]), set[int]()
    near |= set(tree.above(zone))
    single = np.concatenate([chances.opened, chances.own])
    rows = [row for at in near for row in tree.zone_heads[at]] + (heads + pick.loads).tolist()
    rows = [row for row in rows if single[row] >= LEAST and row not in (pick.row, *pick.same)]
    rows.sort(key=lambda row: -single[row])
    return tuple(
        Alternative(_name(tree, row)[0], float(single[row])) for row in rows[:ALTERNATIVES_MOST]
    )


def _unconfirmed(
    tree: Tree, reports: Reports, chances: Chances, homes: Homes
) -> tuple[Alternative, ...]:
    """Who says to be out and is not predicted to be; a customer's own service is one."""
    load = load_of(tree)
    chance: Floats = chances.dark[load] + chances.service
    doubtful = homes.stands & tree.is_fed[load]
    # Behind a load that is out, its customers need no word of their own.
    doubtful &= chances.dark[load] < BELIEVED
    rows = np.flatnonzero(doubtful)
    rows = rows[np.argsort(-chance[rows], kind="stable")][:UNCONFIRMED_MOST]
    if not len(rows):
        return ()
    names = names_of(reports)
    return tuple(Alternative(names[int(row)], float(chance[row])) for row in rows)
