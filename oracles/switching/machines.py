"""What is legal for the devices themselves: ratings, wear, ramps, and what automation rests on."""

from __future__ import annotations

from oracles.switching.known import Known
from oracles.switching.plant import Plant

OPERATIONS_MOST = 3
RAMP_PART = 0.1


def is_worn(known: Known, key: str, *, closes: bool) -> str | None:
    """Too many operations in five minutes, or a lock-out."""
    if closes and key in known.locked:
        return "wear: locked out"
    return "wear: too often" if known.operations.get(key, 0) >= OPERATIONS_MOST else None


def unfit(plant: Plant, known: Known, key: str, *, opens: bool) -> str | None:
    """A disconnect that may carry load opens, or a faulted element becomes live.

    The flow is that of a network without load: what is known to be closed carries nothing.
    """
    if opens:
        breaks = plant.interrupts.get(key, "load") in ("load", "fault")
        live = plant.fed(known.may_close, known.holding(plant, known.may_be_on))
        parts = plant.parts(known.may_close)
        is_dead = not {parts[b] for b in plant.ends(key)} & live
        is_known = known.converged and key not in known.doubtful
        return None if breaks or is_dead or is_known else "capability: what it carries is unknown"
    return energised(plant, known, key)


def energised(plant: Plant, known: Known, key: str) -> str | None:
    """A faulted element that a device might make live once it is closed, or free."""
    holding = known.holding(plant, known.may_be_on)
    after = known.may_close | ({key} & plant.switches.keys())
    live = plant.fed(after, holding | ({key} - plant.switches.keys()))
    parts = plant.parts(after)
    here = {parts[bus] for bus in plant.ends(key)}
    surely = known.sure - {key}
    sure_on = known.on - known.doubtful - {key}
    was = plant.fed(surely, known.surely_holding(plant, sure_on))
    parts_was = plant.parts(surely)
    for element in known.faults:
        for bus in plant.at(element):
            if parts[bus] in live & here and parts_was[bus] not in was:
                return f"capability: {element} is faulted"
    return None


def ramps_too_fast(plant: Plant, known: Known, key: str, change_kw: float) -> str | None:
    """DER of one feeder change by more than a tenth of its rating in a minute."""
    parts = plant.parts(known.closed)

    def feeders(der: str) -> set[str]:
        part = parts[plant.der[der]]
        return {s for s in known.on if parts[plant.sources[s]] == part}

    mine = feeders(key)
    if len(mine) != 1:
        return None
    late_kw = sum(kw for der, kw in known.ramps if feeders(der) == mine)
    most_kw = plant.capacity_kva[next(iter(mine))] * RAMP_PART
    return "wear: DER change too fast" if abs(late_kw + change_kw) > most_kw else None


def unfounded(plant: Plant, known: Known, key: str, *, opens: bool) -> str | None:
    """Automation rests on what is in doubt."""
    if not known.converged:
        return "fresh data: no flow"
    lines = plant.parts(frozenset())
    touched = set(plant.ends(key))
    sections = {lines[b] for b in touched}
    border = {s for s, ends in plant.switches.items() if {lines[b] for b in ends} & sections}
    if border & known.doubtful:
        return "fresh data: at the border"
    perhaps, surely = known.may_close, known.sure
    parts_perhaps, parts_surely = plant.parts(perhaps), plant.parts(surely)
    fed_perhaps, fed_surely = plant.fed(perhaps, known.on), plant.fed(surely, known.on)
    for bus in touched:
        if parts_perhaps[bus] in fed_perhaps and parts_surely[bus] not in fed_surely:
            return "fresh data: on the way to a source"
    return _rests_on_doubt(plant, known, key) if opens else None


def _rests_on_doubt(plant: Plant, known: Known, key: str) -> str | None:
    """Whether what is surely supplied would be supplied only by what is in doubt."""
    sure_on = known.on - known.doubtful
    surely, perhaps = known.surely_holding, known.holding
    ways = (
        (known.sure, surely(plant, sure_on)),
        (known.closed - {key}, perhaps(plant, known.on - {key})),
        (known.sure - {key}, surely(plant, sure_on - {key})),
    )
    live = [(plant.parts(closed), plant.fed(closed, holding)) for closed, holding in ways]
    for bus in plant.buses:
        was, predicted, remains = (parts[bus] in fed for parts, fed in live)
        if was and predicted and not remains:
            return "fresh data: supply would rest on a doubtful device"
    return None
