"""The solve: one snapshot, its controls settled or left alone."""

from __future__ import annotations

from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.controls.static import settle
from gridmend.powerflow.iteration import iterate, leave, prepare
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network


def solve(grid: Grid, snapshot: Snapshot | None = None, *, controls: str = "static") -> Flow:
    """Solve the unbalanced power flow of a grid.

    Parameters
    ----------
    grid
        What is there.
    snapshot
        Positions and demand; the normal ones unless given.
    controls
        `static`: regulators and capacitors settle, in the order of their delays; `off`:
        positions stay.

    Returns
    -------
    Flow
        With `converged` and `mismatch_pu`; it does not raise because it did not converge.

    Raises
    ------
    GridError
        Where the grid is no network: a bus that is not there, an impedance of zero.
    """
    return Network.of(grid).solve(snapshot, controls=controls)


def solve_network(network: Network, snapshot: Snapshot, *, controls: str) -> Flow:
    """The same on a compiled network."""
    if controls not in ("static", "off"):
        raise GridError(f"controls cannot be '{controls}'", mend="say static or off")
    check_fits(network.grid, snapshot)
    if controls == "static":
        return settle(network, snapshot)
    state, s_va = prepare(network, snapshot), powers(network.legs, snapshot)
    flow = as_flow(state, snapshot, iterate(state, s_va), s_va=s_va)
    leave(state)
    return flow


def check_fits(grid: Grid, snapshot: Snapshot) -> None:
    """Raise `GridError` where a snapshot was made for another grid."""
    for table, field in (
        ("switches", "open_phases"),
        ("windings", "tap_pu"),
        ("capacitors", "steps_on"),
        ("sources", "source_on"),
        ("loads", "load_kw"),
        ("generators", "generator_kw"),
        ("pv_systems", "pv_kw"),
        ("storages", "storage_kw"),
    ):
        has, wants = len(getattr(snapshot, field)), len(grid.table(table))
        if has != wants:
            raise GridError(
                f"the snapshot has {has} {table}, the grid has {wants}",
                mend="make it with Snapshot.normal(grid) of this grid",
            )
