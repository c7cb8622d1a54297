"""Who asks more of a source than it may carry is refused without a flow, and nobody else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gridmend
from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import worsened
from gridmend.model.grid import Grid
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.least import Least
from gridmend.operations.restoration import restore
from gridmend.powerflow.legs import leg_currents, powers
from gridmend.powerflow.network import Network
from tests.interlock.networks import network
from tests.operations.random_networks import drawn, healed, ways_of

MODELS = ("constant_power", "constant_impedance", "constant_current", "exponential", "motor")
KW = 300.0


def chain(capacity_kva: float, **load: object) -> Grid:
    """A source, a switch, a tie to another source, and two loads of `KW` behind the switch."""
    grid = network(
        switches={"S": ("a", "b"), "T": ("c", "d")}, lines=[("b", "c")],
        sources={"north": "a", "south": "d"}, loads=["b", "c"], normally_open=["T"],
    )  # fmt: skip
    for name in grid.loads["name"]:
        grid = grid.with_changed(f"load.{name}", p_kw=KW, **load)
    return grid.with_changed("source.north", capacity_kva=capacity_kva)


def beyond(
    grid: Grid, snapshot: Snapshot | None = None, accepted: tuple[Violation, ...] = ()
) -> Violation | None:
    normal, topology = Snapshot.normal(grid), Topology.of(grid)
    least = Least.of(topology, Network.of(grid), normal, Limits(), accepted)
    return least.beyond(snapshot or normal)


def test_what_loads_take_at_the_lowest_voltage_allowed_is_what_their_source_carries() -> None:
    # constant impedance at 0.9167 pu takes 0.8403 of its power; a twentieth of a tenth is left off
    least_kw = 2 * KW * 0.9167**2 * 0.995
    found = beyond(chain(0.99 * least_kw, model="constant_impedance"))
    assert found is not None
    assert found.element == "source.north"
    assert found.value == pytest.approx(least_kw)
    assert found.bound == pytest.approx(0.99 * least_kw)
    assert beyond(chain(1.01 * least_kw, model="constant_impedance")) is None


def test_what_was_beyond_its_limit_before_is_not_held_to_it() -> None:
    grid = chain(KW)
    assert beyond(grid) is not None
    assert beyond(grid, accepted=(Violation("loading_kva", "source.north", 2 * KW, KW),)) is None
    low = tuple(Violation("voltage_low", f"load.{n}", 0.8, 0.9167) for n in grid.loads["name"])
    assert beyond(grid, accepted=low) is None


def test_a_source_that_another_may_relieve_is_not_judged() -> None:
    grid = chain(KW / 2)
    joined = Snapshot.normal(grid).with_switch(grid, "T", is_open=False)
    assert beyond(grid, joined) is None


def test_two_sources_at_one_bus_share_what_they_feed() -> None:
    grid = network(
        switches={"S": ("a", "b")}, lines=[("b", "c")], sources={"north": "a", "south": "a"},
        loads=["b", "c"],
    )  # fmt: skip
    for name in grid.sources["name"]:
        grid = grid.with_changed(f"source.{name}", capacity_kva=1.5 * KW)
    for name in grid.loads["name"]:
        grid = grid.with_changed(f"load.{name}", p_kw=KW, q_kvar=0.0)
    assert not violations(grid, Network.of(grid).solve())
    assert beyond(grid) is None


def test_sources_that_feed_phases_of_one_load_are_not_judged() -> None:
    grid = chain(1.5 * KW, q_kvar=0.0).with_changed("source.south", capacity_kva=1.5 * KW)
    open_phases = Snapshot.normal(grid).open_phases.copy()
    open_phases[grid.switches.row("S")], open_phases[grid.switches.row("T")] = 0b100, 0b011
    parted = Snapshot.normal(grid).with_open_phases(open_phases)
    assert not violations(grid, Network.of(grid).solve(parted))
    assert beyond(grid, parted) is None


@pytest.mark.parametrize("exponent", [-1.0, 0.5, 1.5, 3.0])
@pytest.mark.parametrize("v_min_pu", [0.9167, 0.92, 0.93, 0.95])
def test_a_load_that_jumps_takes_no_less_anywhere_between_the_limits(
    exponent: float, v_min_pu: float
) -> None:
    grid = chain(1.0, model="exponential", p_exponent=exponent, v_min_pu=v_min_pu)
    grid = grid.with_changed("load.Db", v_max_pu=1.03)
    network, normal, limits = Network.of(grid), Snapshot.normal(grid), Limits()
    said_kw = Least.of(Topology.of(grid), network, normal, limits, ()).kw
    s_va = powers(network.legs, normal)
    for v_pu in np.linspace(limits.v_low_pu, limits.v_high_pu, 5001):
        u_v = v_pu * network.legs.rated_v.astype(complex)
        taken_w = (u_v * np.conj(leg_currents(network.legs, s_va, u_v))).real
        taken_kw = np.bincount(network.legs.element, taken_w, len(said_kw)) / 1e3
        assert (said_kw <= taken_kw + 1e-6).all(), v_pu


def test_der_may_feed_what_a_source_does_not() -> None:
    grid = chain(KW)
    der = {"name": "g", "bus": "b", "phases": "a b c g", "kv": 12.47, "p_kw": KW, "rating_kva": KW}
    assert beyond(grid.with_rows("generators", der)) is None


def test_whatever_is_refused_so_a_flow_refuses_too() -> None:
    refused = 0
    for seed in range(120):
        case, rng = drawn(seed), np.random.default_rng(seed)
        grid = case.grid
        for name in grid.loads["name"]:
            grid = grid.with_changed(f"load.{name}", model=str(rng.choice(MODELS)))
        now_kva = np.abs(Network.of(grid).solve().power_kva("sources"))
        for name, kva in zip(grid.sources["name"], now_kva.tolist(), strict=True):
            most_kva = kva * float(rng.uniform(1.02, 1.5))
            grid = grid.with_changed(f"source.{name}", capacity_kva=most_kva)
        case = replace(case, grid=grid, network=Network.of(grid), topology=Topology.of(grid))
        proposal = healed(case)
        least = Least.of(
            case.topology, case.network, Snapshot.normal(grid), Limits(), proposal.accepted
        )
        for _, snapshot in ways_of(case, proposal):
            if least.beyond(snapshot) is not None:
                refused += 1
                flow = case.network.solve(snapshot)
                after = violations(grid, flow)
                assert not flow.converged or worsened(proposal.accepted, after, Limits()), seed
    assert refused > 100


def test_why_somebody_stays_out_may_be_told_without_a_flow() -> None:
    grid = gridmend.read("ieee123")
    plan = restore(grid, Snapshot.normal(grid), "line.L30", seconds_limit=float("inf"))
    assert plan.gap_pct == 0
    (why,) = [sentence for sentence in plan.left_out if "at least" in sentence]
    asked, _, share = why.partition("would carry at least ")[2].partition(" kW, ")
    rated_kva = grid.sources.numbers("capacity_kva")[grid.sources.row("neighbour_350")]
    assert "source.neighbour_350 would carry" in why
    assert float(share.partition("%")[0]) == pytest.approx(100 * float(asked) / rated_kva, abs=1)
    assert float(asked) > rated_kva
