"""`gridmend report`: an outage report, and a day's operations, from a journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.ui.reports import Report

report = typer.Typer(
    help="Reports from a journal: outages, and a day's operations.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FORMS = (".pdf", ".html", ".csv")
Model = Annotated[str, typer.Argument(help="Model file, folder or example.")]
Store = Annotated[
    str, typer.Option("--store", help="A SQLite file, or postgresql://USER@HOST/DATABASE.")
]
Start = Annotated[str, typer.Option("--start", help="A day or a time from which to report.")]
End = Annotated[
    str | None,
    typer.Option("--end", help="A day, counted whole, or a time; one day after the start unless"
                 " given."),
]  # fmt: skip
Out = Annotated[Path, typer.Option("--out", help="File: its ending says PDF, HTML or CSV.")]
Zone = Annotated[str, typer.Option(help="Time zone of the utility's days.")]
Paper = Annotated[str, typer.Option(help="a4 or letter, for a PDF.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@report.command()
def outages(
    path: Model, store: Store, start: Start, out: Out, end: End = None, zone: Zone = "UTC",
    paper: Paper = "a4", json: Json = False,
) -> None:  # fmt: skip
    """Who was out, by what and for how long, by IEEE Std 1366.

    It exits 3 where the journal is not what was recorded.
    """
    from gridmend.ui.reports import outage_report

    _report(outage_report, path, store, start, end, out, zone, paper, json)


@report.command()
def daily(
    path: Model, store: Store, start: Start, out: Out, end: End = None, zone: Zone = "UTC",
    paper: Paper = "a4", json: Json = False,
) -> None:  # fmt: skip
    """Outages, commands, orders, alarms and refusals of a day, and what is open at its end.

    It exits 3 where the journal is not what was recorded.
    """
    from gridmend.ui.reports import daily_report

    _report(daily_report, path, store, start, end, out, zone, paper, json)


def _report(
    made: Any, path: str, store: str, start: str, end: str | None, out: Path, zone: str,
    paper: str, json: bool,
) -> None:  # fmt: skip
    from gridmend.runtime.journal import Journal, Tampered
    from gridmend.runtime.journal.address import Address
    from gridmend.ui import answer
    from gridmend.ui.commands.journal import unusable
    from gridmend.ui.model_input import read_grid
    from gridmend.ui.output_file import check_output, write_whole
    from gridmend.ui.reports import Asked
    from gridmend.ui.reports.going_over import Recorded
    from gridmend.ui.screen import show

    begun = perf_counter()
    _check_form(out)
    check_output(out, "--out", inputs=[Path(path), Path(store)])
    begin, until = _period(start, end, zone)
    grid = read_grid(path, root=None)
    try:
        with Journal.open(store, read_only=True) as opened:
            events = Recorded(opened)
            last = f"entries 1 to {events.count}, the last with hash {events.digest}"
            read = last if events.count else "no entries"
            where = Address.of(store).where
            asked = Asked(begin, until, zone, path, where, journal=f"journal: {read}")
            found: Report = made(grid, events, asked)
    except Tampered as problem:
        unusable(problem, json=json)
        return
    written = _written(found, out.suffix.lower(), paper)
    write_whole(out, lambda temporary: _fill(temporary, written))
    if json:
        said = {f.name: f.value for f in found.figures}
        answer.say_json({
            "report": found.kind, "period": found.period, "figures": said,
            "sha256": {sheet.name: sheet.digest for sheet in found.sheets},
            "simulated": found.is_simulated, "data_quality": list(found.doubts),
            "out": str(out), "seconds": perf_counter() - begun,
        })  # fmt: skip
    else:
        show(f"{found.title}: {found.network}, {found.period}")
        show(*(f"  {f.label}: {f.text} {f.unit}".rstrip() for f in found.figures))
        show(*(f"but: {doubt}" for doubt in found.doubts), f"wrote {out}")


def _check_form(out: Path) -> None:
    from gridmend.model.errors import GridmendError

    if out.suffix.lower() not in FORMS:
        raise GridmendError(
            f"a report is not written as '{out.suffix}'", where=f"--out {out}",
            mend=f"end the name in {', '.join(FORMS)}",
        )  # fmt: skip


def _period(start: str, end: str | None, zone: str) -> tuple[datetime, datetime]:
    """The period on the utility's clock; a day as an end is counted whole."""
    from gridmend.formats.shape_times import on_clock, parsed
    from gridmend.model.errors import GridmendError
    from gridmend.ui.sheets.asked import zone_of_name

    place = zone_of_name(zone)
    found: list[datetime] = []
    for said, option in ((start, "--start"), (end if end is not None else start, "--end")):
        at = parsed(said.strip(), option)
        if not 1970 < at.year < 9990:
            raise GridmendError(
                f"the year {at.year} is out of reach", where=option, mend="check it"
            )
        is_day = "T" not in said and " " not in said.strip()
        if option == "--end" and (is_day or end is None):
            at += timedelta(days=1)
        found.append(at if at.tzinfo is not None else on_clock(at, place, option))
    return found[0], found[1]


def _written(found: Report, form: str, paper: str) -> bytes:
    from gridmend.ui.reports import csv_of, html_of, pdf_of

    if form == ".pdf":
        return pdf_of(found, paper=paper)
    return (html_of(found) if form == ".html" else csv_of(found)).encode()


def _fill(temporary: Path, content: bytes) -> None:
    temporary.write_bytes(content)
