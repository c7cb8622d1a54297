"""Distributed resources as they stand in a grid: what each measures, does, and gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.snapshot import DEMANDS
from gridmend.powerflow.legs import INJECTED
from gridmend.powerflow.network import Network
from gridmend.twin.inverters.changes import Deed, State
from gridmend.twin.inverters.fleet import Fleet, der_of
from gridmend.twin.inverters.machine import RideThrough
from gridmend.twin.inverters.measure import PHASES_MOST
from gridmend.twin.inverters.settings import Settings
from gridmend.twin.inverters.standard import Category
from gridmend.twin.streams import Streams
from gridmend.twin.world import World

RAMP_STEP_S = 10.0
"""How long the output of a ramp after entering service stands still. Assumed: a thirtieth of the
default ramp, so that the output is never further than a sixtieth from it."""
RETURN_STEP_S = 0.1
"""The same while an output comes back after a cessation, which takes 0.4 s. Assumed."""

TOLD: Mapping[Deed, tuple[str, str]] = {
    Deed.TRIPPED: ("der_tripped", ""),
    Deed.CEASED: ("der_ceased", "voltage"),
    Deed.RETURNED: ("der_returned", "voltage"),
    Deed.ENTERED: ("der_entered", "enter service"),
}
"""What is told of a deed, and its cause; a trip has its own."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that a resource does: `kind`, `device` as `Grid.key` writes it, and its cause."""

    kind: str
    device: str
    cause: str


@dataclass(frozen=True, eq=False)
class Taps:
    """Between which nodes each resource measures its applicable voltages; all [der, 6].

    `plus` and `minus` are nodes, -1 for ground; `rated_v` the voltage of 1 pu [V], nan where a
    resource has no such voltage.
    """

    plus: Ints
    minus: Ints
    rated_v: Floats

    @staticmethod
    def of(network: Network, places: tuple[tuple[str, int], ...]) -> Taps:
        """Of each leg of each resource, by its table and row; of three legs from one neutral also
        between their phases (Table 1, clause 4.3: both apply to three phases)."""
        legs, shape = network.legs, (len(places), PHASES_MOST)
        plus, minus = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
        rated_v = np.full(shape, np.nan)
        for der, (table, row) in enumerate(places):
            own = np.flatnonzero((legs.table == INJECTED.index(table)) & (legs.element == row))
            count = len(own)
            plus[der, :count], minus[der, :count] = legs.plus[own], legs.minus[own]
            rated_v[der, :count] = legs.rated_v[own]
            if count == 3 and len(set(legs.minus[own].tolist())) == 1:
                plus[der, 3:], minus[der, 3:] = legs.plus[own], np.roll(legs.plus[own], -1)
                rated_v[der, 3:] = math.sqrt(3) * legs.rated_v[own]
        return Taps(plus, minus, rated_v)

    def v_pu(self, flow: Flow) -> Floats:
        """[der, 6] voltage [pu], nan where a resource has no such one."""
        v = np.append(flow.v_v, 0.0)
        return np.abs(v[self.plus] - v[self.minus]) / self.rated_v

    def live(self, flow: Flow) -> Flags:
        """[der] whether anything of it is energised."""
        energised = np.append(flow.energised, False)
        return np.any(energised[self.plus] | energised[self.minus], axis=1)


@dataclass(eq=False)
class Resources:
    """All distributed resources of a grid; they go on in place, with the virtual clock.

    They are shown each flow, do what falls due, and give a share of the power that the world has
    for them, `share` [der], 0 to 1. A ramp is climbed in steps: at whole multiples of
    `ramp_step_s`, or of `return_step_s` while an output comes back after a cessation, each gives
    the mean of its ramp until the next step. So a ramp costs a bounded number of solves, however
    many climb together.
    """

    network: Network
    fleet: Fleet
    machine: RideThrough
    keys: tuple[str, ...]
    """Each as `Grid.key` writes it."""
    taps: Taps
    ramp_step_s: float = RAMP_STEP_S
    return_step_s: float = RETURN_STEP_S
    share: Floats = field(init=False)
    _rows: dict[str, tuple[Ints, Ints]] = field(init=False)
    """By field of a snapshot: who is in it, and in which rows."""
    _given: dict[str, Floats] = field(init=False)
    """By field, [rows of its table] the shares that the world has."""
    _v_pu: Floats = field(init=False)
    _live: Flags = field(init=False)
    _now_s: float = 0.0
    _step_s: float = math.inf

    @staticmethod
    def of(
        network: Network,
        settings: Mapping[str, Settings | Category | str] | None = None,
        streams: Streams | None = None,
        *,
        default: Settings | Category | str | None = None,
        ramp_step_s: float = RAMP_STEP_S,
        return_step_s: float = RETURN_STEP_S,
    ) -> Resources:
        """The generators, PV systems and storages of a grid, in service at full output.

        `settings`, `default`: see `der_of`. Raises `GridError` as it does, and `GridmendError`
        for a step that is none, and for random delays without streams.
        """
        for name, step_s in (("ramp_step_s", ramp_step_s), ("return_step_s", return_step_s)):
            if not (math.isfinite(step_s) and step_s >= 1e-3):
                raise GridmendError(f"{name} is {step_s}", mend="give 0.001 s or more")
        fleet = der_of(network.grid, settings, default=default)
        places = tuple(network.grid.find(name) for name in fleet.names)
        keys = tuple(network.grid.key(name) for name in fleet.names)
        taps = Taps.of(network, places)
        machine = fleet.machine(streams)
        return Resources(network, fleet, machine, keys, taps, ramp_step_s, return_step_s)

    def __post_init__(self) -> None:
        grid, size = self.network.grid, len(self.keys)
        places = [grid.find(name) for name in self.fleet.names]
        self._rows, self._given = {}, {}
        for table, name, _ in DEMANDS[1:]:
            who = np.array([k for k, place in enumerate(places) if place[0] == table], np.int64)
            rows = np.array([places[k][1] for k in who.tolist()], np.int64)
            self._rows[name] = who, rows
            self._given[name] = np.ones(len(grid.table(table)))
        self.share, self._live = np.ones(size), np.ones(size, np.bool_)
        self._v_pu = np.ones(self.taps.plus.shape)

    def __len__(self) -> int:
        return len(self.keys)

    def see(self, now_s: float, flow: Flow) -> None:
        """From now on every resource measures the voltages of a flow, and the grid's frequency
        where it is energised. A flow that did not converge says only what is dead."""
        if not len(self):
            return
        self._live = live = self.taps.live(flow)
        if flow.converged:
            self._v_pu = self.taps.v_pu(flow)
        frequency_hz = self.network.grid.frequency_hz
        self.machine.see(now_s, self._v_pu, frequency_hz, live, ~live)
        self._settle(now_s)

    def due_s(self) -> float:
        """When the first of them acts, or gives another share, if the voltages stay [s]; inf if
        none does."""
        if self._news():
            return self._now_s
        return min(self.machine.due_s(), self._step_s)

    def act(self, now_s: float) -> list[Doing]:
        """What all that are due do now."""
        if not len(self):
            return []
        done = self.machine.act(now_s)
        self._settle(now_s)
        return [
            Doing(TOLD[deed][0], self.keys[der], cause or TOLD[deed][1])
            for _, der, deed, cause in done.rows()
            if deed in TOLD
        ]

    def put(self, world: World) -> None:
        """Give the world the shares of now, where they changed. Who is out of service in the
        grid gives nothing."""
        news = self._news()
        for name, share in news.items():
            world.give(name, share)
        self._given |= news

    def _news(self) -> dict[str, Floats]:
        """By field, the shares of those in which any changed."""
        found: dict[str, Floats] = {}
        for name, (who, rows) in self._rows.items():
            share = np.zeros(len(self._given[name]))
            share[rows] = self.share[who]
            if not np.array_equal(share, self._given[name]):
                found[name] = share
        return found

    def _settle(self, now_s: float) -> None:
        """The shares from now on, and when those of ramps will be others."""
        states = self.machine.states()[self._live]
        self._now_s, self._step_s, at_s = now_s, math.inf, now_s
        climbs = [(State.RETURNING, self.return_step_s), (State.RAMPING, self.ramp_step_s)]
        step_s = min((step_s for state, step_s in climbs if (states == state).any()), default=0.0)
        if step_s > 0:
            self._step_s = round((math.floor(now_s / step_s + 1e-6) + 1) * step_s, 6)
            until_s = min(self._step_s, self.machine.due_s())
            at_s = (now_s + max(until_s, now_s)) / 2
        self.share = np.where(self._live, self.machine.output(at_s), 0.0)
