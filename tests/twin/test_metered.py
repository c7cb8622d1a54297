from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.arrays import Flags, Floats
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.powerflow.shorts import Short
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Outage
from gridmend.twin.metered import SLOT_S, Arrived, Metered
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.meters import Metering, Meters
from tests.twin.instruments import SEED, at, instrumented, repair, strike
from tests.twin.test_telecontrol import NOON, WIRE, of_kind, telecontrol

SURE = Metering(error_pct=0.0, gasps=1.0)
BOLTED = Fault(Short("line.L52", ("a", "b", "c"), 0.5))
SAID = ("meter_gasped", "meter_returned")
DEMAND = [1.0, 0.6, 0.9, 0.7, 0.8, 1.0, 0.5, 0.9]


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def metered(field: Telecontrol, settings: Metering = SURE) -> Metered:
    """A meter at every load."""
    world = field.plant.world
    return Metered(field, Meters.of(world.network, settings, Streams(SEED), world.flow))


def names_of(grid: Grid, here: Flags) -> list[str]:
    return sorted(str(n).lower() for n in grid.loads["name"][here])


def meters_in(events: list[Event] | tuple[Event, ...], kind: str) -> list[str]:
    return sorted(e.payload["meter"] for e in events if e.kind == kind)


def kwh(found: Arrived, loads: int) -> Floats:
    return np.bincount(found.load, found.energy_kwh, loads).astype(float)


class Integral:
    """What loads take, added up by whoever watches the plant: no meter has a part in it."""

    def __init__(self, field: Telecontrol) -> None:
        self.taken_kwh = np.zeros(len(field.plant.world.grid.loads))
        self.power_kw = field.plant.world.flow.power_kva("loads").real
        self.since_s = 0.0
        field.plant.watchers.append(self.go_to)

    def go_to(self, now_s: float, flow: Flow) -> None:
        self.taken_kwh = self.taken_kwh + self.power_kw * (now_s - self.since_s) / 3600
        self.power_kw, self.since_s = flow.power_kva("loads").real, now_s


def test_readings_add_up_to_what_loads_took_and_messages_to_what_was_sent(grid: Grid) -> None:
    field = instrumented(
        grid, demand=DEMAND, loss=0.2, latency_s=3.0, jitter_s=5.0, duplication=0.1
    )
    instruments, integral = metered(field, Metering()), Integral(field)
    strike(field, 1000.0, BOLTED)
    repair(field, 2500.0)
    at(field, 2600.0, Action.CLOSE, "Sw1")
    at(field, 4000.0, Action.OPEN, "Sw2")
    arrived, loads = np.zeros(len(grid.loads)), len(grid.loads)
    for now_s in range(300, 7201, 300):
        field.plant.agenda.run_to(float(now_s))
        field.events()
        arrived += kwh(instruments.readings(), loads)
        total = field.links.ledger(float(now_s)).total("up")
        assert total.sent == total.delivered + total.lost + total.in_flight + total.stored
        counted = instruments.meters.gain * instruments.meters.true_kwh
        np.testing.assert_allclose(arrived + instruments.to_come_kwh(), counted, rtol=1e-9)
    integral.go_to(7200.0, field.plant.world.flow)
    meters = instruments.meters
    np.testing.assert_allclose(meters.true_kwh, integral.taken_kwh, rtol=1e-9)
    whole = arrived + instruments.to_come_kwh()
    np.testing.assert_allclose(whole, meters.gain * integral.taken_kwh, rtol=1e-9)
    assert np.all(np.abs(whole / integral.taken_kwh - 1) <= 0.005 + 1e-12)
    assert 0 < instruments.to_come_kwh().sum() < arrived.sum()
    assert not instruments.given_up_kwh.any()


def test_a_reading_bears_its_interval_and_arrives_once_and_after_it(grid: Grid) -> None:
    field = instrumented(grid, loss=0.3, latency_s=2.0, jitter_s=2.0, duplication=0.5)
    instruments, seen = metered(field), set[tuple[int, float]]()
    for now_s in range(450, 9001, 450):
        field.plant.agenda.run_to(float(now_s))
        found = instruments.readings()
        assert np.all(found.arrival_s <= now_s)
        assert np.all(found.arrival_s >= found.end_s + 2.0)
        assert np.all(np.diff(found.arrival_s) >= 0)
        np.testing.assert_array_equal(found.end_s, found.begin_s + 900.0)
        np.testing.assert_array_equal(found.begin_s % 900.0, 0.0)
        keys = set(zip(found.load.tolist(), found.begin_s.tolist(), strict=True))
        assert len(keys) == len(found) and not keys & seen
        seen |= keys
    assert {begin_s for _, begin_s in seen} == {900.0 * k for k in range(9)}


def test_the_energy_of_an_interval_is_that_of_its_demand(grid: Grid) -> None:
    field = instrumented(grid, demand=DEMAND)
    instruments, by_hand = metered(field), np.zeros((4, len(grid.loads)))
    for k in range(4):
        field.plant.agenda.run_to(900.0 * k + 899.0)
        by_hand[k] = field.plant.world.flow.power_kva("loads").real / 4
    field.plant.agenda.run_to(3601.0)
    found = instruments.readings()
    k = np.rint(found.begin_s / 900).astype(int)
    # a regulator moves within the first minutes of an interval
    np.testing.assert_allclose(found.energy_kwh, by_hand[k, found.load], rtol=0.02)
    assert len(found) == 4 * len(grid.loads)
    assert np.all((found.v_pu > 0.9) & (found.v_pu < 1.1))


def test_a_reading_that_is_lost_is_asked_for_at_the_next_interval(grid: Grid) -> None:
    field = instrumented(grid, outages=(Outage("mesh", 890.0, 910.0),))
    instruments = metered(field)
    field.plant.agenda.run_to(1799.0)
    assert not len(instruments.readings())
    field.plant.agenda.run_to(1801.0)
    found = instruments.readings()
    assert set(found.begin_s) == {0.0, 900.0} and len(found) == 2 * len(grid.loads)


def test_a_reading_that_does_not_get_through_for_a_day_is_given_up(grid: Grid) -> None:
    field = instrumented(grid, outages=(Outage("mesh", 10.0, 26 * 3600.0 - 1),))
    instruments = metered(field, Metering(error_pct=0.0, interval_s=3600.0))
    field.plant.agenda.run_to(26 * 3600.0 + 10)
    found = instruments.readings()
    assert set(found.begin_s) == {3600.0 * k for k in range(2, 26)}
    arrived = kwh(found, len(grid.loads))
    assert np.all(instruments.given_up_kwh > 0)
    whole = arrived + instruments.given_up_kwh + instruments.to_come_kwh()
    np.testing.assert_allclose(whole, instruments.meters.true_kwh, rtol=1e-9)


def test_a_full_link_does_not_lose_the_same_readings_each_time(grid: Grid) -> None:
    field = instrumented(grid, latency_s=1.0, most_in_flight=60)
    instruments = metered(field)
    field.plant.agenda.run_to(1810.0)
    assert 60 < len(grid.loads) < 120
    assert set(instruments.readings().load) == set(range(len(grid.loads)))


def test_all_meters_behind_a_breaker_gasp_and_return_and_no_others(grid: Grid) -> None:
    field = instrumented(grid, latency_s=0.5)
    metered(field)
    at(field, 100.0, Action.OPEN, "Sw2")
    at(field, 500.0, Action.CLOSE, "Sw2")
    field.plant.agenda.run_to(499.0)
    here = ~field.plant.world.supplied()
    dark = names_of(grid, here)
    assert 10 < len(dark) < len(grid.loads)
    found = field.events()
    assert meters_in(found, "meter_gasped") == dark
    assert not meters_in(found, "meter_returned")
    field.plant.agenda.run_to(700.0)
    back = field.events()
    assert meters_in(back, "meter_returned") == dark and not meters_in(back, "meter_gasped")
    said = [*of_kind(found, *SAID), *of_kind(back, *SAID)]
    assert {(e.time_utc - NOON).total_seconds() for e in said} == {100.0, 500.0}
    for event in said:
        assert (event.source, event.cause) == ("field", "meter")
        assert set(event.payload) == {key for key, _ in KINDS[event.kind].needs}
        assert not wrong_with(event)


def test_a_gasp_or_ping_takes_its_time_and_its_way(grid: Grid) -> None:
    field = instrumented(grid, latency_s=0.5)
    metered(field)
    at(field, 100.0, Action.OPEN, "Sw2")
    at(field, 500.0, Action.CLOSE, "Sw2")
    arrivals: list[float] = []
    field.listeners.append(arrivals.append)
    for now_s, most_s, begin_s in ((400.0, 20.0, 100.0), (700.0, 60.0, 500.0)):
        arrivals.clear()
        field.plant.agenda.run_to(now_s)
        mine = [t for t in arrivals if t > begin_s + 0.5]
        assert len(mine) > 10
        assert max(mine) <= begin_s + most_s + SLOT_S + 0.5 + 2e-6
        assert max(mine) - min(mine) > 0.5 * most_s


def test_customers_behind_a_breaker_that_locks_out_gasp_and_return_when_it_is_closed(
    grid: Grid,
) -> None:
    field = instrumented(grid)
    metered(field)
    strike(field, 100.0, BOLTED)
    repair(field, 1000.0)
    at(field, 1000.0, Action.CLOSE, "Sw1")
    field.plant.agenda.run_to(999.0)
    opened = [h.time_s for h in field.plant.happened if h.kind == "open"]
    dark = names_of(grid, ~field.plant.world.supplied())
    assert len(opened) == 3 and len(dark) > 50
    found = field.events()
    last = [e for e in found if abs((e.time_utc - NOON).total_seconds() - opened[-1]) < 1e-5]
    assert meters_in(last, "meter_gasped") == dark
    field.plant.agenda.run_to(1100.0)
    assert meters_in(field.events(), "meter_returned") == dark


def test_a_gasp_is_called_off_when_supply_is_back_and_a_ping_when_it_goes(grid: Grid) -> None:
    field = instrumented(grid)
    metered(field)
    at(field, 100.0, Action.OPEN, "Sw2")
    at(field, 105.0, Action.CLOSE, "Sw2")
    at(field, 115.0, Action.OPEN, "Sw2")
    field.plant.agenda.run_to(105.0)
    first = meters_in(field.events(), "meter_gasped")
    field.plant.agenda.run_to(115.0)
    between = field.events()
    field.plant.agenda.run_to(500.0)
    after = field.events()
    dark = names_of(grid, ~field.plant.world.supplied())
    assert 0 < len(first) < len(dark)
    assert not meters_in(between, "meter_gasped"), "those that had not gasped are back"
    assert 0 < len(meters_in(between, "meter_returned")) < len(dark)
    assert not meters_in(after, "meter_returned"), "those that had not pinged are dark again"
    assert meters_in(after, "meter_gasped") == dark


def test_a_meter_that_has_no_charge_to_gasp_does_not_say_that_it_is_back_in_the_dark(
    grid: Grid,
) -> None:
    field = instrumented(grid)
    metered(field, Metering(gasps=0.0))
    at(field, 100.0, Action.OPEN, "Sw2")
    at(field, 105.0, Action.CLOSE, "Sw2")
    at(field, 115.0, Action.OPEN, "Sw2")
    field.plant.agenda.run_to(115.0)
    assert of_kind(field.events(), "meter_returned")
    field.plant.agenda.run_to(500.0)
    assert not of_kind(field.events(), *SAID)


def test_a_switching_that_lasts_no_time_is_felt_by_no_meter(grid: Grid) -> None:
    field = instrumented(grid)
    metered(field)
    shown: list[float] = []
    field.plant.watchers.append(lambda now_s, flow: shown.append(now_s))
    at(field, 100.0, Action.OPEN, "Sw2")
    at(field, 100.0, Action.CLOSE, "Sw2")
    field.plant.agenda.run_to(1000.0)
    assert shown.count(100.0) == 2
    assert not of_kind(field.events(), *SAID)


def test_in_a_quiet_hour_no_meter_says_anything_and_an_interval_costs_one_batch(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = instrumented(grid, demand=DEMAND)
    metered(field)
    sent: list[int] = []
    plain = Communications.send_batch

    def counted(self: Communications, which: Any, now_s: float, **way: Any) -> Any:
        mesh = np.asarray(which) >= field.links.number("meter.s1a")
        sent.extend([len(which)] if mesh.any() else [])
        return plain(self, which, now_s, **way)

    monkeypatch.setattr(Communications, "send_batch", counted)
    field.plant.agenda.run_to(3600.0)
    assert sent == [len(grid.loads)] * 4
    assert not of_kind(field.events(), *SAID)


def test_a_dead_tower_kills_gasps_and_keeps_pings_until_it_is_back(grid: Grid) -> None:
    field = instrumented(grid, store=100, bus="60", boot_s=120.0)
    metered(field)
    at(field, 100.0, Action.OPEN, "Sw1")
    at(field, 500.0, Action.CLOSE, "Sw1")
    field.plant.agenda.run_to(499.0)
    dark = names_of(grid, ~field.plant.world.supplied())
    field.plant.agenda.run_to(619.0)
    assert dark and not of_kind(field.events(), *SAID)
    field.plant.agenda.run_to(630.0)
    found = field.events()
    assert meters_in(found, "meter_returned") == dark
    assert not meters_in(found, "meter_gasped")


def test_meters_without_supply_send_their_readings_when_they_are_back(grid: Grid) -> None:
    field = instrumented(grid)
    instruments = metered(field)
    at(field, 1000.0, Action.OPEN, "Sw2")
    at(field, 4000.0, Action.CLOSE, "Sw2")
    field.plant.agenda.run_to(3999.0)
    dark = np.flatnonzero(~field.plant.world.supplied())
    before = instruments.readings()
    assert set(before.begin_s[np.isin(before.load, dark)]) == {0.0}
    field.plant.agenda.run_to(4600.0)
    found = instruments.readings()
    mine = np.isin(found.load, dark)
    assert set(found.begin_s[mine]) == {900.0, 1800.0, 2700.0, 3600.0}
    wholly = mine & np.isin(found.begin_s, (1800.0, 2700.0))
    assert np.all(found.energy_kwh[wholly] == 0) and np.all(np.isnan(found.v_pu[wholly]))
    partly = mine & np.isin(found.begin_s, (900.0, 3600.0))
    assert np.all(found.energy_kwh[partly] > 0) and np.all(found.v_pu[partly] > 0.9)
    assert np.all(found.arrival_s[mine] >= 4500.0)


def test_meters_that_are_joined_later_count_from_then_in_the_same_intervals(grid: Grid) -> None:
    field = instrumented(grid)
    field.plant.agenda.run_to(1200.0)
    instruments = metered(field)
    field.plant.agenda.run_to(2701.0)
    found = instruments.readings()
    first, second = found.begin_s == 1200.0, found.begin_s == 1800.0
    assert set(found.end_s[first]) == {1800.0} and set(found.end_s[second]) == {2700.0}
    np.testing.assert_allclose(found.energy_kwh[first] * 1.5, found.energy_kwh[second], rtol=0.02)


def run(grid: Grid, settings: Metering, **mesh: Any) -> tuple[Telecontrol, Metered, set[str]]:
    field = instrumented(grid, demand=DEMAND, **mesh)
    instruments = metered(field, settings)
    strike(field, 1000.0, BOLTED)
    field.plant.agenda.run_to(3610.0)
    return field, instruments, {e.as_line() for e in of_kind(field.events(), *SAID)}


def by_key(found: Arrived) -> dict[tuple[int, float], float]:
    keys = zip(found.load.tolist(), found.begin_s.tolist(), strict=True)
    return dict(zip(keys, found.energy_kwh.tolist(), strict=True))


def test_loss_and_latency_leave_the_truth_the_errors_and_what_meters_say_as_they_were(
    grid: Grid,
) -> None:
    sure, first, said = run(grid, Metering())
    lossy, second, heard = run(grid, Metering(), loss=0.3, latency_s=1.0, jitter_s=0.5)
    assert sure.plant.happened == lossy.plant.happened
    assert len(heard) > 0 and heard < said
    one, other = by_key(first.readings()), by_key(second.readings())
    assert 0 < len(other) < len(one)
    assert all(one[key] == value for key, value in other.items())


def test_the_error_of_meters_leaves_what_they_say_and_their_luck_as_they_were(grid: Grid) -> None:
    _, first, said = run(grid, Metering(), loss=0.3)
    _, second, same = run(grid, Metering(error_pct=0.0), loss=0.3)
    assert said == same
    one, other = first.readings(), second.readings()
    np.testing.assert_array_equal(one.load, other.load)
    np.testing.assert_array_equal(one.arrival_s, other.arrival_s)
    assert not np.array_equal(one.energy_kwh, other.energy_kwh)


def test_meters_leave_the_plant_and_the_rtus_as_they_were(grid: Grid) -> None:
    found: list[Any] = []
    for has_meters in (False, True):
        field = instrumented(grid)
        if has_meters:
            metered(field)
        strike(field, 100.0, BOLTED)
        for now_s in range(2, 600, 2):
            field.plant.agenda.run_to(float(now_s))
            field.events()
        reports, arrival_s = field.values()
        found.append((field.plant.happened, reports.value.tolist(), arrival_s.tolist()))
    assert found[0] == found[1]


def test_equal_runs_are_equal(grid: Grid) -> None:
    (_, first, said), (_, second, same) = (run(grid, Metering(), loss=0.2) for _ in range(2))
    assert said == same
    for name in ("load", "begin_s", "energy_kwh", "v_pu", "arrival_s"):
        one, other = getattr(first.readings(), name), getattr(second.readings(), name)
        np.testing.assert_array_equal(one, other)


def test_a_meter_without_a_path_is_refused(grid: Grid) -> None:
    with pytest.raises(GridError, match="meter"):
        metered(telecontrol(grid, **WIRE))
