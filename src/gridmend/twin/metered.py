"""Meters at the plant: gasps, pings and readings, and which of them arrive."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.twin.agenda import Due
from gridmend.twin.instants import Instants
from gridmend.twin.pinged import Pinged
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.meters import Meters, Readings
from gridmend.twin.told import SOURCE

CAUSE = "meter"
"""What the events say of what brought them about."""

KEPT_S = 86_400.0
"""How long a meter keeps a reading that has not got through."""
KEPT_MOST = 2_000
"""Intervals that meters keep, however short these are."""
SLOT_S = 0.1
"""Meters share a channel in slots: what is due within one goes at its end. Assumed."""
UNREAD_MOST = 5_000_000
"""Readings that wait to be collected; more is an error of whoever forgot to."""


def endpoint_of(load: str) -> str:
    """Who speaks for the meter of a load."""
    return f"meter.{load}".lower()


@dataclass(frozen=True, eq=False)
class Arrived:
    """Readings as they arrive. All arrays are [readings].

    `load` is a row, `begin_s` labels the interval, which ends at `end_s`; energy [kWh], and the
    mean voltage while there was any [pu of rated], nan where there was none.
    """

    load: Ints
    begin_s: Floats
    end_s: Floats
    energy_kwh: Floats
    v_pu: Floats
    arrival_s: Floats

    def __len__(self) -> int:
        return len(self.load)

    def taken(self, which: Ints | Flags) -> Arrived:
        """Some of them."""
        return Arrived(*(getattr(self, name)[which] for name in _FIELDS))


_FIELDS = ("load", "begin_s", "end_s", "energy_kwh", "v_pu", "arrival_s")
_NOTHING = Arrived(np.empty(0, np.int64), *(np.empty(0) for _ in _FIELDS[1:]))


@dataclass(eq=False)
class _Kept:
    """One interval, and which meters have not got theirs through [loads]."""

    readings: Readings
    missing: Flags


@dataclass(eq=False)
class Metered:
    """Meters that watch the plant of a telecontrol, and speak over its links.

    A meter whose supply goes gasps, unless the supply is back before it does; one whose supply is
    back pings, unless the supply goes before it does. A gasp is sent once, by the last charge: a
    path that is down kills it, and no store keeps it. A ping is kept where the path has a store.
    Both bear the time at which the supply went or came.

    At the end of every interval each meter with supply sends, in one message, what it has not got
    through: the interval, and those before it that were lost or fell into an outage. After a day
    they are given up. `given_up_kwh` [loads] is what was.

    Raises `GridError` for a load in service whose meter has no path.
    """

    telecontrol: Telecontrol
    meters: Meters
    given_up_kwh: Floats = field(init=False)
    pinged: Pinged = field(init=False)
    _instants: Instants = field(init=False)
    _loads: Ints = field(init=False)
    """Rows that have a meter."""
    _number: Ints = field(init=False)
    """[loads] the endpoint of each; -1 without a meter."""
    _names: tuple[str, ...] = field(init=False)
    _kept: list[_Kept] = field(default_factory=list[_Kept])
    _under_way: list[Arrived] = field(default_factory=list[Arrived])
    _due_s: Floats = field(init=False)
    """[loads] when each says that its supply went or came; inf where it has nothing to say."""
    _since_s: Floats = field(init=False)
    """[loads] when that was."""
    _next: Due | None = None

    def __post_init__(self) -> None:
        plant, links = self.telecontrol.plant, self.telecontrol.links
        topology, loads = plant.world.topology, plant.world.grid.loads
        self._names = tuple(str(name).lower() for name in loads["name"])
        whole = np.ones(len(topology.wiring.node_bus), bool)
        self._loads = np.flatnonzero(topology.supplied(whole))
        self._number = np.full(len(loads), -1, np.int64)
        for row in self._loads.tolist():
            self._number[row] = links.number(endpoint_of(self._names[row]))
        self.given_up_kwh, self._since_s = np.zeros(len(loads)), np.zeros(len(loads))
        self._due_s = np.full(len(loads), np.inf)
        flow = plant.world.flow
        self.meters.begin(plant.now_s, flow, self._supplied(flow))
        self._instants = Instants(plant, self._see)
        self.pinged = Pinged(
            self.telecontrol, self.meters, self.meters.streams, self._number,
            self._instants.catch_up,
        )  # fmt: skip
        plant.agenda.at(self.meters.next_s(), self._collect)

    def readings(self) -> Arrived:
        """Those that have arrived since it was last asked, in order of arrival; each once."""
        every = _joined(self._under_way)
        here = every.arrival_s <= self.telecontrol.plant.now_s
        self._under_way = [every.taken(~here)]
        found = every.taken(here)
        return found.taken(np.lexsort((found.load, found.begin_s, found.arrival_s)))

    def to_come_kwh(self) -> Floats:
        """[loads] what meters have counted until the last change and nobody has collected: under
        way, kept, or of the interval that runs. Known to the twin alone."""
        found = self.meters.gain * self.meters.energy_kwh
        for kept in self._kept:
            found = found + np.where(kept.missing, kept.readings.energy_kwh, 0.0)
        every = _joined(self._under_way)
        return found + np.bincount(every.load, every.energy_kwh, len(found))

    def _see(self, now_s: float, flow: Flow) -> None:
        meters, before = self.meters, self.meters.has_supply
        meters.go_to(now_s)
        gasping, pinging = meters.see(flow, self._supplied(flow))
        changed = before != meters.has_supply
        self._due_s[changed], self._since_s[changed] = np.inf, now_s
        for said in (gasping, pinging):
            self._due_s[said.load] = np.ceil(said.time_s / SLOT_S) * SLOT_S
        self._expect()

    def _expect(self) -> None:
        """Have what is due first said at its time."""
        due_s = max(float(self._due_s.min(initial=np.inf)), self.telecontrol.plant.now_s)
        if self._next is not None:
            self._next.call_off()
        agenda = self.telecontrol.plant.agenda
        self._next = agenda.at(due_s, self._say) if math.isfinite(due_s) else None

    def _say(self) -> None:
        self._instants.catch_up()
        plant, links = self.telecontrol.plant, self.telecontrol.links
        due = np.flatnonzero(self._due_s <= plant.now_s)
        self._due_s[due] = np.inf
        back = self.meters.has_supply[due]
        for load in due[back].tolist():
            event = self._event(load, "meter_returned")
            self.telecontrol.send(endpoint_of(self._names[load]), event)
        # By a batch, of which no store keeps anything: the charge is gone before the path is back.
        gasping = due[~back]
        self.telecontrol.catch_up()
        times = np.transpose(links.send_batch(self._number[gasping], plant.now_s))
        for load, arrivals in zip(gasping.tolist(), times.tolist(), strict=True):
            event = self._event(load, "meter_gasped")
            for arrival_s in arrivals:
                if not math.isnan(arrival_s):
                    plant.agenda.at(arrival_s, partial(self.telecontrol.hear, event))
        self._expect()

    def _event(self, load: int, kind: str) -> Event:
        time_utc = self.telecontrol.start_utc + timedelta(seconds=float(self._since_s[load]))
        return Event(time_utc, SOURCE, CAUSE, kind, {"meter": self._names[load]})

    def _collect(self) -> None:
        """An interval ends: it is read, and what has not got through is sent."""
        plant, meters = self.telecontrol.plant, self.meters
        self._instants.catch_up()
        meters.go_to(plant.now_s)
        missing = np.zeros(len(self._number), bool)
        missing[self._loads] = True
        self._kept.append(_Kept(meters.read(), missing))
        self._give_up()
        self._carry()
        plant.agenda.at(meters.next_s(), self._collect)

    def _give_up(self) -> None:
        oldest_s = self.telecontrol.plant.now_s - KEPT_S
        while len(self._kept) > KEPT_MOST or self._kept[0].readings.begin_s < oldest_s:
            kept = self._kept.pop(0)
            self.given_up_kwh += np.where(kept.missing, kept.readings.energy_kwh, 0.0)

    def _carry(self) -> None:
        """Every meter with supply sends all that it keeps. Those that keep most go first, so that
        a full link does not lose the same ones each time."""
        waiting = np.sum([kept.missing for kept in self._kept], axis=0)
        which = np.flatnonzero((waiting > 0) & self.meters.has_supply)
        which = which[np.argsort(-waiting[which], kind="stable")]
        self.telecontrol.catch_up()
        links, now_s = self.telecontrol.links, self.telecontrol.plant.now_s
        arrival_s = np.full(len(waiting), np.nan)
        arrival_s[which] = np.fmin(*links.send_batch(self._number[which], now_s))
        for kept in self._kept:
            through = np.flatnonzero(kept.missing & ~np.isnan(arrival_s))
            kept.missing[through] = False
            if len(through):
                self._under_way.append(_arriving(kept.readings, through, arrival_s[through]))
        self._kept = [kept for kept in self._kept if kept.missing.any()]
        if sum(map(len, self._under_way)) > UNREAD_MOST:
            raise GridmendError(
                f"{UNREAD_MOST:,} readings were not collected", mend="ask `readings` more often"
            )

    def _supplied(self, flow: Flow) -> Flags:
        """[loads] whether each has every phase energised in a flow."""
        topology = self.telecontrol.plant.world.topology
        return topology.supplied(topology.energised(flow.snapshot))


def _arriving(readings: Readings, load: Ints, arrival_s: Floats) -> Arrived:
    whole = np.ones(len(load))
    return Arrived(
        load,
        readings.begin_s * whole,
        readings.end_s * whole,
        readings.energy_kwh[load],
        readings.v_pu[load],
        arrival_s,
    )


def _joined(parts: list[Arrived]) -> Arrived:
    every = [_NOTHING, *parts]
    return Arrived(*(np.concatenate([getattr(one, name) for one in every]) for name in _FIELDS))
