"""The gateway refuses by itself what the rest should not have sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.adapters.memory import MemorySettings
from gridmend.model.command import Command, World
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import Action, Step
from gridmend.runtime.control import select, settle
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.work import work
from gridmend.runtime.gateway import Frame, Gateway, Reply, Sent, Signer
from gridmend.runtime.gateway.frame import frame_of
from gridmend.runtime.gateway.sent import SENT, WITHDRAWN
from tests.runtime.control.room import ANN, Room

OPEN_S2 = Step(Action.OPEN, "S2", "")
GOOD_FLOW: dict[str, Any] = {"converged": True, "worse": [], "carries_a": 4.0}


def sent_by_a_compromised_kernel(
    room: Room, step: Step, *, flow: dict[str, Any] | None = None, **changes: Any
) -> Reply:
    """Records and signs a command that nobody judged, and sends it."""
    kernel = room.kernel
    selected = changes.pop("selected", True)
    name = f"s{kernel.sequence + 1}"
    if selected:
        kernel.say("selected", ANN, select=name, principal="ann", login="desk1", epoch=1,
                   step={"action": step.action.value, "device": step.device})  # fmt: skip
    values: dict[str, Any] = {
        "id": f"c{kernel.sequence}", "step": step, "principal": "ann", "login": "desk1",
        "area": "", "epoch": 1, "issued_utc": kernel.now(), "world": kernel.signer.world,
        "select": name, **changes,
    }  # fmt: skip
    command = Command(**values)
    recorded = {"command": command.id, **(GOOD_FLOW if flow is None else flow)}
    kernel.say("flow_recorded", ANN, **recorded)
    sequence = kernel.say("commanded", ANN, **command.as_json())
    return room.gateway.send(kernel.signer.sign(command, sequence))


def refused(reply: Reply) -> set[str]:
    return {refusal.rule for refusal in reply.refusals}


def test_a_frame_that_all_rules_allow_is_sent() -> None:
    room = Room()
    room.kernel.take_in()
    assert not sent_by_a_compromised_kernel(room, OPEN_S2).refusals
    assert room.field.frames == [OPEN_S2]


def _tagged(room: Room) -> None:
    work(room.kernel, Step(Action.TAG, "S2", "", mark="t1"), ANN)


def _usurped(room: Room) -> None:
    take_authority(room.kernel, "", ANN)


def _nothing(_: Room) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "step", "more", "rule"),
    [
        (_tagged, OPEN_S2, {}, "tags"),
        (_nothing, Step(Action.CLOSE, "S3", ""), {}, "synchronism"),
        (_usurped, OPEN_S2, {}, "one authority"),
        (_nothing, OPEN_S2, {"selected": False}, "select before operate"),
        (_nothing, OPEN_S2, {"flow": {"converged": True, "worse": [1]}}, "look-ahead"),
        (_nothing, OPEN_S2, {"application": "flisr"}, "autonomy"),
        (_nothing, OPEN_S2, {"order": "o1"}, "order"),
        (_nothing, Step(Action.TAG, "S2", "", mark="t"), {}, "capability"),
    ],
)
def test_the_gateway_judges_by_its_own_copy_of_the_rules(
    before: Any, step: Step, more: dict[str, Any], rule: str
) -> None:
    room = Room()
    room.kernel.take_in()
    before(room)
    reply = sent_by_a_compromised_kernel(room, step, **more)
    assert rule in refused(reply)
    assert all(refusal.why.endswith("(gateway)") for refusal in reply.refusals)
    assert not room.field.frames


def test_a_frame_without_its_entry_in_the_journal_is_refused() -> None:
    room = Room()
    room.kernel.take_in()
    picked = select(room.kernel, OPEN_S2, ANN)
    command = Command("c99", OPEN_S2, "ann", "desk1", "", 1, room.clock,
                      room.signer.world, picked.id)  # fmt: skip
    for sequence in (room.kernel.sequence, room.kernel.sequence + 1, 10**9):
        assert refused(room.gateway.send(room.signer.sign(command, sequence))) == {"record first"}
    assert not room.field.frames


def test_a_frame_that_differs_from_its_entry_is_refused() -> None:
    room = Room()
    room.kernel.take_in()
    send = room.gateway.send

    def altered(frame: Frame) -> Reply:
        other = replace(frame.command, step=Step(Action.OPEN, "S1", ""))
        return send(room.signer.sign(other, frame.sequence))

    room.gateway.send = altered  # type: ignore[method-assign]
    assert refused(sent_by_a_compromised_kernel(room, OPEN_S2)) == {"record first"}


def test_a_frame_is_sent_once_whatever_comes_again() -> None:
    room = Room()
    room.kernel.take_in()
    frames: list[Frame] = []
    send = room.gateway.send
    room.gateway.send = lambda frame: (frames.append(frame), send(frame))[1]  # type: ignore[method-assign]
    sent_by_a_compromised_kernel(room, OPEN_S2)
    assert refused(send(frames[0])) == {"record first"}
    room.start()
    assert refused(room.gateway.send(frames[0])) == {"record first"}
    assert len(room.field.frames) == 1


def test_other_worlds_cannot_reach_this_field() -> None:
    room = Room()
    room.kernel.take_in()
    study = Signer.new(World.STUDY)
    command = Command("c1", OPEN_S2, "ann", "desk1", "", 1, room.clock, World.STUDY)
    assert refused(room.gateway.send(study.sign(command, 1))) == {"worlds apart"}
    claimed = replace(command, world=room.signer.world)
    stranger = Signer.new(room.signer.world)
    assert refused(room.gateway.send(stranger.sign(claimed, 1))) == {"worlds apart"}
    with pytest.raises(GridmendError, match="does not sign study"):
        room.signer.sign(command, 1)
    forged = Frame(claimed, 1, study.sign(command, 1).signature)
    assert refused(room.gateway.send(forged)) == {"worlds apart"}


def test_a_gateway_takes_no_adapter_of_another_world() -> None:
    room = Room()
    with pytest.raises(GridmendError, match="cannot hold an adapter"):
        Gateway(room.field, room.log, room.bench, verifier=Signer.new(World.LIVE).verifier(),
                sent=Sent(), now=room.now)  # fmt: skip


def test_what_the_field_told_the_gateway_alone_counts() -> None:
    room = Room()
    room.kernel.take_in()
    room.field.trip("S1", locked_out=True)
    reply = sent_by_a_compromised_kernel(room, Step(Action.CLOSE, "S1", ""))
    assert {"wear", "select before operate"} <= refused(reply)


def test_a_withdrawn_command_never_leaves() -> None:
    room = Room()
    room.kernel.take_in()
    id = f"c{room.kernel.sequence + 1}"
    assert not room.gateway.withdraw(id)
    assert refused(sent_by_a_compromised_kernel(room, OPEN_S2, id=id)) == {"at most once"}


@given(st.integers(0, 3), st.booleans())
def test_a_frame_survives_its_line(number: int, has_value: bool) -> None:
    signer = Signer.new(World.TWIN)
    step = Step(Action.SET_TAP, "reg1", "why", value=3 if has_value else None)
    now = datetime.fromisoformat("2026-07-15T12:00:00+00:00")
    command = Command('é"1', step, "ann", "d", "a", 1, now, World.TWIN, "s", "o", number)
    frame = signer.sign(command, 5)
    back = frame_of(frame.as_line())
    assert back == frame
    assert signer.verifier().holds(back)
    assert not signer.verifier().holds(replace(back, sequence=6))


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", '{"command": 1}', "[" * 100_000])
def test_what_is_no_frame_is_refused(line: str) -> None:
    with pytest.raises(GridmendError, match="not a frame"):
        frame_of(line)


def test_ids_are_used_up_on_disk_and_a_torn_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "sent.log"
    with Sent(path) as sent:
        assert sent.mark("c1", SENT, 100.0)
        assert not sent.mark("c1", WITHDRAWN, 101.0)
        assert sent.mark("c2", WITHDRAWN, 102.0)
    with path.open("a") as file:
        file.write('["c3", "se')
    with Sent(path) as sent:
        assert [sent.of(id) for id in ("c1", "c2", "c3")] == [SENT, WITHDRAWN, ""]
        assert sent.mark("c3", SENT, 103.0)
    with Sent(path, now_s=200_000.0) as sent:
        assert sent.of("c1") == ""


def test_a_damaged_record_of_ids_stops_the_gateway(tmp_path: Path) -> None:
    path = tmp_path / "sent.log"
    path.write_text('garbage\n["c1", "sent", 1.0]\n')
    with pytest.raises(GridmendError, match="damaged"):
        Sent(path)
    with pytest.raises(GridmendError, match="cannot record"):
        Sent(tmp_path / "nowhere" / "sent.log")


def test_settings_say_that_memory_is_for_training_unless_told() -> None:
    assert MemorySettings().world is World.TRAINING


def test_a_frame_that_comes_after_the_journal_went_on_is_refused() -> None:
    room = Room()
    room.do(Action.OPEN, "S1")
    room.do(Action.OPEN, "S2")
    send, frames = room.gateway.send, list[Frame]()

    def lost(frame: Frame) -> Reply:
        frames.append(frame)
        raise GridmendError("the gateway does not answer")

    room.gateway.send = lost  # type: ignore[method-assign]
    with pytest.raises(GridmendError, match="does not answer"):
        room.do(Action.CLOSE, "S2")
    settle(room.kernel, frames[0].command.id, ANN, done=False, why="it did not answer")
    work(room.kernel, Step(Action.TAG, "S2", "", mark="t1"), ANN)
    assert refused(send(frames[0])) == {"record first"}
    assert room.field.points.position("s2") == "open"


def test_the_field_lifts_no_tag_and_grants_no_authority() -> None:
    room = Room()
    work(room.kernel, Step(Action.TAG, "S2", "", mark="t1"), ANN)
    authorities = room.kernel.situation.authorities
    for kind, payload in (
        ("tag_lifted", {"tag": "t1"}),
        ("authority_granted", {"area": "", "holder": "mallory", "epoch": 99}),
    ):
        event = Event(room.clock, "field", "", kind, payload)
        room.field.events = lambda event=event: (event,)  # type: ignore[method-assign,misc]
        room.kernel.take_in()
    assert set(room.kernel.situation.tags) == {"t1"}
    assert room.kernel.situation.authorities == authorities
    assert room.kinds()[-2:] == ["note", "note"]
