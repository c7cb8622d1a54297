"""OpenDSS through a year: one profile an element, and what every step came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dss import DSSException

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from oracles.opendss import compiled

LIVE_PU = 0.1
"""Nodes below this are left out of the extremes: what floats there is noise."""

_METERS = ("monitor", "energymeter", "sensor")
_UNSETTLED = 485
"""OpenDSS's number for more control iterations than allowed."""

_REUSE_SYMBOLIC = 2
"""KLU's order and pattern are kept when a tap changes the matrix (DSS C-API, SolverOptions)."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """What elements follow: `factors` [profiles, steps] and the row of each, by `class.name`.

    An element that is not named keeps what it has at a factor of 1.
    """

    factors: Floats
    follows: Mapping[str, int]
    step_min: float = 60.0

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.factors.shape[1]


@dataclass(frozen=True, eq=False)
class Year:
    """What OpenDSS found; arrays are [steps] unless said.

    `taps` [steps, `controls`] whole steps from the middle; `states` [steps, `capacitors`]
    steps switched on; `v_v` [steps, `nodes`] where voltages were asked for, `base_v` [nodes]
    beside it.
    """

    controls: tuple[str, ...]
    capacitors: tuple[str, ...]
    nodes: tuple[str, ...]
    base_v: Floats
    taps: Ints
    states: Ints
    v_min_pu: Floats
    v_max_pu: Floats
    source_kw: Floats
    loss_kw: Floats
    rounds: Ints
    converged: Flags
    settled: Flags
    v_v: Complexes | None


@dataclass(frozen=True)
class Settings:
    """How OpenDSS is asked to solve; its own defaults, but for the bound on its controls."""

    controls: str = "static"
    algorithm: str = "normal"
    tolerance: float = 1e-4
    rounds: int = 200
    """Control iterations after which a step is given up."""
    lean: bool = False
    """Load terminals are taken as closed, and the matrix keeps its order when a tap moves."""


@contextmanager
def yearly(
    master: Path, profiles: Profiles, settings: Settings, positions: Mapping[str, Any] | None
) -> Iterator[Any]:
    """OpenDSS in yearly mode before the first step, its controls at `positions`.

    The compiled model is brought to what both programs are given: every element named in
    `profiles` varies with its profile, meters and monitors are off.
    """
    with compiled(master) as dss:
        try:
            _follow(dss, profiles)
            for kind in _METERS:
                dss.Text.Command = f"batchedit {kind}..* enabled=no"
            start(dss, profiles, settings, positions)
            yield dss
        finally:
            dss.ActiveCircuit.Settings.LoadsTerminalCheck = True
            dss.YMatrix.SolverOptions = 0


def _follow(dss: Any, profiles: Profiles) -> None:
    """Each profile as a load shape, and each element told to follow its own."""
    text = dss.Text
    for k, factors in enumerate(profiles.factors):
        values = " ".join(f"{x:.17g}" for x in factors)
        text.Command = (
            f"new loadshape.profile{k} npts={profiles.steps}"
            f" minterval={profiles.step_min} mult=({values})"
        )
    for element, k in profiles.follows.items():
        word = element.split(".", 1)[0]
        status = " status=variable" if word == "load" else ""
        text.Command = f'edit "{element}" yearly=profile{k}{status}'


def start(
    dss: Any, profiles: Profiles, settings: Settings, positions: Mapping[str, Any] | None
) -> None:
    """Go before the first step: mode and settings, then positions, which `mode` resets."""
    circuit, text = dss.ActiveCircuit, dss.Text
    text.Command = "set mode=yearly"
    text.Command = f"set number={profiles.steps} stepsize={profiles.step_min}m hour=0 sec=0"
    text.Command = f"set controlmode={settings.controls} algorithm={settings.algorithm}"
    text.Command = (
        f"set tolerance={settings.tolerance} maxcontroliter={settings.rounds} maxiterations=1000"
    )
    circuit.Settings.LoadsTerminalCheck = not settings.lean
    dss.YMatrix.SolverOptions = _REUSE_SYMBOLIC if settings.lean else 0
    for control, step in (positions or {}).get("taps", {}).items():
        circuit.RegControls.Name = control
        circuit.RegControls.TapNumber = int(step)
    for name, on in (positions or {}).get("capacitors", {}).items():
        circuit.Capacitors.Name = name
        circuit.Capacitors.States = [1] * on + [0] * (circuit.Capacitors.NumSteps - on)


def recorded(
    master: Path,
    profiles: Profiles,
    settings: Settings,
    *,
    positions: Mapping[str, Any] | None = None,
    steps: int | None = None,
    voltages: bool = False,
) -> Year:
    """The first `steps` steps (all unless given), one at a time, and what each came to.

    `positions` are those before the first step, in the form of `Snapshot.positions`; the
    model's own unless given. They carry from step to step.
    """
    with yearly(master, profiles, settings, positions) as dss:
        circuit = dss.ActiveCircuit
        dss.Text.Command = "set number=1"
        controls = tuple(circuit.RegControls.AllNames) if circuit.RegControls.Count else ()
        capacitors = tuple(circuit.Capacitors.AllNames) if circuit.Capacitors.Count else ()
        rows: list[dict[str, Any]] = []
        for _ in range(profiles.steps if steps is None else steps):
            settled = _solved(dss)
            row = _row(dss, controls, capacitors, voltages=voltages)
            rows.append({**row, "settled": settled})
        count = len(rows)
        nodes = tuple(str(n).lower() for n in circuit.AllNodeNames)
        base_v = _bases(circuit, nodes)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Year(
        controls=controls,
        capacitors=capacitors,
        nodes=nodes,
        base_v=base_v,
        taps=columns.pop("taps").reshape(count, -1).astype(np.int64),
        states=columns.pop("states").reshape(count, -1).astype(np.int64),
        v_v=columns.pop("v_v") if voltages else None,
        **columns,
    )


def _solved(dss: Any) -> bool:
    """Solve; False where the controls do not come to rest, which OpenDSS reports as an error.

    Asked as a command: after that error the call of its interface refuses every later step.
    """
    try:
        dss.Text.Command = "solve"
    except DSSException as problem:
        if problem.args[0] != _UNSETTLED:
            raise
        return False
    return True


def _row(
    dss: Any, controls: tuple[str, ...], capacitors: tuple[str, ...], *, voltages: bool
) -> dict[str, Any]:
    """The circuit as it stands after a step."""
    circuit = dss.ActiveCircuit
    taps, states = [], []
    for name in controls:
        circuit.RegControls.Name = name
        taps.append(int(circuit.RegControls.TapNumber))
    for name in capacitors:
        circuit.Capacitors.Name = name
        states.append(int(sum(circuit.Capacitors.States)))
    v_pu = np.array(circuit.AllBusVmagPu)
    live = v_pu[v_pu > LIVE_PU]
    row: dict[str, Any] = {
        "taps": taps,
        "states": states,
        "v_min_pu": live.min(initial=np.inf),
        "v_max_pu": live.max(initial=-np.inf),
        "source_kw": -float(circuit.TotalPower[0]),
        "loss_kw": float(circuit.Losses[0]) / 1e3,
        "rounds": int(circuit.Solution.ControlIterations),
        "converged": bool(circuit.Solution.Converged),
    }
    if voltages:
        flat = np.array(circuit.AllBusVolts)
        row["v_v"] = flat[0::2] + 1j * flat[1::2]
    return row


def _bases(circuit: Any, nodes: tuple[str, ...]) -> Floats:
    """[nodes] OpenDSS's own base [V]; 0 where it has none."""
    base: dict[str, float] = {}
    for bus in circuit.AllBusNames:
        circuit.SetActiveBus(bus)
        base[str(bus).lower()] = circuit.ActiveBus.kVBase * 1e3
    return np.array([base[node.split(".")[0]] for node in nodes])
