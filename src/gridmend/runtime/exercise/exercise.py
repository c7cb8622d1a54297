"""A scenario run in memory: under its own policy or another, measured, held to what it expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridmend.model.errors import Finding, GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.operations.indices import Interruption
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.exercise.measures import Measures
from gridmend.runtime.ledger import one_by_one
from gridmend.runtime.scenario import Restoration
from gridmend.twin.plant import Happened
from gridmend.twin.scenario.checks import check_scenario
from gridmend.twin.scenario.expectations import Measured, judge
from gridmend.twin.scenario.parts import is_stormy
from gridmend.twin.scenario.reading import read_grid, with_changes
from gridmend.twin.scenario.scenario import Policy, Scenario


@dataclass(frozen=True, eq=False)
class Exercise:
    """What a run was.

    `events` are all that the control room knew, in its order, and `happened` all that was true.
    `curve` is how many customers were out from each time on. `findings` are expectations of the
    scenario that the run did not meet, and `assumed` what the twin assumed of protection and DER.
    """

    scenario: Scenario
    grid: Grid
    policy: Policy
    measures: Mapping[str, Measured]
    findings: tuple[Finding, ...]
    assumed: tuple[Finding, ...]
    events: tuple[Event, ...]
    happened: tuple[Happened, ...]
    interruptions: tuple[Interruption, ...]
    curve: tuple[tuple[datetime, int], ...]


def rehearse(
    scenario: Scenario,
    policy: Policy | None = None,
    *,
    grid: Grid | None = None,
    progress: Callable[[float], None] | None = None,
    parts: int = 200,
    restoration: Restoration | None = None,
) -> Exercise:
    """Run a scenario to its end, under its own policy unless given; equal inputs, equal runs.

    Whatever the policy, the same faults strike, the same customers would call and the same links
    would lose a message: all draws are of the scenario's seed. `grid` is the scenario's own unless
    given, without its changes. `progress` is told the time of the run [s] after each of `parts`; it
    may wait there, so that a run keeps pace with a clock, and changes nothing else. `restoration`
    is how fast healing is and what it may do. Raises `GridmendError` with the first of the findings
    that forbid the run.
    """
    grid = grid if grid is not None else read_grid(scenario)
    for finding in check_scenario(scenario, grid):
        if finding.severity == "error":
            raise GridmendError(finding.what, where=finding.where, mend=finding.mend)
    scenario = replace(scenario, policy=policy or scenario.policy)
    grid = with_changes(grid, scenario)
    field = field_of(scenario, grid)
    course = Course(
        field,
        restoration=(restoration or Restoration()) if scenario.policy == "healing" else None,
        storm=lambda: is_stormy(scenario, field.agenda.now_s),
    )
    measures = Measures(course)
    for part in range(1, parts + 1):
        course.run_to(scenario.end_s * part / parts)
        if progress is not None:
            progress(field.agenda.now_s)
    end_utc = scenario.start + timedelta(seconds=scenario.end_s)
    ledger = course.ledger
    counted = ledger.until(end_utc)
    events = course.events
    found = measures.taken(counted, events)
    return Exercise(
        scenario=scenario,
        grid=grid,
        policy=scenario.policy,
        measures=found,
        findings=judge(scenario.expect, found),
        assumed=field.findings,
        events=events,
        happened=tuple(field.plant.happened),
        interruptions=one_by_one(counted, grid, scenario.start) if counted else (),
        curve=ledger.curve,
    )
