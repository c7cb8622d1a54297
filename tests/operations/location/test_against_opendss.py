"""What the location's model says instruments read, against faults that OpenDSS solves."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.snapshot import Snapshot
from gridmend.operations.location.kinds import KINDS, Kind
from gridmend.operations.location.locate import Locator
from gridmend.operations.location.model import readings
from gridmend.operations.location.places import end_of
from gridmend.operations.location.watch import Place, seen
from gridmend.powerflow.network import Network
from oracles.masters import master
from oracles.opendss import compiled, positions, read_out, settle

NUMBER = {"a": 1, "b": 2, "c": 3}
WHERE = {
    "ieee34": ("l1", ("l15", "l11", "l8", "l16", "l1")),
    "ieee123-switches": ("l115", ("l52", "l99", "l2", "l64", "l115")),
}
"""The line whose current and far voltage are read, and the lines with faults."""

TOLERANCE = 2e-3


def _break(dss: Any, line: str, share: float, kind: Kind, ohm: float) -> None:
    """Cut a line in two in OpenDSS and put the fault's resistances at the cut."""
    lines = dss.ActiveCircuit.Lines
    lines.Name = line
    length, bus2 = lines.Length, lines.Bus2
    dots = "." + bus2.partition(".")[2] if "." in bus2 else ""
    dss.Text.Command = f"new line.rest like={line} bus1=cut{dots} bus2={bus2}"
    dss.Text.Command = f"edit line.rest length={length * (1 - share)}"
    dss.Text.Command = f"edit line.{line} bus2=cut{dots} length={length * share}"
    pairs = [(NUMBER[p], 0) for p in kind.phases]
    if not kind.to_ground:
        pairs = [(NUMBER[p], NUMBER[q]) for p, q in combinations(kind.phases, 2)]
    for k, (one, two) in enumerate(pairs):
        dss.Text.Command = f"new fault.f{k} phases=1 bus1=cut.{one} bus2=cut.{two} r={ohm}"
    # what rounds in a near short circuit may stand above 1e-9 for ever, on some processors
    dss.Text.Command = "set algorithm=normal tolerance=1e-7"
    dss.ActiveCircuit.Solution.Solve()
    assert dss.ActiveCircuit.Solution.Converged


def _current(dss: Any, line: str) -> np.ndarray:
    dss.ActiveCircuit.SetActiveElement(f"line.{line}")
    i = np.array(dss.ActiveCircuit.ActiveCktElement.Currents)
    return np.abs(i[0::2] + 1j * i[1::2])[:3]


@pytest.mark.parametrize("name", list(WHERE))
def test_currents_and_sags_of_a_fault_along_a_line_are_those_of_opendss(name: str) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python")
    relay, faulted = WHERE[name]
    grid = read(path)
    with compiled(path) as dss:
        settle(dss)
        at = Snapshot.normal(grid).with_positions(grid, positions(grid, read_out(dss)))
    # without loads the model is exact, so that nothing hides an error of it
    bare = grid.with_tables(loads=grid.loads.only(np.zeros(len(grid.loads), bool)))
    before = Snapshot.normal(bare).at_positions_of(at)
    network = Network.of(bare)
    locator = Locator.of(bare, network=network, flow=network.solve(before, controls="off"))
    model = locator.model
    table, row, _ = end_of(bare, relay)
    first = int(network.primitives.node_start[network.primitives.place[table][row]])
    nodes = network.primitives.of(table, row)[0]
    places = [
        Place(relay, int(nodes[k]), (table, row, 1), k, complex(model.flow.i_a[first + k]))
        for k in range(3)
    ]
    places += [Place(relay, int(nodes[3 + k]), before=complex(model.flow.v_v[nodes[3 + k]]))
               for k in range(3)]  # fmt: skip
    reads = seen(model, model.built, places)
    checked = 0
    for line in faulted:
        k = next(j for j in range(len(model.places.row)) if model.places.name(j) == f"line.{line}")
        for kind in KINDS:
            if not model.built.ends.has[k, list(kind.at)].all():
                continue
            ohm, share = (0.5, 0.3) if checked % 2 else (15.0, 0.8)
            outward = share if model.places.first[k] else 1 - share
            ours = readings(
                model.built, reads, kind, np.array([k]), np.array([[outward]]), np.array([[ohm]])
            )[0, 0, 0]
            with compiled(path) as dss:
                settle(dss)
                dss.Text.Command = "batchedit load..* enabled=no"
                _break(dss, line, share, kind, ohm)
                peer = _current(dss, relay)
                dss.ActiveCircuit.SetActiveElement(f"line.{relay}")
                volts = np.array(dss.ActiveCircuit.ActiveCktElement.Voltages)
                far = np.abs(volts[0::2] + 1j * volts[1::2])[3:6]
            if line != relay:
                # the line that is cut has its far end at the cut
                assert np.abs(ours[3:]) == pytest.approx(far, rel=TOLERANCE)
            assert np.abs(ours[:3]) == pytest.approx(peer, rel=TOLERANCE, abs=0.05), (line, kind)
            checked += 1
    assert checked >= 15
