"""Checks of what happens in a scenario: its times, its elements, and devices that stick."""

from __future__ import annotations

from gridmend.model.errors import GridmendError, nearest
from gridmend.twin.scenario import shorts
from gridmend.twin.scenario.findings import Checking
from gridmend.twin.scenario.happenings import (
    DeviceFreed,
    DeviceMoves,
    DeviceSticks,
    FaultStrikes,
    Happening,
    LinkFails,
)
from gridmend.twin.scenario.times import clock_of
from gridmend.twin.weather.causes import Cause


def check_happenings(check: Checking) -> None:
    """All that is wrong with what happens, and with what is stuck from the beginning."""
    stuck = {_device(check, name, f"stuck[{k}]") for k, name in enumerate(check.scenario.stuck)}
    stuck |= {
        _key(check, each.device)
        for each in check.scenario.happenings
        if isinstance(each, DeviceSticks)
    }
    for k, happening in enumerate(check.scenario.happenings):
        key = f"happenings[{k}]"
        _check_time(check, happening, key)
        if isinstance(happening, FaultStrikes):
            _check_fault(check, happening, f"{key}.fault")
        elif isinstance(happening, LinkFails):
            _check_link(check, happening, key)
        elif isinstance(happening, DeviceSticks):
            _device(check, happening.device, f"{key}.stuck")
        elif isinstance(happening, DeviceFreed):
            device = _device(check, happening.device, f"{key}.freed")
            if device and device not in stuck:
                what = f"'{happening.device}' is freed and never stuck"
                check.warn(f"{key}.freed", what, "name a device that is stuck before")
        elif isinstance(happening, DeviceMoves):
            _check_switch(check, happening, key)


def _check_time(check: Checking, happening: Happening, key: str) -> None:
    scenario, at_s = check.scenario, happening.at_s
    if 0 <= at_s <= scenario.end_s:
        return
    side = "before the start" if at_s < 0 else "after the end"
    what = f"it happens at {clock_of(scenario.start, at_s)}, {side} of the run"
    first, last = clock_of(scenario.start, 0.0), clock_of(scenario.start, scenario.end_s)
    mend = f"give a time from {first} to {last} UTC; a clock such as 06:00 is of the first day"
    check.error(f"{key}.at", what, mend)


def _check_fault(check: Checking, fault: FaultStrikes, key: str) -> None:
    for part, problem in shorts.wrong_with(fault, check.grid, check.network):
        check.error(f"{key}.{part}", problem.what, problem.mend or "name another")
    known = {str(cause) for cause in Cause} | set(check.scenario.people.pace.repair)
    if fault.cause not in known:
        mend = nearest(fault.cause, known) or f"causes are {', '.join(sorted(known))}"
        check.warn(f"{key}.cause", f"'{fault.cause}' is repaired as an unknown cause", mend)


def _check_link(check: Checking, happening: LinkFails, key: str) -> None:
    names = [link.name for link in check.scenario.communications.links]
    if happening.link not in names:
        mend = nearest(happening.link, names) or f"the links are {', '.join(names) or 'none'}"
        check.error(f"{key}.link", f"there is no link '{happening.link}'", mend)


def _check_switch(check: Checking, happening: DeviceMoves, key: str) -> None:
    grid = check.grid
    name = happening.device.lower().removeprefix("switch.")
    if name not in grid.switches.index:
        mend = nearest(happening.device, grid.switches) or "name a switch of the grid"
        check.error(f"{key}.device", f"there is no switch '{happening.device}'", mend)
    elif not grid.switches.flags("in_service")[grid.switches.index[name]]:
        what = f"switch '{happening.device}' is not in service"
        check.error(f"{key}.device", what, "name one that is in service")


def _device(check: Checking, name: str, key: str) -> str:
    """One way to write a device; empty, and an error noted, where it is not there."""
    try:
        return check.grid.key(name)
    except GridmendError as problem:
        check.error(key, problem.what, problem.mend or "name a device of the grid")
        return ""


def _key(check: Checking, name: str) -> str:
    try:
        return check.grid.key(name)
    except GridmendError:
        return ""
