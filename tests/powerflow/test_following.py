"""Controls that act in one pass of compiled code end where each look solved alone does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls import static
from gridmend.powerflow.controls.static import Settling, settle_from
from gridmend.powerflow.network import Network
from tests.powerflow.swinging import controlled
from tests.powerflow.test_update import MICRO_OHM_PU, assert_prepared

SCALES = (1.0, 0.3, 1.3, 0.7)


def walked(grid: Grid) -> tuple[Settling, list[Flow]]:
    """Flows at some demands from taps and banks that stand anywhere, each from the one before."""
    network, rng, flows = Network.of(grid), np.random.default_rng(1), list[Flow]()
    settling = Settling.of(network)
    for scale in SCALES:
        at = Snapshot.normal(grid)
        at = at.with_demand(scale * at.load_kw, scale * at.load_kvar)
        at = at.with_taps(np.where(at.tap_pu == 1, 1, 1 + 0.00625 * rng.integers(-16, 17)))
        at = at.with_capacitors(rng.integers(0, np.maximum(at.steps_on, 1) + 1))
        flows.append(settle_from(settling, at))
    return settling, flows


GRIDS = [
    pytest.param(lambda: read("ieee123"), id="ieee123"),
    pytest.param(lambda: read("ieee8500"), id="ieee8500"),
    *(pytest.param(lambda s=seed: controlled("ieee123", s), id=f"seed {seed}") for seed in (1, 4)),
]


@pytest.mark.parametrize("made", GRIDS)
def test_controls_that_are_followed_end_where_each_look_solved_alone_does(
    made: Callable[[], Grid], monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = made()
    passes = watched(monkeypatch)
    settling, followed = walked(grid)
    assert passes and None not in passes
    monkeypatch.setattr(static, "can_follow", lambda _: False)
    _, alone = walked(grid)
    assert_alike(followed, alone)
    assert settling.standing is not None
    assert_prepared(settling.standing, followed[-1].snapshot)


def test_banks_are_switched_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    passes, network = watched(monkeypatch), Network.of(read("ieee8500"))
    at = Snapshot.normal(network.grid)
    flow = settle_from(Settling.of(network), at.with_capacitors(0 * at.steps_on))
    assert flow.snapshot.steps_on.any()
    assert len(passes) == 1


FLOATS = """
clear
new circuit.floats basekv=12.47 pu=1.08 bus1=a
new transformer.regulated buses=(a b) conns=(wye wye) kvs=(12.47 12.47) kvas=(5000 5000) xhl=1
new regcontrol.regulator transformer=regulated winding=2 vreg=120 band=2 ptratio=60 delay=15
new line.near bus1=b bus2=c length=1 r1=0.1 x1=0.2 r0=0.3 x0=0.6 c1=0 c0=0
new transformer.delta buses=(c d) conns=(wye delta) kvs=(12.47 4.16) kvas=(2000 2000) xhl=4 ppm=0
new line.far bus1=d bus2=e length=1 r1=0.1 x1=0.2 r0=0.3 x0=0.6 c1=0 c0=0
new load.own bus1=e conn=delta kv=4.16 kw=600 kvar=100
new load.other bus1=c kv=12.47 kw=600 kvar=100
new capacitor.bank bus1=e kv=4.16 kvar=300
new capcontrol.switch capacitor=bank element=line.far terminal=2 type=voltage ptratio=20
~ onsetting=80 offsetting=100 delay=15 delayoff=15
solve
"""
"""A bank is the only path to ground of what stands behind a delta winding, and is switched off."""


@pytest.mark.parametrize(("on", "off"), [(80, 100), (117, 125)])
def test_a_bank_without_which_a_part_floats_is_solved_one_look_at_a_time(
    on: int, off: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in the second case what floats has a voltage by chance, by which the bank would come back
    path = tmp_path / "floats.dss"
    said = FLOATS.replace("onsetting=80", f"onsetting={on}")
    path.write_text(said.replace("offsetting=100", f"offsetting={off}"))
    network = Network.of(read(path))
    passes = watched(monkeypatch)
    found = settle_from(Settling.of(network), Snapshot.normal(network.grid))
    assert passes[0] is None
    assert found.controls_settled and not found.snapshot.steps_on.any()
    assert any("no path to ground" in finding.what for finding in found.findings)
    monkeypatch.setattr(static, "can_follow", lambda _: False)
    assert_alike([found], [settle_from(Settling.of(network), Snapshot.normal(network.grid))])


def test_a_grid_without_nodes_has_a_flow_that_says_so() -> None:
    assert not Network.of(Grid("nothing")).solve().converged


@pytest.mark.parametrize(("bus", "couples"), [("c", [False]), ("g", [True])])
def test_a_bank_that_alone_couples_phases_is_not_followed(
    bus: str, couples: list[bool], tmp_path: Path
) -> None:
    path = tmp_path / "couples.dss"
    gate = "new line.gate bus1=c bus2=g switch=yes"
    bank = f"new capacitor.bank bus1={bus} kv=12.47 kvar=300 conn=delta"
    said = [line for line in FLOATS.splitlines() if "capacitor.bank" not in line]
    path.write_text("\n".join([*said[:-3], gate, bank, *said[-3:]]))
    assert Network.of(read(path)).followed.couples.tolist() == couples


def watched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What each pass that follows controls ends in."""
    passes, follow = list[object](), static.follow

    def counted(*given: object, **named: object) -> object:
        passes.append(follow(*given, **named))  # type: ignore[arg-type]
        return passes[-1]

    monkeypatch.setattr(static, "follow", counted)
    return passes


def assert_alike(followed: list[Flow], alone: list[Flow]) -> None:
    for one, other in zip(followed, alone, strict=True):
        assert one.control_iterations == other.control_iterations
        assert one.controls_settled == other.controls_settled
        np.testing.assert_array_equal(one.snapshot.tap_pu, other.snapshot.tap_pu)
        np.testing.assert_array_equal(one.snapshot.steps_on, other.snapshot.steps_on)
        apart = np.abs(one.v_v - other.v_v) / one.nodes.base_v
        assert apart.max() < MICRO_OHM_PU
