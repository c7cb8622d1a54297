"""What the exercise does to the simulated field: faults that strike, and repairs without a crew."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.runtime.course import Course

FAULTS_MOST = 50
"""Faults that stand at once by somebody's hand."""


@dataclass
class Striking:
    """Strikes and mends by hand; each is written down, and the control room does not see it."""

    course: Course

    def strike(self, element: str, by: By) -> int:
        """A bolted fault of all phases, for good; its number in the field.

        Raises `GridError` where there can be none.
        """
        course = self.course
        if len(course.field.plant.faults) >= FAULTS_MOST:
            raise GridmendError(
                f"{FAULTS_MOST} faults stand already", where=element, mend="mend some of them first"
            )
        key = self._key(element)
        number = course.strike(key)
        course.room.kernel.say("note", by, text=f"exercise: a fault strikes {key}")
        return number

    def repair(self, element: str, by: By) -> None:
        """An element is mended at once. One that only the room takes for faulted is cleared, as a
        crew would find nothing there. Raises `GridmendError` where neither is so."""
        course, key = self.course, self._key(element)
        plant, kernel = course.field.plant, course.room.kernel
        numbers = [n for n, f in plant.faults.items() if f.short.element.lower() == key.lower()]
        suspected = [name for name in kernel.situation.faults if name.lower() == key.lower()]
        if not numbers and not suspected:
            standing = ", ".join(sorted({f.short.element for f in plant.faults.values()}))
            raise GridmendError(
                f"nothing is broken at '{element}'", mend=f"these are: {standing or 'nothing is'}"
            )
        kernel.say("note", by, text=f"exercise: {key} is mended at once")
        for number in numbers:
            course.repair(key, number)
        if not numbers:
            told = {"element": suspected[0]}
            course.field.telecontrol.hear(Event(course.now, "field", "crew", "repaired", told))

    def _key(self, element: str) -> str:
        key = self.course.grid.key(element)
        return f"switch.{key}" if key in self.course.grid.switches.index else key
