"""The faults that weather and ordinary rates bring, put on a plant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from gridmend.powerflow.shorts import Short, device_of
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.weather.strikes import Strike


def fault_of(strike: Strike) -> Fault:
    """What a strike does to its element."""
    short = Short(
        strike.element,
        strike.phases,
        strike.r_ohm,
        to_ground=strike.kind != "line_line",
        share=strike.position_pu,
    )
    return Fault(short, strike.is_permanent, strike.cause.value)


def expect(plant: Plant, strikes: Iterable[Strike]) -> int:
    """Have every strike happen at its time; how many.

    Raises `GridError` before any is expected where one cannot be, and `GridmendError` for one in
    the past.
    """
    expected = [(strike.time_s, fault_of(strike)) for strike in strikes]
    for _, fault in expected:
        device_of(plant.world.network, fault.short)
    for time_s, fault in expected:
        plant.agenda.at(time_s, partial(_strike, plant, fault))
    return len(expected)


def _strike(plant: Plant, fault: Fault) -> None:
    plant.strike(fault)
