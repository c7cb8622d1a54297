"""Reclosers and relayed breakers: sequences by hand, commands, tags, and what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.curves import OPENDSS, curve, definite
from gridmend.twin.protection.device import Act
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings
from tests.twin.protection.playing import play, told

FAULT_A = 2250.0
MOVES = ("open", "close", "lock_out", "reset")


def _settings(**more: object) -> RecloserSettings:
    given_: dict[str, object] = {
        "name": "R", "phase_pickup_a": 500.0, "phase_slow_curve": OPENDSS["d"],
        "phase_fast_curve": OPENDSS["a"], "fast_shots": 2, "reclose_s": (0.5, 2.0, 5.0),
        "open_s": 0.04, **more,
    }  # fmt: skip
    return RecloserSettings(**given_)  # type: ignore[arg-type]


def _fault(
    *, from_s: float = 0.0, to_s: float = math.inf, phases: Sequence[int] = (0, 1, 2)
) -> Callable[[float, tuple[bool, ...]], list[float]]:
    """A fault on some phases for a time, and 100 A of load on what is closed."""

    def currents(now_s: float, closed: tuple[bool, ...]) -> list[float]:
        here = from_s <= now_s < to_s
        return [
            (FAULT_A if here and k in phases else 100.0) if is_closed else 0.0
            for k, is_closed in enumerate(closed)
        ]

    return currents


def test_a_permanent_fault_goes_through_two_fast_and_two_slow_shots_to_lock_out() -> None:
    acts = play(Recloser(_settings()), _fault(), to_s=100)
    # 4.5 times pickup: 0.05 s on the fast curve and 0.2 s on the slow, 0.04 s to open.
    assert told(acts, *MOVES) == [
        ("open", 0.09), ("close", 0.59), ("open", 0.68), ("close", 2.68),
        ("open", 2.92), ("close", 7.92), ("open", 8.16), ("lock_out", 8.16),
    ]  # fmt: skip
    energies = [act.energy_a2s for act in acts if act.kind == "open"]
    assert energies == pytest.approx([455_625, 455_625, 1_215_000, 1_215_000])
    assert [act.why for act in acts if act.kind == "trip"] == [
        *["phase a, fast curve"] * 2, *["phase a, slow curve"] * 2
    ]  # fmt: skip


def test_a_fault_that_goes_while_it_is_open_costs_one_shot_and_the_count_is_forgotten() -> None:
    recloser = Recloser(_settings(reset_s=15.0))
    acts = play(recloser, _fault(to_s=0.3), to_s=100)
    assert told(acts, *MOVES) == [("open", 0.09), ("close", 0.59), ("reset", 15.59)]
    assert recloser.count == 0
    assert recloser.operations == 1


def test_a_second_fault_within_the_reset_time_goes_on_with_the_sequence() -> None:
    def currents(now_s: float, closed: tuple[bool, ...]) -> list[float]:
        here = now_s < 0.3 or now_s >= 10
        return [FAULT_A if here and is_closed else 0.0 for is_closed in closed]

    acts = play(Recloser(_settings()), currents, to_s=100, changes_s=[10.0])
    assert told(acts, "open", "lock_out") == [
        ("open", 0.09), ("open", 10.09), ("open", 12.33), ("open", 17.57), ("lock_out", 17.57)
    ]  # fmt: skip


def test_what_has_tripped_opens_though_the_current_goes_away_meanwhile() -> None:
    acts = play(Recloser(_settings()), _fault(to_s=0.06), to_s=0.2, changes_s=[0.06])
    assert told(acts, "trip", "open") == [("trip", 0.05), ("open", 0.09)]


def test_a_fault_that_goes_before_the_trip_moves_nothing() -> None:
    recloser = Recloser(_settings())
    assert play(recloser, _fault(to_s=0.04), to_s=100, changes_s=[0.04]) == []
    assert recloser.progress(1.0) == 0


def test_a_relay_of_one_shot_locks_out_at_once() -> None:
    settings_ = RelaySettings("CB", 500.0, curve("ieee_very_inverse").set_to(dial=2), open_s=0.05)
    acts = play(Recloser(settings_), _fault(), to_s=100)
    # 2 (19.61 / (4.5² - 1) + 0.491) = 3.019403.
    assert told(acts, "open", "lock_out") == [
        ("open", pytest.approx(3.069403, abs=2e-6)), ("lock_out", pytest.approx(3.069403, abs=2e-6))
    ]  # fmt: skip


def test_a_disk_that_has_not_come_back_trips_a_reclosed_breaker_sooner() -> None:
    slow = curve("ieee_very_inverse")
    settings_ = RelaySettings("CB", 500.0, slow, shots=2, reclose_s=(5.0,))
    acts = play(Recloser(settings_), _fault(), to_s=100)
    first, second = (act.time_s for act in acts if act.kind == "open")
    assert first == pytest.approx(1.509701, abs=2e-6)
    # Without current full travel takes 21.6 s back, so 5 s leave 0.768519 of it.
    assert second - first - 5 == pytest.approx((5 / 21.6) * 1.509701, abs=4e-6)


def test_the_ground_element_trips_on_residual_current_below_phase_pickup() -> None:
    recloser = Recloser(_settings(ground_pickup_a=100.0, ground_slow_curve=OPENDSS["d"]))
    recloser.see(0.0, [400.0, 0.0, 0.0], ground_a=250.0)
    assert recloser.due_s() == pytest.approx(0.7)
    (trip,) = recloser.act(0.7)
    assert trip.why == "ground, slow curve"
    (opened, *_) = recloser.act(0.74)
    assert opened.energy_a2s == pytest.approx(400**2 * 0.74)


def test_the_count_is_not_forgotten_while_a_second_fault_is_timed() -> None:
    def currents(now_s: float, closed: tuple[bool, ...]) -> list[float]:
        i_a = FAULT_A if now_s < 0.3 else 500.0 if now_s >= 2 else 0.0
        return [i_a if is_closed else 0.0 for is_closed in closed]

    # At pickup the slow curve takes 6 s from 2 s on; the reset time would end at 3.59 s.
    settings_ = _settings(fast_shots=1, reset_s=3.0)
    acts = play(Recloser(settings_), currents, to_s=9, changes_s=[2.0])
    assert told(acts, *MOVES) == [("open", 0.09), ("close", 0.59), ("open", 8.04)]
    # The interval after the second trip is the second one: 2 s.
    assert told(play(Recloser(settings_), currents, to_s=10.04, changes_s=[2.0]))[-1][1] == 10.04


def test_an_instantaneous_element_is_on_in_its_shots_alone() -> None:
    settings_ = _settings(phase_instantaneous_a=2000.0, instantaneous_shots=1, open_s=0.0)
    acts = play(Recloser(settings_), _fault(), to_s=3)
    assert told(acts, "open") == [("open", 0.01), ("open", 0.56), ("open", 2.76)]


def test_a_hot_line_tag_leaves_one_fast_shot_and_no_closing() -> None:
    recloser = Recloser(_settings(fast_shots=0))
    recloser.see(0.0, [0.0] * 3)
    recloser.tag(1.0, on=True)
    recloser.see(2.0, [FAULT_A] * 3)
    assert told(recloser.act(2.05)) == [("trip", 2.05)]
    assert told(recloser.act(2.09)) == [("open", 2.09), ("lock_out", 2.09)]
    recloser.see(2.09, [0.0] * 3)
    recloser.close(60.0)
    assert [act.kind for act in recloser.act(60.0)] == ["refused"]
    assert recloser.closed == (False,) * 3
    recloser.tag(61.0, on=False)
    recloser.close(62.0)
    assert told(recloser.act(62.0)) == [("close", 62.0)]


def test_a_tag_that_is_put_while_it_waits_to_reclose_locks_it_out() -> None:
    recloser = Recloser(_settings())
    play(recloser, _fault(), to_s=0.3)
    recloser.tag(0.3, on=True)
    assert told(recloser.act(0.3)) == [("lock_out", 0.3)]
    assert math.isinf(recloser.due_s())


def test_closing_onto_a_fault_by_hand_locks_out_after_one_shot_where_so_set() -> None:
    for locks, expected in ((True, ["open", "lock_out"]), (False, ["open"])):
        recloser = Recloser(_settings(hand_close_locks=locks))
        recloser.see(0.0, [0.0] * 3)
        recloser.open(1.0)
        assert told(recloser.act(1.04)) == [("open", 1.04), ("lock_out", 1.04)]
        assert recloser.count == 0
        recloser.see(1.04, [0.0] * 3)
        recloser.close(5.0)
        recloser.act(5.0)
        recloser.see(5.0, [FAULT_A] * 3)
        assert [a.kind for a in recloser.act(5.09) if a.kind != "trip"] == expected
        assert recloser.locked_out == (locks,) * 3


def test_a_close_by_command_holds_and_after_the_reset_time_all_shots_are_there_again() -> None:
    recloser = Recloser(_settings(hand_close_locks=True, reset_s=15.0))
    recloser.open(0.0)
    recloser.act(0.04)
    recloser.close(5.0)
    recloser.act(5.0)
    recloser.see(5.0, [100.0] * 3)
    assert told(recloser.act(20.0)) == [("reset", 20.0)]
    acts = _go_on(recloser, 30.0)
    assert [act.kind for act in acts].count("open") == 4


def _go_on(recloser: Recloser, from_s: float) -> list[Act]:
    """A fault from a time on, to the end."""
    acts: list[Act] = []
    recloser.see(from_s, [FAULT_A if c else 0.0 for c in recloser.closed])
    while math.isfinite(due_s := recloser.due_s()) and due_s < from_s + 1000:
        acts += recloser.act(due_s)
        recloser.see(due_s, [FAULT_A if c else 0.0 for c in recloser.closed])
    return acts


def test_cold_load_after_a_close_by_command_does_not_trip_and_hot_load_of_that_size_does() -> None:
    cold = _settings(cold_load_multiple=3.0, cold_load_s=10.0)
    recloser = Recloser(cold)
    recloser.open(0.0)
    recloser.act(0.04)
    recloser.close(5.0)
    recloser.act(5.0)
    recloser.see(5.0, [1200.0] * 3)
    assert recloser.act(15.0) == ()
    # From 15 s on 1200 A are 2.4 times pickup: the fast curve, 0.15 (2.4) ^ -0.831783.
    trip_s = 15 + 0.15 * 2.4 ** (math.log(0.07 / 0.15) / math.log(2.5))
    assert recloser.due_s() == pytest.approx(trip_s, abs=2e-6)


def test_a_single_phase_trip_leaves_the_others_in_and_its_lock_out_takes_them() -> None:
    acts = play(Recloser(_settings(single_phase=True)), _fault(phases=[1]), to_s=100)
    opened = [(act.phases, round(act.time_s, 6)) for act in acts if act.kind == "open"]
    assert opened[:4] == [((1,), 0.09), ((1,), 0.68), ((1,), 2.92), ((1,), 8.16)]
    assert opened[4:] == [((0,), 8.2), ((2,), 8.2)]
    apart = Recloser(_settings(single_phase=True, three_phase_lock_out=False))
    play(apart, _fault(phases=[1]), to_s=100)
    assert apart.closed == (True, False, True)


def test_a_stuck_breaker_says_so_once_keeps_closed_and_opens_when_it_is_freed() -> None:
    recloser = Recloser(_settings())
    recloser.fail(0.0, stuck=True)
    recloser.see(0.0, [FAULT_A] * 3)
    assert told(recloser.act(0.09)) == [("trip", 0.05), ("stuck", 0.09)]
    assert recloser.closed == (True,) * 3
    assert math.isinf(recloser.due_s())
    recloser.fail(3.0)
    (opened,) = recloser.act(3.0)
    assert (opened.kind, opened.energy_a2s) == ("open", pytest.approx(FAULT_A**2 * 3))


def test_a_stuck_breaker_that_is_to_reclose_stays_open_and_locks_out() -> None:
    recloser = Recloser(_settings())
    play(recloser, _fault(), to_s=0.3)
    recloser.fail(0.3, stuck=True)
    assert told(recloser.act(0.59)) == [("stuck", 0.59), ("lock_out", 0.59)]


def test_blind_protection_lets_the_fault_flow() -> None:
    recloser = Recloser(_settings())
    recloser.fail(0.0, blind=True)
    recloser.see(0.0, [FAULT_A] * 3)
    assert math.isinf(recloser.due_s())
    recloser.fail(9.0)
    assert recloser.due_s() == pytest.approx(9.05)


def test_a_trip_without_cause_opens_and_recloses() -> None:
    recloser = Recloser(_settings())
    recloser.see(0.0, [100.0] * 3)
    recloser.trip(2.0, why="without cause")
    acts = recloser.act(2.54)
    assert told(acts) == [("trip", 2.0), ("open", 2.04), ("close", 2.54)]


@settings(deadline=None, max_examples=60)
@given(
    shots=st.integers(1, 5), fast=st.integers(0, 5), single=st.booleans(),
    flows=st.lists(
        st.tuples(st.floats(0.001, 20), st.lists(st.floats(0, 9000), min_size=3, max_size=3)),
        min_size=1, max_size=25,
    ),
)  # fmt: skip
def test_no_sequence_has_more_shots_than_set_and_after_lock_out_nothing_closes(
    shots: int, fast: int, single: bool, flows: list[tuple[float, list[float]]]
) -> None:
    def run() -> list[Act]:
        told_ = _settings(
            shots=shots, fast_shots=min(fast, shots), reclose_s=(0.5,) * (shots - 1),
            single_phase=single, ground_pickup_a=300.0, ground_slow_curve=definite(0.4),
        )  # fmt: skip
        recloser, now_s, acts = Recloser(told_), 0.0, list[Act]()
        for passed_s, wished in flows:
            end_s = now_s + passed_s
            while True:
                i_a = [a if c else 0.0 for a, c in zip(wished, recloser.closed, strict=True)]
                recloser.see(now_s, i_a, ground_a=max(i_a) - min(i_a))
                assert recloser.count <= shots
                if max(i_a) < 300:
                    assert not any(act.kind == "trip" and act.time_s > now_s for act in acts)
                if recloser.due_s() > end_s:
                    break
                now_s = recloser.due_s()
                acts += recloser.act(now_s)
            now_s = end_s
        return acts

    acts = run()
    assert acts == run()
    counts, locked = [0, 0, 0], [False] * 3
    for act in acts:
        for k in act.phases:
            if act.kind == "close":
                assert not locked[k]
            counts[k] += act.kind == "open"
            assert counts[k] <= shots
            locked[k] |= act.kind == "lock_out"
            counts[k] *= act.kind != "reset"
    assert [act.time_s for act in acts] == sorted(act.time_s for act in acts)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_a_larger_current_never_trips_later_and_none_below_pickup_trips(
    one_a: float, other_a: float
) -> None:
    due = []
    for i_a in sorted((one_a, other_a)):
        recloser = Recloser(_settings())
        recloser.see(0.0, [i_a, 0.0, 0.0])
        due.append(recloser.due_s())
        assert math.isinf(due[-1]) == (i_a < 500)
    assert due[1] <= due[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"phase_pickup_a": 0.0}, "phase_pickup_a"),
        ({"phase_pickup_a": math.nan}, "phase_pickup_a"),
        ({"shots": 0, "reclose_s": ()}, "shots"),
        ({"shots": 2.5}, "shots"),
        ({"fast_shots": 5}, "fast_shots"),
        ({"reclose_s": (1.0,)}, "1 reclose intervals and 4 shots"),
        ({"reclose_s": (1.0, -1.0, 1.0)}, "reclose_s"),
        ({"reset_s": -1.0}, "reset_s"),
        ({"open_s": math.inf}, "open_s"),
        ({"ground_pickup_a": 100.0}, "no ground curve"),
        ({"cold_load_multiple": 0.5}, "cold_load_multiple"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(GridmendError, match=said):
        _settings(**more)


def test_what_is_no_current_or_no_time_is_refused() -> None:
    recloser = Recloser(_settings())
    with pytest.raises(GridmendError, match="2 currents"):
        recloser.see(0.0, [1.0, 1.0])
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(GridmendError, match="a current of"):
            recloser.see(0.0, [bad, 0.0, 0.0])
    recloser.see(1.0, [FAULT_A] * 3)
    for time_s in (0.5, math.nan, math.inf):
        with pytest.raises(GridmendError):
            recloser.see(time_s, [0.0] * 3)
    with pytest.raises(GridmendError, match=r"was due at 1\.05 s"):
        recloser.see(2.0, [0.0] * 3)
