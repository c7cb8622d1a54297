"""Work on the network: tags, clearances and grounds that are not respected."""

from __future__ import annotations

from random import Random

from tests.interlock.corrupting.edits import (
    MOVES,
    Corrupted,
    Events,
    asked_for,
    before,
    breaks,
    changed,
    commanded,
    last,
    later,
    pick,
    swap,
    told,
    undone,
    without,
)


@breaks("tags")
def tag_placed_before(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    device = events[at].payload["step"]["device"]
    tag = told(events[at], "tag_placed", tag="X", device=device, kind="hold", holder="dan")
    return before(events, at, tag)


@breaks("tags")
def hot_line_tag_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    tag = told(events[at], "tag_placed", tag="X", device=device, kind="hot_line", holder="ann")
    return before(events, at, tag)


@breaks("tags")
def tag_that_was_not_lifted(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    lifted = last(events, at, "tag_lifted", tag=f"T-{device}")
    return undone(events, lifted), events[at]


@breaks("tags")
def tag_lifted_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_lifted", bool)
    other = rng.choice([changed(events[at], by="mallory"), without(events[at], "by", "command")])
    tag = events[at].payload["tag"]
    if "command" in events[at].payload and "by" not in other.payload:
        events, _ = swap(events, at, other)
        begun = next(
            k for k, e in enumerate(events)
            if e.kind == "commanded" and e.payload["step"]["action"] == "untag"
            and e.payload["step"]["mark"] == tag
        )  # fmt: skip
        return events[:begun] + events[begun + 1 :], other
    return swap(events, at, other)


@breaks("tags")
def untag_of_anothers_tag(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "untag")
    if events[at].payload["step"]["mark"] == "T-S1":  # its holder changes twice before that
        at = last(events, at, "commanded")
    placed = last(events, at, "tag_placed", tag=events[at].payload["step"]["mark"])
    events, _ = swap(events, placed, changed(events[placed], holder="dan"))
    return events, events[at]


@breaks("tags")
def tag_handed_over_by_one(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_handed_over", bool)
    witness = rng.choice([events[at].payload["by"], ""])
    return swap(events, at, changed(events[at], witness=witness))


@breaks("tags")
def tag_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_lifted", bool)
    tag = told(events[at], "tag_placed", tag=events[at].payload["tag"], device="S3", kind="hold",
               holder="mallory")  # fmt: skip
    return [*events[:at], tag, *events[at:]], tag


def _ends(device: str) -> list[str]:
    ends = {"s1": ["src", "a"], "s2": ["b", "c"], "s3": ["d", "alt"], "s4": ["d", "e"]}
    return ends[device.lower()]


@breaks("clearance")
def clearance_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    ends = _ends(events[at].payload["step"]["device"])
    zone = told(events[at], "clearance_issued", clearance="X", holder="dan", buses=ends)
    return before(events, at, zone)


@breaks("clearance")
def clearance_not_released(events: Events, rng: Random) -> Corrupted:
    kind = rng.choice(["commanded", "tag_lifted"])
    lifts = {"untag": 1}
    at = pick(events, rng, kind, lambda p: kind != "commanded" or p["step"]["action"] in lifts)
    released = last(events, at, "clearance_released")
    return undone(events, released), events[at]


@breaks("clearance")
def clearance_without_tags(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    tags = [k for k in range(at) if events[k].kind == "tag_placed"]
    return undone(events, rng.choice(tags)), events[at]


@breaks("clearance")
def clearance_behind_a_closed_device(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    device = rng.choice(["S1", "S2"])
    word = rng.choice([{"position": "closed"}, {"position": "unknown"},
                       {"position": "open", "quality": "bad"}])  # fmt: skip
    return before(events, at, told(events[at], "status", device=device, **word))


@breaks("clearance")
def clearance_on_old_positions(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    events = later(events, at, rng.uniform(4, 100))
    return events, events[at]


@breaks("clearance")
def clearance_released_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "clearance_released", bool)
    return swap(events, at, changed(events[at], by="mallory"))


@breaks("clearance")
def clearance_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "crew_at", bool)
    zone = told(events[at], "clearance_issued", clearance="C", holder="mallory", buses=["a"])
    return [*events[:at], zone, *events[at:]], zone


@breaks("ground")
def ground_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "crew_at", bool)
    earth = told(events[at], "ground_placed", ground="G", bus="a", holder="mallory")
    return [*events[:at], earth, *events[at:]], earth


@breaks("ground")
def ground_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    ends = _ends(events[at].payload["step"]["device"])
    earths = [
        told(events[at], "ground_placed", ground=f"X-{bus}", bus=bus, holder="dan") for bus in ends
    ]
    return before(events, at, *earths)


@breaks("ground")
def ground_on_a_live_bus(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "ground_placed", lambda p: "command" not in p)
    return swap(events, at, changed(events[at], bus=rng.choice(["src", "d", "alt", "c"])))


@breaks("ground")
def ground_without_tags(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "ground_placed", bool))
    gone = rng.choice([k for k in range(at) if events[k].kind == "tag_placed"])
    return undone(events, gone), events[at]


@breaks("ground")
def ground_left_at_the_release(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "clearance_released", bool)
    return undone(events, last(events, at, "ground_removed")), events[at]


@breaks("ground")
def ground_removed_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "ground_removed", lambda p: "command" not in p)
    return swap(events, at, changed(events[at], by="mallory"))
