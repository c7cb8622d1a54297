"""What an operation rests on: old or doubtful data, and the flow."""

from __future__ import annotations

from random import Random

from tests.interlock.corrupting.edits import (
    MOVES,
    Corrupted,
    Events,
    before,
    breaks,
    changed,
    commanded,
    last,
    later,
    pick,
    swap,
    told,
)


@breaks("fresh data")
def automation_on_old_data(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    scan = last(events, at, "scanned")
    for k in [k for k in range(scan, -1, -1) if events[k].kind == "scanned"]:
        left = [d for d in events[k].payload["devices"] if d not in ("S2", "S3")]
        events, _ = swap(events, k, changed(events[k], devices=left))
    events = later(events, at, 4.0)
    return events, events[at]


def _doubtful(events: Events, rng: Random, action: str, moved: str, doubtful: str) -> Corrupted:
    """A device that nobody is sure of, when an application moves another."""
    at = pick(events, rng, "commanded", lambda p: (
        p["application"], p["step"]["action"], p["step"]["device"]) == ("heal", action, moved),
    )  # fmt: skip
    word = "open" if (moved, doubtful) == ("S2", "S3") else "closed"
    told_so = told(events[at], "status", device=doubtful, position=word, quality="bad")
    select = last(events, at, "selected")
    return [*events[:select], told_so, *events[select:]], events[at]


@breaks("fresh data")
def automation_beside_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S2", rng.choice(["S3", "S4"]))


@breaks("fresh data")
def automation_behind_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S4", "S1")


@breaks("fresh data")
def automation_relying_on_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S1", "S3")


@breaks("fresh data")
def automation_without_a_solution(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    flow = last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], converged=False))
    return events, events[at]


@breaks("look-ahead")
def flow_not_converged(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close", "set_power", "limit", "set_capacitor")
    flow = last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], converged=False))
    return events, events[at]


@breaks("look-ahead")
def violation_recorded(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = last(events, at, "flow_recorded")
    worse = [{"limit": "voltage_low", "element": "load.Db", "value": 0.8, "bound": 0.9167}]
    events, _ = swap(events, flow, changed(events[flow], worse=worse))
    return events, events[at]


@breaks("look-ahead")
def no_flow(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = last(events, at, "flow_recorded")
    return events[:flow] + events[flow + 1 :], events[at]


@breaks("look-ahead")
def flow_of_another_command(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], command="c0"))
    return events, events[at]


@breaks("look-ahead")
def positions_changed_since_the_flow(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    return before(events, at, told(events[at], "tripped", device=rng.choice(["S1", "S3"])),
                  told(events[at], "status", device="S1", position="closed"),
                  told(events[at], "status", device="S3", position="closed"))  # fmt: skip
