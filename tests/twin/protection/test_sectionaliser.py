"""Sectionalisers: they count interruptions behind a recloser and open while the line is dead."""

from __future__ import annotations

import math

import pytest

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.sectionaliser import Sectionaliser, SectionaliserSettings
from tests.twin.protection.playing import told


def _sectionaliser(**more: object) -> Sectionaliser:
    given: dict[str, object] = {"name": "S", "actuating_a": 160.0, "counts": 2, **more}
    return Sectionaliser(SectionaliserSettings(**given))  # type: ignore[arg-type]


def _pulse(device: Sectionaliser, at_s: float, *, i_a: float = 800.0, for_s: float = 0.1) -> None:
    """An over-current that someone before it interrupts."""
    device.see(at_s, [i_a, 20.0, 20.0])
    device.see(at_s + for_s, [0.0, 0.0, 0.0])


def test_it_opens_in_the_dead_time_after_its_count_and_not_before() -> None:
    device = _sectionaliser(open_s=0.3)
    _pulse(device, 1.0)
    assert told(device.act(1.1)) == [("counted", 1.1)]
    _pulse(device, 3.0)
    assert told(device.act(3.1)) == [("counted", 3.1)]
    assert device.closed == (True,) * 3
    assert told(device.act(3.4)) == [("open", 3.4), ("lock_out", 3.4)]
    assert device.closed == (False,) * 3


def test_load_that_is_lost_is_not_counted() -> None:
    device = _sectionaliser()
    _pulse(device, 1.0, i_a=150.0)
    assert math.isinf(device.due_s())


def test_a_line_that_is_alive_again_is_not_opened_until_it_is_dead_again() -> None:
    device = _sectionaliser(counts=1, open_s=0.5)
    _pulse(device, 1.0)
    assert told(device.act(1.1)) == [("counted", 1.1)]
    device.see(1.4, [50.0] * 3)
    assert device.act(5.0) == ()
    device.see(10.0, [0.0] * 3)
    assert told(device.act(10.5)) == [("open", 10.5), ("lock_out", 10.5)]


def test_counts_are_forgotten_after_the_memory_time() -> None:
    device = _sectionaliser(memory_s=30.0)
    _pulse(device, 1.0)
    device.act(1.1)
    device.see(1.6, [50.0] * 3)
    assert told(device.act(31.1)) == [("reset", 31.1)]
    _pulse(device, 40.0)
    assert told(device.act(40.1)) == [("counted", 40.1)]
    assert device.closed == (True,) * 3


def test_with_voltage_it_does_not_count_what_a_fuse_behind_it_clears() -> None:
    device = _sectionaliser(needs_no_voltage=True)
    device.see(1.0, [800.0, 0.0, 0.0], live=True)
    device.see(1.1, [0.0] * 3, live=True)
    assert math.isinf(device.due_s())
    with pytest.raises(GridmendError, match="not told of it"):
        device.see(2.0, [0.0] * 3)


def test_residual_current_arms_it_too() -> None:
    device = _sectionaliser(ground_actuating_a=50.0)
    device.see(1.0, [100.0, 20.0, 20.0], ground_a=80.0)
    device.see(1.1, [0.0] * 3)
    assert [act.kind for act in device.act(1.1)] == ["counted"]


def test_a_stuck_one_says_so_and_opens_when_it_is_freed_in_a_dead_time() -> None:
    device = _sectionaliser(counts=1)
    device.fail(0.0, stuck=True)
    _pulse(device, 1.0)
    assert [act.kind for act in device.act(1.1)] == ["counted", "stuck"]
    assert device.closed == (True,) * 3
    device.fail(2.0, stuck=False)
    assert told(device.act(2.0), "open") == [("open", 2.0)]


def test_commands_open_and_close_it_and_begin_the_count_anew() -> None:
    device = _sectionaliser()
    _pulse(device, 1.0)
    device.act(1.1)
    device.see(2.0, [50.0] * 3)
    device.open(3.0)
    assert told(device.act(3.0)) == [("open", 3.0), ("lock_out", 3.0)]
    device.close(9.0)
    assert told(device.act(9.0)) == [("close", 9.0)]
    assert device.count == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"actuating_a": 0.4}, "actuating_a"),
        ({"counts": 0}, "counts"),
        ({"memory_s": 0.0}, "memory_s"),
        ({"dead_a": math.nan}, "dead_a"),
    ],
)
def test_a_sectionaliser_that_cannot_be_meant_is_refused(
    more: dict[str, object], said: str
) -> None:
    with pytest.raises(GridmendError, match=said):
        _sectionaliser(**more)
