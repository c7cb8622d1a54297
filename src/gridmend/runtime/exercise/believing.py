"""What a crew found or mended, as healing takes it: whose sections are cleared by it."""

from __future__ import annotations

from collections.abc import Sequence, Set

from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.suspects import suspects
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.room import Room


def found_on(
    room: Room,
    cases: Sequence[Case],
    element: str,
    tries_most: int,
    *,
    seen: Set[str] = frozenset(),
) -> None:
    """Damage was found in one of the sections of a case: those that were suspected instead of it
    are cleared, and the case goes on, as whoever is out there may come back. Sections in which
    somebody has `seen` damage stay."""
    for case in cases:
        here = [one for one in case.suspects if element in one.elements]
        instead = _instead(case, element)
        clear = [one for one in case.suspects if one.elements[0] in instead]
        clear = [one for one in clear if one not in here and not seen & set(one.elements)]
        if not here or not clear:
            continue
        for one in clear:
            why = f"it is on {element}"
            room.kernel.say("repaired", room.operator, element=one.elements[0], why=why)
        case.suspects = tuple(one for one in case.suspects if one not in clear)
        case.instead, case.onto = frozenset(), case.onto - instead
        if case.is_over and case.tries < tries_most:
            case.is_over, case.order, case.tries = False, "", case.tries + 1
            case.due_s, case.why = room.agenda.now_s, f"damage was found on {element}"


def mended(
    room: Room,
    cases: Sequence[Case],
    element: str,
    *,
    patrolled: bool,
    seen: Set[str] = frozenset(),
) -> tuple[Case, ...]:
    """The cases that end as a crew has mended an element.

    It is what a section was suspected for: the section that it lies in, or the only one, as a
    switch lies at the border of two, where it was fed through what locked out. What else a case
    suspected is cleared as well, unless it is `patrolled`, by crews that look for more, and but for
    sections in which somebody has `seen` damage: a crew may be at work there.
    """
    kernel = room.kernel
    standing = kernel.situation.faults
    waiting = [case for case in cases if not case.suspects and not case.is_over]
    topology = kernel.bench.site.topology
    ended: list[Case] = []
    for case in waiting:
        behind = suspects(topology, case.before, tripped=case.device)
        if len(waiting) == 1 or any(element in one.elements for one in behind):
            ended.append(case)
    known = [c for c in cases if any(s.elements[0] in standing for s in c.suspects)]
    theirs = [c for c in known if any(element in one.elements for one in c.suspects)]
    only = known if len(known) == 1 or not patrolled else []
    only = [case for case in only if _was_fed(topology, case, element)]
    for case in theirs or only:
        ended.append(case)
        instead = _instead(case, element)
        for one in case.suspects:
            is_other = len(case.suspects) > 1 and element not in one.elements
            suspected = one.elements[0]
            if suspected == element or (is_other and patrolled and suspected not in instead):
                continue
            if seen & set(one.elements):
                continue
            if suspected in kernel.situation.faults:
                why = f"the fault was on {element}, and is mended"
                kernel.say("repaired", room.operator, element=suspected, why=why)
    return tuple(ended)


def _instead(case: Case, element: str) -> frozenset[str]:
    """First elements of the sections of a case that are clear if an element is what is damaged:
    not those that were closed onto, unless it lies in one of them."""
    here = {one.elements[0] for one in case.suspects if element in one.elements}
    return case.instead | (case.onto if here & case.onto else frozenset())


def _was_fed(topology: Topology, case: Case, element: str) -> bool:
    """Whether an element has supply through the device of a case, normally or as it locked out."""
    grid = topology.grid
    table, _, name = case.device.rpartition(".")
    for stood in (case.before, Snapshot.normal(grid)):
        if table:
            without = stood.with_source(grid, name, is_on=False)
        else:
            without = stood.with_switch(grid, name, is_open=True)
        lost = topology.energised(stood) & ~topology.energised(without)
        if lost[topology.nodes_of(element)].any():
            return True
    return False
