"""What a network remembers is what would be made anew."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.static import Settling, settle_from
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from gridmend.powerflow.standing import stand_again

GRID = read("ieee123")
SHARES = 0.4 + 0.05 * np.arange(48)[None] % 0.6


def _at(opened: int) -> Snapshot:
    """The feeder with one of its closed switches open, or as it is."""
    normal = Snapshot.normal(GRID)
    closed = np.flatnonzero(normal.open_phases == 0)
    masks = normal.open_phases.copy()
    if opened >= 0:
        masks[closed[opened]] = 7
    return normal.with_open_phases(masks)


def _flow(network: Network, snapshot: Snapshot, controls: str) -> SeriesFlow:
    follows = np.zeros(len(GRID.loads), np.int64)
    series = Series(snapshot, SHARES, {"load_kw": follows, "load_kvar": follows})
    return solve_series(network, series, controls=controls)


@pytest.mark.parametrize("controls", ["off", "static"])
def test_positions_solved_one_after_another_are_as_on_a_network_of_their_own(controls: str) -> None:
    network = Network.of(GRID)
    for opened in (-1, 2, 3, -1, 4, 5, 2):
        snapshot = _at(opened)
        found = _flow(network, snapshot, controls)
        alone = _flow(Network.of(GRID), snapshot, controls)
        np.testing.assert_array_equal(found.v_min_pu, alone.v_min_pu)
        np.testing.assert_array_equal(found.source_kw, alone.source_kw)


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    network, made = Network.of(GRID), list[int]()

    def ask(key: int, kind: str = "one") -> int | None:
        return network.remembered(
            kind, key, lambda: made.append(key) or (None if key == 2 else key)
        )

    assert [ask(k) for k in (1, 2, 3, 2, 3, 1)] == [1, None, 3, None, 3, 1]
    assert made == [1, 2, 3]
    for k in range(4, 20):
        ask(k)
        ask(k, "other")
        assert ask(1) == 1
    assert made == [1, 2, 3, *(k for n in range(4, 20) for k in (n, n))]
    assert ask(2) is None
    assert made[-1] == 2


def test_where_a_network_stands_is_remembered_as_it_was_whoever_goes_on_from_it() -> None:
    network, start = Network.of(GRID), _at(-1)
    first = stand_again(network, start)
    values, diagonal = first.state.values.copy(), first.diagonal.copy()
    flow = settle_from(Settling(network, network.controls, first), start)
    assert (first.state.values != values).any()
    again = stand_again(network, start)
    np.testing.assert_array_equal(again.state.values, values)
    np.testing.assert_array_equal(again.diagonal, diagonal)
    other = settle_from(Settling(network, network.controls, again), start)
    np.testing.assert_array_equal(other.v_v, flow.v_v)
