"""Every position of a small network, in doubt or not, and every operation in each, judged twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from gridmend.interlock.check import forbidden
from gridmend.interlock.move import By, Move
from gridmend.interlock.standing import after
from gridmend.model.plan import Action, Step
from oracles.switching import Plant, known, why_illegal
from tests.interlock.exploring.family import Shape
from tests.interlock.exploring.judging import NOW_S, POLICY, Desk, Room
from tests.interlock.exploring.knowledge import Known, Place

LETTERS = "oc?"


@dataclass
class Compared:
    """How the interlock and the oracle judge: counts, and what was accepted and is not legal."""

    judged: int = 0
    legal: int = 0
    refused: list[str] = field(default_factory=list)
    illegal: list[str] = field(default_factory=list)


def compared(shape: Shape) -> Compared:
    """Judge every operation in every position, by a person and by an application."""
    grid = shape.grid()
    plant, room = Plant.of(grid), Room.of(grid)
    place, found = Place.of(plant), Compared()
    for letters in product(LETTERS, repeat=len(plant.switches)):
        for on in product("oc", repeat=len(plant.sources)):
            desk = Desk(room, place, Known((*letters, *on)))
            state = known(plant, desk.situation, NOW_S)
            for action, device in product((Action.OPEN, Action.CLOSE), place.devices):
                for application in ("", "flisr"):
                    step, by = Step(action, device, ""), By("ann", "desk1", application)
                    then = after(step, desk.standing, "ann")
                    move = Move(step, device, desk.standing, then, by, POLICY, room.flow,
                                desk.situation, NOW_S)  # fmt: skip
                    told = [rule for rule, _ in forbidden(move)]
                    why = why_illegal(
                        plant, state, step, device, "ann", automatic=bool(application)
                    )
                    found.judged += 1
                    found.legal += why is None
                    what = f"{application} {action} {device} in {letters} {on} of {shape.name}"
                    if why is None and told:
                        found.refused.append(f"{what}: {told}")
                    if why is not None and not told:
                        found.illegal.append(f"{what}: {why}")
    return found
