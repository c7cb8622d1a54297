from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.adapters.memory import Answer as Device
from gridmend.adapters.memory import MemorySettings
from gridmend.interlock.check import Bench
from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import Action, Outcome, OutcomeState, Step
from gridmend.runtime.control import Kernel, attend, opening, operate, resume, select, settle
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.opening import keep_situation, kept_situation, open_room
from gridmend.runtime.fold import as_document, from_document
from gridmend.runtime.journal import Entry, Head, Journal, JournalError, WriterFenced
from tests.interlock.networks import network
from tests.runtime.control.room import ANN, BOB, Room, rules

OPEN_S2 = Step(Action.OPEN, "S2", "")
IN_DOUBT, CONFIRMED, FAILED = OutcomeState.IN_DOUBT, OutcomeState.CONFIRMED, OutcomeState.FAILED


def test_a_command_is_recorded_before_its_frame_and_confirmed_by_read_back() -> None:
    room = Room()
    seen: list[list[str]] = []
    carry_out = room.field.carry_out
    room.field.carry_out = lambda step: (seen.append(room.kinds()), carry_out(step))[1]  # type: ignore[method-assign]
    answer = room.do(Action.OPEN, "switch.S2")
    assert answer.outcome is not None
    assert answer.outcome.state is CONFIRMED
    assert seen[0][-3:] == ["selected", "flow_recorded", "commanded"]
    assert room.kinds()[-2:] == ["status", "outcome"]
    assert room.kernel.situation.snapshot.is_open(room.grid, "S2")
    assert not room.kernel.situation.pending


def test_what_the_rules_refuse_is_recorded_with_the_rule_and_never_sent() -> None:
    room = Room()
    answer = room.do(Action.CLOSE, "S3")
    assert rules(answer) == {"radiality", "synchronism"}
    assert "refused" in room.kinds()
    assert not room.field.frames


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"by": By("ann", "desk9")}, "selected by ann at desk1"),
        ({"step": Step(Action.CLOSE, "S2", "")}, "another deed"),
        ({"wait_s": 10.5}, "10 s are allowed"),
        ({"moves": True}, "not selected, or the select is void"),
        ({"epoch": True}, "epoch"),
        ({"twice": True}, "not selected, or the select is void"),
    ],
)
def test_an_operate_takes_one_matching_young_select(change: dict[str, object], says: str) -> None:
    room = Room()
    picked = select(room.kernel, OPEN_S2, ANN)
    step = change.get("step", OPEN_S2)
    by = change.get("by", ANN)
    if "wait_s" in change:
        room.wait(10.5)
    if "moves" in change:
        room.field.trip("S2")
    if "epoch" in change:
        take_authority(room.kernel, "", ANN)
    if "twice" in change:
        assert operate(room.kernel, OPEN_S2, ANN, select=picked.id).allowed
    frames = len(room.field.frames)
    answer = operate(room.kernel, step, by, select=picked.id)  # type: ignore[arg-type]
    assert "select before operate" in rules(answer)
    assert says in str(answer)
    assert len(room.field.frames) == frames


def test_a_command_id_is_carried_out_once() -> None:
    room = Room()
    first = room.do(Action.OPEN, "S2", id="mine")
    assert first.allowed
    again = room.do(Action.OPEN, "S2", id="mine")
    assert rules(again) == {"at most once"}
    assert len(room.field.frames) == 1


def test_a_device_that_does_not_move_fails() -> None:
    room = Room(s2=Device.REFUSES)
    answer = room.do(Action.OPEN, "S2")
    assert answer.outcome is not None
    assert answer.outcome.state is FAILED
    assert "did not move" in str(answer)
    assert not room.kernel.situation.pending


def test_a_lost_answer_is_settled_by_a_later_scan() -> None:
    room = Room(s2=Device.MUTE)
    answer = room.do(Action.OPEN, "S2")
    assert answer.outcome is not None
    assert answer.outcome.state is IN_DOUBT
    assert attend(room.kernel) == ()
    room.wait(3)
    assert attend(room.kernel) == (answer.id,)
    assert not room.kernel.situation.pending


def test_what_is_not_read_back_in_time_is_in_doubt_until_a_person_settles_it() -> None:
    room = Room(s2=Device.DEAF)
    answer = room.do(Action.OPEN, "S2")
    room.wait(10.5)
    attend(room.kernel)
    assert room.kernel.situation.pending[answer.id].doubted
    assert rules(room.do(Action.CLOSE, "S2")) >= {"at most once"}
    with pytest.raises(GridmendError, match="only a person"):
        settle(room.kernel, answer.id, By("flisr", "", "flisr"), done=False, why="")
    with pytest.raises(GridmendError, match="bob has no authority"):
        settle(room.kernel, answer.id, BOB, done=False, why="hearsay")
    settle(room.kernel, answer.id, ANN, done=False, why="seen closed at the pole")
    assert not room.kernel.situation.pending
    with pytest.raises(GridmendError, match="waits for an outcome"):
        settle(room.kernel, answer.id, ANN, done=False, why="again")


def test_a_scan_that_shows_the_old_position_does_not_settle_a_doubt() -> None:
    room = Room(s2=Device.LATE)
    answer = room.do(Action.OPEN, "S2")
    room.wait(20)
    attend(room.kernel)
    assert answer.id in room.kernel.situation.pending
    room.field.let_through()
    assert attend(room.kernel) == (answer.id,)


def test_a_person_may_open_a_device_whose_command_has_no_outcome() -> None:
    room = Room(s2=Device.DEAF)
    assert room.do(Action.OPEN, "S2").allowed
    assert "at most once" in rules(room.do(Action.CLOSE, "S2"))
    assert room.do(Action.OPEN, "S2").allowed
    assert len(room.field.frames) == 2


def test_a_position_in_doubt_is_told_by_a_person_who_saw_it() -> None:
    room = Room(s2=Device.DEAF)
    answer = room.do(Action.OPEN, "S2")
    settle(room.kernel, answer.id, ANN, done=True, why="seen open at the pole")
    assert room.kernel.situation.snapshot.is_open(room.grid, "S2")


def test_one_authority_holds_and_an_older_epoch_is_refused() -> None:
    room = Room()
    assert rules(room.do(Action.OPEN, "S2", BOB)) == {"one authority"}
    old = room.kernel.situation.authorities[""].epoch
    take_authority(room.kernel, "", BOB)
    refused = select(room.kernel, OPEN_S2, ANN, epoch=old)
    assert rules(refused) == {"one authority"}
    assert room.do(Action.OPEN, "S2", BOB).allowed


def test_a_command_that_waited_too_long_is_refused() -> None:
    room = Room()
    picked = select(room.kernel, OPEN_S2, ANN)
    kernel = room.kernel
    issued = kernel.now()
    ahead = iter([issued + timedelta(seconds=60)])
    kernel.now = lambda: next(ahead, issued)
    answer = operate(kernel, OPEN_S2, ANN, select=picked.id)
    assert "at most once" in rules(answer)


def test_a_restart_gives_up_what_was_never_sent_and_reads_back_the_rest() -> None:
    room = Room(s2=Device.MUTE)
    sent = room.do(Action.OPEN, "S2")
    kernel = room.kernel

    class CrashError(Exception):
        pass

    def crash(point: str) -> None:
        if point == "kernel: recorded":
            raise CrashError

    kernel.pause = crash
    room.wait(1)
    with pytest.raises(CrashError):
        room.do(Action.OPEN, "S1")
    frames = len(room.field.frames)
    room.start()
    never = next(id for id in room.kernel.situation.pending if id != sent.id)
    assert resume(room.kernel) == (never,)
    assert not room.kernel.situation.pending
    assert len(room.field.frames) == frames, "nothing is sent again"


def test_a_set_value_is_confirmed_by_the_value_read_back() -> None:
    room = Room()
    answer = room.do(Action.SET_POWER, "generator.island", value=150.0)
    assert answer.outcome is not None
    assert answer.outcome.state is CONFIRMED
    assert room.kernel.situation.snapshot.power_kw(room.grid, "island") == 150.0
    limited = room.do(Action.LIMIT, "generator.island", value=120.0)
    assert limited.outcome is not None
    assert limited.outcome.state is CONFIRMED


def test_what_the_field_says_and_nobody_can_read_is_kept_as_a_note() -> None:
    room = Room()
    room.field._say("status", {"device": 7}, cause="noise")
    room.kernel.take_in()
    assert "note" in room.kinds()


class _Full:
    """A journal whose disk is full from now on."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self.is_full = journal, False

    def append(self, events: Iterable[Event], *, once: Iterable[str] = ()) -> Head:
        if self.is_full:
            raise JournalError("the disk is full", mend="make room")
        return self._journal.append(events, once=once)

    def read(self, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        return self._journal.read(after, until)


def test_what_cannot_be_recorded_is_not_sent_and_what_the_field_said_is_kept() -> None:
    log = _Full(Journal.memory())
    room = Room(log=log)
    picked = select(room.kernel, OPEN_S2, ANN)
    log.is_full = True
    with pytest.raises(JournalError, match="full"):
        operate(room.kernel, OPEN_S2, ANN, select=picked.id)
    assert not room.field.frames
    room.field.trip("S1")
    with pytest.raises(JournalError, match="full"):
        room.kernel.take_in()
    log.is_full = False
    room.kernel.take_in()
    assert "tripped" in room.kinds()
    assert operate(room.kernel, OPEN_S2, ANN, select=picked.id).allowed


def test_a_control_room_that_lost_its_journal_goes_no_further(tmp_path: Path) -> None:
    room = Room(log=Journal.open(tmp_path / "journal.db"))
    Journal.open(tmp_path / "journal.db").close()
    with pytest.raises(WriterFenced):
        room.kernel.take_in()
    with pytest.raises(GridmendError, match="open it again"):
        room.kernel.take_in()


def test_a_start_from_a_kept_situation_is_the_start_from_all_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(tmp_path / "journal.db")
    room = Room(log=journal)
    room.do(Action.OPEN, "S2")
    assert not keep_situation(room.kernel, journal)
    monkeypatch.setattr(opening, "KEEP_EVERY", 5)
    assert keep_situation(room.kernel, journal)
    room.do(Action.OPEN, "S1")
    start = kept_situation(room.grid, journal)
    assert start is not None
    assert 0 < start.sequence < room.kernel.sequence
    again = open_room(room.grid, room.field, journal, now=room.now, bench=room.bench)
    told = as_document(room.grid, room.kernel.situation)
    assert as_document(room.grid, again.situation) == told


def test_a_device_that_stood_there_before_is_no_proof_that_a_frame_arrived() -> None:
    grid = network(switches={"S1": ("src", "a")}, sources={"north": "src"}, loads=["a"])
    room = Room(grid, s1=Device.LATE)
    answer = room.do(Action.CLOSE, "S1")
    room.wait(3)
    assert attend(room.kernel) == ()
    assert answer.id in room.kernel.situation.pending, "it may still close"
    room.field.settings = MemorySettings()
    settle(room.kernel, answer.id, ANN, done=True, why="seen to be closed by it")
    assert room.do(Action.CLOSE, "S1").outcome == Outcome(
        Step(Action.CLOSE, "S1", ""), CONFIRMED
    ), "it answers"


def test_a_limit_that_a_deaf_device_never_had_is_not_confirmed() -> None:
    room = Room(**{"generator.island": Device.DEAF})
    answer = room.do(Action.LIMIT, "generator.island", value=120.0)
    assert answer.outcome is not None
    assert answer.outcome.state is IN_DOUBT
    assert attend(room.kernel) == ()


def test_a_set_value_that_a_person_saw_is_what_stands() -> None:
    room = Room(**{"generator.island": Device.DEAF})
    answer = room.do(Action.SET_POWER, "generator.island", value=150.0)
    settle(room.kernel, answer.id, ANN, done=True, why="seen at the meter")
    assert room.kernel.situation.snapshot.power_kw(room.grid, "island") == 150.0


def test_a_command_whose_device_left_the_model_waits_for_a_person_and_stops_nothing() -> None:
    room = Room(s2=Device.DEAF)
    answer = room.do(Action.OPEN, "S2")
    room.wait(1, scan=False)
    smaller = room.grid.without("S2")
    start = from_document(smaller, as_document(room.grid, room.kernel.situation))
    bench = Bench.of(smaller)
    kernel = Kernel(bench, room.log, room.gateway, room.signer, now=room.now, start=start)
    assert resume(kernel) == ()
    assert attend(kernel) == ()
    settle(kernel, answer.id, ANN, done=True, why="it was taken down")
    assert not kernel.situation.pending


def test_without_a_record_of_what_was_sent_nothing_is_said_to_have_stayed() -> None:
    room = Room(s2=Device.LATE)
    answer = room.do(Action.OPEN, "S2")
    again = open_room(room.grid, room.field, room.log, now=room.now, bench=room.bench)
    assert set(again.situation.pending) == {answer.id}


@pytest.mark.parametrize(("behind_s", "state"), [(0.5, CONFIRMED), (1.5, IN_DOUBT)])
def test_a_device_that_answered_may_be_behind_by_its_clock_but_not_by_much(
    behind_s: float, state: OutcomeState
) -> None:
    room = Room()
    room.field._now = lambda: room.clock - timedelta(seconds=behind_s)
    room.wait(5.0)
    answer = room.do(Action.OPEN, "switch.S2")
    assert answer.outcome is not None
    assert answer.outcome.state is state
