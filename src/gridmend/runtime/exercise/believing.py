"""What a crew found or mended, as healing takes it: whose sections are cleared by it."""

from __future__ import annotations

from collections.abc import Sequence

from gridmend.operations.suspects import suspects
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.room import Room


def found_on(room: Room, cases: Sequence[Case], element: str, tries_most: int) -> None:
    """Damage was found in one of the sections of a case: those that were suspected instead of it
    are cleared, and the case goes on, as whoever is out there may come back."""
    for case in cases:
        here = [one for one in case.suspects if element in one.elements]
        clear = [one for one in case.suspects if one.elements[0] in case.instead]
        clear = [one for one in clear if one not in here]
        if not here or not clear:
            continue
        for one in clear:
            why = f"it is on {element}"
            room.kernel.say("repaired", room.operator, element=one.elements[0], why=why)
        case.suspects = tuple(one for one in case.suspects if one not in clear)
        case.instead = frozenset()
        if case.is_over and case.tries < tries_most:
            case.is_over, case.order, case.tries = False, "", case.tries + 1
            case.due_s, case.why = room.agenda.now_s, f"damage was found on {element}"


def cleared(room: Room, cases: Sequence[Case], element: str, tries_most: int) -> None:
    """Nothing is the matter with an element that was suspected for something else: a case that went
    round it goes on, where its own fault stands and it has left people out. What it gave up as lost
    it may have given up for that."""
    standing = room.kernel.situation.faults
    for case in cases:
        plan, own = case.plan, {one.elements[0] for one in case.suspects}
        is_left = plan is not None and plan.customers_restored < plan.customers_out
        if not (case.is_over and case.is_wary and is_left and own & standing) or element in own:
            continue
        if case.tries < tries_most:
            case.is_over, case.order, case.tries = False, "", case.tries + 1
            case.due_s, case.why = room.agenda.now_s, f"nothing is the matter with {element}"
            case.lost.clear()


def mended(room: Room, cases: Sequence[Case], element: str, *, patrolled: bool) -> tuple[Case, ...]:
    """The cases that end as a crew has mended an element.

    It is what a section was suspected for: the section that it lies in, or the only one, as a
    switch lies at the border of two. What else a case suspected is cleared as well, unless it is
    `patrolled`, by crews that look for more.
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
    for case in theirs or (known if len(known) == 1 or not patrolled else []):
        ended.append(case)
        for one in case.suspects:
            is_other = len(case.suspects) > 1 and element not in one.elements
            suspected = one.elements[0]
            if suspected == element or (is_other and patrolled and suspected not in case.instead):
                continue
            if suspected in kernel.situation.faults:
                why = f"the fault was on {element}, and is mended"
                kernel.say("repaired", room.operator, element=suspected, why=why)
    return tuple(ended)
