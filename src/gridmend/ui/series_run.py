"""A series solved block by block: what is finished is kept, and a stopped one goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gridmend.ui import series_parts as parts
from gridmend.ui.interruption import is_interruption
from gridmend.ui.series_store import Progress, Store

if TYPE_CHECKING:
    from gridmend.model.series import Series
    from gridmend.model.snapshot import Snapshot
    from gridmend.powerflow.controls.waiting import Waiting
    from gridmend.powerflow.network import Network
    from gridmend.powerflow.series_flow import SeriesFlow

BLOCK = 8784
"""Steps a block of a series that is solved in lanes: a leap year of hours."""

_ONE_BY_ONE = 8
_LEAST = 16
_NODE_STEPS = 8_000_000
_TERMINAL_STEPS = 4_000_000
"""Node voltages and terminal flows that a block may hold: about 128 and 80 MB."""


@dataclass(frozen=True, eq=False)
class Study:
    """A series to solve: the network, how, and which tables are wanted of it."""

    network: Network
    series: Series
    controls: str
    limits: str
    threads: int
    keep: tuple[str, ...]

    @cached_property
    def block(self) -> int:
        """Steps a block: an eighth of `BLOCK` where steps are solved one after the other."""
        from gridmend.powerflow.series_flow import goes_in_lanes

        fast = goes_in_lanes(self.network, self.series.start, self.controls)
        size = BLOCK if fast else BLOCK // _ONE_BY_ONE
        if "voltages" in self.keep:
            size = min(size, _NODE_STEPS // max(len(self.network.nodes.bus), 1))
        if "elements" in self.keep:
            size = min(size, _TERMINAL_STEPS // max(len(self.network.terminals.node), 1))
        return max(_LEAST, size // _LEAST * _LEAST)

    def rows(self) -> dict[str, int]:
        """Rows of each table that is kept."""
        from gridmend.powerflow.step_elements import shown_terminals

        each = {
            "summary": 1,
            "devices": len(parts.device_names(self.network.grid)),
            "voltages": len(self.network.nodes.bus),
            "elements": len(shown_terminals(self.network)),
        }
        return {table: each[table] * self.series.steps for table in self.keep}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run came to: summary of all finished steps, and what was solved now."""

    columns: parts.Columns
    progress: Progress
    solved: int
    seconds: float
    interrupted: bool


def run(study: Study, store: Store | None, advance: Callable[[int], None]) -> Outcome:
    """Solve what is not finished yet; `advance` is told the steps finished so far.

    Ctrl-C ends the run with what is finished.
    """
    progress = store.progress if store else Progress({}, study.series.steps)
    found = [parts.columns_of(t) for t in store.read_parts("summary")] if store else []
    seconds, before, interrupted = 0.0, progress.done, False
    try:
        while progress.done < study.series.steps:
            begun = perf_counter()
            flow, begin = _block(study, progress)
            seconds += perf_counter() - begun
            first = progress.done
            columns = parts.summary_columns(study.network, study.series, flow, first=first)
            after = _after(study, progress, flow, begin)
            if store:
                store.finish_block(_tables(study, flow, columns, first, begin), after)
            progress = after
            found.append(columns)
            advance(progress.done)
        if store and not progress.joined:
            store.join()
            progress = store.progress
    except BaseException as problem:
        if not is_interruption(problem):
            raise
        interrupted = True
    columns = {k: np.concatenate([part[k] for part in found]) for k in (found[0] if found else ())}
    return Outcome(columns, progress, progress.done - before, seconds, interrupted)


def _block(study: Study, progress: Progress) -> tuple[SeriesFlow, Snapshot]:
    from gridmend.powerflow.series_flow import solve_series
    from gridmend.powerflow.step_summary import LIMITS

    begin, waiting = _begin(study, progress)
    flow = solve_series(
        study.network,
        study.series,
        controls=study.controls,
        first=progress.done,
        last=min(progress.done + study.block, study.series.steps),
        begin=begin,
        waiting=waiting,
        keep_voltages="voltages" in study.keep or "elements" in study.keep,
        limits=LIMITS[study.limits],
        threads=study.threads,
    )
    return flow, begin


def _begin(study: Study, progress: Progress) -> tuple[Snapshot, Waiting | None]:
    """Positions before the next block, and what waits."""
    from gridmend.powerflow.controls.waiting import Waiting

    start = study.series.start
    if not progress.done:
        return start, None
    begin = start.with_taps(np.array(progress.tap_pu, float))
    begin = begin.with_capacitors(np.array(progress.steps_on, np.int64))
    return begin, Waiting.of_lists(progress.waiting) if progress.waiting else None


def _after(study: Study, progress: Progress, flow: SeriesFlow, begin: Snapshot) -> Progress:
    from gridmend.powerflow.series_flow import capacitor_moves, tap_moves

    grid = study.network.grid
    at = parts.controlled(grid)
    moved = np.zeros(len(grid.windings), np.int64)
    moved[flow.windings] = tap_moves(grid, flow.windings, flow.taps, begin).sum(axis=0)
    banks = capacitor_moves(flow.steps_on, begin).sum(axis=0)
    return replace(
        progress,
        done=progress.done + len(flow),
        parts=(*progress.parts, progress.done),
        tap_pu=tuple(flow.end.tap_pu.tolist()),
        steps_on=tuple(flow.end.steps_on.tolist()),
        waiting=flow.waiting.as_lists() if flow.waiting else None,
        tap_moves=_added(progress.tap_moves, list(grid.tap_controls), moved[at]),
        capacitor_moves=_added(progress.capacitor_moves, list(grid.capacitors), banks),
    )


def _added(before: dict[str, int], names: list[str], moves: Any) -> dict[str, int]:
    pairs = zip(names, moves.tolist(), strict=True)
    return {name: before.get(name, 0) + int(count) for name, count in pairs}


def _tables(
    study: Study, flow: SeriesFlow, columns: parts.Columns, first: int, begin: Snapshot
) -> dict[str, Any]:
    """The tables of a block that are kept, as Arrow."""
    network, series = study.network, study.series
    found: dict[str, Any] = {"summary": parts.summary_table(columns)}
    if "devices" in study.keep:
        found["devices"] = parts.devices_table(network.grid, flow, first=first)
    if "voltages" in study.keep:
        found["voltages"] = parts.voltages_table(network, flow, first=first)
    if "elements" in study.keep:
        found["elements"] = parts.elements_table(network, series, flow, first=first, begin=begin)
    return found
