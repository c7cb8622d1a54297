from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError, GridmendError
from gridmend.twin.agenda import Agenda
from gridmend.twin.communications.ledger import Count
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.network import Communications, Forwarded
from gridmend.twin.communications.paths import Outage, Path
from gridmend.twin.communications.supply import Standing
from gridmend.twin.streams import Streams

LINE = Link("line", "fibre", latency_s=0.25, most_in_flight=1000)
TOWER = Link(
    "tower", "cellular", latency_s=0.5, bus="b7", battery_s=100.0, recharge_s=200.0, boot_s=30.0
)


def net_of(*links: Link, store: int = 0, outages: tuple[Outage, ...] = ()) -> Communications:
    names = tuple(link.name for link in links)
    return Communications(links, (Path("rtu", names, store=store),), Streams(3), outages)


def test_messages_are_lost_in_a_planned_outage_and_pass_before_and_after() -> None:
    net = net_of(LINE, outages=(Outage("line", 10.0, 20.0),))
    arrived = [k for k in range(30) if net.send("rtu", k, float(k))]
    assert arrived == [*range(10), *range(20, 30)]
    assert net.ledger(40.0).of_link("line", "up") == Count(30, 20, 0, 0, 0, 10, 0, 0)


def test_a_tower_dies_when_its_battery_is_empty_and_returns_a_boot_time_after_supply() -> None:
    net = net_of(TOWER)
    up: dict[float, bool] = {}
    net.set_supply(1000.0, {"b1"})
    assert net.next_change_s == 1100.0
    for now_s in (1000.0, 1099.9, 1100.0, 1499.0):
        up[now_s] = bool(net.send("rtu", "x", now_s))
    net.set_supply(1500.0, {"b1", "b7"})
    assert net.next_change_s == 1530.0
    for now_s in (1500.0, 1529.9, 1530.0):
        up[now_s] = bool(net.send("rtu", "x", now_s))
    assert list(up.values()) == [True, True, False, False, False, False, True]


def test_a_battery_that_is_charged_in_part_lasts_as_long_as_its_charge() -> None:
    net = net_of(TOWER)
    net.set_supply(0.0, ())
    net.set_supply(500.0, {"b7"})
    # 60 s of supply give 60 × 100 / 200 = 30 s.
    net.set_supply(560.0, ())
    assert net.next_change_s == 590.0
    net.advance(590.0)
    assert not net.is_up("tower")


def test_a_short_interruption_costs_a_link_with_a_battery_nothing() -> None:
    net = net_of(TOWER)
    net.set_supply(10.0, ())
    net.set_supply(109.0, {"b7"})
    assert net.is_up("tower") and net.next_change_s == math.inf


def test_a_link_without_a_battery_goes_down_with_its_feeder() -> None:
    net = net_of(replace(TOWER, battery_s=0.0, boot_s=5.0))
    net.set_supply(10.0, ())
    assert not net.is_up("tower")
    net.set_supply(20.0, ["b7"])
    assert not net.is_up("tower") and net.next_change_s == 25.0
    net.advance(25.0)
    assert net.is_up("tower") and net.is_reachable("rtu")


def test_live_buses_may_come_one_by_one() -> None:
    net = net_of(TOWER, replace(TOWER, name="second"))
    net.set_supply(10.0, (bus for bus in ("b1", "b7")))
    assert net.next_change_s == math.inf


def test_an_interruption_of_no_length_does_nothing() -> None:
    net = net_of(replace(TOWER, battery_s=0.0))
    net.set_supply(10.0, ())
    net.set_supply(10.0, {"b7"})
    assert net.is_up("tower")


def test_a_link_without_a_bus_needs_no_supply() -> None:
    net = net_of(LINE)
    net.set_supply(10.0, ())
    assert net.is_up("line") and net.next_change_s == math.inf


def by_small_steps(battery_s: float, changes: list[tuple[int, bool]]) -> list[bool]:
    """Whether it is up in each second, by steps of an eighth of a second: an oracle, and an exact
    one, since all changes and charges fall on sixteenths."""
    charge_s, live, dead, ready, up = battery_s, True, False, -1.0, list[bool]()
    at = dict(changes)
    for k in range(8 * 120):
        now_s = k / 8
        if now_s in at and at[now_s] != live:
            live = at[now_s]
            if live and dead:
                dead, ready = False, now_s + 7
        dead = dead or (not live and charge_s <= 0)
        if k % 8 == 4:
            up.append(not dead and now_s >= ready)
        charge_s = min(battery_s, charge_s + 1 / 16) if live else max(0.0, charge_s - 1 / 8)
    return up


@settings(deadline=None, max_examples=200)
@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 119), st.booleans()), max_size=12, unique_by=lambda c: c[0]),
)
def test_battery_and_boot_agree_with_small_steps(
    battery_s: int, changes: list[tuple[int, bool]]
) -> None:
    changes.sort()
    link = replace(TOWER, battery_s=float(battery_s), recharge_s=2.0 * battery_s, boot_s=7.0)
    standing, todo, found = Standing(link), list(changes), list[bool]()
    for k in range(120):
        while todo and todo[0][0] <= k + 0.5:
            then_s, live = todo.pop(0)
            (standing.restore if live else standing.cut)(float(then_s))
        found.append(standing.is_up(k + 0.5))
    assert found == by_small_steps(float(battery_s), changes)


def test_a_store_keeps_messages_and_sends_them_in_their_order() -> None:
    net = net_of(LINE, store=10, outages=(Outage("line", 10.0, 20.0),))
    assert [net.send("rtu", k, 10.0 + k) for k in range(4)] == [[]] * 4
    assert net.ledger(14.0).of_endpoint("rtu", "up") == Count(4, 0, 0, 4, 0, 0, 0, 0)
    assert net.advance(19.0) == []
    assert net.next_change_s == 20.0
    assert net.advance(20.0) == [Forwarded("rtu", 20.25, k) for k in range(4)]
    assert net.ledger(21.0).of_endpoint("rtu", "up") == Count(4, 4, 0, 0, 0, 0, 0, 0)


def test_a_message_after_an_outage_comes_behind_those_that_were_kept() -> None:
    net = net_of(LINE, store=10, outages=(Outage("line", 0.0, 20.0),))
    net.send("rtu", "first", 5.0)
    assert net.send("rtu", "second", 30.0) == [(30.25, "first"), (30.25, "second")]


def test_a_full_store_drops_the_oldest_and_counts_it() -> None:
    net = net_of(LINE, store=3, outages=(Outage("line", 0.0, 20.0),))
    for k in range(5):
        net.send("rtu", k, float(k))
    assert net.ledger(5.0).of_endpoint("rtu", "up") == Count(5, 0, 0, 3, 0, 0, 0, 2)
    assert [kept.message for kept in net.advance(20.0)] == [2, 3, 4]


def test_a_command_is_never_kept() -> None:
    net = net_of(LINE, store=3, outages=(Outage("line", 0.0, 20.0),))
    assert net.send("rtu", "close", 1.0, way="down") == []
    assert net.advance(20.0) == []
    assert net.ledger(20.0).total("down") == Count(1, 0, 0, 0, 0, 1, 0, 0)


def test_a_store_waits_for_room_and_loses_nothing_to_a_full_link() -> None:
    outage = Outage("line", 0.0, 20.0)
    net = net_of(replace(LINE, most_in_flight=2), store=9, outages=(outage,))
    for k in range(7):
        net.send("rtu", k, float(k))
    got: list[tuple[float, object]] = []
    agenda = Agenda()
    while net.next_change_s < math.inf:
        agenda.at(net.next_change_s, lambda: None)
        agenda.run_to(net.next_change_s)
        got += [(kept.arrival_s, kept.message) for kept in net.advance(agenda.now_s)]
    assert got == [(20.25 + 0.25 * (k // 2), k) for k in range(7)]
    assert net.ledger(30.0).total("up") == Count(7, 7, 0, 0, 0, 0, 0, 0)


def test_what_is_on_its_way_when_a_link_goes_down_arrives() -> None:
    net = net_of(LINE, outages=(Outage("line", 10.0, 20.0),))
    assert net.send("rtu", "x", 9.9) == [(10.15, "x")]
    assert net.in_flight(10.0) == 1
    assert net.ledger(10.2).total("up").delivered == 1


def test_changes_come_at_whole_microseconds_so_that_an_agenda_gets_past_them() -> None:
    net = net_of(replace(TOWER, battery_s=1 / 3, recharge_s=1.0, boot_s=1 / 7))
    agenda = Agenda()
    net.set_supply(1.0, ())
    for _ in range(2):
        agenda.at(net.next_change_s, lambda: None)
        agenda.run_to(net.next_change_s)
        net.advance(agenda.now_s)
        if not net.is_up("tower"):
            net.set_supply(agenda.now_s + 1.0, {"b7"})
            agenda.run_to(net.now_s)
    assert net.is_up("tower") and net.next_change_s == math.inf


def test_outages_of_the_past_or_of_no_link_are_refused() -> None:
    net = net_of(LINE)
    net.advance(100.0)
    with pytest.raises(GridError, match="starts at 50 s, now it is 100 s"):
        net.plan_outage(Outage("line", 50.0, 150.0))
    with pytest.raises(GridError, match="no link 'lime'") as refused:
        net.plan_outage(Outage("lime", 150.0, 250.0))
    assert "line" in refused.value.mend
    with pytest.raises(GridError, match="live buses are 'b7'"):
        net.set_supply(100.0, "b7")
    with pytest.raises(GridmendError, match="cannot go to 99 s"):
        net.advance(99)
