"""`gridmend order`: a switching order from a request for work."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gridmend.model.grid import Grid
    from gridmend.model.series import Series
    from gridmend.model.snapshot import Snapshot
    from gridmend.operations.switching_orders.request import Request
    from gridmend.operations.switching_orders.sheet import Sheet


class LoopsAllowed(StrEnum):
    """Which loops may be closed for a moment."""

    NONE = "none"
    ONE_SOURCE = "one_source"
    ANY = "any"


class Paper(StrEnum):
    """What the sheet is printed on."""

    A4 = "a4"
    LETTER = "letter"


Emergency = Annotated[
    bool, typer.Option("--emergency", help="Begin now, and say why with --reason.")
]
NoGrounds = Annotated[bool, typer.Option("--no-grounds", help="The work needs no grounds.")]
Loops = Annotated[
    LoopsAllowed, typer.Option(help="Loops that may be closed for a moment, under a leave.")
]
LoadMult = Annotated[
    float | None, typer.Option("--load-mult", help="Demand as a multiple of the model's.")
]
Daily = Annotated[
    bool, typer.Option("--daily", help="Demand by the default daily shape, hour by hour.")
]
Cold = Annotated[
    bool, typer.Option("--cold-load", help="Count what loads draw beyond usual once back.")
]
Template = Annotated[
    Path | None, typer.Option(help="Draw it from this template, not from a search.")
]
Given = Annotated[
    list[str] | None,
    typer.Option("--set", help="What a parameter of the template stands for: device_1=Sw7."),
]
Kept = Annotated[
    Path | None, typer.Option("--save-template", help="Keep it as a template, JSON or YAML.")
]
Others = Annotated[
    list[Path] | None, typer.Option(help="Another order (of --json) to compare with; repeats.")
]
Root = Annotated[
    Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
]


def order(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    isolate: Annotated[
        list[str], typer.Option(help="Element to work on, as line.l52 or bus.53; may repeat.")
    ],
    begin: Annotated[
        str | None, typer.Option("--from", help="When it begins: 2026-12-01T09:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When all is back to normal.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of clock times.")] = "UTC",
    reason: Annotated[str, typer.Option(help="What the work is.")] = "",
    who: Annotated[str, typer.Option(help="Who asks, and holds the tags.")] = "operator",
    crew: Annotated[list[str] | None, typer.Option(help="A crew that goes; may repeat.")] = None,
    emergency: Emergency = False,
    no_grounds: NoGrounds = False,
    loops: Loops = LoopsAllowed.ONE_SOURCE,
    load_mult: LoadMult = None,
    daily: Daily = False,
    cold_load: Cold = False,
    shapes: Annotated[Path | None, typer.Option(help="CSV file of shapes, as for series.")] = None,
    map: Annotated[Path | None, typer.Option(help="CSV file of load,shape.")] = None,
    template: Template = None,
    given: Given = None,
    save_template: Kept = None,
    others: Others = None,
    out: Annotated[Path | None, typer.Option(help="PDF file to print.")] = None,
    paper: Annotated[Paper, typer.Option(help="What it is printed on.")] = Paper.A4,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Root = None,
) -> None:
    """Draft a switching order: isolation, transfers, grounds, clearance, and the way back.

    Each line is judged by the switching rules and by power flow at the demand of its time. It
    exits 3 where the request cannot be met or another order stands in its way.
    """
    from datetime import UTC, datetime

    from gridmend.operations.switching_orders.request import Kind, Request
    from gridmend.operations.switching_orders.request import Loops as Allowed
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_solvable_grid
    from gridmend.ui.sheets.asked import Demand, demand_of, window, zone_of_name
    from gridmend.ui.sheets.shown import show_sheet

    inputs = [Path(path), *(f for f in (template, shapes, map, *(others or [])) if f)]
    _check_outputs(out, save_template, inputs)
    clock, now = zone_of_name(zone), datetime.now(UTC)
    times = window(begin, end, clock, emergency=emergency, now=now)
    grid = read_solvable_grid(path, root=root)
    request = Request(
        tuple(isolate), *times, who=who, reason=reason,
        kind=Kind.EMERGENCY if emergency else Kind.WORK, grounds=not no_grounds,
        crews=tuple(crew or ()), zone=clock, loops=Allowed(loops.value),
    )  # fmt: skip
    demand = demand_of(grid, Demand(load_mult, daily, shapes, map), *times, clock)
    sheet = _drawn(grid, demand, request, template, given or [], now, cold_load)
    sheet = _compared(grid, demand, sheet, others or [])
    _written(grid, sheet, out, paper, save_template)
    if json:
        answer.say_json({**sheet.as_json(), "out": str(out) if out else None})
    else:
        show_sheet(sheet)
    if sheet.problem or sheet.clashes:
        raise typer.Exit(answer.UNUSABLE)


def _check_outputs(out: Path | None, save_template: Path | None, inputs: list[Path]) -> None:
    from gridmend.ui.output_file import check_output

    for file, option in ((out, "--out"), (save_template, "--save-template")):
        if file is not None:
            check_output(file, option, inputs=inputs)


def _drawn(
    grid: Grid,
    demand: Snapshot | Series,
    request: Request,
    template: Path | None,
    given: list[str],
    now: object,
    cold_load: bool,
) -> Sheet:
    from datetime import datetime

    from gridmend.model.errors import GridmendError
    from gridmend.operations.cold_load import ColdLoad
    from gridmend.operations.switching_orders.drafting import draft
    from gridmend.operations.switching_orders.templates import applied
    from gridmend.ui.sheets.order_files import read_order

    assert isinstance(now, datetime)
    cold = ColdLoad() if cold_load else None
    names: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise GridmendError(
                f"'{text}' sets nothing", where="--set", mend="write --set device_1=Sw7"
            )
        names[name] = value
    if template is None:
        if names:
            raise GridmendError("--set goes with --template", where="--set", mend="name one")
        return draft(grid, demand, request, now=now, cold=cold)
    kept = read_order(template, "--template")
    return applied(kept, grid, demand, request, names, now=now, cold=cold)


def _compared(grid: Grid, demand: Snapshot | Series, sheet: Sheet, others: list[Path]) -> Sheet:
    from dataclasses import replace

    from gridmend.operations.switching_orders.booked import booked, booked_of
    from gridmend.operations.switching_orders.conflicts import conflicts
    from gridmend.ui.sheets.order_files import read_order

    if not others:
        return sheet
    booked_others = [booked_of(grid, read_order(p, "--others"), str(p)) for p in others]
    own = booked(grid, sheet)
    found = conflicts(grid, demand, [own, *booked_others])
    return replace(sheet, findings=found, compared=tuple(str(p) for p in others))


def _written(
    grid: Grid, sheet: Sheet, out: Path | None, paper: Paper, save_template: Path | None
) -> None:
    from gridmend.operations.switching_orders.templates import template_of
    from gridmend.ui.output_file import write_whole
    from gridmend.ui.sheets.order_files import write_template
    from gridmend.ui.sheets.pdf import pdf_of

    if save_template is not None and sheet.feasible:
        write_template(save_template, template_of(sheet))
    if out is not None:
        printed = pdf_of(sheet, grid, paper=paper.value)

        def fill(temporary: Path) -> None:
            temporary.write_bytes(printed)

        write_whole(out, fill)
