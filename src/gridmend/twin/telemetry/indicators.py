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

    `pickup_a` current that is a fault's; `missed` share of passages that leave no flag, `false`
    share of energisations whose inrush leaves one; `reset_s` after which a flag goes.
    """

    pickup_a: float = 800.0
    missed: float = 0.05
    false: float = 0.01
    reset_s: float = 4 * 3600.0

    def __post_init__(self) -> None:
        for name in ("missed", "false"):
            if not 0 <= getattr(self, name) <= 1:
                raise GridError(f"{name} is {getattr(self, name)}", mend="give a share, 0 to 1")
        for name in ("pickup_a", "reset_s"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise GridError(f"{name} is {getattr(self, name)}", mend="give more than 0")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that went up: when, at which switch, on which phases, and whether it is right."""

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
    chance: list[tuple[np.random.Generator, np.random.Generator]]
    """Of each: whether a passage is missed, and whether an inrush is taken for one."""
    above: Flags
    live: Flags
    until_s: Floats
    """When each flag goes; -inf where none is up."""

    @staticmethod
    def of(network: Network, rows: Ints, settings: Indicating, streams: Streams) -> Indicators:
        """Indicators at the first end of the switches `rows`; no flag is up."""
        terminals, names = network.terminals, network.grid.switches["name"]
        at = np.flatnonzero(
            (terminals.table == "switches") & np.isin(terminals.row, rows)
            & (terminals.terminal == 1) & (terminals.node >= 0)
        )  # fmt: skip
        phase = tuple(str(p) for p in terminals.phase[at])
        chance = [
            tuple(streams.of("indicator", kind, str(names[r]), p) for kind in ("missed", "false"))
            for r, p in zip(terminals.row[at].tolist(), phase, strict=True)
        ]
        n = len(at)
        return Indicators(
            network, settings, terminals.row[at], phase, at, [(a, b) for a, b in chance],
            np.zeros(n, bool), np.zeros(n, bool), np.full(n, -np.inf),
        )  # fmt: skip

    def see(self, now_s: float, flow: Flow) -> list[Flag]:
        """The flags that a new flow puts up. A passage counts when its current begins."""
        nodes = self.network.terminals.node[self.terminal]
        above = np.abs(flow.i_a[self.terminal]) > self.settings.pickup_a
        live = flow.energised[nodes]
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
