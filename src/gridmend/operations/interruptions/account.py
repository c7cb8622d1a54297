"""A period's account from a journal: indices, shares, major event days, and the published range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.ledger import Records, fold
from gridmend.operations.interruptions.major_days import (
    DAYS_LEAST,
    Threshold,
    daily_saidi_min,
    major_days,
    threshold,
)
from gridmend.operations.interruptions.measures import Period, period
from gridmend.operations.interruptions.peers import YEARS, Place, compared, doubts
from gridmend.operations.interruptions.shares import (
    Share,
    by_customer,
    by_event,
    not_supplied_mwh,
)
from gridmend.operations.interruptions.told import Told, told

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEFORE_YEARS = 5
"""Years of daily SAIDI behind a threshold (IEEE Std 1366-2022)."""
LONGEST_DAYS = 20_000
CEMI, CELID_H = (1, 3, 5), (1.0, 4.0, 8.0)


@dataclass(frozen=True, eq=False)
class Account:
    """What a journal comes to in a period. `calm` is without major event days, None where it cannot
    be told which they are; `why_not` says why then, and `basis` what the threshold is of."""

    known: Told
    records: Records
    found: Period
    unplanned: Period
    calm: Period | None
    limit: Threshold | None
    basis: str
    why_not: str
    major: Mapping[date, float]
    by: Mapping[str, tuple[Share, ...]]
    load_factor: float
    places: tuple[Place, ...]
    doubts: tuple[str, ...]

    @property
    def not_supplied_mwh(self) -> float:
        """Energy not supplied at the average demand [MWh]."""
        return not_supplied_mwh(self.found, self.load_factor * self.known.roster.kw)


def account(
    topology: Topology,
    events: Iterable[Event],
    *,
    from_utc: datetime | None = None,
    to_utc: datetime | None = None,
    zone: str = "UTC",
    load_factor: float = 1.0,
    year: int = YEARS[-1],
) -> Account:
    """The account of a journal's events from one time to another, its first and last unless given.

    `zone` is that of the utility's days, `load_factor` average demand in parts of the model's, and
    `year` that of the published values. Raises `GridError` where nobody is served, the period is
    empty or longer than 50 years, or a year has no published values.
    """
    if not 0 < load_factor <= 10:
        raise GridError(f"a load factor cannot be {load_factor:g}", mend="give 0.1 to 1")
    known = told(topology, events)
    records = fold(known.entries, customer_count=len(known.roster))
    start_s = known.first_s if from_utc is None else from_utc.timestamp()
    end_s = known.last_s if to_utc is None else to_utc.timestamp()
    if not start_s < end_s <= start_s + 86_400 * LONGEST_DAYS:
        raise GridError(
            f"the period from {_said(start_s)} to {_said(end_s)} is none to count in",
            mend="give a start before the end, and not more than 50 years",
        )
    found = _counted(topology, known, records, start_s, end_s)
    limit, basis, why_not = _threshold(topology, known, records, found, zone)
    days = daily_saidi_min(found, start_utc=EPOCH, zone=zone)
    major = {day: days[day] for day in major_days(days, limit)} if limit else {}
    calm = found.taken(~_began_on(found, set(major), zone)) if limit else None
    roster, kw = known.roster, load_factor * known.roster.kw
    customers = roster.customers
    by = {
        "cause": by_event(found, records.cause, kw=kw),
        "device": by_event(found, records.device, kw=kw),
        "feeder": by_customer(found, roster.feeders, customers, kw=kw),
        "class": by_customer(found, roster.classes, customers, kw=kw),
    }
    return Account(
        known, records, found, found.taken(~found.planned), calm, limit, basis, why_not, major,
        by, load_factor, compared(found, calm, year=year), doubts(found),
    )  # fmt: skip


def _counted(
    topology: Topology, known: Told, records: Records, start_s: float, end_s: float
) -> Period:
    return period(
        records, start_s=start_s, end_s=end_s, customer_count=topology.grid.customer_count(),
        customers=known.roster.customers,
    )  # fmt: skip


def _threshold(
    topology: Topology, known: Told, records: Records, found: Period, zone: str
) -> tuple[Threshold | None, str, str]:
    """The threshold by the five years before the period, else by the period itself."""
    before_s = found.start_s - 86_400 * 365.25 * BEFORE_YEARS
    first_s = max(before_s, known.first_s)
    if first_s < found.start_s:
        past = _counted(topology, known, records, first_s, found.start_s)
        days = list(daily_saidi_min(past, start_utc=EPOCH, zone=zone).values())
        if np.count_nonzero(days) >= DAYS_LEAST:
            years = (found.start_s - first_s) / 86_400 / 365.25
            return threshold(days), f"the {years:.1f} years before the period", ""
    days = list(daily_saidi_min(found, start_utc=EPOCH, zone=zone).values())
    count = int(np.count_nonzero(days))
    if count >= DAYS_LEAST:
        return threshold(days), "the period itself", ""
    days_said = "one day" if count == 1 else f"{count} days"
    why = f"{days_said} with an interruption cannot say what is usual; {DAYS_LEAST} can"
    return None, "", why


def _began_on(found: Period, days: set[date], zone: str) -> Any:
    place = ZoneInfo(zone)
    began = [EPOCH + timedelta(seconds=s) for s in found.began_s.tolist()]
    return np.array([at.astimezone(place).date() in days for at in began], bool)


def indices_json(found: Period) -> dict[str, Any]:
    """The indices of a period as plain values."""
    return {
        "saifi": found.saifi, "saidi_min": found.saidi_min, "caidi_min": found.caidi_min,
        "caifi": found.caifi, "asai": found.asai, "maifi": found.maifi, "maifi_e": found.maifi_e,
        "cemi": {str(n): found.cemi(n) for n in CEMI},
        "cemsmi": {str(n): found.cemi(n, momentary=True) for n in CEMI},
        "celid_s": {f"{h:g}": found.celid(h) for h in CELID_H},
        "celid_t": {f"{h:g}": found.celid(h, total=True) for h in CELID_H},
        "interruptions": found.interruptions, "customer_minutes": found.customer_minutes,
        "customers_interrupted": found.customers_interrupted,
        "open_at_end": int(found.customers[found.is_open].sum()),
    }  # fmt: skip


def as_json(one: Account) -> dict[str, Any]:
    """The account as plain values."""
    found = one.found
    return {
        "period": {
            "from_utc": _said(found.start_s), "to_utc": _said(found.end_s),
            "days": (found.end_s - found.start_s) / 86_400,
        },
        "customers": found.customer_count,
        "indices": {**indices_json(found), "not_supplied_mwh": one.not_supplied_mwh},
        "unplanned": indices_json(one.unplanned),
        "without_major_days": indices_json(one.calm) if one.calm else None,
        "by": {name: [asdict(share) for share in shares] for name, shares in one.by.items()},
        "major_event_days": {
            "threshold_min": one.limit.minutes if one.limit else None,
            "basis": one.basis or None,
            "why_not": one.why_not or None,
            "days": [{"day": str(day), "saidi_min": m} for day, m in one.major.items()],
        },
        "published": {
            "source": "EIA-861, averages of US states",
            "places": [{**asdict(place), "words": str(place)} for place in one.places],
            "doubts": list(one.doubts),
        },
        "interruptions": events_json(one),
        "findings": [asdict(f) for f in (*one.known.findings, *one.records.findings)],
        "assumed": {"load_factor": one.load_factor},
    }  # fmt: skip


def events_json(one: Account) -> list[dict[str, Any]]:
    """The events of the period, in the order of their beginning, with who was out and how long."""
    found, records = one.found, one.records
    many = found.customers[found.piece_of]
    minutes = np.bincount(found.piece_event, found.piece_minutes * many, len(records.events))
    inside = np.flatnonzero(np.isin(records.interruption, _rows(one)))
    order = inside[np.argsort(records.event[inside], kind="stable")]
    first = np.flatnonzero(np.diff(records.event[order], prepend=-1))
    listed: list[tuple[float, dict[str, Any]]] = []
    for mine in np.split(order, first[1:]) if len(order) else ():
        k = int(records.event[mine[0]])
        who = np.unique(records.customer[mine])
        began_s, ended_s = float(records.start_s[mine].min()), float(records.end_s[mine].max())
        said = {
            "interruption": records.events[k], "device": records.device[k],
            "cause": records.cause[k], "planned": bool(records.planned[k]),
            "began_utc": _said(began_s),
            "ended_utc": _said(ended_s) if np.isfinite(ended_s) else None,
            "customers": int(one.known.roster.customers[who].sum()),
            "customer_minutes": float(minutes[k]),
        }  # fmt: skip
        listed.append((began_s, said))
    return [said for _, said in sorted(listed, key=lambda pair: (pair[0], str(pair[1])))]


def _rows(one: Account) -> Any:
    """Numbers of the interruptions of the ledger that began in the period."""
    _, began, _, _ = one.records.whole()
    here = (began >= one.found.start_s) & (began < one.found.end_s)
    return np.flatnonzero(here)


def _said(seconds: float) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
