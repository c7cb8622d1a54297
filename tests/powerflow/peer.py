"""One script asked of OpenDSS and of the reader and solver, and where the answers part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from gridmend.formats.opendss import read
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import prepare, resume
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from oracles.compare import difference
from oracles.opendss import Peer, compiled, node_key, positions, read_out


class UndecidedError(Exception):
    """OpenDSS itself has no answer to this script."""


def settled(master: Path) -> Peer:
    """OpenDSS with tight solves from the script's own positions, then to the bottom."""
    try:
        with compiled(master) as dss:
            solution = dss.ActiveCircuit.Solution
            dss.Text.Command = "set tolerance=1e-6 maxcontroliter=200 maxiterations=2000"
            solution.Solve()
            if not solution.Converged:
                raise UndecidedError("its controls do not settle")
            rounds = int(solution.ControlIterations)
            dss.Text.Command = "set controlmode=off tolerance=1e-9"
            solution.Solve()
            if not solution.Converged:
                raise UndecidedError("it does not converge")
            peer = read_out(dss, rounds)
            if not peer.powers_kva or max(map(abs, peer.v_v.values())) < 1.0:
                raise UndecidedError("its matrix is singular")
            return peer
    except UndecidedError:
        raise
    except Exception as problem:
        raise UndecidedError(str(problem)) from problem


def _also_solves(network: Network, flow: Flow, grid: Grid, peer: Peer) -> bool:
    """Whether the peer's voltages, too, are a solution of our equations."""
    keys = zip(flow.nodes.bus, flow.nodes.phase, strict=True)
    theirs = np.array([peer.v_v.get(node_key(grid, int(b), str(p)), 0j) for b, p in keys])
    state = prepare(network, flow.snapshot)
    s_va = powers(network.legs, flow.snapshot)
    again, _ = resume(state, s_va, theirs, going_on=True)
    by = np.abs(again.v_v - theirs) / network.nodes.base_v
    return again.converged and float(by.max()) < 1e-5


def apart(master: Path) -> list[str]:
    """What differs between the two answers to one script; empty where nothing does."""
    peer = settled(master)
    grid = read(master)
    found = [f"finding: {f.what}" for f in grid.findings if f.severity == "error"]
    network = Network.of(grid)
    at = positions(grid, peer)
    hour = re.search(r"^set hour=(\d+)", master.read_text(), re.MULTILINE)
    time = datetime(2026, 1, 1, int(hour[1]) if hour else 0)
    normal = replace(Snapshot.normal(grid), time=time)
    flow = network.solve(normal.with_positions(grid, at), controls="off")
    if not flow.converged:
        return [*found, f"diverged: {flow.mismatch_pu:.2g} at {flow.worst_bus}"]
    seen = difference(grid, flow, peer)
    if seen.magnitude_pu > 1e-5 and _also_solves(network, flow, grid, peer):
        return [*found, "two solutions"]
    ours = {
        node_key(grid, int(b), str(p))
        for b, p in zip(flow.nodes.bus, flow.nodes.phase, strict=True)
    }
    missing = [n for n, v in peer.v_v.items() if n not in ours and abs(v) > 1.0]
    if missing:
        found.append(f"missing: {missing}")
    if seen.magnitude_pu > 1e-5 or seen.angle_deg > 1e-3:
        size = f"{seen.magnitude_pu:.2g} pu, {seen.angle_deg:.2g} deg"
        found.append(f"voltage: {size} at {seen.worst_node}")
    if seen.loss_pct * peer.loss_kw > 0.01 * max(peer.loss_kw, 1e-3):
        found.append(f"loss: {seen.loss_pct:.2g} % of {peer.loss_kw:.4g} kW")
    if seen.power_share > 1e-4:
        found.append(f"power: {seen.power_share:.2g} of {seen.worst_element}")
    own = network.solve(normal, controls="static")
    ours = own.snapshot.positions(grid)
    for kind in ("taps", "capacitors"):
        moved = {n: (v, at[kind].get(n)) for n, v in ours[kind].items() if v != at[kind].get(n)}
        if moved:
            found.append(f"{kind}: {moved}")
    if not own.controls_settled:
        found.append("unsettled")
    return found
