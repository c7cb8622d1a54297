"""`gridmend interruptions`: what a journal comes to in SAIFI, SAIDI and the like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.operations.interruptions.account import Account
    from gridmend.operations.interruptions.measures import Period

SHOWN = 10
"""Causes, devices and events that a person is shown; --json has all."""


def interruptions(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    store: Annotated[
        str, typer.Option("--store", help="A SQLite file, or postgresql://USER@HOST/DATABASE.")
    ],
    begin: Annotated[
        str | None, typer.Option("--from", help="A day or a time from which to count.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="A day, counted whole, or a time up to which.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the utility's days.")] = "UTC",
    load_factor: Annotated[
        float, typer.Option("--load-factor", help="Average demand in parts of the model's.")
    ] = 1.0,
    year: Annotated[
        int | None, typer.Option(help="Year of the published values to compare with.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the records as CSV and Parquet.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Count the interruptions that a journal tells of, by IEEE Std 1366.

    It exits 3 where the journal is not what was recorded, or tells of nothing in this model.
    """
    from gridmend.model.errors import GridmendError
    from gridmend.model.topology import Topology
    from gridmend.operations.interruptions.account import account, as_json
    from gridmend.operations.interruptions.peers import YEARS
    from gridmend.runtime.journal import Journal, Tampered
    from gridmend.ui import answer
    from gridmend.ui.commands.journal import unusable
    from gridmend.ui.interruption_files import made_folder, write_records
    from gridmend.ui.model_input import read_grid
    from gridmend.ui.sheets.asked import zone_of_name

    begun = perf_counter()
    place = zone_of_name(zone)
    from_utc, to_utc = _time(begin, place, "--from"), _time(end, place, "--to", is_end=True)
    grid = read_grid(path, root=root)
    folder = made_folder(out) if out is not None else None
    try:
        with Journal.open(store, read_only=True) as opened:
            events = [entry.event for entry in opened.read()]
    except Tampered as problem:
        unusable(problem, json=json)
        return
    if not events:
        raise GridmendError("the journal is empty", where=store, mend="name one that is written to")
    found = account(
        Topology.of(grid), events, from_utc=from_utc, to_utc=to_utc, zone=zone,
        load_factor=load_factor, year=YEARS[-1] if year is None else year,
    )  # fmt: skip
    files = write_records(found, grid.loads.texts("name"), folder) if folder else []
    if json:
        said = {**as_json(found), "zone": zone, "files": files}
        answer.say_json({**said, "seconds": perf_counter() - begun})
    else:
        _show(grid.name, found, files)
    if found.known.left and not found.known.used:
        raise typer.Exit(answer.UNUSABLE)


def _time(said: str | None, zone: tzinfo, option: str, *, is_end: bool = False) -> datetime | None:
    """A day or a time by the utility's clock, in UTC; a day as an end is counted whole."""
    from gridmend.formats.shape_times import on_clock, parsed
    from gridmend.model.errors import GridmendError

    if said is None:
        return None
    at = parsed(said.strip(), option)
    if not 1970 < at.year < 9990:
        raise GridmendError(f"the year {at.year} is out of reach", where=option, mend="check it")
    if "T" not in said and " " not in said.strip() and is_end:
        at += timedelta(days=1)
    return (at if at.tzinfo is not None else on_clock(at, zone, option)).astimezone(UTC)


_ROWS = (
    ("SAIFI, sustained interruptions a customer", "saifi", ",.4f"),
    ("SAIDI, minutes out a customer", "saidi_min", ",.2f"),
    ("CAIDI, minutes an interruption", "caidi_min", ",.1f"),
    ("CAIFI, interruptions of who had any", "caifi", ",.3f"),
    ("MAIFI, momentary interruptions a customer", "maifi", ",.4f"),
    ("MAIFI_E, momentary events a customer", "maifi_e", ",.4f"),
    ("ASAI, share of time with supply [%]", "asai", ".5f"),
    ("customer-minutes", "customer_minutes", ",.0f"),
    ("customers interrupted", "customers_interrupted", ",.0f"),
)


def _show(name: str, found: Account, files: list[str]) -> None:
    from gridmend.operations.interruptions.account import as_json
    from gridmend.ui.screen import number, show, table

    said = as_json(found)
    columns = [("all", found.found), ("unplanned", found.unplanned)]
    columns += [("without major days", found.calm)] if found.calm else []
    rows = [
        (title, *(number(_value(one, index), form) for _, one in columns))
        for title, index, form in _ROWS
    ]
    span = f"{said['period']['from_utc'][:16]} to {said['period']['to_utc'][:16]} UTC"
    headings = ("", *(heading for heading, _ in columns))
    show(table(f"{name}: {said['customers']:,} customers, {span}", headings, rows))
    show(f"not supplied: {found.not_supplied_mwh:,.2f} MWh at {found.load_factor:g} of the model")
    for by in ("cause", "feeder", "device", "class"):
        _show_shares(by, found)
    _show_events(said["interruptions"])
    major = said["major_event_days"]
    if found.limit is None:
        show(f"major event days: not told: {major['why_not']}")
    else:
        days = ", ".join(f"{d['day']} ({d['saidi_min']:.1f} min)" for d in major["days"]) or "none"
        show(f"major event days, beyond {found.limit.minutes:.2f} min of SAIDI: {days}")
        show(f"  the threshold is of {found.basis}")
    show(*(str(place) for place in found.places), *(f"but: {doubt}" for doubt in found.doubts))
    for one in (*found.known.findings, *found.records.findings)[:SHOWN]:
        show(f"left out or doubtful: {one.what}")
    show(*(f"wrote {file}" for file in files))


def _value(one: Period | None, index: str) -> float | None:
    value = getattr(one, index)
    return 100 * value if index == "asai" else value


def _show_shares(by: str, found: Account) -> None:
    from gridmend.ui.screen import number, show, table

    shares = found.by[by]
    rows: list[tuple[Any, ...]] = [
        (
            share.label, number(share.saifi, ",.4f"), number(share.saidi_min, ",.2f"),
            number(share.maifi, ",.4f"), number(share.customer_minutes, ",.0f"),
            number(share.not_supplied_mwh, ",.3f"),
        )
        for share in shares[:SHOWN]
    ]  # fmt: skip
    if len(rows) > 1 or by in ("cause", "device"):
        headings = (f"by {by}", "SAIFI", "SAIDI min", "MAIFI", "customer-minutes", "MWh")
        show(table("", headings, rows))


def _show_events(events: list[dict[str, Any]]) -> None:
    from gridmend.ui.screen import show, table

    worst = sorted(events, key=lambda one: -one["customer_minutes"])[:SHOWN]
    rows = [
        (
            one["interruption"], one["cause"], f"{one['customers']:,}",
            f"{one['customer_minutes']:,.0f}", "" if one["ended_utc"] else "still out",
        )
        for one in worst
    ]  # fmt: skip
    headings = (
        f"worst {len(rows)} of {len(events):,} events", "cause", "customers", "customer-minutes", ""
    )  # fmt: skip
    show(table("", headings, rows))
