"""What is known of a network at a time, as names and sets."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.model.plan import MOVES, SWITCHING, Action
from gridmend.model.situation import LoopLeave, Situation, SyncCheck
from oracles.switching.plant import Plant

FRESH_S, WEAR_S, RAMP_S = 4.0, 300.0, 60.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag, with `certain` where it surely hangs: neither on its way nor being lifted."""

    id: str
    device: str
    kind: str
    holder: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Positions as last reported, with their doubt, and what binds.

    `closed` and `on` are the last reports; `doubtful` are switches and sources of which they may
    not be true. `pending` are devices that a command to close may close yet.
    """

    closed: frozenset[str]
    on: frozenset[str]
    doubtful: frozenset[str]
    tags: tuple[Mark, ...]
    grounds: tuple[tuple[str, str, str], ...]
    clearances: tuple[tuple[str, str, frozenset[str]], ...]
    pending: frozenset[str]
    faults: tuple[str, ...]
    operations: dict[str, int]
    ramps: tuple[tuple[str, float], ...]
    locked: frozenset[str]
    loops: dict[str, LoopLeave]
    syncs: dict[str, SyncCheck]
    now_s: float
    converged: bool
    running: frozenset[str] = frozenset()
    """DER that give or take power, or may."""
    waiting: frozenset[str] = frozenset()
    """Devices that have a command without an outcome."""

    @property
    def may_close(self) -> frozenset[str]:
        """Switches that may be closed."""
        return self.closed | (self.doubtful - self.on_or_off)

    @property
    def sure(self) -> frozenset[str]:
        """Switches that are surely closed."""
        return self.closed - self.doubtful

    @property
    def on_or_off(self) -> frozenset[str]:
        """The names of sources among the doubtful."""
        return frozenset(d for d in self.doubtful if d.startswith("source."))

    @property
    def may_be_on(self) -> frozenset[str]:
        """Sources that may be on."""
        return self.on | self.on_or_off

    def free(self, plant: Plant) -> set[str]:
        """Feeders of energy that no hold tag surely keeps away."""
        held = {t.device for t in self.tags if t.kind == "hold" and t.certain}
        return {f for f in plant.feeders if f not in held or f in self.may_be_on | self.running}

    def holding(self, plant: Plant, on: frozenset[str]) -> set[str]:
        """What holds a voltage where these sources are on."""
        return (set(on) | plant.forming) & (self.free(plant) | on)

    def surely_holding(self, plant: Plant, on: frozenset[str]) -> set[str]:
        """The same, without the DER on which a hold tag may hang."""
        held = {t.device for t in self.tags if t.kind == "hold"}
        return set(on) | (plant.forming - held - self.waiting)


def known(plant: Plant, s: Situation, now_s: float, *, converged: bool = True) -> Known:
    """Read a situation."""
    names = list(plant.switches)
    is_open = dict(zip(names, s.snapshot.open_phases.tolist(), strict=True))
    heard = dict(zip(names, s.heard_s.tolist(), strict=True))
    good = dict(zip(names, s.position_known.tolist(), strict=True))
    doubtful = {
        n for n in names
        if not good[n] or (n in plant.remote and not now_s - heard[n] <= FRESH_S)
    }  # fmt: skip
    tags = {t.id: Mark(t.id, t.device, t.kind, t.holder, True) for t in s.tags.values()}
    grounds = {g.id: (g.id, g.bus.lower(), g.holder) for g in s.grounds.values()}
    zones = {
        c.id: (c.id, c.holder, frozenset(b.lower() for b in c.buses)) for c in s.clearances.values()
    }
    closing: set[str] = set()
    for p in s.pending.values():
        step, who = p.command.step, p.command.principal
        if step.action in SWITCHING:
            doubtful.add(p.key)
            if step.action is Action.CLOSE:
                closing.add(p.key)
        elif step.action is Action.TAG and step.mark not in tags:
            tags[step.mark] = Mark(step.mark, p.key, step.kind or "hold", who, False)
        elif step.action is Action.UNTAG and step.mark in tags:
            t = tags[step.mark]
            tags[t.id] = Mark(t.id, t.device, t.kind, t.holder, False)
        elif step.action is Action.GROUND:
            grounds.setdefault(step.mark, (step.mark, p.key.removeprefix("bus."), who))
        elif step.action is Action.CLEAR:
            buses = frozenset(b.lower() for b in p.buses)
            zones.setdefault(step.mark, (step.mark, who, buses))
    waiting = frozenset(p.key for p in s.pending.values() if p.command.step.action in MOVES)
    locked = zip(names, s.locked_out.tolist(), strict=True)
    sources = zip(plant.sources, s.snapshot.source_on.tolist(), strict=True)
    return Known(
        frozenset(n for n in names if not is_open[n]),
        frozenset(n for n, on in sources if on),
        frozenset(doubtful),
        tuple(tags.values()), tuple(grounds.values()), tuple(zones.values()), frozenset(closing),
        tuple(sorted(s.faults)),
        {k: sum(t > now_s - WEAR_S for t in at) for k, at in s.operations.items()},
        tuple((k, kw) for k, at in s.ramps.items() for t, kw in at if t > now_s - RAMP_S),
        frozenset(n for n, is_locked in locked if is_locked),
        dict(s.loops), dict(s.syncs), now_s, converged,
        _running(plant, s) | (waiting & plant.der.keys()), waiting,
    )  # fmt: skip


def _running(plant: Plant, s: Situation) -> frozenset[str]:
    given: dict[str, float] = {}
    for kind, powers in (
        ("generator", s.snapshot.generator_kw),
        ("storage", s.snapshot.storage_kw),
    ):
        names = [der for der in plant.der if der.startswith(f"{kind}.")]
        given |= dict(zip(names, powers.tolist(), strict=True))
    return frozenset(der for der, kw in given.items() if kw != 0.0)
