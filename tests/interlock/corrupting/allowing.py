"""What the network and its devices do not allow: loops, islands, currents, wear."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tests.interlock.corrupting.edits import (
    Corrupted,
    Events,
    NotHereError,
    before,
    breaks,
    changed,
    commanded,
    last,
    later,
    pick,
    step_with,
    swap,
    told,
    without,
)


@breaks("radiality")
def loop_without_a_leave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    leave = last(events, at, "loop_authorised", device=events[at].payload["step"]["device"])
    return events[:leave] + events[leave + 1 :], events[at]


@breaks("radiality")
def loop_with_another_leave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    leave = last(events, at, "loop_authorised", device=device)
    past = (events[at].time_utc - timedelta(seconds=0.1)).isoformat()
    far = (events[leave].time_utc + timedelta(minutes=15, seconds=1)).isoformat()
    other = rng.choice([{"sources": ["north"]}, {"sources": []}, {"expires_utc": past},
                        {"expires_utc": far}, {"device": "S1"}])  # fmt: skip
    events, _ = swap(events, leave, changed(events[leave], **other))
    return events, events[at]


@breaks("radiality")
def loop_through_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded",
              lambda p: p["step"]["action"] == "close" and p["step"]["device"] == "S3")  # fmt: skip
    if any(e.kind == "loop_authorised" for e in events):
        raise NotHereError
    doubt = told(events[at], "status", device="S2", position="unknown")
    closed = told(events[at], "status", device="S1", position="closed")
    return before(events, at, doubt, closed)


@breaks("synchronism")
def islands_joined_unchecked(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    return events[:check] + events[check + 1 :], events[at]


@breaks("synchronism")
def islands_joined_too_late(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    events = later(events, check + 1, rng.uniform(4.9, 60))
    return events, events[at]


@breaks("synchronism")
def islands_that_do_not_agree(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    odd = rng.choice([{"dv_pu": 0.031}, {"dv_pu": -0.2}, {"dangle_deg": 10.1}, {"df_hz": -0.11},
                      {"phasing_known": False}, {"df_hz": float("nan")}])  # fmt: skip
    events, _ = swap(events, check, changed(events[check], **odd))
    return events, events[at]


@breaks("capability")
def more_than_it_breaks(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", order="O")
    if events[at].payload["step"]["device"] != "S2":
        raise NotHereError
    flow = last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], carries_a=rng.uniform(401, 9000)))
    return events, events[at]


@breaks("capability")
def load_on_a_disconnect(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open")
    if events[at].payload["step"]["device"] != "S4":
        raise NotHereError
    flow = last(events, at, "flow_recorded")
    load = changed(events[flow], carries_a=rng.choice([1.1, 50.0, None, "nothing"]))
    events, _ = swap(events, flow, rng.choice([load, without(events[flow], "carries_a")]))
    return events, events[at]


@breaks("capability")
def onto_a_fault(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    bus = {"S1": "a", "S2": "c", "S3": "d", "S4": "e"}[device]
    fault = told(events[at], "fault_suspected", element=f"bus.{bus}")
    others = [e for e in events if e.kind in ("loop_authorised", "sync_checked")]
    if others or "set_power" in repr(events):
        raise NotHereError
    return before(events, at, fault)


@breaks("wear")
def fourth_operation(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    cycle = [changed(events[at], command=f"w{k}") for k in range(3)]
    done = [told(events[at], "outcome", command=f"w{k}", state="confirmed") for k in range(3)]
    return before(events, at, *[e for pair in zip(cycle, done, strict=True) for e in pair])


@breaks("wear")
def seventeenth_step_of_a_bank(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_capacitor")
    cycle = [changed(events[at], command=f"w{k}") for k in range(16)]
    done = [told(events[at], "outcome", command=f"w{k}", state="confirmed") for k in range(16)]
    return before(events, at, *[e for pair in zip(cycle, done, strict=True) for e in pair])


@breaks("wear")
def onto_a_lock_out(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    return before(events, at, told(events[at], "tripped", device=device, locked_out=True))


@breaks("wear")
def too_steep(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power")
    kw = rng.choice([-1, 1]) * rng.uniform(1500, 9000)
    return swap(events, at, step_with(events[at], value=kw))


@breaks("wear")
def too_steep_together(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power")
    other = changed(step_with(events[at], device="generator.island", value=950.0), command="w")
    done = told(events[at], "outcome", command="w", state="confirmed")
    return before(events, at, other, done)
