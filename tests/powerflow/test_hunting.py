"""Controls that hunt end where every look leaves them, though whole rounds are passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls import hunting, static
from gridmend.powerflow.controls.queue import places
from gridmend.powerflow.network import Network
from tests.powerflow.test_following import assert_alike

HUNTS = """
clear
new circuit.hunts basekv=12.47 pu=1.0 bus1=a
new transformer.regulated buses=(a b) conns=(wye wye) kvs=(12.47 12.47) kvas=(5000 5000) xhl=1
new regcontrol.regulator transformer=regulated winding=2 vreg=120 band=1 ptratio=60 delay={delay}
~ maxtapchange=1
new line.near bus1=b bus2=c length=4 r1=0.3 x1=0.6 r0=0.9 x0=1.8 c1=0 c0=0
new load.one bus1=c kv=12.47 kw=3000 kvar=1200
new capacitor.bank bus1=c kv=12.47 kvar=1800
new capcontrol.switch capacitor=bank element=line.near terminal=2 type=voltage ptratio=60
~ onsetting=117.5 offsetting=118.5 delay=20 delayoff=25 deadtime={dead}
solve
"""
"""A bank that lifts its voltage by more than its band, beside a regulator that follows."""


def network_that_hunts(folder: Path, *, delay: int, dead: int) -> Network:
    path = folder / "hunts.dss"
    path.write_text(HUNTS.format(delay=delay, dead=dead))
    return Network.of(read(path))


def settled(network: Network, scale: float) -> Flow:
    at = Snapshot.normal(network.grid)
    return static.settle(network, at.with_demand(scale * at.load_kw, scale * at.load_kvar))


@pytest.mark.parametrize("is_followed", [True, False])
@pytest.mark.parametrize(("delay", "dead"), [(15, 300), (15, 0), (30, 40), (200, 300)])
def test_passing_over_whole_rounds_changes_nothing(
    delay: int, dead: int, *, is_followed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, hunted = network_that_hunts(tmp_path, delay=delay, dead=dead), 0
    for scale in (0.4, 0.7, 0.85, 1.0, 1.2):
        with monkeypatch.context() as patch:
            patch.setattr(static, "can_follow", lambda _: False)
            patch.setattr(static, "passed_over", lambda seen, at, count, most: count)
            every = settled(network, scale)
        with monkeypatch.context() as patch:
            if not is_followed:
                patch.setattr(static, "can_follow", lambda _: False)
            found = settled(network, scale)
        assert_alike([found], [every])
        hunted += not every.controls_settled
        assert every.control_iterations == static.ROUNDS or every.controls_settled
    assert hunted


def test_a_hunt_takes_far_fewer_looks_than_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_that_hunts(tmp_path, delay=15, dead=300)
    monkeypatch.setattr(static, "can_follow", lambda _: False)
    looks, looked = list[int](), static._looked  # pyright: ignore[reportPrivateUsage]

    def counted(*given: object, **named: object) -> object:
        looks.append(1)
        return looked(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(static, "_looked", counted)
    flow = settled(network, 0.7)
    assert not flow.controls_settled and flow.control_iterations == static.ROUNDS
    assert len(looks) < static.ROUNDS / 4


@pytest.mark.parametrize("first", [1, 3, 10])
@pytest.mark.parametrize("period", [1, 2, 7, 60])
def test_the_look_that_is_gone_on_from_is_alike_and_before_the_last(
    first: int, period: int
) -> None:
    # two taps go through `first` places once and then round and round through `period` others
    at, most = places(2, 1, 1, 1, 1), 100
    seen, count, went = hunting.nothing_seen(at, most), 0, 0
    while seen.rows[0] >= 0:
        count += 1
        around = count if count < first else first + (count - first) % period
        at.tap[:] = 1 + 0.00625 * np.array([around, -around])
        went = hunting.passed_over(seen, at, count, most)
    assert count == first + period
    assert count <= went < most
    assert (went - count) % period == 0
    assert most - went <= period
    assert hunting.passed_over(seen, at, went, most) == went, "one jump is all"
