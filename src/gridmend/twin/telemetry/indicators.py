"""Fault passage indicators: which of them saw the fault's current, and which say so rightly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.powerflow.network import Network
from gridmend.twin.streams import Streams


@dataclass(frozen=True, slots=True)
class Indicating:
    """How indicators behave. All are assumed: makers give neither share.

    `pickup_a` current that is a fault's, where a switch is given none of its own; `missed` share of
    passages that leave no flag, `false` share of energisations whose inrush leaves one; `reset_s`
    after which a flag goes. `load_share` and `least_a` are what `pickups` makes of a load.
    """

    pickup_a: float = 800.0
    missed: float = 0.05
    false: float = 0.01
    reset_s: float = 4 * 3600.0
    load_share: float = 2.0
    least_a: float = 80.0

    def __post_init__(self) -> None:
        for name in ("missed", "false"):
            if not 0 <= getattr(self, name) <= 1:
                raise GridError(f"{name} is {getattr(self, name)}", mend="give a share, 0 to 1")
        for name in ("pickup_a", "reset_s", "load_share", "least_a"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise GridError(f"{name} is {getattr(self, name)}", mend="give more than 0")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that went up: when, at which switch, on which phases, and whether it is right, which
    is that current above the pickup passed."""

    time_s: float
    switch: str
    phases: tuple[str, ...]
    is_true: bool
    """Known to the twin alone."""


@dataclass(eq=False)
class Indicators:
    """One at every phase of some switches; they go on in place. All arrays are [conductors]."""

    network: Network
    settings: Indicating
    switch: Ints
    phase: tuple[str, ...]
    terminal: Ints
    pickup_a: Floats
    chance: list[tuple[np.random.Generator, np.random.Generator]]
    """Of each: whether a passage is missed, and whether an inrush is taken for one."""
    above: Flags
    live: Flags
    until_s: Floats
    """When each flag goes; -inf where none is up."""

    @staticmethod
    def of(
        network: Network,
        rows: Ints,
        settings: Indicating,
        streams: Streams,
        pickup_a: Floats | None = None,
    ) -> Indicators:
        """Indicators at the first end of the switches `rows`; no flag is up.

        `pickup_a` [rows] is one for each switch, as `pickups` makes them; without it that of the
        settings. Raises `GridError` for a pickup that cannot be.
        """
        terminals, names = network.terminals, network.grid.switches["name"]
        at = _terminals(network, rows)
        phase = tuple(str(p) for p in terminals.phase[at])
        chance = [
            tuple(streams.of("indicator", kind, str(names[r]), p) for kind in ("missed", "false"))
            for r, p in zip(terminals.row[at].tolist(), phase, strict=True)
        ]
        n, of_switch = len(at), np.full(len(names), settings.pickup_a)
        of_switch[rows] = (
            settings.pickup_a if pickup_a is None else _checked(network, rows, pickup_a)
        )
        return Indicators(
            network, settings, terminals.row[at], phase, at, of_switch[terminals.row[at]],
            [(a, b) for a, b in chance], np.zeros(n, bool), np.zeros(n, bool), np.full(n, -np.inf),
        )  # fmt: skip

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches that have any, by name."""
        return tuple(str(n) for n in self.network.grid.switches["name"][np.unique(self.switch)])

    def begin(self, flow: Flow) -> None:
        """This is what flows; it is no news, so that nothing goes up."""
        self.above, self.live = self._currents(flow)

    def see(self, now_s: float, flow: Flow) -> list[Flag]:
        """The flags that a new flow puts up. A passage counts when its current begins."""
        above, live = self._currents(flow)
        passing, rushing = above & ~self.above, live & ~self.live & ~above
        self.above, self.live = above, live
        up: dict[tuple[int, bool], list[str]] = {}
        for k in np.flatnonzero(passing | rushing).tolist():
            missed, false = self.chance[k]
            if passing[k]:
                is_up = missed.random() >= self.settings.missed
            else:
                is_up = false.random() < self.settings.false
            if is_up:
                self.until_s[k] = now_s + self.settings.reset_s
                up.setdefault((int(self.switch[k]), bool(passing[k])), []).append(self.phase[k])
        names = self.network.grid.switches["name"]
        return [Flag(now_s, str(names[row]), tuple(p), right) for (row, right), p in up.items()]

    def is_up(self, now_s: float) -> Flags:
        """[conductors] whose flag is up."""
        return self.until_s > now_s

    def _currents(self, flow: Flow) -> tuple[Flags, Flags]:
        """[conductors] which carry a fault's current, and which have voltage."""
        nodes = self.network.terminals.node[self.terminal]
        return np.abs(flow.i_a[self.terminal]) > self.pickup_a, flow.energised[nodes]


def pickups(network: Network, flow: Flow, rows: Ints, settings: Indicating) -> Floats:
    """[rows] a pickup for each of some switches [A], from the load that a flow has there.

    It is `load_share` times the highest current of a phase, and `least_a` at least. Assumed: by
    default 0.8 of what `guard_places` takes for a breaker there (2.5 times the load, and 100 A), so
    that an indicator sees whatever current of a phase the breaker trips on; one of a fixed 800 A
    does not see the faults at a weak feeder's end. The flow should be of the highest demand. Where
    it has no current, as the switch is open, nothing says what load will come:
    `settings.pickup_a`.
    """
    at = _terminals(network, rows)
    load_a = np.zeros(len(network.grid.switches))
    np.maximum.at(load_a, network.terminals.row[at], np.abs(flow.i_a[at]))
    found = np.maximum(settings.load_share * load_a, settings.least_a)
    return np.where(load_a > 0, found, settings.pickup_a)[rows]


def _terminals(network: Network, rows: Ints) -> Ints:
    """The conductors at the first end of some switches."""
    terminals = network.terminals
    return np.flatnonzero(
        (terminals.table == "switches") & np.isin(terminals.row, rows)
        & (terminals.terminal == 1) & (terminals.node >= 0)
    )  # fmt: skip


def _checked(network: Network, rows: Ints, pickup_a: Floats) -> Floats:
    """Pickups that can be."""
    given = np.asarray(pickup_a, float)
    if given.shape != np.shape(rows):
        raise GridError(
            f"{given.size} pickups are given for {len(rows)} switches", mend="give one for each"
        )
    wrong = np.flatnonzero(~(np.isfinite(given) & (given > 0)))
    if len(wrong):
        name = network.grid.switches["name"][rows[wrong[0]]]
        raise GridError(
            f"the pickup at {name} is {given[wrong[0]]} A", where=str(name), mend="give more than 0"
        )
    return given
