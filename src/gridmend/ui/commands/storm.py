"""`gridmend storm`: a storm on the twin, by crews alone and with automation."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.runtime.exercise.storming import StormStudy


def storm(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides what strikes, and when.")] = 1,
    gust: Annotated[
        float, typer.Option("--gust", help="Gusts at the storm's height [m/s].")
    ] = 40.0,
    faults: Annotated[float, typer.Option(help="Faults that the storm brings on average.")] = 20.0,
    crews: Annotated[int, typer.Option(help="Crews, half by day and half by night.")] = 4,
    hours: Annotated[float, typer.Option(help="How long it is looked at [h].")] = 24.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Run a storm on the twin twice, on the same seeded damage: by crews alone, and with
    automation that locates, isolates and restores. Every figure is simulated."""
    from gridmend.runtime.exercise.storming import Front, weather
    from gridmend.ui import answer, screen
    from gridmend.ui.model_input import read_solvable_grid

    begun = perf_counter()
    front = Front(gust_m_per_s=gust, faults=faults, crews=crews, hours=hours)
    grid = read_solvable_grid(path, root=root)
    screen.say(f"a storm over {grid.name}, seed {seed}: twice {hours:g} h …")
    with screen.Advance(round(2 * hours * 3600), of="seconds of the storm") as bar:
        found = weather(
            grid,
            seed=seed,
            front=front,
            progress=lambda policy, now_s: bar.to(
                round(now_s + (hours * 3600 if policy == "healing" else 0))
            ),
        )
    seconds = perf_counter() - begun
    if json:
        answer.say_json({**found.as_json(), "seconds": seconds})
    else:
        _show(found)
        screen.show(f"took {seconds:.1f} s")
    if any(int(run.measures["unsolved"]) for run in (found.crew, found.automated)):  # pyright: ignore[reportArgumentType]
        raise typer.Exit(answer.UNUSABLE)


_ROWS = (
    ("customer minutes", "customer_minutes", ",.0f"),
    ("SAIDI [min]", "saidi_min", ",.1f"),
    ("SAIFI", "saifi", ".3f"),
    ("CAIDI [min]", "caidi_min", ",.0f"),
    ("not supplied [MWh]", "not_supplied_mwh", ",.2f"),
    ("customers out at most", "customers_out_most", ",.0f"),
    ("customers out at the end", "customers_out_at_end", ",.0f"),
    ("devices opened", "tripped", ",.0f"),
    ("elements repaired", "repaired", ",.0f"),
    ("calls", "calls", ",.0f"),
    ("commands refused", "refused", ",.0f"),
    ("people hurt", "hurt", ",.0f"),
)


def _show(found: StormStudy) -> None:
    from gridmend.ui import screen

    said = found.as_json()
    rows: list[tuple[Any, ...]] = []
    for title, name, form in _ROWS:
        values = said[name]
        shown = [screen.number(values[key], form) for key in ("crew", "automated")]
        rows.append((title, *shown, _less(values["crew"], values["automated"])))
    headings = ("", "crews alone", "automated", "")
    title = f"{found.crew.scenario.name}, seed {found.seed}, simulated: {said['faults']} faults"
    screen.show(screen.table(title, headings, rows))
    share = found.restored_within_60_s_pct
    if share is not None:
        screen.show(
            f"{share:.0f} % of those whom crews alone kept out for more than 5 min"
            " are back within 60 s"
        )
    _show_times(said["restoration_times"])
    for run in (found.crew, found.automated):
        if int(run.measures["unsolved"]):  # pyright: ignore[reportArgumentType]
            screen.show(f"NOT USABLE: {run.measures['unsolved']} states had no solution")
    if found.automated.assumed:
        screen.show(
            f"assumed: {found.automated.assumed[0].what}"
            f" (and {len(found.automated.assumed) - 1} more of that kind)"
        )


def _show_times(times: dict[str, Any]) -> None:
    """How far the times of restoration that were told held, in both runs together."""
    from gridmend.ui import screen

    if not times["n"]:
        screen.show("no time of restoration was told that can be judged")
        return
    screen.show(
        f"times of restoration: {times['held_pct']:.0f} % of {times['n']} intervals of "
        f"{times['stated_pct']:.0f} % held, {times['open_at_end']} are open at the end; "
        f"median error {screen.number(times['median_error_min'], ',.0f')} min"
    )


def _less(crew: float | None, automated: float | None) -> str:
    if not crew or automated is None:
        return ""
    change = 100 * (automated - crew) / crew
    return f"{change:+.0f} %"
