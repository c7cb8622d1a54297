"""The JSON of `gridmend restore`."""

from __future__ import annotations

import json

from gridmend.formats.read import read
from gridmend.model.snapshot import Snapshot
from gridmend.operations.answer import as_json
from gridmend.operations.restoration import propose

PLAN_KEYS = {
    "steps", "customers_out", "customers_restorable", "customers_restored",
    "customers_restored_by_tie", "load_kw_restored", "v_min_pu", "loading_max_pct", "gap_pct",
    "seconds",
}  # fmt: skip


def test_the_answer_has_the_keys_of_the_design_and_is_plain_json() -> None:
    grid = read("ieee123")
    answer = as_json(propose(grid, Snapshot.normal(grid), "line.l52"), grid)
    again = json.loads(json.dumps(answer, allow_nan=False))
    assert again["fault"] == "line.L52"
    assert again["isolated_by"] == ["Sw2", "Sw4", "Sw6"]
    assert set(again["saidi_min"]) == {"crew", "plan"}
    assert again["saidi_min"]["plan"] < again["saidi_min"]["crew"]
    for plan in again["plans"]:
        assert set(plan) >= PLAN_KEYS
        for step in plan["steps"]:
            assert set(step) >= {"action", "device", "why", "customers"}
            assert step["action"] in ("open", "close")


def test_the_same_question_has_the_same_answer() -> None:
    grid = read("ieee123")
    first, second = (
        as_json(propose(grid, Snapshot.normal(grid), "L115", clock=lambda: 0.0), grid)
        for _ in range(2)
    )
    assert first == second
