"""`gridmend storm`: a storm on the twin, by crews alone and with automation."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.model.grid import Grid
    from gridmend.runtime.exercise.storming import Front, StormStudy


def storm(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides what strikes, and when.")] = 1,
    gust: Annotated[
        float, typer.Option("--gust", help="Gusts at the storm's height [m/s].")
    ] = 40.0,
    faults: Annotated[float, typer.Option(help="Faults that the storm brings on average.")] = 20.0,
    crews: Annotated[int, typer.Option(help="Crews, half by day and half by night.")] = 4,
    hours: Annotated[float, typer.Option(help="How long it is looked at [h].")] = 24.0,
    record: Annotated[
        Path | None,
        typer.Option(help="Folder for a recording of it, which gridmend replay shows."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Run a storm on the twin twice, on the same seeded damage: by crews alone, and with
    automation that locates, isolates and restores. Every figure is simulated.

    With --record the same damage is gone through once more, in a live room that heals by itself:
    what it shows is recorded. It is a run of its own, and its times may differ.
    """
    from gridmend.runtime.exercise.storming import Front, weather
    from gridmend.runtime.recording.storm import check_new
    from gridmend.ui import answer, screen
    from gridmend.ui.model_input import read_solvable_grid

    begun = perf_counter()
    if record is not None:
        check_new(record)
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
    filmed = _film(grid, record, seed, front) if record is not None else None
    seconds = perf_counter() - begun
    if json:
        more = {"recording": filmed} if filmed is not None else {}
        answer.say_json({**found.as_json(), **more, "seconds": seconds})
    else:
        _show(found)
        if filmed is not None:
            screen.show(f"recorded: {filmed['shots']:,} views, {filmed['size_bytes']:,} bytes")
            screen.show(f"see it with: gridmend replay {record}")
        screen.show(f"took {seconds:.1f} s")
    if any(int(run.measures["unsolved"]) for run in (found.crew, found.automated)):  # pyright: ignore[reportArgumentType]
        raise typer.Exit(answer.UNUSABLE)


def _film(grid: Grid, folder: Path, seed: int, front: Front) -> dict[str, Any]:
    """Record the storm in a live room; what came of it."""
    from gridmend.runtime.recording.storm import film
    from gridmend.ui import screen
    from gridmend.ui.web.recorded import Panels

    screen.say("the same damage in a live room, to be recorded …")
    with screen.Advance(round(front.hours * 3600), of="seconds of the recording") as bar:
        found = film(
            grid, folder, Panels(), seed=seed, front=front,
            progress=lambda now_s: bar.to(round(now_s)),
        )  # fmt: skip
    return {
        "folder": str(folder), "shots": found.shots, "size_bytes": found.size_bytes,
        "customers_out_most": found.customers_out_most, "start": found.start.isoformat(),
        "end": found.end.isoformat(),
    }  # fmt: skip


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
