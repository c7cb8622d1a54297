"""What is assumed of protection stands in the records of whoever operates the network."""

from __future__ import annotations

import gridmend
from gridmend.model.check import check_grid
from gridmend.model.grid import Grid
from gridmend.twin.guard_records import on_record
from gridmend.twin.guard_settings import settings_of
from tests.twin.test_guard_settings import guards_of, told


def test_the_records_have_the_settings_that_the_twin_assumed() -> None:
    grid: Grid = gridmend.read("ieee123")
    guards = guards_of(grid)
    known = on_record(grid, guards.devices)
    settings, findings = settings_of(known)
    assert not findings
    assert not [f for f in check_grid(known) if f.where.startswith("protections")]
    again = guards_of(known)
    for guard in guards.devices:
        was, now = told(guards, guard.name), told(again, guard.name)
        names = [name for name in type(was).__slots__ if name != "name"]
        assert {n: getattr(was, n) for n in names} == {n: getattr(now, n) for n in names}
    assert len(settings) == len(guards.devices)
    assert not [f for f in again.findings if "is assumed" in f.what]


def test_a_device_with_a_row_of_its_own_keeps_it() -> None:
    grid: Grid = gridmend.read("ieee123").with_rows(
        "protections",
        {"name": "mine", "switch": "SW1", "phase_pickup_a": 700.0, "phase_slow_curve": "d"},
    )
    known = on_record(grid, guards_of(grid).devices)
    at_sw1 = [n for n, s in zip(known.protections, known.protections.texts("switch"), strict=True)
              if s.lower() == "sw1"]  # fmt: skip
    assert at_sw1 == ["mine"]
    assert on_record(known, guards_of(grid).devices) is known
