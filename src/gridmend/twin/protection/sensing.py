"""The elements of a relay: fast, slow and instantaneous on each phase and on ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from gridmend.twin.protection.curves import definite
from gridmend.twin.protection.device import Sight
from gridmend.twin.protection.element import Element
from gridmend.twin.protection.poles import Poles
from gridmend.twin.protection.settings import RecloserSettings


@dataclass(slots=True, eq=False)
class Sensor:
    """What looks at one conductor, or at the residual current. Mutable."""

    label: str
    slow: Element
    fast: Element
    instantaneous: Element
    pickup_a: float

    def see(
        self, now_s: float, i_a: float, *, fast: bool, instantaneous: bool, raised: float
    ) -> None:
        """The current from now on, which elements are on, and how much pickups are raised."""
        chosen = self.fast if fast else self.slow
        for element in (self.slow,) if self.slow is self.fast else (self.slow, self.fast):
            element.pickup_a = self.pickup_a * raised
            element.see(now_s, i_a if element is chosen else 0.0)
        self.instantaneous.see(now_s, i_a if instantaneous else 0.0)

    @property
    def elements(self) -> tuple[Element, ...]:
        """All of its elements; what falls together is told of the quickest kind."""
        return (self.instantaneous, self.fast, self.slow)

    def first(self) -> Element:
        """The element that is due first."""
        return min(self.elements, key=lambda element: element.due_s)

    @property
    def picked_up(self) -> bool:
        """Whether any element turns towards a trip."""
        return any(element.picked_up for element in self.elements)


@dataclass(slots=True, eq=False)
class Sensing:
    """All sensors of a relay: of each conductor, and of the residual current. Mutable."""

    settings: RecloserSettings
    phases: tuple[Sensor, ...] = field(init=False)
    ground: Sensor = field(init=False)

    def __post_init__(self) -> None:
        self.phases = tuple(_of_phase(self.settings, k) for k in range(self.settings.conductors))
        self.ground = _of_ground(self.settings)

    def look(self, now_s: float, sight: Sight, guarding: Sequence[Poles], *, tagged: bool) -> None:
        """Show the currents to what is on: the phases of poles that guard, and ground if any do.

        Ground is as far in the sequence as the pole that has tripped most.
        """
        by_phase = {k: poles for poles in guarding for k in poles.phases}
        for k, sensor in enumerate(self.phases):
            self._show(now_s, sensor, sight.i_a[k], [by_phase[k]] if k in by_phase else [], tagged)
        self._show(now_s, self.ground, sight.ground_a, guarding, tagged)

    def _show(
        self, now_s: float, sensor: Sensor, i_a: float, poles: Sequence[Poles], tagged: bool
    ) -> None:
        count = max((one.count for one in poles), default=0)
        cold = any(math.isfinite(one.cold_until_s) for one in poles)
        sensor.see(
            now_s,
            i_a if poles else 0.0,
            fast=tagged or count < self.settings.fast_shots,
            instantaneous=tagged or count < self.settings.instantaneous_shots,
            raised=self.settings.cold_load_multiple if cold else 1.0,
        )

    def picked_up(self, poles: Poles) -> bool:
        """Whether any element turns towards a trip of these poles."""
        return self.ground.picked_up or any(self.phases[k].picked_up for k in poles.phases)

    def due_s(self) -> float:
        """When the first element operates if the currents stay."""
        return min(sensor.first().due_s for sensor in (*self.phases, self.ground))

    def operated(self, now_s: float, poles: Poles) -> str:
        """Which element trips these poles now; empty where none does."""
        for sensor in (*(self.phases[k] for k in poles.phases), self.ground):
            element = sensor.first()
            if element.due_s <= now_s:
                return element.label
        return ""

    def progress(self, now_s: float) -> float:
        """How far the furthest element has turned, from 0 at rest to 1 for a trip."""
        sensors = (*self.phases, self.ground)
        return max(element.at(now_s) for sensor in sensors for element in sensor.elements)


def _of_phase(settings: RecloserSettings, conductor: int) -> Sensor:
    """The elements on a conductor."""
    label = f"phase {'abcn'[conductor]}"
    slow = Element(settings.phase_slow_curve, settings.phase_pickup_a, f"{label}, slow curve")
    fast = slow
    if settings.phase_fast_curve is not None:
        fast = Element(settings.phase_fast_curve, settings.phase_pickup_a, f"{label}, fast curve")
    at_once = definite(settings.instantaneous_s, name="instantaneous")
    instantaneous = Element(at_once, settings.phase_instantaneous_a, f"{label}, instantaneous")
    return Sensor(label, slow, fast, instantaneous, settings.phase_pickup_a)


def _of_ground(settings: RecloserSettings) -> Sensor:
    """The elements on the residual current; without a ground curve they never operate."""
    at_once = definite(settings.instantaneous_s, name="instantaneous")
    pickup_a = settings.ground_pickup_a if settings.ground_slow_curve else math.inf
    slow = Element(settings.ground_slow_curve or at_once, pickup_a, "ground, slow curve")
    fast = slow
    if settings.ground_fast_curve is not None:
        fast = Element(settings.ground_fast_curve, pickup_a, "ground, fast curve")
    instantaneous = Element(at_once, settings.ground_instantaneous_a, "ground, instantaneous")
    return Sensor("ground", slow, fast, instantaneous, pickup_a)
