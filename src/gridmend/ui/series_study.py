"""`gridmend series` once its inputs are read: folder, blocks, progress, answer and exit code."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmend.model.errors import Finding, GridmendError
from gridmend.ui import answer, screen
from gridmend.ui.series_parts import BYTES_A_ROW, TABLES
from gridmend.ui.series_report import report, show
from gridmend.ui.series_run import Outcome, Study, run

if TYPE_CHECKING:
    from gridmend.model.grid import Grid
    from gridmend.model.series import Series
    from gridmend.ui.series_store import Store

_WORTH_SAYING = 50_000_000
"""Bytes on disk from which the estimate is said."""


_NOTHING: dict[str, Any] = {
    "converged_steps": 0,
    "energy_kwh": 0.0,
    "loss_kwh": 0.0,
    "peak_kw": None,
    "v_min_pu": None,
    "v_max_pu": None,
}
"""The answer of a series of which nothing is finished."""


@dataclass(frozen=True)
class Wanted:
    """Where results go, and which."""

    out: Path | None
    resume: Path | None
    overwrite: bool
    keep: str

    @property
    def folder(self) -> Path | None:
        """The folder that one or the other names."""
        return self.resume or self.out


def study_of(
    grid: Grid, series: Series, wanted: Wanted, *, controls: str, limits: str, threads: int
) -> Study:
    """The network compiled, and what is wanted of it checked."""
    from gridmend.powerflow.network import Network

    if wanted.out and wanted.resume and wanted.out.resolve() != wanted.resume.resolve():
        raise GridmendError(
            f"--out names {wanted.out}, --resume {wanted.resume}", mend="give one of them"
        )
    if wanted.resume and wanted.overwrite:
        raise GridmendError("--resume goes on and --overwrite starts anew", mend="give one of them")
    keep = _kept(wanted.keep) if wanted.folder else ("summary",)
    return Study(Network.of(grid), series, controls, limits, threads, keep)


def _kept(text: str) -> tuple[str, ...]:
    asked = {word.strip().lower() for word in text.split(",") if word.strip()}
    unknown = sorted(asked - set(TABLES))
    if unknown:
        raise GridmendError(
            f"there is no table '{unknown[0]}'",
            where="--keep",
            mend=f"name some of {','.join(TABLES)}",
        )
    return tuple(table for table in TABLES if table in asked | {"summary"})


def answered(study: Study, wanted: Wanted, findings: Sequence[Finding], *, as_json: bool) -> int:
    """Run a study and print its answer; returns the exit code."""
    for finding in findings:
        screen.say(str(finding))
    with (
        _store(study, wanted) as store,
        screen.Advance(study.series.steps, store.progress.done if store else 0) as bar,
    ):
        outcome = run(study, store, bar.to)
    found = _answer(study, wanted, outcome, findings)
    if outcome.interrupted:
        _say_stopped(wanted, outcome)
    if as_json:
        answer.say_json(found)
    elif outcome.progress.done:
        show(study.network.grid, found, limits=study.limits)
    if outcome.interrupted:
        return answer.INTERRUPTED
    return 0 if found["converged_steps"] == study.series.steps else answer.UNUSABLE


def _store(study: Study, wanted: Wanted) -> AbstractContextManager[Store | None]:
    folder = wanted.folder
    if folder is None:
        return nullcontext()
    from gridmend.ui.series_inputs import inputs_of
    from gridmend.ui.series_store import opened

    _check_room(study, folder)
    inputs = inputs_of(
        study.network.grid,
        study.series,
        controls=study.controls,
        limits=study.limits,
        keep=",".join(study.keep),
        block=study.block,
    )
    return opened(
        folder,
        study.keep,
        inputs=inputs,
        steps=study.series.steps,
        resume=wanted.resume is not None,
        overwrite=wanted.overwrite,
    )


def _check_room(study: Study, folder: Path) -> None:
    """Say how much will be written; refuse where the disk has not so much."""
    rows = study.rows()
    sizes = {table: count * BYTES_A_ROW[table] for table, count in rows.items()}
    total = sum(sizes.values())
    near = next(p for p in [folder.absolute(), *folder.absolute().parents] if p.exists())
    free = shutil.disk_usage(near).free
    if total > _WORTH_SAYING:
        listed = ", ".join(f"{t} {rows[t]:,} rows {_size(sizes[t])}" for t in study.keep)
        screen.say(f"about {_size(total)} will be written to {folder}: {listed}")
    # While parts are joined, the largest table is there twice.
    if total + max(sizes.values()) > free:
        raise GridmendError(
            f"about {_size(total)} would be written, and {_size(free)} are free",
            where=f"--out {folder}",
            mend="keep less, for example --keep summary,devices, or choose another folder",
        )


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return (
                f"{count:,.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
            )
        count /= 1000
    raise AssertionError("the last unit takes everything")


def _answer(
    study: Study, wanted: Wanted, outcome: Outcome, findings: Iterable[Finding]
) -> dict[str, Any]:
    series, progress = study.series, outcome.progress
    totals = report(outcome.columns, step_s=series.step_s) if outcome.columns else {}
    return {
        "steps": series.steps,
        "done_steps": progress.done,
        "solved_steps": outcome.solved,
        **_NOTHING,
        **totals,
        "step_min": series.step_s / 60,
        "controls": study.controls,
        "limits": study.limits,
        "seconds": outcome.seconds,
        "us_per_step": 1e6 * outcome.seconds / outcome.solved if outcome.solved else 0.0,
        "tap_operations": progress.tap_moves,
        "capacitor_operations": progress.capacitor_moves,
        "out": str(wanted.folder) if wanted.folder else None,
        "interrupted": outcome.interrupted,
        "findings": [_as_json(f) for f in findings],
    }


def _as_json(finding: Finding) -> dict[str, str]:
    """A finding as JSON has it."""
    return {
        "severity": finding.severity,
        "what": finding.what,
        "where": finding.where,
        "mend": finding.mend,
    }


def _say_stopped(wanted: Wanted, outcome: Outcome) -> None:
    done, steps = outcome.progress.done, outcome.progress.steps
    if wanted.folder is None:
        screen.say(f"stopped after {done:,} of {steps:,} steps; with --out a run can be resumed")
        return
    screen.say(
        f"stopped: {done:,} of {steps:,} steps are finished, readable in {wanted.folder / 'parts'};"
        f" the same command goes on from there (or --resume {wanted.folder} in place of --out)"
    )
