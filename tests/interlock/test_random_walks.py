"""Random walks over larger networks, with every flaw a command can have and every fault of a field:
nothing unsafe, nothing illegal, and hardly anything legal refused."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from gridmend.interlock.check import Bench, judge
from gridmend.interlock.move import By, Move
from gridmend.model.plan import Plan, Verdict
from tests.interlock.exploring.walk import Tally, Walk, walked

SEED = int(os.environ.get("GRIDMEND_SEED", "0"))
STEPS = int(os.environ.get("GRIDMEND_STEPS", "200000"))
NIGHTLY_STEPS = int(os.environ.get("GRIDMEND_STEPS", "10000000"))
CASES, NIGHTLY_CASES = 4, 20
TOGETHER = 10
"""Walks of a nightly case: what is refused of one walk over few networks says little."""

APART = 100_000
"""Between the seeds of two cases."""


def _holds(tally: Tally) -> None:
    figure = (
        f"{tally.accepted} of {tally.legal} legal commands were accepted in {tally.steps} steps; "
        f"refused were, by rule, {dict(tally.refused)}"
    )
    assert tally.accepted >= 0.99 * tally.legal > 0.01 * tally.steps, figure


@pytest.mark.parametrize("case", range(CASES))
def test_a_random_walk_comes_to_nothing_unsafe_or_illegal_and_refuses_little(case: int) -> None:
    _holds(walked(SEED + case * APART, -(-STEPS // CASES)))


@pytest.mark.nightly
@pytest.mark.parametrize("case", range(NIGHTLY_CASES))
def test_a_long_random_walk_comes_to_nothing_unsafe_or_illegal(case: int) -> None:
    tally, steps = Tally(), -(-NIGHTLY_STEPS // (NIGHTLY_CASES * TOGETHER))
    for walk in range(case * TOGETHER, (case + 1) * TOGETHER):
        tally.add(walked(SEED + (CASES + walk) * APART, steps))
    _holds(tally)


class _Judged(Walk):
    """A walk in which every tenth step is judged once more, with its power flow."""

    judged_again = 0

    def looks(self, move: Move, told: list[str]) -> None:
        if self.tally.commands % 10 or move.situation is None:
            return
        bench = self.__dict__.setdefault("bench", Bench.of(self.room.grid))
        now = datetime.fromtimestamp(move.now_s or 0.0, UTC)
        by = By(move.by.principal, move.by.login, move.by.application)
        plan = Plan("", (move.step,), Verdict())
        found = judge(plan, bench, move.situation, now, by=by).verdict
        said = {r.rule for r in found.refusals}
        assert set(told) & RULE_NAMES <= said, (move.step, told)
        assert said <= {*told, "look-ahead", "capability", "fresh data"}, (move.step, told)
        self.judged_again += 1


RULE_NAMES = {"tags", "clearance", "ground", "radiality", "synchronism", "wear"}
"""Rules that do not look at the flow: that of the walk has no load, that of the judgement has."""


def test_the_whole_judgement_refuses_what_the_rules_refuse_and_else_only_looks_ahead() -> None:
    again = 0
    for seed in range(SEED, SEED + 6):
        walk = _Judged(seed)
        walk.walk(400)
        again += walk.judged_again
    assert again > 60
