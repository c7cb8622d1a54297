"""Customers who call: statistics against the settings, and what must never be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.twin.people.call import SUPPLIED, Call, CallKind
from gridmend.twin.people.calls import YEAR_S, Callers
from gridmend.twin.people.customers import Critical, Customers, critical_first
from gridmend.twin.people.habits import ALWAYS, Habits
from gridmend.twin.streams import Streams

MANY = 20_000
AWAKE = (ALWAYS, ALWAYS, ALWAYS)
QUIET = Habits(
    awake=AWAKE,
    repeat_share=0,
    wrong_share=0,
    deny_share=0,
    complain_share=0,
    own_fuse_per_year=0,
    trouble_per_year=0,
)
"""First calls and nothing else, with nobody asleep."""
NAMES = tuple(f"c{k}" for k in range(MANY))
STREET = Customers.of(NAMES, places=[k // 20 for k in range(MANY)])


def _callers(habits: Habits, *, seed: int = 1, customers: Customers = STREET) -> Callers:
    return Callers(customers, habits, Streams(seed))


def _an_outage(habits: Habits, *, hours: float = 1000.0, then_h: float = 0.0) -> tuple[Call, ...]:
    """Everybody is out for a while; the calls until a while after."""
    callers = _callers(habits)
    everybody = np.ones(MANY, bool)
    callers.interrupted(0.0, everybody)
    callers.restored(3600 * hours, everybody)
    return callers.act(3600 * (hours + then_h))


def _share_is(found: int, of: int, share: float) -> None:
    """Within five standard deviations of a binomial count."""
    assert abs(found - of * share) <= 5 * math.sqrt(of * share * (1 - share))


def test_as_many_call_as_the_settings_say_in_each_class() -> None:
    kinds = ["residential", "commercial"] * (MANY // 2)
    critical = [Critical(name) for name in NAMES[:4000]]
    customers = Customers.of(NAMES, kinds=kinds, critical=critical)
    callers = _callers(replace(QUIET, call_share=(0.2, 0.4, 0.9)), customers=customers)
    callers.interrupted(0.0, np.ones(MANY, bool))
    who = {call.true for call in callers.act(1e9)}
    for kind, share in enumerate((0.2, 0.4, 0.9)):
        of_kind = [name for name, k in zip(NAMES, customers.kind, strict=True) if k == kind]
        _share_is(sum(name in who for name in of_kind), len(of_kind), share)


def test_the_delay_to_the_first_call_is_lognormal_as_set() -> None:
    calls = _an_outage(replace(QUIET, call_share=(1, 1, 1), delay_s=300, delay_sigma=0.7))
    logs = np.log([call.time_s for call in calls])
    assert len(logs) == MANY
    assert abs(logs.mean() - math.log(300)) <= 5 * 0.7 / math.sqrt(MANY)
    assert abs(logs.std() - 0.7) <= 5 * 0.7 / math.sqrt(2 * MANY)


def test_repeats_go_on_by_their_share_up_to_the_most() -> None:
    calls = _an_outage(replace(QUIET, call_share=(1, 1, 1), repeat_share=0.5, repeats_most=3))
    counts = np.bincount(np.unique([c.true for c in calls], return_counts=True)[1], minlength=6)
    for count, share in ((1, 0.5), (2, 0.25), (3, 0.125), (4, 0.125)):
        _share_is(int(counts[count]), MANY, share)
    assert counts[5:].sum() == 0


def test_wrong_addresses_are_a_neighbour_or_nobody() -> None:
    habits = replace(QUIET, call_share=(1, 1, 1), wrong_share=0.2, nowhere_share=0.25)
    calls = _an_outage(habits)
    wrong = [call for call in calls if call.said != call.true]
    nowhere = [call for call in wrong if call.said not in STREET.rows]
    _share_is(len(wrong), len(calls), 0.2)
    _share_is(len(nowhere), len(wrong), 0.25)
    place = STREET.place
    for call in wrong:
        if call.said in STREET.rows:
            assert place[STREET.rows[call.said]] == place[STREET.rows[call.true]]


@pytest.mark.parametrize("size", [2, 5])
def test_a_wrong_address_is_any_of_the_neighbours_alike_and_never_the_own(size: int) -> None:
    customers = Customers.of(NAMES, places=[k // size for k in range(MANY)])
    habits = replace(QUIET, call_share=(1, 1, 1), wrong_share=1, nowhere_share=0)
    callers = _callers(habits, customers=customers)
    callers.interrupted(0.0, np.ones(MANY, bool))
    steps = [
        (customers.rows[call.said] - customers.rows[call.true]) % size for call in callers.act(1e9)
    ]
    counts = np.bincount(steps, minlength=size)
    assert counts[0] == 0 and counts.sum() == MANY
    for count in counts[1:]:
        _share_is(int(count), MANY, 1 / (size - 1))


def test_who_has_no_neighbour_says_an_address_that_does_not_exist() -> None:
    customers = Customers.of(["a"])
    callers = _callers(
        replace(QUIET, call_share=(1, 1, 1), wrong_share=1, nowhere_share=0), customers=customers
    )
    callers.interrupted(0.0, np.array([True]))
    (call,) = callers.act(1e9)
    assert call.said.startswith("no such address")


def test_an_address_that_does_not_exist_is_no_customers_even_where_one_is_called_so() -> None:
    names = [*(f"no such address {k}" for k in range(10_000)), "no such address!"]
    customers = Customers.of(names)
    habits = replace(QUIET, call_share=(1, 1, 1), wrong_share=1, nowhere_share=1)
    callers = _callers(habits, customers=customers)
    callers.interrupted(0.0, np.ones(len(names), bool))
    calls = callers.act(1e9)
    assert len(calls) == len(names)
    assert not {call.said for call in calls} & set(names)


def test_a_caller_says_the_same_address_again() -> None:
    calls = _an_outage(replace(QUIET, call_share=(1, 1, 1), wrong_share=0.3, repeat_share=0.8))
    said: dict[str, set[str]] = {}
    for call in calls:
        said.setdefault(call.true, set()).add(call.said)
    assert all(len(addresses) == 1 for addresses in said.values())


def test_who_sleeps_calls_in_the_morning() -> None:
    night = tuple(0.0 if hour < 6 else 1.0 for hour in range(24))
    habits = replace(QUIET, awake=(night, night, night), clock_h=2.0, call_share=(1, 1, 1))
    times_s = np.array([call.time_s for call in _an_outage(habits)])
    assert len(times_s) == MANY
    assert times_s.min() > 4 * 3600
    hours = (times_s / 3600 + 2) % 24
    assert (hours >= 6).all()


def test_who_falls_asleep_before_calling_calls_a_while_after_waking() -> None:
    day = tuple(1.0 if 6 <= hour < 22 else 0.0 for hour in range(24))
    habits = replace(QUIET, awake=(day,) * 3, clock_h=21.75, call_share=(1, 1, 1))
    calls = _an_outage(replace(habits, delay_s=1800, delay_sigma=0))
    # Out at 21:45, asleep at 22:15, awake at 6, calls at 6:30.
    assert {call.time_s for call in calls} == {8.75 * 3600}


def test_repeats_of_an_interruption_end_with_it() -> None:
    habits = replace(QUIET, call_share=(1, 1, 1), delay_s=600, delay_sigma=0, repeats_most=2)
    callers = _callers(replace(habits, repeat_share=1, repeat_s=1000, repeat_sigma=0))
    everybody = np.ones(MANY, bool)
    callers.interrupted(0.0, everybody)
    callers.restored(700.0, everybody)
    callers.interrupted(5000.0, everybody)
    mine = [(call.time_s, call.kind.value) for call in callers.act(1e6) if call.true == "c3"]
    assert mine == [
        (600.0, "outage"), (5600.0, "outage"), (6600.0, "repeat"), (7600.0, "repeat")
    ]  # fmt: skip


def test_who_denies_is_no_more_likely_than_others_to_complain_or_to_have_called() -> None:
    half = replace(QUIET, call_share=(0.5,) * 3, deny_share=0.5, complain_share=0.5)
    calls = _an_outage(replace(half, wrong_share=0.5), then_h=1e4)
    of = {kind: {call.true for call in calls if call.kind is kind} for kind in CallKind}
    mistaken = {call.true for call in calls if call.said != call.true}
    first, denies, complains = of[CallKind.OUTAGE], of[CallKind.DENIAL], of[CallKind.COMPLAINT]
    for one, two in ((first, denies), (first, complains), (denies, complains)):
        _share_is(len(one & two), MANY, 0.25)
    for callers in (first, denies, complains):
        _share_is(len(callers & mistaken), len(callers), 0.5)


def test_who_never_wakes_never_calls() -> None:
    asleep = (0.0,) * 24
    assert not _an_outage(replace(QUIET, awake=(asleep, asleep, asleep), call_share=(1, 1, 1)))


def test_as_many_deny_and_complain_after_restoration_as_set() -> None:
    habits = replace(QUIET, call_share=(0, 0, 0), deny_share=0.1, complain_share=0.2)
    calls = _an_outage(habits, hours=5, then_h=10_000)
    kinds = [call.kind for call in calls]
    _share_is(kinds.count(CallKind.DENIAL), MANY, 0.1)
    _share_is(kinds.count(CallKind.COMPLAINT), MANY, 0.2)
    assert min(call.time_s for call in calls) > 5 * 3600
    short = _an_outage(habits, hours=3.9, then_h=10_000)
    assert {call.kind for call in short} == {CallKind.DENIAL}


def test_calls_without_an_outage_come_at_their_rate() -> None:
    callers = _callers(replace(QUIET, own_fuse_per_year=0.5, trouble_per_year=0.25))
    kinds = [call.kind for call in callers.act(YEAR_S / 10)]
    for kind, expected in ((CallKind.OWN_FUSE, 0.05 * MANY), (CallKind.TROUBLE, 0.025 * MANY)):
        assert abs(kinds.count(kind) - expected) <= 5 * math.sqrt(expected)


def test_the_control_room_hears_neither_the_truth_nor_the_kind() -> None:
    fuse = Call(1.0, "a", "b", CallKind.OWN_FUSE, "no power")
    heard = fuse.heard()
    assert [heard.time_s, heard.customer, heard.text] == [1.0, "a", "no power"]
    assert not hasattr(heard, "true") and not hasattr(heard, "kind")


FULL = Habits(call_share=(0.5, 0.5, 0.5), deny_share=0.1, complain_share=0.1, wrong_share=0.1)
FULL = replace(FULL, complain_after_h=0.1, own_fuse_per_year=50, trouble_per_year=50)


def _a_day(habits: Habits, *, seed: int = 3) -> list[Call]:
    """Three interruptions of parts of a street, of which one is restored at once."""
    size = 2000
    customers = Customers.of(NAMES[:size], places=[k // 20 for k in range(size)])
    callers = Callers(customers, habits, Streams(seed))
    calls: list[Call] = []
    for start_s, end_s, first, last in (
        (3600, 9 * 3600, 0, 1200),
        (10 * 3600, 10 * 3600 + 60, 600, 1800),
        (11 * 3600, 20 * 3600, 400, 900),
    ):
        flags = np.zeros(size, bool)
        flags[first:last] = True
        callers.interrupted(start_s, flags)
        calls += callers.act(start_s + 30)
        callers.restored(end_s, flags)
    return calls + list(callers.act(48 * 3600))


@pytest.mark.parametrize(
    ("away", "kinds"),
    [
        ({"repeat_share": 0.0}, {CallKind.REPEAT}),
        ({"deny_share": 0.0}, {CallKind.DENIAL}),
        ({"complain_share": 0.0}, {CallKind.COMPLAINT}),
        ({"own_fuse_per_year": 0.0}, {CallKind.OWN_FUSE}),
        ({"trouble_per_year": 0.0}, {CallKind.TROUBLE}),
        ({"call_share": (0.0, 0.0, 0.0)}, {CallKind.OUTAGE, CallKind.REPEAT}),
    ],
)
def test_taking_one_kind_away_leaves_the_others_as_they_were(
    away: dict[str, object], kinds: set[CallKind]
) -> None:
    full = _a_day(FULL)
    assert {call.kind for call in full} == set(CallKind)
    left = _a_day(replace(FULL, **away))  # pyright: ignore[reportArgumentType]
    assert left == [call for call in full if call.kind not in kinds]


def test_taking_wrong_addresses_away_changes_nothing_but_what_is_said() -> None:
    full, right = _a_day(FULL), _a_day(replace(FULL, wrong_share=0.0))
    assert any(call.said != call.true for call in full)
    assert [replace(call, said=call.true) for call in full] == right


def test_who_else_is_out_changes_nothing_for_a_customer() -> None:
    alone = np.zeros(MANY, bool)
    alone[7] = True
    heard: list[list[Call]] = []
    for others in (0, 500):
        callers = _callers(replace(FULL, own_fuse_per_year=0, trouble_per_year=0))
        if others:
            more = np.zeros(MANY, bool)
            more[100 : 100 + others] = True
            callers.interrupted(10.0, more)
        for start_s in (20.0, 90_000.0, 180_000.0):
            callers.interrupted(start_s, alone)
            callers.restored(start_s + 80_000, alone)
        heard.append([call for call in callers.act(1e6) if call.true == "c7"])
    assert heard[0] and heard[0] == heard[1]


STEPS = st.lists(
    st.tuples(st.floats(0, 20_000), st.lists(st.booleans(), min_size=12, max_size=12)), max_size=25
)


@settings(deadline=None)
@given(STEPS, st.integers(0, 50))
def test_nobody_with_supply_calls_an_outage_and_nobody_twice_at_once(
    steps: list[tuple[float, list[bool]]], seed: int
) -> None:
    eager = replace(FULL, call_share=(1, 1, 1), repeat_share=0.9, own_fuse_per_year=300)
    customers = Customers.of(NAMES[:12], places=[k // 4 for k in range(12)])
    callers = Callers(customers, eager, Streams(seed))
    spells: list[tuple[float, list[bool]]] = [(0.0, [False] * 12)]
    now_s, calls = 0.0, list[Call]()
    for wait_s, wanted in steps:
        now_s = round(now_s + wait_s, 6)
        want = np.array(wanted)
        if (lost := want & ~callers.out).any():
            callers.interrupted(now_s, lost)
        if (back := ~want & callers.out).any():
            callers.restored(now_s, back)
        spells.append((now_s, wanted))
        calls += callers.act(now_s)
    calls += callers.act(now_s + 50_000)
    times_s = [call.time_s for call in calls]
    assert times_s == sorted(times_s)
    assert len({(call.time_s, call.true) for call in calls}) == len(calls)
    for call in calls:
        # A call at the very instant of a change belongs to the state before it.
        row, state = customers.rows[call.true], False
        for since_s, out in spells:
            if since_s < call.time_s:
                state = out[row]
        assert state != (call.kind in SUPPLIED), call
    counts = callers.counts()
    assert counts.made == len(calls)
    assert counts.planned == counts.made + counts.called_off + counts.waiting


def test_who_is_restored_before_calling_does_not_call_and_is_counted() -> None:
    callers = _callers(replace(QUIET, call_share=(1, 1, 1), delay_sigma=0))
    everybody = np.ones(MANY, bool)
    callers.interrupted(0.0, everybody)
    assert callers.due_s() == 360.0
    callers.restored(359.0, everybody)
    assert callers.due_s() == math.inf
    assert callers.act(1e6) == ()
    assert (callers.counts().planned, callers.counts().called_off) == (MANY, MANY)


def test_a_call_made_before_restoration_is_not_lost_by_asking_late() -> None:
    callers = _callers(replace(QUIET, call_share=(1, 1, 1), delay_sigma=0))
    everybody = np.ones(MANY, bool)
    callers.interrupted(0.0, everybody)
    callers.restored(361.0, everybody)
    assert len(callers.act(361.0)) == MANY


def test_two_reasons_at_one_instant_make_two_calls_a_second_apart() -> None:
    habits = replace(QUIET, call_share=(0, 0, 0), deny_share=1, complain_share=1, after_sigma=0)
    callers = _callers(replace(habits, deny_s=600, complain_s=600, complain_after_h=0))
    everybody = np.ones(MANY, bool)
    callers.interrupted(0.0, everybody)
    callers.restored(1000.0, everybody)
    assert len(callers.act(1600.0)) == MANY
    assert {call.time_s for call in callers.act(2000.0)} == {1601.0}


def test_critical_customers_come_by_priority_then_by_the_end_of_their_own_supply() -> None:
    listed = [Critical("c1", 2, 1.0), Critical("c2", 1, 8.0), Critical("c3", 1, 2.0)]
    customers = Customers.of(NAMES[:5], critical=[*listed, Critical("c4", 1, 0.0)])
    out = customers.flags(["c0", "c1", "c2", "c3"])
    found = critical_first(customers, out, np.full(5, 100.0))
    assert [(w.name, w.backup_ends_s) for w in found] == [
        ("c3", 7300.0), ("c2", 28_900.0), ("c1", 3700.0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delay_s", 0.0), ("delay_s", math.nan), ("delay_sigma", -1.0), ("wrong_share", 1.1),
        ("repeat_share", math.nan), ("call_share", (0.1, 0.2)), ("clock_h", 24.0),
        ("awake", (ALWAYS, ALWAYS)), ("awake", (ALWAYS, ALWAYS, (0.5,) * 23)),
        ("repeats_most", 51), ("own_fuse_per_year", math.inf), ("trouble_per_year", 1e9),
    ],
)  # fmt: skip
def test_a_habit_that_cannot_be_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(GridError, match=name) as refused:
        replace(Habits(), **{name: value})  # pyright: ignore[reportArgumentType]
    assert refused.value.mend


def test_customers_that_cannot_be_are_refused() -> None:
    with pytest.raises(GridError, match="one name: a"):
        Customers.of(["a", "b", "a"])
    with pytest.raises(GridError, match="no customer 'c55'"):
        Customers.of(NAMES[:50], critical=[Critical("c55")])
    with pytest.raises(GridError, match="places has 1"):
        Customers.of(["a", "b"], places=[1])
    with pytest.raises(GridError, match="class of customer: farm"):
        Customers.of(["a"], kinds=["farm"])
    with pytest.raises(GridError, match="priority 0"):
        Critical("a", 0)
    with pytest.raises(GridError, match="backup"):
        Critical("a", 1, -1.0)


def test_impossible_news_are_refused_and_change_nothing() -> None:
    callers = _callers(QUIET, customers=Customers.of(NAMES[:3]))
    first = np.array([True, False, False])
    callers.interrupted(100.0, first)
    with pytest.raises(GridError, match="c0 are without supply already"):
        callers.interrupted(200.0, np.ones(3, bool))
    with pytest.raises(GridError, match="c1, c2 have supply already"):
        callers.restored(200.0, ~first)
    with pytest.raises(GridError, match="it is 100 s"):
        callers.act(99.0)
    with pytest.raises(GridError, match="flags of customers"):
        callers.interrupted(200.0, np.array([False, True]))
    assert callers.out.tolist() == [True, False, False]
