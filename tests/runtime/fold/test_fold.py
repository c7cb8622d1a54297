from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.command import Command
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode, OrderState, Situation
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import KINDS
from gridmend.runtime.fold import Folding, as_document, fold, from_document
from gridmend.runtime.fold.folding import HANDLERS
from gridmend.runtime.fold.positions import Positions
from tests.interlock.networks import ring

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
GRID = ring()


def event(kind: str, after_s: float = 0.0, /, **payload: Any) -> Event:
    return Event(NOON + timedelta(seconds=after_s), "test", "test", kind, payload)


def command(id_: str, step: Step, **more: Any) -> Event:
    given_: dict[str, Any] = {
        "principal": "ann", "login": "ann@desk1", "area": "", "epoch": 1, "issued_utc": NOON,
    }  # fmt: skip
    return event("commanded", **Command(id_, step, **{**given_, **more}).as_json())


def document(situation: Situation, grid: Grid = GRID) -> str:
    return json.dumps(as_document(grid, situation), sort_keys=True)


OPEN_S1 = Step(Action.OPEN, "S1", "")
ORDER = (
    event("order_written", order="o1", author="ann", area="",
          steps=[{"action": "open", "device": "S1"}, {"action": "open", "device": "S2"}]),
    event("order_studied", order="o1", by="ann", positions="p"),
    event("order_approved", order="o1", by="bob"),
    event("order_issued", order="o1", by="bob"),
)  # fmt: skip
SAID = (
    *ORDER,
    event("status", device="S1", position="closed"),
    event("status", device="switch.s2", position="open", quality="bad"),
    event("switched", device="S3", action="close"),
    event("tripped", device="S1", locked_out=True),
    event("lockout_reset", device="S1"),
    event("scanned", 3, devices=["S1", "S2"]),
    event("power", device="island", p_kw=50.0),
    event("tag_placed", tag="t1", device="switch.S2", kind="hold", holder="ann"),
    event("tag_handed_over", tag="t1", to="bob", by="ann", witness="cy"),
    event("tag_lifted", tag="t1"),
    event("ground_placed", ground="g1", bus="b", holder="ann"),
    event("clearance_issued", clearance="c1", holder="ann", buses=["b", "a"]),
    event("clearance_released", clearance="c1"),
    event("selected", select="x1", step={"action": "open", "device": "S1"},
          principal="ann", login="l", epoch=1),
    command("k1", OPEN_S1, order="o1", number=1),
    event("outcome", command="k1", state="confirmed"),
    command("k2", Step(Action.SET_POWER, "generator.island", "", value=80.0)),
    event("outcome", command="k2", state="in_doubt"),
    event("authority_granted", area="", holder="desk1", epoch=2),
    event("mode_set", application="flisr", area="", mode="automatic", by="ann"),
    event("killed", area="", by="ann"),
    event("loop_authorised", device="S3", sources=["north"], by="ann",
          expires_utc=(NOON + timedelta(minutes=5)).isoformat()),
    event("sync_checked", device="S3", dv_pu=0.0, dangle_deg=1.0, df_hz=0.0, phasing_known=True),
    event("fault_suspected", element="line.L1"),
    event("crew_at", crew="7", place="b"),
    event("nobody_knows_this", a=1),
    event("status", device="nowhere", position="open"),
    event("status", device="S1", position="ajar"),
    event("tag_placed", tag="t9"),
)  # fmt: skip


def test_every_kind_that_changes_the_situation_is_in_the_vocabulary() -> None:
    assert set(HANDLERS) | Positions.KINDS <= set(KINDS)
    assert not set(HANDLERS) & Positions.KINDS


@given(st.lists(st.sampled_from(SAID), max_size=25), st.integers(0, 25))
def test_folding_in_parts_or_over_a_stored_document_gives_the_same(
    events: list[Event], cut: int
) -> None:
    whole = fold(GRID, events)
    half = fold(GRID, events[:cut])
    told = document(half)
    assert document(fold(GRID, events[cut:], half)) == document(whole)
    assert document(half) == told, "the situation that was folded on has changed"
    stored = from_document(GRID, json.loads(told))
    assert document(fold(GRID, events[cut:], stored)) == document(whole)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=300)
def test_an_event_that_cannot_be_read_changes_nothing_and_is_told(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    keys = [key for key, _ in KINDS[kind].needs]
    payload = {
        key: data.draw(_ANYTHING | st.sampled_from(["S1", "t1", "o1", "open", "x"])) for key in keys
    }
    before = fold(GRID, SAID)
    after = fold(GRID, [Event(NOON, "test", "test", kind, payload)], before)
    if after.misread != before.misread:
        same = json.loads(document(after))
        same["misread"], same["time_s"] = list(before.misread), before.time_s
        assert same == json.loads(document(before))


def test_a_report_older_than_what_is_known_is_passed_over() -> None:
    late = event("status", 10, device="S1", position="open")
    early = event(
        "status", 11, device="S1", position="closed",
        measured_utc=(NOON + timedelta(seconds=5)).isoformat(),
    )  # fmt: skip
    assert fold(GRID, [late, early]).snapshot.is_open(GRID, "S1")
    assert not fold(GRID, [early, late, event("status", 12, device="S1", position="closed")]
                    ).snapshot.is_open(GRID, "S1")  # fmt: skip


def test_bad_quality_makes_a_position_unknown_and_keeps_the_last() -> None:
    found = fold(GRID, [event("status", device="S3", position="closed", quality="bad")])
    row = GRID.switches.row("S3")
    assert not found.position_known[row]
    assert found.snapshot.is_open(GRID, "S3")


def test_an_older_epoch_does_not_take_authority_back() -> None:
    found = fold(GRID, [
        event("authority_granted", area="", holder="desk2", epoch=5),
        event("authority_granted", area="", holder="desk1", epoch=4),
    ])  # fmt: skip
    assert found.authorities[""].holder == "desk2"


def test_any_change_of_a_device_cancels_its_select() -> None:
    select = event("selected", select="x1", step={"action": "open", "device": "S1"},
                   principal="ann", login="l", epoch=1)  # fmt: skip
    assert "x1" in fold(GRID, [select]).selects
    for change in (
        event("tripped", device="switch.S1"),
        event("status", device="s1", position="closed", quality="bad"),
        command("k1", Step(Action.CLOSE, "S1", "")),
    ):
        assert not fold(GRID, [select, change]).selects, change
    assert "x1" in fold(GRID, [select, event("tripped", device="S2")]).selects


def test_a_tap_or_a_bank_that_moved_cancels_its_select_and_stops_no_order() -> None:
    grid = read("ieee123")
    positions = Snapshot.normal(grid).positions(grid)
    control, step = next(iter(positions["taps"].items()))
    bank, on = next(iter(positions["capacitors"].items()))
    for action, device, fact, name, stands in (
        ("set_tap", f"tap_control.{control}", {"device": control}, "tapped", {"step": step}),
        ("set_capacitor", f"capacitor.{bank}", {"device": bank}, "banked", {"steps_on": on}),
    ):
        wanted = {"action": action, "device": device, "value": 1.0}
        select = event("selected", select="x1", step=wanted, principal="ann", login="l", epoch=1)
        moved = {key: 0 if value else 1 for key, value in stands.items()}
        assert "x1" in fold(grid, [select, event(name, **fact, **stands)]).selects, name
        found = fold(grid, [*ORDER, select, event(name, **fact, **moved)])
        assert not found.misread
        assert "x1" not in found.selects, name
        assert found.orders["o1"].state is fold(grid, ORDER).orders["o1"].state


def test_a_step_in_doubt_stays_pending_until_it_is_settled() -> None:
    doubted = fold(GRID, [command("k1", OPEN_S1), event("outcome", command="k1", state="in_doubt")])
    assert doubted.pending["k1"].doubted
    settled = fold(GRID, [event("outcome", command="k1", state="confirmed")], doubted)
    assert not settled.pending
    assert "k1" in settled.ended


def test_an_order_advances_step_by_step_to_its_end() -> None:
    done = [event("outcome", command=k, state="confirmed") for k in ("k1", "k2")]
    one = [command("k1", OPEN_S1, order="o1", number=1), done[0]]
    two = [command("k2", Step(Action.OPEN, "S2", ""), order="o1", number=2), done[1]]
    begun = fold(GRID, [*ORDER, *one]).orders["o1"]
    assert (begun.state, begun.done) == (OrderState.IN_PROGRESS, 1)
    assert fold(GRID, [*ORDER, *one, *two]).orders["o1"].state is OrderState.COMPLETED


def test_a_failed_step_suspends_its_order() -> None:
    failed = event("outcome", command="k1", state="failed")
    found = fold(GRID, [*ORDER, command("k1", OPEN_S1, order="o1", number=1), failed])
    assert found.orders["o1"].state is OrderState.SUSPENDED
    assert "step 1" in found.orders["o1"].why


def test_a_changed_topology_suspends_orders_but_not_the_one_that_moves_it() -> None:
    trip = event("tripped", device="S2")
    assert fold(GRID, [*ORDER, trip]).orders["o1"].state is OrderState.SUSPENDED
    moving = [
        command("k1", OPEN_S1, order="o1", number=1),
        event("switched", device="S1", action="open"),
    ]
    assert fold(GRID, [*ORDER, *moving]).orders["o1"].state is OrderState.IN_PROGRESS


def test_an_edit_voids_approval() -> None:
    edit = event("order_written", order="o1", author="ann", area="", steps=[])
    found = fold(GRID, [*ORDER, edit]).orders["o1"]
    assert (found.state, found.approver) == (OrderState.DRAFT, "")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ((*ORDER[:2], event("order_approved", order="o1", by="ann")), "ann wrote"),
        ((ORDER[0], ORDER[2]), "cannot become approved"),
        ((*ORDER[:2], ORDER[3]), "cannot become issued"),
        ((*ORDER, event("order_aborted", order="o1", by="x"), ORDER[0]), "write a new one"),
    ],
)
def test_an_order_takes_no_short_way(events: tuple[Event, ...], says: str) -> None:
    assert says in fold(GRID, events).misread[-1]


def test_tags_outlive_a_restart_and_a_change_of_the_model() -> None:
    tagged = fold(GRID, [event("tag_placed", tag="t1", device="S2", kind="hold", holder="ann"),
                         event("status", device="S1", position="open")])  # fmt: skip
    other = GRID.without("switch.S2").with_changed("S3", kind="recloser")
    kept = from_document(other, as_document(GRID, tagged))
    assert kept.tags["t1"].device == "s2"
    assert kept.snapshot.is_open(other, "S1")
    assert kept.snapshot.is_open(other, "S3")
    assert "no switch 'S2' any more" in kept.misread[-1]
    assert fold(other, [event("tag_placed", tag="t1", device="S2", kind="hold", holder="ann")]).tags


def test_modes_and_power_are_folded() -> None:
    found = fold(GRID, SAID)
    assert found.modes["flisr", ""] is Mode.AUTOMATIC
    assert found.snapshot.power_kw(GRID, "island") == 50.0
    assert found.ramps["generator.island"][0][1] == 30.0
    assert np.isnan(found.heard_s[GRID.switches.row("S3")]) or found.heard_s[2] > 0


def test_what_has_ended_does_not_pile_up() -> None:
    many: list[Event] = []
    for k in range(250):
        steps = [{"action": "open", "device": "S1"}]
        many.append(event("order_written", order=f"o{k}", author="a", area="", steps=steps))
        many.append(event("order_aborted", order=f"o{k}", by="a"))
        leave: dict[str, Any] = {"by": "a", "application": "f", "area": "", "steps_most": 1}
        ends = (NOON + timedelta(seconds=k)).isoformat()
        many.append(event("leave_given", k, leave=f"l{k}", expires_utc=ends, **leave))
        at = NOON + timedelta(seconds=10 * k)
        given = command(f"k{k}", OPEN_S1, issued_utc=at)
        many.append(Event(at, "test", "test", "commanded", given.payload))
        many.append(event("outcome", 10 * k, command=f"k{k}", state="confirmed"))
    found = fold(GRID, [event("order_written", order="mine", author="a", area="", steps=[]), *many])
    assert len(found.orders) == 201
    assert "mine" in found.orders, "what has not ended stays"
    assert len(found.leaves) < 5
    assert len(found.ended) < 70
    assert len(found.operations["s1"]) < 40


def test_a_folding_goes_on_after_it_gave_a_situation() -> None:
    folding = Folding(GRID)
    before = folding.situation()
    folding.add(event("tag_placed", tag="t1", device="S2", kind="hold", holder="ann"), 7)
    assert not before.tags
    assert folding.situation().sequence == 7


def test_an_area_keeps_its_other_devices_when_one_leaves_the_model() -> None:
    area = event("area_defined", area="east", devices=["S1", "S2", "S3"])
    found = fold(GRID.without("S2"), [area])
    assert dict(found.areas) == {"s1": "east", "s3": "east"}
    assert "S2" in found.misread[0]


def test_a_trip_of_one_phase_leaves_the_others_closed() -> None:
    assert list(fold(GRID, [event("tripped", device="S2", open_phases=0b010)]).snapshot
                .open_phases) == [0, 2, 7]  # fmt: skip


def test_a_source_is_not_taken_for_off_on_bad_quality() -> None:
    off = {"device": "source.north", "position": "open"}
    assert fold(GRID, [event("status", **off, quality="bad")]).snapshot.source_on[0]
    assert not fold(GRID, [event("status", **off)]).snapshot.source_on[0]


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (["a"], "a"),
        (["A", "c a"], "a c"),
        (["a", ""], ""),
        (["", "a"], ""),
        (["b", "b"], "b"),
    ],
)
def test_the_phases_of_a_fault_are_all_that_were_said_and_all_where_none_was(
    said: list[str], stands: str
) -> None:
    told = [
        event("fault_suspected", k, element="line.x", **({"phases": one} if one else {}))
        for k, one in enumerate(said)
    ]
    found = fold(GRID, told)
    assert found.faults == {"line.x"}
    assert found.fault_phases.get("line.x", "") == stands
    kept = from_document(GRID, json.loads(document(found)))
    assert kept.fault_phases == found.fault_phases
    earlier = {k: v for k, v in as_document(GRID, found).items() if k != "fault_phases"}
    assert from_document(GRID, earlier).faults == {"line.x"}, "what an earlier program stored"
    mended = fold(GRID, [*told, event("repaired", 9, element="line.x")])
    assert not mended.faults
    assert not mended.fault_phases


def test_a_command_to_some_poles_is_confirmed_by_where_these_stand() -> None:
    grid = GRID.with_changed("S1", ganged=False)
    step = Step(Action.OPEN, "S1", "", phases="b")
    row = grid.switches.row("S1")
    for bits, is_known in ((2, True), (7, True), (1, False)):
        found = fold(grid, [
            command("c1", step), event("status", 1, device="S1", position="open", open_phases=bits),
            event("outcome", 2, command="c1", state="confirmed", detail=""),
        ])  # fmt: skip
        assert bool(found.position_known[row]) is is_known
        assert int(found.snapshot.open_phases[row]) == bits
