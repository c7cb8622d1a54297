from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.planning.evidence.cases import KINDS, Case, cases, scenario_of
from gridmend.planning.evidence.setting import Setting, on_grid, on_scenario
from gridmend.planning.evidence.study import tasks
from gridmend.twin.scenario.checks import check_scenario
from gridmend.twin.scenario.happenings import FaultStrikes


@pytest.fixture(scope="module")
def grid() -> Grid:
    return read("ieee123")


def fault(case: Case, grid: Grid) -> FaultStrikes:
    (struck,) = scenario_of(case, grid).happenings
    assert isinstance(struck, FaultStrikes)
    return struck


def test_the_same_number_of_a_seed_is_the_same_case_and_others_differ(grid: Grid) -> None:
    one, two, other = Case("fault", 3, 1), Case("fault", 4, 1), Case("fault", 3, 2)
    assert scenario_of(one, grid) == scenario_of(one, grid)
    assert fault(one, grid) != fault(two, grid)
    assert fault(one, grid) != fault(other, grid)


def test_every_case_is_a_scenario_without_an_error(grid: Grid) -> None:
    for case in cases(faults=20, storms=3, seed=7):
        found = check_scenario(scenario_of(case, grid), grid)
        assert [f for f in found if f.severity == "error"] == []


def test_longer_lines_are_struck_more_often_and_kinds_come_in_their_shares(grid: Grid) -> None:
    struck = [fault(case, grid) for case in cases(faults=1500, storms=0, seed=3)]
    lengths = grid.lines.numbers("length_m")
    times = Counter(grid.lines.row(one.element.partition(".")[2]) for one in struck)
    counted = np.array([times[row] for row in range(len(lengths))])
    expected = 1500 * lengths / lengths.sum()
    # about as many as its share, four standard deviations of a count at most
    assert (np.abs(counted - expected) <= 4 * np.sqrt(expected) + 3).all()
    whole = [one for one in struck if len(grid.lines["phases1"][grid.lines.row(
        one.element.partition(".")[2])].split()) == 3]  # fmt: skip
    single = sum(len(one.phases) == 1 for one in whole) / len(whole)
    assert single == pytest.approx(KINDS[0][3], abs=0.05)
    assert all(one.to_ground for one in struck if len(one.phases) == 1)


def test_a_smaller_share_of_remote_switches_has_some_of_a_larger_ones(grid: Grid) -> None:
    def remotes(share: float) -> set[str]:
        there = on_grid(Setting(automated=share), grid, seed=1)
        return set(np.array(there.switches.texts("name"))[there.switches.flags("remote")])

    every = remotes(1.0)
    assert remotes(0.0) < remotes(0.25) < remotes(0.5) < remotes(0.75) < every
    assert len(remotes(0.5)) == round(len(every) / 2)


def test_lost_messages_are_lost_on_every_link_and_nothing_else_changes(grid: Grid) -> None:
    plain = scenario_of(Case("fault", 0, 1), grid)
    lossy = on_scenario(Setting(loss=0.2), plain)
    assert {link.loss for link in lossy.communications.links} == {0.2}
    assert lossy.happenings == plain.happenings and lossy.seed == plain.seed
    assert on_scenario(Setting(), plain) == plain


def test_a_grid_without_a_length_says_what_it_lacks(grid: Grid) -> None:
    lines = [grid.with_changed(f"line.{name}", length_m=0.0) for name in grid.lines["name"][:1]]
    bare = lines[0].without(*(f"line.{name}" for name in grid.lines["name"][1:]))
    with pytest.raises(GridError, match="length"):
        scenario_of(Case("fault", 0, 1), bare)


@pytest.mark.parametrize(
    ("faults", "storms", "curve", "seed"),
    [(-1, 5, 0, 1), (1, 0, 0, 1), (5, 5, 6, 1), (5, 0, 0, -1)],
)
def test_numbers_that_cannot_be_are_refused(
    faults: int, storms: int, curve: int, seed: int
) -> None:
    with pytest.raises(GridError):
        tasks(faults=faults, storms=storms, curve=curve, seed=seed)


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(GridError, match="loss"):
        Setting(loss=1.5)
