"""OpenDSS as the peer: it compiles a copy of a model, settles, and is read out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dss import DSS

from gridmend.model.grid import Grid

_WORDS = {1: "a", 2: "b", 3: "c", 4: "n"}


@dataclass(frozen=True)
class Peer:
    """What OpenDSS found: node voltages [V] by `bus.number`, positions, losses, powers.

    `base_v` is OpenDSS's own base where it has one; `powers_kva` [terminals] by
    lower-case element name.
    """

    v_v: dict[str, complex]
    base_v: dict[str, float]
    taps: dict[str, int]
    capacitors: dict[str, int]
    loss_kw: float
    source_kw: float
    powers_kva: dict[str, np.ndarray]
    control_iterations: int


@contextmanager
def compiled(master: Path) -> Iterator[Any]:
    """OpenDSS with a copy of the model compiled; the copy is removed afterwards."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / master.parent.parent.name / master.parent.name
        shutil.copytree(master.parent, copy)
        for beside in master.parent.parent.glob("*.[dD][sS][sS]"):
            shutil.copy(beside, copy.parent)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        try:
            DSS.AllowForms = False
            DSS.AllowEditor = False
            DSS.Text.Command = "clear"
            DSS.Text.Command = f'compile "{copy / master.name}"'
            yield DSS
        finally:
            os.chdir(here)


def settle(dss: Any) -> int:
    """Solve with its own controls, then to the bottom with them off; returns iterations."""
    dss.Text.Command = "set maxcontroliter=200 maxiterations=2000"
    dss.ActiveCircuit.Solution.Solve()
    if not dss.ActiveCircuit.Solution.Converged:
        raise RuntimeError("OpenDSS did not converge with its controls")
    rounds = int(dss.ActiveCircuit.Solution.ControlIterations)
    dss.Text.Command = "set controlmode=off algorithm=newton tolerance=1e-9"
    dss.ActiveCircuit.Solution.Solve()
    if not dss.ActiveCircuit.Solution.Converged:
        raise RuntimeError("OpenDSS did not converge with its controls off")
    return rounds


def solved(master: Path) -> Peer:
    """Compile, settle and read out."""
    with compiled(master) as dss:
        return read_out(dss, settle(dss))


def taps_from_neutral(master: Path, tolerance: float) -> dict[str, int]:
    """Where the taps settle when they start in the middle and every solve is this tight."""
    with compiled(master) as dss:
        controls = dss.ActiveCircuit.RegControls
        for name in controls.AllNames:
            controls.Name = name
            controls.TapNumber = 0
        dss.Text.Command = f"set tolerance={tolerance} maxcontroliter=200 maxiterations=2000"
        dss.ActiveCircuit.Solution.Solve()
        return read_out(dss).taps


def read_out(dss: Any, rounds: int = 0) -> Peer:
    """Everything that is compared, of the circuit as it stands."""
    circuit = dss.ActiveCircuit
    flat = np.array(circuit.AllBusVolts)
    names = [n.lower() for n in circuit.AllNodeNames]
    base: dict[str, float] = {}
    for bus in circuit.AllBusNames:
        circuit.SetActiveBus(bus)
        base[bus.lower()] = circuit.ActiveBus.kVBase * 1e3
    taps: dict[str, int] = {}
    for control in circuit.RegControls.AllNames if circuit.RegControls.Count else []:
        circuit.RegControls.Name = control
        taps[control] = int(circuit.RegControls.TapNumber)
    capacitors: dict[str, int] = {}
    for name in circuit.Capacitors.AllNames if circuit.Capacitors.Count else []:
        circuit.Capacitors.Name = name
        capacitors[name] = int(sum(circuit.Capacitors.States))
    powers: dict[str, np.ndarray] = {}
    for element in circuit.AllElementNames:
        circuit.SetActiveElement(element)
        if circuit.ActiveCktElement.Enabled:
            p = np.array(circuit.ActiveCktElement.Powers)
            ends = circuit.ActiveCktElement.NumTerminals
            powers[element.lower()] = (p[0::2] + 1j * p[1::2]).reshape(ends, -1).sum(axis=1)
    return Peer(
        v_v=dict(zip(names, (flat[0::2] + 1j * flat[1::2]).tolist(), strict=True)),
        base_v=base,
        taps=taps,
        capacitors=capacitors,
        loss_kw=float(circuit.Losses[0]) / 1e3,
        source_kw=-float(circuit.TotalPower[0]),
        powers_kva=powers,
        control_iterations=rounds,
    )


def node_key(grid: Grid, bus: int, phase: str) -> str:
    """OpenDSS's name of one of our nodes."""
    number = {"a": 1, "b": 2, "c": 3, "n": 4, "s1": 1, "s2": 2}.get(phase)
    return f"{grid.buses['name'][bus].lower()}.{number or int(phase[1:])}"


def positions(grid: Grid, peer: Peer) -> dict[str, dict[str, int]]:
    """The peer's positions in the form that a snapshot takes."""
    return {
        "taps": {n: peer.taps[n.lower()] for n in grid.tap_controls if n.lower() in peer.taps},
        "capacitors": {
            n: peer.capacitors[n.lower()] for n in grid.capacitors if n.lower() in peer.capacitors
        },
    }
