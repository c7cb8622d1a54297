"""What is tagged but runs, what is pending, and what clocks say: taken for the worse."""

from __future__ import annotations

from gridmend.model.plan import Action, Step
from tests.interlock.test_rules import RING, commanded, event, judged, rules, scan, step

FEEDERS = ("source.north", "source.south", "generator.island", "storage.battery")
CLEAR_B = Step(Action.CLEAR, "b", "", mark="c1")


def test_a_tag_on_what_feeds_proves_nothing_dead_while_it_is_on() -> None:
    tags = [event("tag_placed", tag=f, device=f, kind="hold", holder="ann") for f in FEEDERS]
    assert rules(judged(RING, [*scan(RING), *tags], CLEAR_B)) == {"clearance"}
    off = [
        event("status", device="source.north", position="open"),
        event("status", device="source.south", position="open"),
        event("power", device="generator.island", p_kw=0.0),
    ]
    assert judged(RING, [*scan(RING), *off, *tags], CLEAR_B).allowed


def test_a_source_whose_closing_is_pending_may_be_on() -> None:
    off = [
        event("status", device="source.north", position="open"),
        event("power", device="generator.island", p_kw=0.0),
        event("tag_placed", tag="t", device="generator.island", kind="hold", holder="ann"),
    ]
    tie = step(Action.CLOSE, "S3")
    assert judged(RING, [*scan(RING), *off], tie).allowed
    pending = commanded(step(Action.CLOSE, "source.north"))
    assert rules(judged(RING, [*scan(RING), *off, pending], tie)) == {"radiality", "synchronism"}
