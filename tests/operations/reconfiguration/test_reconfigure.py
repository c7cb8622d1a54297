from itertools import product
from pathlib import Path

import numpy as np
import pytest

import gridmend as gm
from gridmend.interlock.electric import look_ahead, solver_of
from gridmend.interlock.limits import Gauge, Limits, read_off
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.sections import loop_count
from gridmend.model.topology import Topology
from gridmend.operations.reconfiguration import Reconfiguration, reconfigure
from gridmend.operations.reconfiguration.by_flow import Baseline
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import losses
from tests.operations.reconfiguration.rings import random_ring

PUBLISHED = [
    ("case33bw", 139.55, {"7", "9", "14", "32", "37"}),
    (
        "case118zh",
        869.73,
        {
            "23",
            "26",
            "34",
            "39",
            "42",
            "51",
            "58",
            "71",
            "74",
            "95",
            "97",
            "109",
            "122",
            "129",
            "130",
        },
    ),
]
TABLES = ["case33bw", "case69", "case70da", "case85", "case118zh"]


def table(data_dir: Path, case: str) -> Path:
    path = data_dir / "reconfiguration" / f"{case}_branch.csv"
    if not path.is_file():
        pytest.skip(f"no table {path}")
    return path


def no_harm(grid: Grid, found: Reconfiguration) -> None:
    """Everybody stays supplied, no loop is new, no violation new or worse."""
    topology, network = Topology.of(grid), Network.of(grid)
    before = network.solve(gm.Snapshot.normal(grid))
    after = network.solve(found.snapshot)
    live = [topology.supplied(topology.energised(f.snapshot)) for f in (before, after)]
    assert not (live[0] & ~live[1]).any()
    assert loop_count(topology, after.snapshot) <= loop_count(topology, before.snapshot)
    gauge = Gauge.of(topology, before.nodes, before.terminals)
    accepted = read_off(gauge, before).violations
    assert look_ahead(after, accepted, read_off(gauge, after), Limits()) is None
    assert found.loss_kw == pytest.approx(losses(grid, after).kw, rel=1e-6)
    if found.base_loss_kw is not None and loop_count(topology, before.snapshot) == 0:
        assert found.loss_kw <= found.base_loss_kw * (1 + 1e-6)


def replayed(grid: Grid, found: Reconfiguration) -> gm.Snapshot:
    """Where the steps lead, everybody supplied after each."""
    topology, here = Topology.of(grid), gm.Snapshot.normal(grid)
    supplied = topology.supplied(topology.energised(here))
    for step in found.steps:
        here = here.with_switch(grid, step.device, is_open=step.action.value == "open")
        assert not (supplied & ~topology.supplied(topology.energised(here))).any(), step
    return here


@pytest.mark.parametrize(("case", "loss_kw", "opened"), PUBLISHED)
def test_the_published_minimum_is_reached(
    data_dir: Path, case: str, loss_kw: float, opened: set[str]
) -> None:
    found = reconfigure(gm.read(table(data_dir, case)), seconds_limit=np.inf)
    assert found.loss_kw == pytest.approx(loss_kw, abs=0.006)
    assert set(found.open_branches) == opened
    assert found.radial
    assert found.gap_pct is not None and found.gap_pct < 2.0
    assert found.steps and found.steps_note


@pytest.mark.parametrize("case", TABLES)
def test_every_loss_claimed_is_confirmed_by_opendss(data_dir: Path, case: str) -> None:
    pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python")
    from oracles.branches import losses_kw

    path = table(data_dir, case)
    grid = gm.read(path)
    found = reconfigure(grid, seconds_limit=np.inf)
    assert found.loss_kw == pytest.approx(losses_kw(path, found.open_branches), rel=1e-4)
    base = [
        n
        for n, is_open in zip(grid.switches, grid.switches["normally_open"], strict=True)
        if is_open
    ]
    assert found.base_loss_kw == pytest.approx(losses_kw(path, base), rel=1e-4)
    if found.beyond_limits:
        kw, opened = found.beyond_limits
        assert kw == pytest.approx(losses_kw(path, opened), rel=1e-4)
    no_harm(grid, found)
    if found.steps:
        assert replayed(grid, found).open_phases.tolist() == found.snapshot.open_phases.tolist()


def test_the_seventy_buses_have_a_better_configuration_that_the_limits_forbid(
    data_dir: Path,
) -> None:
    found = reconfigure(gm.read(table(data_dir, "case70da")), seconds_limit=np.inf)
    assert found.beyond_limits is not None and found.beyond_limits[0] < found.loss_kw
    assert found.bound_kw == pytest.approx(found.beyond_limits[0], rel=1e-6)
    assert found.base_loss_kw is not None and found.loss_kw < 0.95 * found.base_loss_kw
    free = reconfigure(
        gm.read(table(data_dir, "case70da")),
        limits=Limits(v_low_pu=0.5),
        seconds_limit=np.inf,
    )
    assert free.open_branches == found.beyond_limits[1]
    assert free.gap_pct == 0


def test_a_network_without_a_loop_has_nothing_to_change(tmp_path: Path) -> None:
    ring = random_ring(np.random.default_rng(5))
    tree = ring.trees()[0]
    only = type(ring)(ring.ends[sorted(tree)], ring.z_ohm[sorted(tree)], ring.s_kva)
    found = reconfigure(gm.read(only.write(tmp_path, frozenset(range(len(tree))))))
    assert (found.open_branches, found.steps, found.gap_pct) == ((), (), 0.0)
    assert found.loss_kw == found.base_loss_kw


def least_allowed_kw(grid: Grid, trees: list[frozenset[int]]) -> float:
    """The least losses of the configurations that the limits allow, each solved."""
    network, normal = Network.of(grid), gm.Snapshot.normal(grid)
    before = network.solve(normal)
    gauge = Gauge.of(Topology.of(grid), before.nodes, before.terminals)
    accepted, least = read_off(gauge, before).violations, np.inf
    for tree in trees:
        moves = {name: k not in tree for k, name in enumerate(grid.switches)}
        flow = network.solve(normal.with_switches(grid, moves))
        if look_ahead(flow, accepted, read_off(gauge, flow), Limits()) is None:
            least = min(least, losses(grid, flow).kw)
    return least


@pytest.mark.parametrize("seed", [93, 166, 436, 461, 527, 541, 599, 672])
def test_where_limits_forbid_the_best_the_best_that_they_allow_is_found(
    tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    ring = random_ring(rng, heavy=True)
    trees = [tree for tree in ring.trees() if np.isfinite(ring.loss_kw(tree))]
    grid = gm.read(ring.write(tmp_path, trees[int(rng.integers(len(trees)))]))
    found = reconfigure(grid, seconds_limit=np.inf)
    assert found.beyond_limits is not None
    assert found.loss_kw == pytest.approx(least_allowed_kw(grid, trees), rel=1e-4)
    no_harm(grid, found)


def test_a_configuration_that_drops_a_load_or_has_a_loop_is_refused_unsolved() -> None:
    grid = gm.read("ieee123")
    topology, network = Topology.of(grid), Network.of(grid)
    before = network.solve(gm.Snapshot.normal(grid))
    gauge = Gauge.of(topology, before.nodes, before.terminals)
    solver = solver_of(grid, network)
    reading = read_off(gauge, before)
    baseline = Baseline(topology, solver, gauge, Limits(), before, reading)
    normal = before.snapshot
    assert baseline.refused(normal) == ""
    only_a_phase = normal.with_switches(grid, {"Sw4": True, "Sw8": False})
    assert "has no supply" in baseline.refused(only_a_phase)
    assert baseline.refused(normal.with_switches(grid, {"Sw7": False})) == "it would have a loop"


@pytest.mark.parametrize("seed", range(25))
def test_random_networks_get_their_best_within_limits_and_no_harm_is_done(
    tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(1000 + seed)
    ring = random_ring(rng)
    trees = ring.trees()
    grid = gm.read(ring.write(tmp_path, trees[int(rng.integers(len(trees)))]))
    if not len(grid.loads):
        return
    found = reconfigure(grid, seconds_limit=np.inf)
    no_harm(grid, found)
    least = min(ring.loss_kw(tree) for tree in trees)
    assert found.bound_kw is not None
    assert found.bound_kw <= least * (1 + 1e-6) + 1e-6
    if found.beyond_limits is None:
        assert found.loss_kw == pytest.approx(least, rel=1e-4, abs=1e-6)
    if found.steps:
        assert replayed(grid, found).open_phases.tolist() == found.snapshot.open_phases.tolist()


def test_the_best_of_ieee123_is_that_of_all_switch_positions() -> None:
    grid = gm.read("ieee123")
    topology, network = Topology.of(grid), Network.of(grid)
    before = network.solve(gm.Snapshot.normal(grid))
    gauge = Gauge.of(topology, before.nodes, before.terminals)
    accepted = read_off(gauge, before).violations
    supplied = topology.supplied(topology.energised(before.snapshot))
    sources = len(grid.sources)
    least = np.inf
    for positions in product((False, True), repeat=len(grid.switches)):
        moved = dict(zip(grid.switches, positions, strict=True))
        there = before.snapshot.with_switches(grid, moved)
        live = topology.energised(there)
        if (supplied & ~topology.supplied(live)).any() or loop_count(topology, there):
            continue
        # Each source in an island of its own: the transmission behind them counts as a path.
        if (topology.islands(there)[1] > 1).any() or sources != int(there.source_on.sum()):
            continue
        flow = network.solve(there)
        if look_ahead(flow, accepted, read_off(gauge, flow), Limits()) is None:
            least = min(least, losses(grid, flow).kw)
    found = reconfigure(grid, seconds_limit=np.inf)
    assert found.loss_kw == pytest.approx(least, rel=1e-4)
    assert found.gap_pct == 0
    no_harm(grid, found)
    assert replayed(grid, found).open_phases.tolist() == found.snapshot.open_phases.tolist()


def test_where_configurations_are_many_and_phases_unequal_no_gap_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridmend.operations.reconfiguration.by_flow.TREES_MOST", 10)
    grid = gm.read("ieee123")
    found = reconfigure(grid, seconds_limit=np.inf)
    assert found.gap_pct is None
    assert "none proved" in found.bound_note
    assert found.base_loss_kw is not None and found.loss_kw < found.base_loss_kw
    no_harm(grid, found)


def test_equal_inputs_give_equal_answers(tmp_path: Path) -> None:
    ring = random_ring(np.random.default_rng(9))
    grid = gm.read(ring.write(tmp_path, ring.trees()[0]))
    one, two = (reconfigure(grid, seconds_limit=np.inf, clock=lambda: 0.0).as_json() for _ in "ab")
    assert one == two


def test_loads_that_no_closing_can_supply_are_named(tmp_path: Path) -> None:
    buses = "bus,p_kw,q_kvar,source,base_kv\n1,0,0,1,10\n2,9,9,0,10\n3,9,9,0,10\n4,9,9,0,10\n"
    rows = "branch,from_bus,to_bus,r_ohm,x_ohm,closed\na,1,2,1,1,1\nb,3,4,1,1,1\n"
    (tmp_path / "x_bus.csv").write_text(buses)
    (tmp_path / "x_branch.csv").write_text(rows)
    with pytest.raises(GridError) as problem:
        reconfigure(gm.read(tmp_path / "x_branch.csv"))
    assert "cannot be supplied" in problem.value.what
    assert problem.value.where == "bus 3, 4"


def test_demand_that_has_no_solution_anywhere_is_a_result(tmp_path: Path) -> None:
    ring = random_ring(np.random.default_rng(3))
    heavy = type(ring)(ring.ends, ring.z_ohm, ring.s_kva * 1e3)
    found = reconfigure(gm.read(heavy.write(tmp_path, ring.trees()[0])))
    assert found.problem or not found.converged
    assert found.gap_pct is None


def test_a_fuse_is_not_opened_to_lessen_losses(tmp_path: Path) -> None:
    ring = random_ring(np.random.default_rng(11))
    grid = gm.read(ring.write(tmp_path, ring.trees()[0]))
    for name in reconfigure(grid).to_open:
        grid = grid.with_changed(f"switch.{name}", kind="fuse")
        assert name not in reconfigure(grid).to_open
