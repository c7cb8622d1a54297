"""Taps that move in one pass of compiled code end where each move solved alone does."""

from __future__ import annotations

from collections.abc import Callable

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
    """Flows at some demands from taps that stand anywhere, each from the one before."""
    network, rng, flows = Network.of(grid), np.random.default_rng(1), list[Flow]()
    settling = Settling.of(network)
    for scale in SCALES:
        at = Snapshot.normal(grid)
        at = at.with_demand(scale * at.load_kw, scale * at.load_kvar)
        at = at.with_taps(np.where(at.tap_pu == 1, 1, 1 + 0.00625 * rng.integers(-16, 17)))
        flows.append(settle_from(settling, at))
    return settling, flows


GRIDS = [
    pytest.param(lambda: read("ieee123"), id="ieee123"),
    pytest.param(lambda: read("ieee8500"), id="ieee8500"),
    *(pytest.param(lambda s=seed: controlled("ieee123", s), id=f"seed {seed}") for seed in (1, 4)),
]


@pytest.mark.parametrize("made", GRIDS)
def test_taps_that_are_followed_end_where_each_move_solved_alone_does(
    made: Callable[[], Grid], monkeypatch: pytest.MonkeyPatch
) -> None:
    grid, passes, follow = made(), list[int](), static.follow

    def counted(*given: object, **named: object) -> object:
        found = follow(*given, **named)  # type: ignore[arg-type]
        passes.append(found.count)
        return found

    monkeypatch.setattr(static, "follow", counted)
    settling, followed = walked(grid)
    assert passes
    monkeypatch.setattr(static, "can_follow", lambda _: False)
    _, alone = walked(grid)
    for one, other in zip(followed, alone, strict=True):
        assert one.control_iterations == other.control_iterations
        assert one.controls_settled == other.controls_settled
        np.testing.assert_array_equal(one.snapshot.tap_pu, other.snapshot.tap_pu)
        np.testing.assert_array_equal(one.snapshot.steps_on, other.snapshot.steps_on)
        apart = np.abs(one.v_v - other.v_v) / one.nodes.base_v
        assert apart.max() < MICRO_OHM_PU
    assert settling.standing is not None
    assert_prepared(settling.standing, followed[-1].snapshot)
