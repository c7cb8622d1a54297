"""What is really so in a network, and whether anybody could come to harm by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from oracles.switching.plant import Plant

HOLD, HOT_LINE = "hold", "hot_line"


@dataclass(frozen=True, slots=True)
class Truth:
    """Positions as they are, whatever is known of them, and the work on the network.

    `tags` are (name, device, kind, holder), `grounds` (name, bus, holder), `clearances`
    (name, holder, buses).
    """

    closed: frozenset[str]
    on: frozenset[str]
    tags: frozenset[tuple[str, str, str, str]] = frozenset()
    grounds: frozenset[tuple[str, str, str]] = frozenset()
    clearances: frozenset[tuple[str, str, frozenset[str]]] = frozenset()


@dataclass(slots=True)
class Sent:
    """A command to open or close on its way, with what was in force when it was given.

    `leave` and `check`: a loop leave and a check of synchronism that held for it. `covered`:
    devices that were closed by a leave in the knowledge that this command may be carried out
    yet. `excused`: a trip that nobody had heard of when it was given, or that came since, parted
    what it was to join as one. `faults`: what was thought to be faulted, but for what such a trip
    made dead.
    """

    id: str
    device: str
    closes: bool
    leave: bool = False
    check: bool = False
    covered: frozenset[str] = frozenset()
    excused: bool = False
    faults: frozenset[str] = field(default_factory=frozenset)


def held_off(plant: Plant, truth: Truth) -> set[str]:
    """Feeders of energy that a hold tag keeps away: DER, and sources that are off."""
    tagged = {device for _, device, kind, _ in truth.tags if kind == HOLD}
    return {f for f in plant.feeders if f in tagged and f not in truth.on}


def unsafe(plant: Plant, truth: Truth) -> str | None:
    """Why somebody at work could be hurt: what they touch is joined to a feeder of energy."""
    work = [(f"clearance {name}", bus) for name, _, buses in truth.clearances for bus in buses]
    work += [(f"ground {name}", bus) for name, bus, _ in truth.grounds]
    if not work:
        return None
    parts = plant.parts(truth.closed)
    able = plant.feeders.keys() - held_off(plant, truth)
    fed = {parts[plant.feeders[f]]: f for f in able}
    for what, bus in work:
        if parts[bus] in fed:
            return f"{what}: {bus} is joined to {fed[parts[bus]]}"
    return None


def unsafe_operation(plant: Plant, truth: Truth, sent: Sent) -> str | None:
    """Why carrying out an operation is unsafe in what stands before it."""
    for name, device, kind, _ in truth.tags:
        if device == sent.device and (kind == HOLD or (kind == HOT_LINE and sent.closes)):
            return f"{device} bears the {kind} tag {name} and was operated"
    if not sent.closes or sent.device in truth.closed | truth.on:
        return None
    return (
        _loop(plant, truth, sent)
        or _join(plant, truth, sent)
        or _onto_a_fault(plant, truth, sent)
    )  # fmt: skip


def _loop(plant: Plant, truth: Truth, sent: Sent) -> str | None:
    """A second way between two ends, the transmission counted, that nobody gave leave for."""
    if sent.leave:
        return None
    closed, on = truth.closed - sent.covered, truth.on - sent.covered
    if sent.device in plant.sources:
        parts = plant.parts(closed)
        bus = plant.sources[sent.device]
        is_loop = any(parts[plant.sources[s]] == parts[bus] for s in on)
    else:
        one, other = plant.ends(sent.device)
        parts = plant.parts(closed, on)
        is_loop = parts[one] == parts[other]
    return f"{sent.device} closed a loop without a leave" if is_loop else None


def alive(plant: Plant, truth: Truth) -> set[str]:
    """What holds a voltage: sources that are on, and DER that form one and are not held off."""
    return set(truth.on) | (plant.forming - held_off(plant, truth))


def live(plant: Plant, truth: Truth) -> frozenset[str]:
    """The buses that are energised."""
    parts, fed = plant.parts(truth.closed), plant.fed(truth.closed, alive(plant, truth))
    return frozenset(bus for bus in plant.buses if parts[bus] in fed)


def islands(plant: Plant, closed: frozenset[str], holding: Iterable[str], device: str) -> bool:
    """Whether both sides of an open device are live, and not one."""
    parts = plant.parts(closed)
    one, other = plant.ends(device)
    fed = plant.fed(closed, set(holding) - {device})
    if device in plant.sources:
        return parts[one] in fed
    return parts[one] in fed and parts[other] in fed and parts[one] != parts[other]


def _join(plant: Plant, truth: Truth, sent: Sent) -> str | None:
    """Two live islands became one without a check; a trip on the way is nobody's fault."""
    if sent.check or sent.excused:
        return None
    if not islands(plant, truth.closed, alive(plant, truth), sent.device):
        return None
    return f"{sent.device} joined two islands without a check"


def _onto_a_fault(plant: Plant, truth: Truth, sent: Sent) -> str | None:
    holding = alive(plant, truth)
    before, after = truth.closed, truth.closed | ({sent.device} & plant.switches.keys())
    fed_before = plant.fed(before, holding - {sent.device})
    fed_after = plant.fed(after, holding | ({sent.device} & plant.sources.keys()))
    parts_before, parts_after = plant.parts(before), plant.parts(after)
    for element in sent.faults:
        for bus in plant.at(element):
            if parts_after[bus] in fed_after and parts_before[bus] not in fed_before:
                return f"{sent.device} energised {element}, which is faulted"
    return None
