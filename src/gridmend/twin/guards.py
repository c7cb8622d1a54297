"""Protection as it stands in a grid: which device guards what, and what its model leaves unsaid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.twin.guard_places import Settings, assumed, in_words, levels_of, places_of
from gridmend.twin.guard_settings import settings_of
from gridmend.twin.protection.device import Act, Device
from gridmend.twin.protection.fuse import Fuse, FuseSettings
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.sectionaliser import Sectionaliser, SectionaliserSettings
from gridmend.twin.stores import Stores

EMPTY = "its storage is at its reserve"
"""What the source of an island says that its storage drops."""


@dataclass(frozen=True, eq=False)
class Guard:
    """A protective device, and where it stands.

    `table` and `row` of the switch, or of the source whose own breaker it is; `at` [conductors]
    rows of a flow's terminals; `phases` their names.
    """

    device: Device
    table: str
    row: int
    name: str
    at: Ints
    phases: tuple[str, ...]

    def poles(self, phases: str) -> list[int]:
        """The conductors of some phases, as `b c`; all where none are named."""
        asked = phases.lower().split()
        return [k for k, phase in enumerate(self.phases) if not asked or phase.lower() in asked]

    def apart(self) -> dict[str, int]:
        """Which of its poles are open, as bits, where some are and some are not."""
        is_open = [not closed for closed in self.device.closed]
        bits = sum(1 << k for k, opened in enumerate(is_open) if opened)
        return {"open_phases": bits} if any(is_open) and not all(is_open) else {}


@dataclass(eq=False)
class Guards:
    """All protective devices of a grid; they go on in place, with the virtual clock."""

    network: Network
    devices: tuple[Guard, ...]
    findings: tuple[Finding, ...]
    """What was assumed, device by device, and which rows of the tables are left out."""
    stores: Stores
    """What storages hold that may carry an island."""

    @staticmethod
    def of(
        network: Network,
        topology: Topology,
        flow: Flow,
        given: Mapping[str, Settings] | None = None,
    ) -> Guards:
        """The guards of a grid: its breakers, reclosers, fuses and sectionalisers, what else its
        tables have settings for, and a breaker at each source. Where none of these stands behind a
        source, the first switch is its breaker.

        `given` are settings by the name of a switch or source, which go before those of the
        tables; what neither has is assumed, from the currents of `flow`, which should be of the
        highest demand. What is assumed, and each row of a table that cannot be meant, is said in
        the findings. Raises `GridError` for a name that is not there and for given settings that
        do not fit.
        """
        given = {name.lower(): settings for name, settings in (given or {}).items()}
        told, said = settings_of(network.grid)
        places = places_of(network, topology, flow.snapshot, told)
        known = {name.lower() for _, _, name in places}
        for name in given:
            if name not in known:
                raise GridError(
                    f"no protective device is named '{name}'", mend=nearest(name, known)
                )
        levels = levels_of(topology, flow.snapshot, places)
        guards: list[Guard] = []
        findings = list(said)
        for table, row, name in places:
            at, phases = _terminals(network, table, row)
            settings = given.get(name.lower())
            if settings is None:
                key = name.lower() if table == "switches" else f"source.{name.lower()}"
                settings = told.get(key)
                settings = settings and replace(settings, conductors=len(at))
            if settings is None:
                settings = assumed(network, flow, (table, row, name), at, levels[table, row])
                findings.append(
                    Finding(
                        "note", f"the protection of {name} is assumed: {in_words(settings)}", name,
                        "give its settings",
                    )
                )  # fmt: skip
            _check_fits(name, settings, len(at))
            guards.append(Guard(_device(settings), table, row, name, at, phases))
        made = Guards(network, tuple(guards), tuple(findings), Stores.of(network.grid))
        made._begin(flow.snapshot)
        return made

    def __getitem__(self, name: str) -> Guard:
        """One by the name of its switch or source; `GridError` where there is none."""
        for guard in self.devices:
            if guard.name.lower() == name.lower():
                return guard
        names = [guard.name for guard in self.devices]
        raise GridError(f"nothing guards at '{name}'", mend=nearest(name, names))

    def see(self, now_s: float, flow: Flow) -> None:
        """From now on every device sees the currents of a flow."""
        self.stores.see(now_s, flow)
        for guard in self.devices:
            i_a = flow.i_a[guard.at]
            live = bool(flow.energised[self.network.terminals.node[guard.at]].any())
            residual_a = abs(complex(i_a.sum()))
            guard.device.see(now_s, np.abs(i_a).tolist(), ground_a=residual_a, live=live)

    def due_s(self) -> float:
        """When the first of them acts if the currents stay [s]; inf if none does."""
        devices_s = (guard.device.due_s() for guard in self.devices)
        return min(self.stores.due_s(), *devices_s, math.inf)

    def act(self, now_s: float) -> list[tuple[Guard, Act]]:
        """What all that are due do now; a storage that is empty drops its island first."""
        empty = set(self.stores.act(now_s))
        for guard in self.devices:
            if guard.table == "sources" and guard.row in empty:
                assert isinstance(guard.device, Recloser)
                guard.device.open(now_s, why=EMPTY)
        return [
            (guard, act)
            for guard in self.devices
            if guard.device.due_s() <= now_s
            for act in guard.device.act(now_s)
        ]

    def unlocks(self, key: str, phases: str) -> bool:
        """Whether a command to open some poles of a device (all where none are named) takes its
        lock-out away: it is given to each that is locked out."""
        mine = (g for g in self.devices if g.table == "switches" and g.name.lower() == key)
        guard = next(mine, None)
        if guard is None or not isinstance(guard.device, Recloser):
            return True
        told, locked = guard.poles(phases), guard.device.locked_out
        return all(k in told for k, is_locked in enumerate(locked) if is_locked)

    def put(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot with every pole where its device has it."""
        open_phases, source_on = snapshot.open_phases.copy(), snapshot.source_on.copy()
        for guard in self.devices:
            closed = guard.device.closed
            if guard.table == "sources":
                source_on[guard.row] = all(closed)
                continue
            for k, is_closed in enumerate(closed):
                bit = np.uint8(1 << k)
                open_phases[guard.row] &= ~bit
                open_phases[guard.row] |= np.uint8(0) if is_closed else bit
        if np.array_equal(open_phases, snapshot.open_phases) and np.array_equal(
            source_on, snapshot.source_on
        ):
            return snapshot
        return snapshot.with_open_phases(open_phases).with_sources(source_on)

    def stand(self, snapshot: Snapshot) -> None:
        """All begin anew where a snapshot has them, before anything has happened."""
        self.stores.anew()
        self.devices = tuple(replace(one, device=_anew(one.device)) for one in self.devices)
        self._begin(snapshot)

    def _begin(self, snapshot: Snapshot) -> None:
        """Those that stand open begin open, and locked out."""
        for guard in self.devices:
            conductors = range(len(guard.at))
            if guard.table == "sources":
                bits = 0 if snapshot.source_on[guard.row] else ~0
            else:
                bits = int(snapshot.open_phases[guard.row])
            if bits:
                guard.device.begin_open([k for k in conductors if bits >> k & 1])


def _terminals(network: Network, table: str, row: int) -> tuple[Ints, tuple[str, ...]]:
    terminals = network.terminals
    at = terminals.of(table, row)
    at = at[(terminals.terminal[at] == 1) & (terminals.node[at] >= 0)]
    return at, tuple(str(phase) for phase in terminals.phase[at])


def _device(settings: Settings) -> Device:
    if isinstance(settings, FuseSettings):
        return Fuse(settings)
    if isinstance(settings, SectionaliserSettings):
        return Sectionaliser(settings)
    return Recloser(settings)


def _anew(device: Device) -> Device:
    assert isinstance(device, (Fuse, Recloser, Sectionaliser))
    return _device(device.settings)


def _check_fits(name: str, settings: Settings, conductors: int) -> None:
    if settings.conductors != conductors:
        raise GridError(
            f"the settings of {name} are for {settings.conductors} conductors, it has {conductors}",
            mend=f"give conductors={conductors}",
        )
