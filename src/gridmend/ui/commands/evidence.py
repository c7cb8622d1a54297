"""`gridmend evidence`: faults and storms with and without automation, with intervals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from gridmend.model.grid import Grid
    from gridmend.planning.evidence.outcome import Outcome
    from gridmend.planning.evidence.study import Task
    from gridmend.runtime.scenario import Restoration


def evidence(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")] = "ieee8500x3",
    faults: Annotated[int, typer.Option(min=0, help="Permanent faults, one a replay.")] = 300,
    storms: Annotated[int, typer.Option(min=0, help="Storms of a day.")] = 20,
    curve: Annotated[
        int,
        typer.Option(min=0, help="Faults replayed also with messages lost and fewer remotes."),
    ] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Decides which faults and storms.")] = 1,
    detection_s: Annotated[
        float, typer.Option(min=0, help="Wait once a lock-out is heard, before the first step [s].")
    ] = 10.0,
    step_s: Annotated[float, typer.Option(min=0, help="From command to command [s].")] = 5.0,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder to keep each replay in, and to go on from.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Replay seeded faults and storms with and without automation: customer-minutes saved, time to
    restore and what is back within a minute, with 95 % intervals, and how they fall with lost
    messages and fewer remote switches. Every figure is simulated."""
    from gridmend.planning.evidence.study import summary, tasks
    from gridmend.runtime.scenario import Restoration
    from gridmend.ui import answer, evidence_report, evidence_store, screen
    from gridmend.ui.model_input import read_solvable_grid

    begun = perf_counter()
    listed = tasks(faults=faults, storms=storms, curve=min(curve, faults), seed=seed)
    grid = read_solvable_grid(path, root=root)
    study = {"grid": grid.name, "buses": len(grid.buses), "seed": seed,
             "detection_s": detection_s, "step_s": step_s}  # fmt: skip
    counts = {"faults": faults, "storms": storms, "curve": min(curve, faults)}
    restoration = Restoration(detection_s=detection_s, step_s=step_s)
    asked = {(task.case, setting) for task in listed for setting in task.settings}
    kept = evidence_store.opened(out, study) if out else []
    found = [one for one in kept if (one.case, one.setting) in asked]
    done = {(one.case, one.setting) for one in found}
    left = [t for t in listed if any((t.case, setting) not in done for setting in t.settings)]
    screen.say(f"{len(left)} of {len(listed)} cases on {grid.name} are left to replay")
    with screen.Advance(len(listed), len(listed) - len(left), of="cases") as bar:
        for outcomes in _replays(grid, left, restoration, jobs or os.cpu_count() or 1):
            fresh = [one for one in outcomes if (one.case, one.setting) not in done]
            found += fresh
            if out:
                evidence_store.keep(out, fresh)
            bar.to(bar.done + 1)
    said = {"grid": study | counts, **summary(found, seed=seed), "seconds": perf_counter() - begun}
    if out:
        evidence_report.write(out, said)
    if json:
        answer.say_json(said)
    else:
        evidence_report.show(said)
    if said["all"] is None:
        raise typer.Exit(answer.UNUSABLE)


def _replays(
    grid: Grid, tasks: list[Task], restoration: Restoration, jobs: int
) -> Iterator[tuple[Outcome, ...]]:
    """The outcomes of each task as it is done, in processes side by side."""
    if jobs == 1 or len(tasks) < 2:
        _begin(grid, restoration)
        yield from map(_replayed, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(tasks)), mp_context=context, initializer=_begin, initargs=(grid, restoration)
    ) as pool:
        waiting = [pool.submit(_replayed, task) for task in tasks]
        try:
            for one in as_completed(waiting):
                yield one.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_here: dict[str, Any] = {}
"""What a process replays with: it is handed over once, not with every task."""


def _begin(grid: Grid, restoration: Restoration) -> None:
    _here.update(grid=grid, restoration=restoration)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    """End once the process that asked is gone: a case may take minutes that nobody waits for."""
    parent.join()
    os._exit(1)


def _replayed(task: Task) -> tuple[Outcome, ...]:
    from gridmend.planning.evidence.outcome import replayed

    return replayed(task.case, task.settings, _here["grid"], restoration=_here["restoration"])
