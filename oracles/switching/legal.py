"""Which steps are legal in what is known: the rules of docs/interlock.md, one by one, by trying.

What two devices in doubt may do together is tried in every way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Step
from oracles.switching.known import Known
from oracles.switching.machines import energised, is_worn, ramps_too_fast, unfit, unfounded
from oracles.switching.plant import Parts, Plant
from oracles.switching.truth import islands

TRIED_MOST = 6
"""So many doubtful devices are tried in every way; of more only the two extremes."""


def is_legal(
    plant: Plant, known: Known, step: Step, key: str, who: str, *, automatic: bool = False,
    change_kw: float = 0.0,
) -> bool:  # fmt: skip
    """Whether a step may be carried out in what is known."""
    told = why_illegal(plant, known, step, key, who, automatic=automatic, change_kw=change_kw)
    return told is None


def why_illegal(
    plant: Plant, known: Known, step: Step, key: str, who: str, *, automatic: bool = False,
    change_kw: float = 0.0,
) -> str | None:  # fmt: skip
    """Why a step may not be carried out, in words; None where it may.

    `key` is its device as `subject` writes it, `change_kw` what a DER would change by.
    """
    action = step.action
    if action in MOVES:
        told = _tagged(known, key, action)
        if action in SWITCHING:
            told = told or is_worn(known, key, closes=action is Action.CLOSE)
            told = told or unfit(plant, known, key, opens=action is Action.OPEN)
        if action in POWERS:
            told = told or ramps_too_fast(plant, known, key, change_kw)
        if action is Action.CLOSE:
            told = told or _exposed(plant, known, key) or _loop(plant, known, key)
            told = told or _unchecked(plant, known, key)
        if action is Action.OPEN:
            told = told or _parted(plant, known, _opened(known, key), key)
        if automatic:
            told = told or unfounded(plant, known, key, opens=action is Action.OPEN)
        return told
    if action is Action.TAG:
        new = step.mark and step.mark not in {t.id for t in known.tags}
        if not new or (step.kind or "hold") not in ("hold", "hot_line"):
            return "no such tag"
        is_on = key in known.may_be_on | known.running | (known.waiting & plant.feeders.keys())
        return "tags: it may feed" if is_on and (step.kind or "hold") == "hold" else None
    if action is Action.UNTAG:
        return _lifted(plant, known, step, key, who)
    return _work(plant, known, step, key, who)


def _tagged(known: Known, key: str, action: Action) -> str | None:
    for tag in known.tags:
        if tag.device == key and (tag.kind == "hold" or action is Action.CLOSE):
            return f"tags: {tag.id}"
    return None


def _lifted(plant: Plant, known: Known, step: Step, key: str, who: str) -> str | None:
    found = [t for t in known.tags if (t.id, t.device) == (step.mark, key)]
    if not found or found[0].holder != who:
        return "tags: not his to lift"
    after = _without(known, step.mark)
    if found[0].kind == "hold" and found[0].certain:
        parts, fed = _open_surely(plant, after)
        here = {parts[b] for b in plant.ends(key)} & fed
        if any(parts[b] in here for b in _buses_at_work(known)):
            return "clearance or ground: proven dead no more"
    if key in after.holding(plant, known.on) - known.holding(plant, known.on):
        told = energised(plant, known, key)
        if told is not None:
            return told
    return _parted(plant, known, after, "")


def _work(plant: Plant, known: Known, step: Step, key: str, who: str) -> str | None:
    bus = key.removeprefix("bus.")
    zones = {name: (holder, buses) for name, holder, buses in known.clearances}
    earths = {name: (at, holder) for name, at, holder in known.grounds}
    if step.action in (Action.CLEAR, Action.GROUND):
        names = zones if step.action is Action.CLEAR else earths
        if not step.mark or step.mark in names:
            return "no name of its own"
        return "not proven dead" if bus in _unproven(plant, known) else None
    if step.action is Action.UNGROUND:
        is_his = step.mark in earths and earths[step.mark][1] == who
        return None if is_his else "ground: not his to remove"
    if step.mark not in zones or zones[step.mark][0] != who:
        return "clearance: not his to release"
    still = any(at in zones[step.mark][1] and of == who for at, of in earths.values())
    return "ground: still stands" if still else None


def _buses_at_work(known: Known) -> set[str]:
    return {b for _, _, zone in known.clearances for b in zone} | {b for _, b, _ in known.grounds}


def _unproven(plant: Plant, known: Known) -> set[str]:
    """Buses that no surely open device with a hold tag keeps from every feeder of energy."""
    parts, fed = _open_surely(plant, known)
    return {b for b in plant.buses if parts[b] in fed}


def _open_surely(plant: Plant, known: Known) -> tuple[Parts, set[int]]:
    """The parts that surely open devices with a hold tag leave, and those with a feeder."""
    tagged = {t.device for t in known.tags if t.kind == "hold" and t.certain}
    barred = tagged - known.closed - known.doubtful
    passable = frozenset(plant.switches.keys() - barred)
    return plant.parts(passable), plant.fed(passable, known.free(plant))


def _exposed(plant: Plant, known: Known, key: str) -> str | None:
    """Whether closing leads from a feeder to where somebody works, whatever doubtful ones do."""
    closed = known.may_close | ({key} & plant.switches.keys())
    parts, fed = plant.parts(closed), plant.fed(closed, known.free(plant))
    here = {parts[b] for b in plant.ends(key)} & fed
    at = sorted(b for b in _buses_at_work(known) if parts[b] in here)
    return f"clearance or ground: {at[0]}" if at else None


def _loop(plant: Plant, known: Known, key: str) -> str | None:
    closed = known.may_close - {key}
    on = known.may_be_on - {key}
    parts = plant.parts(closed)
    one, other = plant.ends(key)
    near = {s for s in on if parts[plant.sources[s]] in (parts[one], parts[other])}
    if key in plant.sources:
        near |= {key}
        is_loop = len(near) > 1
    else:
        behind = plant.parts(closed, on)
        is_loop = behind[one] == behind[other]
    leave = known.loops.get(key)
    if not is_loop:
        return None
    if leave is None or not leave.by or not 0 < leave.expires_s - known.now_s <= 900:
        return "radiality: no leave"
    named = {f"source.{n.lower().rpartition('.')[2]}" for n in leave.sources}
    return None if near <= named else "radiality: other sources"


def _unchecked(plant: Plant, known: Known, key: str) -> str | None:
    if _is_checked(known, key):
        return None
    joins = any(
        islands(plant, closed - {key}, known.holding(plant, on), key)
        for closed, on in _ways(plant, known, key)
    )
    return "synchronism: no check" if joins else None


def _is_checked(known: Known, key: str) -> bool:
    c = known.syncs.get(key)
    return (
        c is not None and 0 <= known.now_s - c.at_s <= 5 and c.phasing_known
        and abs(c.dv_pu) <= 0.03 and abs(c.dangle_deg) <= 10 and abs(c.df_hz) <= 0.1
    )  # fmt: skip


def _parted(plant: Plant, known: Known, after: Known, key: str) -> str | None:
    """Whether what a command on its way will join is one no more."""
    for device in sorted(known.pending - {key}):
        for closed, on in _ways(plant, known, device):
            way = closed - {device}
            was = islands(plant, way, known.holding(plant, on), device)
            now = islands(plant, way - {key}, after.holding(plant, on - {key}), device)
            if now and not was and not _is_checked(known, device):
                return f"synchronism: {device} is on its way"
    return None


def _ways(plant: Plant, known: Known, but: str) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Every way in which the doubtful devices may stand: closed switches, and sources on."""
    doubtful = sorted(known.doubtful - {but})
    sizes = range(len(doubtful) + 1)
    if len(doubtful) > TRIED_MOST:
        sizes = (0, len(doubtful))
    surely_on = known.on - known.doubtful - {but}
    for size in sizes:
        for chosen in combinations(doubtful, size):
            yield (
                known.sure.union(d for d in chosen if d in plant.switches),
                surely_on.union(d for d in chosen if d in plant.sources),
            )


def _opened(known: Known, key: str) -> Known:
    return _changed(
        known, closed=known.closed - {key}, on=known.on - {key}, doubtful=known.doubtful - {key}
    )


def _without(known: Known, mark: str) -> Known:
    return _changed(known, tags=tuple(t for t in known.tags if t.id != mark))


def _changed(known: Known, **changes: object) -> Known:
    from dataclasses import replace

    return replace(known, **changes)  # type: ignore[arg-type]
