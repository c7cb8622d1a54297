"""A section that is kept dead as suspected is looked at, whatever has tripped before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gridmend
from gridmend.interlock.move import By
from gridmend.model.customers import customer_counts
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.suspects import suspects
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.exercise import field_of
from gridmend.runtime.exercise.foreman import NOTHING, Foreman
from gridmend.runtime.exercise.incident import Incident
from gridmend.runtime.exercise.seeking import SEEK_S, Seeking, dark_around
from gridmend.runtime.exercise.storming import storm_of
from gridmend.twin.people.crew import Job, JobKind
from gridmend.twin.scenario.scenario import Sky

EQUIPPED = ("sw1", "sw2", "sw3", "sw4")
BEHIND = "sw3"


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def suspicion(element: str, grid: Grid) -> Event:
    """As healing says it."""
    course = quiet(grid)
    course.room.kernel.say(
        "fault_suspected", By(application="restoration"), element=element, behind=BEHIND
    )
    return next(e for e in course.events if e.kind == "fault_suspected")


def quiet(grid: Grid) -> Course:
    """A day on which nothing is struck, with crews."""
    scenario = replace(
        storm_of(grid, seed=1), weather=Sky(ordinary_faults=False), happenings=(), hours=8.0
    )
    return Course(field_of(scenario, grid))


def test_a_crew_walks_a_suspected_section_and_a_false_suspicion_ends(grid: Grid) -> None:
    course = quiet(grid)
    course.run_to(60.0)
    by = By(application="restoration")
    course.room.kernel.say("fault_suspected", by, element="line.l40", behind=BEHIND)
    course.run_to(6 * 3600.0)
    said = [e for e in course.events if e.kind == "crew_said" and BEHIND in str(e.payload["job"])]
    sent = (said[0].time_utc - course.start_utc).total_seconds()
    assert sent == pytest.approx(60.0 + SEEK_S, abs=5.0)
    assert "patrol" in said[0].payload["job"]
    (cleared,) = [e for e in course.events if e.kind == "repaired"]
    assert cleared.payload == {"element": "line.l40", "why": "a patrol found nothing there"}
    assert "line.l40" not in course.room.kernel.situation.faults
    assert len({e.payload["job"] for e in said}) == 1, "and nobody goes there twice"


@pytest.mark.parametrize("element", ["bus.40", "sw3", "switch.sw3", "line.nowhere", "load.s41c"])
def test_what_no_patrol_can_walk_is_left_to_who_suspects_it_and_stops_nobody(
    grid: Grid, element: str
) -> None:
    course = quiet(grid)
    course.run_to(60.0)
    by = By(application="restoration")
    course.room.kernel.say("fault_suspected", by, element=element, behind="")
    course.run_to(3600.0)
    assert not [e for e in course.events if e.kind == "crew_said" and e.payload["job"]]
    assert element in course.room.kernel.situation.faults


@pytest.mark.parametrize("how", ["found", "under way", "behind what tripped", "sought", "over"])
def test_no_second_crew_is_sent_where_one_will_come_anyway(grid: Grid, how: str) -> None:
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    element = "line.l40"
    open_ = Incident("nowhere", 0.0, is_heard=True, before=normal, stage="field")
    if how == "found":
        open_.found.append(element)
    elif how == "under way":
        open_.give(Job("patrol 1", JobKind.PATROL, 0.0, 0.0, elements=(element,)))
    elif how == "sought":
        open_.sought = (element,)
    else:
        open_.device = "sw1"
        open_.stage = "wait" if how == "behind what tripped" else "over"
    behind = suspects(topology, normal, tripped="sw1")
    assert any(element in one.elements for one in behind), "sw1 feeds it"
    seeking = Seeking()
    seeking.hear(suspicion(element, grid), 0.0)
    assert seeking.due_s() == SEEK_S
    assert not seeking.unsought(topology, normal, [open_], EQUIPPED, SEEK_S - 1)
    found = seeking.unsought(topology, normal, [open_], EQUIPPED, SEEK_S)
    if how != "over":
        assert not found
        return
    ((device, elements),) = found
    assert device == BEHIND and element in elements
    section = next(
        s for s in suspects(topology, normal, tripped="sw1", equipped=EQUIPPED,
                            flagged=EQUIPPED) if element in s.elements
    )  # fmt: skip
    assert set(elements) == set(section.elements), "the whole section, between indicators"
    assert seeking.due_s() == 2 * SEEK_S


def test_what_waits_for_a_section_is_all_that_is_dead_together_with_it(grid: Grid) -> None:
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    for element, device in (("line.l40", "Sw3"), ("line.l70", "Sw4")):
        live = topology.energised(normal.with_switches(grid, {device: True}))
        found = dark_around(topology, live, element)
        lost = topology.energised(normal) & ~live
        assert (found[lost]).all() and lost.sum() > 30, f"all that {device} puts out, on all phases"
        assert not dark_around(topology, live, "line.l10").any(), "it has supply"
    nothing = np.zeros(len(topology.wiring.node_bus), bool)
    found = dark_around(topology, nothing, "line.l40")
    assert found[topology.energised(normal)].all(), "open switches part nothing that is dead"


def waiting(foreman: Foreman, incident: Incident, *elements: str) -> int:
    """How many a patrol along some elements is for."""
    incident.give(foreman._job(JobKind.PATROL, incident, *elements))
    (job,) = incident.jobs.values()
    return foreman._weighed(incident, job).customers


def test_jobs_are_ranked_by_who_is_out_and_not_by_who_was_fed(grid: Grid) -> None:
    course = quiet(grid)
    (foreman,) = [duty for duty in course.room.duties if isinstance(duty, Foreman)]
    normal = Snapshot.normal(grid)
    lit = Incident("sw1", 0.0, is_heard=True, before=normal)
    assert waiting(foreman, lit, "line.l40") == 0, "sw1 is closed again: nobody waits for this"
    said = Incident("sw1", 0.0, is_heard=False, before=normal, reported=3)
    assert waiting(foreman, said, "line.l40") == 3, "two houses that call are not the whole feeder"
    course.room.kernel.say("status", By("ann"), device="sw3", position="open")
    lost = Incident("sw3", 0.0, is_heard=True, before=normal)
    sought = Incident("", 0.0, is_heard=True, before=normal, sought=("line.l40",))
    behind = waiting(foreman, lost, "line.l35", "line.l40")
    assert behind == waiting(foreman, sought, "line.l40") > 50, "what is lit counts for nobody"


def test_who_comes_back_meanwhile_waits_for_no_crew(grid: Grid) -> None:
    course = quiet(grid)
    (foreman,) = [duty for duty in course.room.duties if isinstance(duty, Foreman)]
    course.room.kernel.say("status", By("ann"), device="sw3", position="open")
    lost = Incident("sw3", 0.0, is_heard=True, before=Snapshot.normal(grid))
    job = foreman._job(JobKind.REPAIR, lost, "line.l40")
    assert foreman._weighed(lost, job).customers > 50
    course.room.kernel.say("status", By("ann"), device="sw3", position="closed")
    assert foreman._weighed(lost, job).customers == 0


def test_who_reports_counts_for_the_job_that_is_opened_for_them(grid: Grid) -> None:
    course = quiet(grid)
    (foreman,) = [duty for duty in course.room.duties if isinstance(duty, Foreman)]
    normal = Snapshot.normal(grid)
    course.run_to(60.0)
    behind = ("s41c", "s42a")
    for meter in behind:
        gasp = Event(course.room.now(), "field", "meter", "meter_gasped", {"meter": meter})
        foreman.hear(gasp, normal)
    course.run_to(300.0)
    (incident,) = foreman.incidents
    counts = customer_counts(grid)
    told = sum(int(counts[grid.loads.row(meter)]) for meter in behind)
    assert incident.reported == told > 2 and not incident.is_heard
    ((_, job),) = foreman._unsent() or [(incident, next(iter(incident.jobs.values())))]
    assert foreman._weighed(incident, job).customers == told


def test_in_a_storm_patrols_walk_on_while_what_they_found_is_mended(grid: Grid) -> None:
    course = quiet(grid)
    (foreman,) = [duty for duty in course.room.duties if isinstance(duty, Foreman)]
    foreman.storm = lambda: True
    incident = Incident("sw1", 0.0, is_heard=True, before=Snapshot.normal(grid))
    foreman.incidents.append(incident)
    foreman._patrol(incident)
    walked, found = set[str](), 0
    while patrols := [j for j in incident.jobs.values() if j.kind is JobKind.PATROL]:
        (job,) = patrols
        walked |= set(job.elements)
        text = f"{job.elements[0]}: tree in wind" if not found else NOTHING
        found += 1
        foreman._listen("crew 1", job.name, text)
    behind = suspects(course.room.kernel.bench.site.topology, incident.before, tripped="sw1")
    assert walked == {element for one in behind for element in one.elements}
    (repair,) = incident.jobs.values()
    assert repair.kind is JobKind.REPAIR
    assert incident.stage == "field", "it is not closed before that"
