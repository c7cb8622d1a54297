"""What the explorations found, each as the shortest journal that led to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gridmend.interlock.check import Bench, forbidden, judge
from gridmend.interlock.move import By, Move
from gridmend.interlock.policy import Policy
from gridmend.interlock.site import Site
from gridmend.interlock.standing import after, standing
from gridmend.model.deed import subject
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.runtime.fold import fold
from tests.interlock.exploring.knowledge import NOON, command_to, said
from tests.interlock.networks import network

GRID = network(
    switches={"S1": ("a", "b"), "S2": ("b", "c"), "S3": ("c", "d")},
    lines=[("b", "e")],
    sources={"west": "a", "east": "d"},
    forming={"der": "b"},
    normally_open=["S3"],
    der_kw=0.0,
)
SITE = Site.of(Topology.of(GRID))


def told(*events: Event, grid: Grid = GRID) -> Situation:
    """What is known after all devices answered and some events."""
    return fold(grid, [said("scanned", devices=["S1", "S2", "S3"]), *events])


def rules(
    action: Action, device: str, situation: Situation, who: str = "ann", **more: Any
) -> set[str]:
    """The rules that forbid a step, a second later."""
    step, now_s = Step(action, device, "", **more), (NOON + timedelta(seconds=1)).timestamp()
    before = standing(SITE, situation, now_s, Policy())
    then = after(step, before, who)
    key = subject(GRID, step)
    move = Move(step, key, before, then, By(who), Policy(), None, situation, now_s)
    return {rule for rule, _ in forbidden(move)}


def stands(device: str, position: str) -> Event:
    """A device reports."""
    return said("status", device=device, position=position)


def tagged(device: str) -> Event:
    """A hold tag of Ann's hangs on a device, named for it."""
    return said("tag_placed", tag=device, device=device, kind="hold", holder="ann")


def given(action: Action, device: str, /, *, buses: tuple[str, ...] = (), **more: Any) -> Event:
    """A command that has no outcome yet."""
    command = command_to(Step(action, device, "", **more)).as_json()
    return said("commanded", **command, **({"buses": list(buses)} if buses else {}))


DEAD_B = (stands("S1", "open"), tagged("S1"), stands("S2", "open"), tagged("S2"))


def test_a_hold_tag_on_a_source_that_is_on_keeps_nothing_away() -> None:
    on = told(tagged("source.west"), *DEAD_B[2:], tagged("generator.der"))
    assert rules(Action.CLEAR, "b", on, mark="z") == {"clearance"}
    off = told(stands("source.west", "open"), tagged("source.west"), *DEAD_B[2:],
               tagged("generator.der"))  # fmt: skip
    assert not rules(Action.CLEAR, "b", off, mark="z")


def test_a_source_that_is_being_connected_may_be_on_already() -> None:
    dead = (stands("source.east", "open"), tagged("generator.der"))
    assert not rules(Action.CLOSE, "S3", told(*dead))
    coming = told(*dead, given(Action.CLOSE, "source.east"))
    assert rules(Action.CLOSE, "S3", coming) == {"radiality", "synchronism"}


def test_a_clearance_on_its_way_is_for_the_zone_it_was_asked_for() -> None:
    asked = (*DEAD_B, tagged("generator.der"), given(Action.CLEAR, "b", mark="z", buses=("b", "c")))
    assert rules(Action.CLOSE, "S3", told(*asked)) == {"clearance"}


def test_nothing_parts_what_a_command_on_its_way_is_to_join_as_one() -> None:
    tied = told(stands("S2", "open"), tagged("generator.der"), stands("S3", "closed"),
                stands("S1", "open"), given(Action.CLOSE, "S2"))  # fmt: skip
    assert rules(Action.UNTAG, "generator.der", tied, mark="generator.der") == {"synchronism"}


def test_nothing_makes_live_what_a_command_on_its_way_would_then_join() -> None:
    """Checked at the source, where it would join if it came last; but the switch may come last."""
    east = {"device": "source.east"}
    leave = said("loop_authorised", **east, sources=["source.west", "source.east"], by="boss",
                 expires_utc=(NOON + timedelta(minutes=5)).isoformat())  # fmt: skip
    check = said("sync_checked", **east, dv_pu=0.0, dangle_deg=0.0, df_hz=0.0, phasing_known=True)
    off = (stands("source.east", "open"), tagged("generator.der"), leave, check)
    assert not rules(Action.CLOSE, "source.east", told(*off))
    going = told(*off, given(Action.CLOSE, "S3"))
    assert rules(Action.CLOSE, "source.east", going) == {"synchronism"}


def test_what_feeds_a_fault_stays_closed_while_a_command_on_its_way_would_feed_it_anew() -> None:
    """A device that may close beside a live fault is not left to close onto it."""
    s2 = {"device": "S2"}
    leave = said("loop_authorised", **s2, sources=["source.west", "source.east"], by="boss",
                 expires_utc=(NOON + timedelta(minutes=5)).isoformat())  # fmt: skip
    check = said("sync_checked", **s2, dv_pu=0.0, dangle_deg=0.0, df_hz=0.0, phasing_known=True)
    beside = (stands("S2", "open"), stands("S3", "closed"), tagged("generator.der"), leave, check)
    fault, closing = said("fault_suspected", element="line.L1"), given(Action.CLOSE, "S2")
    assert not rules(Action.CLOSE, "S2", told(*beside, fault))
    for feeds in ("S1", "source.west"):
        assert not rules(Action.OPEN, feeds, told(*beside, closing))
        assert not rules(Action.OPEN, feeds, told(*beside, fault))
        assert rules(Action.OPEN, feeds, told(*beside, fault, closing)) == {"capability"}
    assert not rules(Action.OPEN, "S2", told(*beside, fault, closing))


def test_der_that_feeds_a_fault_is_not_held_while_a_command_on_its_way_would_feed_it_anew() -> None:
    check = said("sync_checked", device="S1", dv_pu=0.0, dangle_deg=0.0, df_hz=0.0,
                 phasing_known=True)  # fmt: skip
    island = (stands("S1", "open"), stands("S2", "open"), check,
              said("fault_suspected", element="line.L1"))  # fmt: skip
    assert not rules(Action.CLOSE, "S1", told(*island))
    hold = {"mark": "t", "kind": "hold"}
    assert not rules(Action.TAG, "generator.der", told(*island), **hold)
    going = told(*island, given(Action.CLOSE, "S1"))
    assert rules(Action.TAG, "generator.der", going, **hold) == {"capability"}


def test_a_ground_on_its_way_is_its_holders() -> None:
    zone = said("clearance_issued", clearance="z", holder="ann", buses=["b", "e"])
    going = told(*DEAD_B, tagged("generator.der"), zone, given(Action.GROUND, "b", mark="g"))
    assert rules(Action.RELEASE, "b", going, mark="z") == {"ground"}


def test_a_tag_on_der_in_a_zone_stays_while_a_border_of_the_zone_is_in_doubt() -> None:
    zone = said("clearance_issued", clearance="z", holder="ann", buses=["b", "e"])
    doubt = said("status", device="S1", position="open", quality="bad")
    found = told(*DEAD_B, tagged("generator.der"), zone, doubt)
    assert "clearance" in rules(Action.UNTAG, "generator.der", found, mark="generator.der")


def test_a_source_that_was_thought_to_be_on_is_not_connected_to_a_fault() -> None:
    found = told(said("fault_suspected", element="line.L1"), tagged("generator.der"))
    assert "capability" in rules(Action.CLOSE, "source.west", found)


def test_a_der_is_not_freed_where_a_command_on_its_way_may_lead_it_to_a_fault() -> None:
    dead = (stands("S1", "open"), stands("S2", "open"), tagged("generator.der"))
    fault = said("fault_suspected", element="switch.S2")
    free = {"mark": "generator.der"}
    assert not rules(Action.UNTAG, "generator.der", told(*dead), **free)
    assert rules(Action.UNTAG, "generator.der", told(*dead, fault), **free) == {"capability"}
    closing = given(Action.CLOSE, "S2")
    beyond = said("fault_suspected", element="bus.c")
    assert not rules(Action.UNTAG, "generator.der", told(*dead, beyond), **free)
    found = told(*dead, beyond, closing)
    assert rules(Action.UNTAG, "generator.der", found, **free) == {"capability"}


def test_a_der_that_is_being_tagged_makes_no_fault_surely_live() -> None:
    fault = said("fault_suspected", element="line.L1")
    dead = (stands("S1", "open"), fault)
    assert not rules(Action.CLOSE, "S1", told(*dead)) & {"capability"}
    tagging = given(Action.TAG, "generator.der", mark="t", kind="hold")
    assert "capability" in rules(Action.CLOSE, "S1", told(*dead, tagging))


def test_a_flow_of_a_moment_ago_does_not_bring_back_the_positions_of_then() -> None:
    bench = Bench.of(GRID)
    late = bench.solver.solve(Snapshot.normal(GRID))
    now = told(stands("S1", "open"), tagged("generator.der"))
    plan = Plan("", (Step(Action.CLOSE, "S3", ""),), Verdict())
    found = judge(plan, bench, now, NOON + timedelta(seconds=1), flow=late).verdict
    assert not {r.rule for r in found.refusals} - {"look-ahead"}


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ((said("tag_handed_over", tag="S1", to="bob", by="cy", witness="cy"),), "cy alone"),
        (
            (
                given(Action.UNTAG, "S1", mark="S1"),
                said("tag_handed_over", tag="S1", to="bob", by="ann", witness="cy"),
            ),
            "being lifted",
        ),
    ],
)
def test_a_tag_is_handed_over_by_two_and_not_while_it_is_lifted(
    events: tuple[Event, ...], says: str
) -> None:
    found = told(tagged("S1"), *events)
    assert found.tags["S1"].holder == "ann"
    assert says in found.misread[-1]


def test_an_outcome_by_word_alone_leaves_no_position_taken_for_granted() -> None:
    done = said("outcome", command="close S3 ", state="confirmed")
    found = told(given(Action.CLOSE, "S3"), done)
    assert not found.position_known[GRID.switches.row("S3")]
    reported = told(given(Action.CLOSE, "S3"), stands("S3", "closed"), done)
    assert reported.position_known.all()
    on = told(stands("source.east", "open"), given(Action.CLOSE, "source.east"),
              said("outcome", command="close source.east ", state="confirmed"))  # fmt: skip
    assert on.snapshot.source_on.all()


def test_work_that_is_confirmed_by_word_alone_stands() -> None:
    found = told(
        given(Action.TAG, "S1", mark="t", kind="hold"),
        said("outcome", command="tag S1 hold", state="confirmed"),
        given(Action.GROUND, "b", mark="g"),
        said("outcome", command="ground b ", state="confirmed"),
        given(Action.CLEAR, "b", mark="z", buses=("b", "e")),
        said("outcome", command="clear b ", state="confirmed"),
    )
    assert (found.tags["t"].device, found.grounds["g"].holder) == ("s1", "ann")
    assert found.clearances["z"].buses == ("b", "e")
    lifted = fold(GRID, [
        given(Action.UNTAG, "S1", mark="t"),
        said("outcome", command="untag S1 ", state="confirmed"),
        given(Action.UNGROUND, "b", mark="g"),
        said("outcome", command="unground b ", state="confirmed"),
        given(Action.RELEASE, "b", mark="z"),
        said("outcome", command="release b ", state="confirmed"),
    ], found)  # fmt: skip
    assert not (lifted.tags or lifted.grounds or lifted.clearances)
