"""A switching order as text for a terminal."""

from __future__ import annotations

from gridmend.operations.switching_orders.request import Kind
from gridmend.operations.switching_orders.sheet import Sheet
from gridmend.ui import screen


def show_sheet(sheet: Sheet) -> None:
    """Print the order line by line, who is out and why, and what stands against it."""
    request = sheet.request
    kind = "EMERGENCY work" if request.kind is Kind.EMERGENCY else "work"
    begin, end = (t.astimezone(request.zone) for t in (request.begin, request.end))
    screen.show(
        f"{kind} on {', '.join(request.elements)} for {request.who}"
        + (f": {request.reason}" if request.reason else ""),
        f"{begin:%a %Y-%m-%d %H:%M} to {end:%a %Y-%m-%d %H:%M %Z}; {sheet.demand}",
        f"zone of {len(sheet.zone)} buses, isolated by {', '.join(sheet.points) or 'nothing'}",
    )
    rows = [
        (
            f"{line.number}.",
            f"{line.at.astimezone(request.zone):%H:%M}",
            f"{line.what} {line.device.removeprefix('bus.')}" + (" (loop)" if line.loop else ""),
            line.by,
            f"{line.customers_out:,}",
            screen.number(line.v_min_pu, ".3f"),
            screen.number(line.loading_max_pct, ".0f"),
            line.why,
        )
        for line in sheet.lines
    ]
    if rows:
        headings = ("", "at", "step", "by", "out", "min pu", "load %", "why")
        screen.show(screen.table("", headings, rows))
    if sheet.feasible:
        screen.show(
            f"{sheet.customers_out:,} of {sheet.customers:,} customers out for the work,"
            f" {sheet.customers_interrupted:,} more for a moment;"
            f" {sheet.customer_minutes:,.0f} customer minutes by the planned times"
        )
        if sheet.gap_pct:
            screen.show(f"the search ended early: up to {sheet.gap_pct:.1f} % more may be supplied")
    hardest = sheet.hardest
    if hardest is not None:
        at = hardest.at.astimezone(request.zone)
        loading = screen.number(hardest.loading_max_pct, ".0f")
        screen.show(
            f"hardest during the work at {at:%H:%M}: {screen.number(hardest.v_min_pu, '.3f')} pu,"
            f" {loading} % of {hardest.most_loaded or 'no rating'}"
        )
    screen.show(*(f"out: {sentence}" for sentence in sheet.left_out))
    screen.show(*(f"note: {note}" for note in sheet.notes))
    if sheet.unknown:
        more = " …" if len(sheet.unknown) > 6 else ""
        screen.show(f"not judged, for want of a rating: {', '.join(sheet.unknown[:6])}{more}")
    for finding in sheet.findings:
        screen.show(f"conflict ({finding.severity}), {finding.where}: {finding.what}")
    if sheet.problem:
        screen.show(f"NOT USABLE: {sheet.problem}")
    elif sheet.clashes:
        screen.show("NOT USABLE: it stands in conflict with another order")
