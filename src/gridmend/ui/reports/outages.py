"""The outage report: who was out, by what and for how long, by IEEE Std 1366."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.account import Account, account, events_json
from gridmend.ui.reports.going_over import Facts, facts_of
from gridmend.ui.reports.report import Asked, Figure, Report, Sheet

DOUBTS_MOST = 20
"""Findings that are said one by one; the others are counted."""
SHARES = ("cause", "device", "feeder")
ADDED_UP = ("customer_minutes", "saifi", "saidi_min", "caidi_min", "not_supplied_mwh")
"""Figures that the table by device adds up to; the others are read off the outages."""


def outage_report(grid: Grid, events: Iterable[Event], asked: Asked) -> Report:
    """The outages of a journal that began in a period. `GridmendError` where nobody is served.

    `events` are gone over more than once, so that a journal need not be held.
    """
    facts = facts_of(events)
    counted = counted_of(grid, events, asked, facts)
    simulated = is_simulated(facts, asked)
    doubts = (*field_doubts(facts, asked, simulated=simulated), *doubts_of(counted))
    return Report(
        "outages", "Outage report", grid.name, asked, figures_of(counted),
        (*sheets_of(counted, asked), *(share_of(counted, asked, name) for name in SHARES)),
        doubts, simulated,
    )  # fmt: skip


def counted_of(grid: Grid, events: Iterable[Event], asked: Asked, facts: Facts) -> Account:
    """The account of the period, up to where the journal is."""
    last = facts.last or asked.start
    until = min(asked.end, last) if last > asked.start else asked.end
    return account(
        Topology.of(grid), events, from_utc=asked.start.astimezone(UTC),
        to_utc=until.astimezone(UTC), zone=asked.zone,
    )  # fmt: skip


def figures_of(one: Account) -> tuple[Figure, ...]:
    """The figures of an account: all are counted from its records."""
    found = one.found
    still = int(found.customers[found.is_open].sum())
    said: tuple[tuple[str, str, float | int | None, str, str], ...] = (
        ("outages", "Outages", len(events_json(one)), ",d", ""),
        ("customers", "Customers served", found.customer_count, ",d", ""),
        ("customers_interrupted", "Customers interrupted, also for a moment",
         int(found.customers_interrupted), ",d", ""),
        ("customer_minutes", "Customer-minutes without supply", found.customer_minutes, ",.0f",
         "min"),
        ("saifi", "SAIFI", found.saifi, ",.4f", "a customer"),
        ("saidi_min", "SAIDI", found.saidi_min, ",.2f", "min a customer"),
        ("caidi_min", "CAIDI", found.caidi_min, ",.1f", "min an interruption"),
        ("maifi_e", "MAIFI_E", found.maifi_e, ",.4f", "a customer"),
        ("not_supplied_mwh", "Energy not supplied, at the model's demand", one.not_supplied_mwh,
         ",.3f", "MWh"),
        ("open_at_end", "Customers not known to be restored", still, ",d", ""),
    )  # fmt: skip
    return tuple(
        Figure(name, label, value, form, unit, "by_device" if name in ADDED_UP else "outages")
        for name, label, value, form, unit in said
    )


def sheets_of(one: Account, asked: Asked) -> tuple[Sheet, ...]:
    """Every outage that began in the period."""
    headings = ("outage", "began", "ended", "duration_min", "device", "cause", "planned",
                "customers", "customer_minutes", "state")  # fmt: skip
    rows = tuple(_row(said, one, asked) for said in events_json(one))
    return (
        Sheet("outages", "Outages", headings, rows, asked.command("interruptions"),
              "no outage began in the period"),
    )  # fmt: skip


def _row(said: dict[str, Any], one: Account, asked: Asked) -> tuple[Any, ...]:
    began = datetime.fromisoformat(said["began_utc"])
    ended = datetime.fromisoformat(said["ended_utc"]) if said["ended_utc"] else None
    # One that ended after the period counts to the period's end in its indices, and says so.
    is_after = ended is not None and ended.timestamp() > one.found.end_s
    state = "not known to be restored" if ended is None else "restored"
    if is_after:
        state = "restored after the period"
    return (
        said["interruption"], asked.at(began), asked.at(ended) if ended else None,
        (ended - began).total_seconds() / 60 if ended else None, said["device"],
        said["cause"] or "unknown", said["planned"], said["customers"],
        said["customer_minutes"], state,
    )  # fmt: skip


def share_of(one: Account, asked: Asked, name: str) -> Sheet:
    """The indices by cause, device or feeder: they add up to those of all."""
    headings = (name, "interruptions", "momentary", "customer_minutes", "SAIFI", "SAIDI_min",
                "not_supplied_mwh")  # fmt: skip
    rows = tuple(
        (share.label or "unknown", share.interruptions, share.momentary, share.customer_minutes,
         share.saifi, share.saidi_min, share.not_supplied_mwh)
        for share in one.by[name]
    )  # fmt: skip
    return Sheet(f"by_{name}", f"By {name}", headings, rows, asked.command("interruptions"),
                 "nothing to share out")  # fmt: skip


def is_simulated(facts: Facts, asked: Asked) -> bool:
    """Whether the field is the twin's: as asked, else as the commands of the journal say."""
    return facts.is_twin if asked.is_simulated is None else asked.is_simulated


def field_doubts(facts: Facts, asked: Asked, *, simulated: bool) -> tuple[str, ...]:
    """What a reader must know of the journal itself."""
    said: list[str] = []
    if simulated:
        said.append("The field is simulated: nothing of this happened to real customers.")
    elif asked.is_simulated is None and not facts.is_commanded:
        said.append("No command in the journal tells whether the field is real or simulated.")
    first, last = facts.first, facts.last
    if first is None or last is None:
        said.append("The journal is empty: nothing is known of the period.")
        return tuple(said)
    if last < asked.end:
        said.append(
            f"The journal ends at {asked.at(last)}; nothing is known or counted of what came after."
        )
    if first > asked.start:
        said.append(f"The journal begins at {asked.at(first)}; what was before is not known.")
    return tuple(said)


def doubts_of(one: Account) -> tuple[str, ...]:
    """What an account leaves open or out."""
    found = one.found
    said: list[str] = []
    still = int(found.customers[found.is_open].sum())
    if still:
        said.append(
            f"{still:,} customers are not known to be restored: they count to the end of what is"
            " known, and their outages are still open."
        )  # fmt: skip
    unknown = sum(not cause or cause == "unknown" for cause in _causes(one))
    if unknown:
        said.append(f"The cause of {unknown} outages is not known.")
    findings = [finding.what for finding in (*one.known.findings, *one.records.findings)]
    said += [f"Left out or doubtful: {what}." for what in findings[:DOUBTS_MOST]]
    if len(findings) > DOUBTS_MOST:
        said.append(f"{len(findings) - DOUBTS_MOST:,} more are left out or doubtful.")
    return tuple(said)


def _causes(one: Account) -> list[str]:
    return [str(said["cause"]) for said in events_json(one)]
