"""`gridmend series`: the power flow of a model over time."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class SeriesControls(StrEnum):
    """How regulators and capacitors move."""

    OFF = "off"
    STATIC = "static"
    TIME = "time"


class Follow(StrEnum):
    """Which of the model's own shapes rule."""

    YEARLY = "yearly"
    DAILY = "daily"


class NoisePer(StrEnum):
    """What is scattered independently."""

    LOAD = "load"
    SHAPE = "shape"


class LimitsNamed(StrEnum):
    """Voltage limits by name."""

    ANSI_A = "ansi-a"
    ANSI_B = "ansi-b"
    EN50160 = "en50160"


def series(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    steps: Annotated[int, typer.Option(help="How many steps.")],
    step_min: Annotated[float, typer.Option(help="Minutes from step to step.")] = 60.0,
    shapes: Annotated[
        Path | None, typer.Option(help="CSV file of shapes: hour or time, and a column a shape.")
    ] = None,
    map: Annotated[
        Path | None, typer.Option(help="CSV file of load,shape: who follows which.")
    ] = None,
    controls: Annotated[
        SeriesControls,
        typer.Option(help="Leave taps and capacitors, let them settle, or act in time."),
    ] = SeriesControls.STATIC,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads that solve.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="When: 2025-03-30T00:00, or hours into the shapes.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of clock times.")] = "UTC",
    follow: Annotated[
        Follow, typer.Option(help="Which shapes of the model to follow.")
    ] = Follow.YEARLY,
    growth: Annotated[
        list[str] | None, typer.Option(help="Per cent a year, or class=per cent; may repeat.")
    ] = None,
    years: Annotated[float, typer.Option(help="Years of growth.")] = 1.0,
    noise: Annotated[float, typer.Option(help="Standard deviation of loads, per cent.")] = 0.0,
    noise_per: Annotated[
        NoisePer, typer.Option(help="What is scattered independently.")
    ] = NoisePer.LOAD,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 0,
    positions: Annotated[
        Path | None, typer.Option(help="JSON file of taps, capacitors and switches at the start.")
    ] = None,
    limits: Annotated[
        LimitsNamed, typer.Option(help="Voltage limits to judge by.")
    ] = LimitsNamed.ANSI_A,
    out: Annotated[Path | None, typer.Option(help="Folder for Parquet files.")] = None,
    keep: Annotated[
        str, typer.Option(help="Which tables --out keeps.")
    ] = "summary,devices,voltages,elements",
    resume: Annotated[
        Path | None, typer.Option(help="Folder of a series that was stopped, to go on in.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start anew in a folder that has a series.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Solve a model over time: energy, losses, voltages, tap operations."""
    from gridmend.ui.series_input import Asked, series_asked
    from gridmend.ui.series_study import Wanted, answered, study_of

    wanted = Wanted(out, resume, overwrite, keep)
    asked = Asked(
        steps, step_min, start, zone, follow.value, shapes, map, growth or [], years, noise,
        noise_per.value, seed,
    )  # fmt: skip
    _check_apart(wanted.folder, path)
    grid, snapshot = _model(path, positions, root)
    found, findings = series_asked(grid, asked, snapshot)
    study = study_of(
        grid, found, wanted, controls=controls.value, limits=limits.value, threads=threads
    )
    code = answered(study, wanted, findings, as_json=json)
    if code:
        raise typer.Exit(code)


def _check_apart(folder: Path | None, path: str) -> None:
    """The folder of results is not the model's own."""
    from gridmend.model.errors import GridmendError
    from gridmend.ui.output_file import same_file

    if folder is not None and Path(path).is_dir() and same_file(folder, Path(path)):
        raise GridmendError(
            f"{folder} is the model", where="--out", mend="name a folder of its own"
        )


def _model(path: str, positions: Path | None, root: Path | None) -> tuple[Any, Any]:
    from gridmend.model.snapshot import Snapshot
    from gridmend.ui.model_input import read_positions, read_solvable_grid, with_given

    given = read_positions(positions) if positions else {}
    grid = read_solvable_grid(path, root=root)
    snapshot = Snapshot.normal(grid)
    if positions:
        snapshot = with_given(snapshot, grid, given, positions)
    return grid, snapshot
