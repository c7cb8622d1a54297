from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.event import Event
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode
from gridmend.runtime.control import Kernel, intake
from gridmend.runtime.control.applications import consider
from gridmend.runtime.control.authority import give_leave, set_mode
from gridmend.runtime.control.intake import scans, sort
from gridmend.runtime.fold import Folding, as_document, fold
from gridmend.runtime.historian import Historian, replay
from tests.interlock.networks import ring
from tests.runtime.control.room import ANN, NOON, Room
from tests.runtime.control.test_applications import Wants

GRID = ring()
_SAID = st.builds(
    lambda device, position, after_s, kind: Event(
        NOON + timedelta(seconds=after_s), "field", "scan", kind,
        {"device": device, "position": position},
    ),
    st.sampled_from(["S1", "s2", "switch.S3", "source.north", "nowhere"]),
    st.sampled_from(["open", "closed", "ajar"]),
    st.integers(0, 3),
    st.sampled_from(["status", "status", "status", "tripped"]),
)  # fmt: skip


@given(st.lists(_SAID, max_size=30), st.integers(1, 4))
def test_sorting_loses_nothing_that_the_situation_holds(said: list[Event], most: int) -> None:
    before = intake.SCANNED_MOST
    intake.SCANNED_MOST = most
    try:
        found = sort(said, Folding(GRID))
        told = fold(GRID, [*scans(found.repeats), *found.events])
    finally:
        intake.SCANNED_MOST = before
    assert len(found.events) + len(found.repeats) == len(said)
    plain, other = (as_document(GRID, fold(GRID, said)), as_document(GRID, told))
    assert plain["positions"] == other["positions"]


def test_repeats_go_to_the_historian_and_changes_to_the_journal(tmp_path: Path) -> None:
    room = Room()
    with Historian.open(tmp_path / "telemetry") as historian:
        room.kernel.take_in()
        room.kernel = Kernel(room.bench, room.log, room.gateway, room.signer, now=room.now,
                             historian=historian)  # fmt: skip
        before = len(room.kinds())
        room.wait(2)
        room.field.trip("S2")
        room.kernel.take_in()
        assert room.kinds()[before:] == ["tripped"]
        heard = room.kernel.situation.heard_s[GRID.switches.row("S1")]
        assert heard == room.clock.timestamp()
        historian.flush()
        points = {row for t in historian.read() for row in t.column("point").to_pylist()}
        assert points == {"s1", "s2", "s3", "source.north", "source.south"}
        lines = list(replay(room.log, historian))
        assert lines == list(replay(room.log, historian))
        assert sum(json.loads(line).get("kind") == "tripped" for line in lines) == 1


def test_what_automation_rests_on_is_in_the_journal_also_with_a_historian(tmp_path: Path) -> None:
    room = Room()
    with Historian.open(tmp_path / "telemetry") as historian:
        room.kernel.take_in()
        room.kernel = Kernel(room.bench, room.log, room.gateway, room.signer, now=room.now,
                             historian=historian)  # fmt: skip
        set_mode(room.kernel, "flisr", Mode.AUTOMATIC, ANN)
        give_leave(room.kernel, "flisr", ANN, steps_most=1, lasts=timedelta(hours=1))
        room.wait(60)
        (answer,) = consider(room.kernel, [Wants("flisr", [Step(Action.OPEN, "S2", "")])])
        assert answer.allowed, answer
        again = fold(GRID, [entry.event for entry in room.log.read()])
        assert again.heard_s[GRID.switches.row("S1")] == room.clock.timestamp()
