"""The electrical truth of the twin: demand, positions and faults, and what every node then has.

It changes in place as the virtual clock goes on, and is for one thread. Only what changed is
solved again: demand at the steps of its series, controls when their delays have run out, and
whatever switches, faults or DER do in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.controls.clockwork import Clockwork, run_to
from gridmend.powerflow.controls.waiting import Waiting
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short, device_of
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import resolve
from gridmend.twin.agenda import not_before_s

_WITHIN_PU = 1e-8
"""How exact voltages during a fault are."""

BURNS_S = 10.0
"""How long controls stand still when a fault burns. Assumed: protection that sees it at all is
quicker, and tap changers wait longer."""

DER = tuple(pair for table, *pair in DEMANDS if table != "loads")
"""Fields of the power of DER in a snapshot, by table."""


@dataclass(eq=False)
class World:
    """Where everything stands, and the flow that follows.

    `snapshot` has the true positions and the demand of now; `shorts` are the faults that burn or
    would, were they live. `output` of a field of DER is the share of its power that each gives,
    `told` a power [kW] that one was told to give, by field and row, and `capped` one that it was
    told not to exceed. `flow` is of now, `solved` how many solves there were.
    """

    network: Network
    topology: Topology
    series: Series
    clockwork: Clockwork
    snapshot: Snapshot
    standing: Standing
    waiting: Waiting
    flow: Flow
    shorts: tuple[Short, ...] = ()
    output: dict[str, Floats] = field(default_factory=dict[str, Floats])
    told: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    capped: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    now_s: float = 0.0
    solved: int = 0
    _step: int = 0
    _is_stale: bool = False
    _burns_since_s: float = np.inf

    @staticmethod
    def of(network: Network, series: Series, topology: Topology | None = None) -> World:
        """The world at the start of a series, with controls settled by nothing but their delays.

        Raises `GridmendError` where the series is not of this network or has no step.
        """
        if not len(series):
            raise GridmendError("a series without steps is no time", mend="give one step or more")
        first = series[0]
        flow = network.solve(first, controls="static")
        snapshot = first.at_positions_of(flow.snapshot) if flow.converged else first
        world = World(
            network=network,
            topology=topology or Topology.of(network.grid),
            series=series,
            clockwork=Clockwork.of(network),
            snapshot=snapshot,
            standing=stand(network, snapshot),
            waiting=Waiting.nothing(network),
            flow=flow,
        )
        world.solve()
        return world

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.network.grid

    @property
    def is_faulted(self) -> bool:
        """Whether any fault is fed."""
        return any(self.is_live(short) for short in self.shorts)

    def is_live(self, short: Short) -> bool:
        """Whether a source feeds a shorted phase at any end of its element; what the other phases
        induce in one that is open keeps no fault alive."""
        nodes, _ = self.network.primitives.of(*device_of(self.network, short))
        at = nodes[nodes >= 0]
        phases = np.isin(self.network.nodes.phase[at], short.phases)
        if not self.flow.energised[at[phases]].any():
            return False
        here, w = self.topology.nodes_of(short.element), self.topology.wiring
        fed = self.topology.energised(self.flow.snapshot)[here]
        return bool(fed[np.isin(w.node_phase[here], short.phases)].any())

    def next_s(self) -> float:
        """When something will change by itself [s]: the demand, or a control that is due."""
        later = self._step + 1
        demand_s = later * self.series.step_s if later < len(self.series) else np.inf
        return min(demand_s, self._control_s())

    def go_to(self, now_s: float) -> None:
        """Let time go on; solve where demand or a control says so."""
        if now_s < self.now_s:
            raise GridmendError(f"time does not go back from {self.now_s:g} s to {now_s:g} s")
        is_due = self._control_s() <= now_s
        self.now_s = now_s
        step = min(int(now_s / self.series.step_s), len(self.series) - 1)
        if step != self._step:
            self._step, self._is_stale = step, True
        if self._is_stale or is_due:
            self.solve()

    def put(self, snapshot: Snapshot) -> None:
        """Devices go to the positions of a snapshot; its demand is left aside."""
        self.snapshot, self._is_stale = self.snapshot.at_positions_of(snapshot), True

    def short(self, *shorts: Short) -> None:
        """These faults stand now, and no others; `GridError` where there can be none."""
        for one in shorts:
            device_of(self.network, one)
        self.shorts, self._is_stale = tuple(dict.fromkeys(shorts)), True

    def give(self, name: str, share: Floats) -> None:
        """DER give a share of their power, by the field of a snapshot that it is in."""
        self.output[name], self._is_stale = np.asarray(share, float), True

    def tell(self, element: str, snapshot: Snapshot) -> None:
        """A DER is told to give the power that it has in a snapshot, until it is told otherwise;
        a cap of it stays."""
        name, row = self._der(element)
        self.told[name, row] = float(getattr(snapshot, name)[row])
        self._is_stale = True

    def cap(self, element: str, p_kw: float) -> None:
        """A DER gives no more than this [kW], whatever it is told or could give, until it has
        another cap. A storage that charges goes on as it does.

        Raises `GridError` for what is no DER and for less than nothing.
        """
        if not p_kw >= 0.0:
            raise GridError(
                f"'{element}' cannot be limited to {p_kw:g} kW: a limit is of what it gives",
                mend="give 0 kW or more; to have a storage charge, set its power",
            )
        self.capped[self._der(element)] = float(p_kw)
        self._is_stale = True

    def solve(self) -> Flow:
        """The flow of now. Controls stand still for the first `BURNS_S` of a fault, as most are
        gone before they would act."""
        self._is_stale = False
        self.snapshot = self._with_demand(self.snapshot)
        self.solved += 1
        if self.shorts:
            solution = resolve(
                self.standing, self.snapshot, shorts=self.shorts, within_pu=_WITHIN_PU
            )
            self.flow = as_flow(self.standing.state, self.snapshot, solution)
        self._burns_since_s = min(self._burns_since_s, self.now_s) if self.is_faulted else np.inf
        if self._still_until_s() > self.now_s:
            return self.flow
        self.flow, self.waiting = run_to(
            self.clockwork, self.snapshot, self.waiting, self.now_s, self.standing, self.shorts
        )
        if self.flow.converged:
            self.snapshot = self.flow.snapshot
        return self.flow

    def supplied(self) -> Flags:
        """[loads] whether each has every phase energised."""
        return self.topology.supplied(self.topology.energised(self.snapshot))

    def _control_s(self) -> float:
        """When a control is due [s]. One that was due and could not act, as a fault burns or there
        is no solution, waits for the next change."""
        still_s, due_s = self._still_until_s(), self.waiting.next_s()
        if still_s > self.now_s:
            return still_s
        return due_s if due_s > self.now_s else np.inf

    def _still_until_s(self) -> float:
        """Until when controls stand still, as a fault burns [s]; -inf where none does."""
        burns = np.isfinite(self._burns_since_s)
        return not_before_s(self._burns_since_s + BURNS_S) if burns else -np.inf

    def _der(self, element: str) -> tuple[str, int]:
        """Field and row of a DER's active power."""
        table, row = self.grid.find(element)
        for kind, name, _ in DEMANDS:
            if kind == table and table != "loads":
                return name, row
        raise GridError(f"'{element}' is no DER", mend="name a generator, PV system or storage")

    def _with_demand(self, positions: Snapshot) -> Snapshot:
        found = self.series[self._step].at_positions_of(positions)
        fields = {name: getattr(found, name).copy() for name, _ in (*self.told, *self.capped)}
        for (name, row), power in self.told.items():
            fields[name][row] = power
        for (name, row), most in self.capped.items():
            fields[name][row] = min(fields[name][row], most)
        for pair in DER:
            if pair[0] in self.output:
                for name in pair:
                    fields[name] = self.output[pair[0]] * fields.get(name, getattr(found, name))
        return replace(found, **fields)
