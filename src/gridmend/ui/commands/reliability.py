"""`gridmend reliability`: predicted interruptions, hours out and energy not supplied."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gridmend.planning.reliability.prediction import Prediction

SHOWN = 10
"""Elements and load points that a person is shown; --json has all load points."""


def reliability(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    switching_h: Annotated[
        float, typer.Option("--switching-h", help="Until hand switching has brought back [h].")
    ] = 1.0,
    remote_min: Annotated[
        float, typer.Option("--remote-min", help="The same from the control room [min].")
    ] = 1.0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace rather than repair, where there are spares.")
    ] = False,
    temporary_pct: Annotated[
        float | None,
        typer.Option("--temporary-pct", help="Temporary faults of lines, of all their faults [%]."),
    ] = None,
    fuse_saving: Annotated[
        bool, typer.Option("--fuse-saving", help="The device before a fuse trips first, and fast.")
    ] = False,
    transfers: Annotated[
        str, typer.Option(help="What ties can take: assumed, checked by power flow, or none.")
    ] = "assumed",
    load_factor: Annotated[
        float, typer.Option("--load-factor", help="Average demand in parts of the model's.")
    ] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Predict SAIFI, SAIDI, CAIDI and energy not supplied.

    Every failure in turn: protection, isolation, switching and repair, traced as operations do.
    A model without failure data takes the default rates, and says so.
    """
    from typing import cast

    from gridmend.planning.reliability.settings import Settings, Transfers
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_grid, read_solvable_grid

    settings = Settings(
        switching_h=switching_h,
        remote_min=remote_min,
        replace=replace,
        temporary_pct=temporary_pct,
        fuse_saving=fuse_saving,
        transfers=cast("Transfers", transfers),
        load_factor=load_factor,
    )
    # What is only traced needs no impedances; what is checked by power flow does.
    take = read_solvable_grid if transfers == "checked" else read_grid
    grid = take(path, root=root)

    from gridmend.planning.reliability.answer import as_json
    from gridmend.planning.reliability.prediction import predict

    begun = perf_counter()
    found = predict(grid, settings)
    seconds = perf_counter() - begun
    if json:
        answer.say_json(as_json(found, seconds=seconds))
    else:
        _show(grid.name, found)


def _show(name: str, found: Prediction) -> None:
    from gridmend.ui.screen import number, show, table

    rows = [
        ("SAIFI, sustained interruptions a customer", number(found.saifi, ",.4f"), "1/yr"),
        ("SAIDI, hours out a customer", number(found.saidi_h, ",.3f"), "h/yr"),
        ("CAIDI, hours an interruption", number(_known(found.caidi_h), ",.2f"), "h"),
        ("ASAI, share of the year with supply", number(100 * found.asai, ".4f"), "%"),
        ("MAIFI, momentary interruptions a customer", number(found.maifi, ",.4f"), "1/yr"),
        ("ENS, energy not supplied", number(found.ens_mwh, ",.3f"), "MWh/yr"),
    ]
    title = f"{name}: predicted for {found.customer_count:,} customers"
    show(table(title, ("index", "value", "unit"), rows))
    show(_causes(found))
    show(_elements(found))
    show(_worst(found))
    show(*(f"assumed: {sentence}" for sentence in found.assumed))


def _known(value: float) -> float | None:
    """None where there is nothing to tell, such as the mean length of no interruption."""
    return value if value == value else None


def _causes(found: Prediction):
    from gridmend.ui.screen import number, table

    shares, causes = found.by_cause, found.modes.causes
    order = sorted(range(len(causes)), key=lambda k: -float(shares.saidi_h[k]))
    rows = [
        (
            causes[k],
            number(float(shares.saifi[k]), ",.4f"),
            number(float(shares.saidi_h[k]), ",.3f"),
            _pct(float(shares.saidi_h[k]), found.saidi_h),
            number(float(shares.maifi[k]), ",.4f"),
            number(float(shares.ens_mwh[k]), ",.3f"),
        )
        for k in order
    ]
    headings = ("by cause", "SAIFI", "SAIDI h", "of SAIDI %", "MAIFI", "ENS MWh")
    return table("", headings, rows)


def _elements(found: Prediction):
    from gridmend.planning.reliability.answer import top_elements
    from gridmend.ui.screen import number, table

    shares = found.by_element
    rows = [
        (
            found.modes.elements[k],
            number(float(shares.saifi[k]), ",.4f"),
            number(float(shares.saidi_h[k]), ",.3f"),
            _pct(float(shares.saidi_h[k]), found.saidi_h),
            number(float(shares.ens_mwh[k]), ",.3f"),
        )
        for k in top_elements(found, SHOWN)
    ]
    headings = (
        f"top {len(rows)} of {len(found.modes.elements):,} elements",
        *("SAIFI", "SAIDI h", "of SAIDI %", "ENS MWh"),
    )
    return table("", headings, rows)


def _worst(found: Prediction):
    from gridmend.ui.screen import number, table

    order = sorted(range(len(found.loads)), key=lambda k: -float(found.u_h[k]))[:SHOWN]
    r_h = found.r_h
    rows = [
        (
            found.loads[k],
            f"{int(found.customers[k]):,}",
            number(float(found.per_year[k]), ",.4f"),
            number(_known(float(r_h[k])), ",.2f"),
            number(float(found.u_h[k]), ",.3f"),
            number(float(found.momentary_per_year[k]), ",.4f"),
        )
        for k in order
    ]
    headings = (
        f"worst {len(rows)} of {len(found.loads):,} load points",
        *("customers", "out 1/yr", "each h", "out h/yr", "momentary 1/yr"),
    )
    return table("", headings, rows)


def _pct(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole > 0 else "–"
