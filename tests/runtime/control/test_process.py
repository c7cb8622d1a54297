"""The gateway as a process of its own: over a socket, killed, and started again."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, OutcomeState
from gridmend.runtime.control import Kernel
from gridmend.runtime.gateway.process import GatewayClient, serve
from gridmend.runtime.journal import Journal
from tests.runtime.control.room import Room, rules


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Room]:
    """A room whose gateway answers at a socket, from another thread, over the same file."""
    room = Room(log=Journal.open(tmp_path / "journal.db"), s1="deaf")
    room.gateway._journal = Journal.open(tmp_path / "journal.db", read_only=True)
    path = tmp_path / "gateway"
    thread = threading.Thread(target=serve, args=(room.gateway, path), daemon=True)
    thread.start()
    client = GatewayClient(path)
    while True:
        try:
            client.events()
            break
        except GridmendError:
            continue
    room.kernel = Kernel(room.bench, room.log, client, room.signer, now=room.now)
    room.field.scan()
    yield room
    client.stop()
    thread.join()


def test_commands_and_events_go_over_the_socket(apart: Room) -> None:
    answer = apart.do(Action.OPEN, "S2")
    assert answer.outcome is not None
    assert answer.outcome.state is OutcomeState.CONFIRMED
    assert rules(apart.do(Action.OPEN, "S2", By("bob"))) == {"one authority"}
    doubt = apart.do(Action.OPEN, "S1")
    assert doubt.outcome is not None
    assert doubt.outcome.state is OutcomeState.IN_DOUBT
    assert apart.kernel.gateway.withdraw(doubt.id)
    assert not apart.kernel.gateway.withdraw("never")


def test_events_that_a_control_room_did_not_keep_are_told_again(apart: Room) -> None:
    first = apart.kernel.gateway
    assert isinstance(first, GatewayClient)
    apart.kernel.take_in()
    apart.field.trip("S2")
    assert [event.kind for event in first.events()] == ["tripped"]
    first.close()
    second = GatewayClient(first._path)
    assert "tripped" in [event.kind for event in second.events()]
    assert not second.events()
    second.close()


@pytest.mark.parametrize("said", [b"\n", b"{}\n", b"[1]\n", b'{"do": "send"}\n', b'{"do": 7}\n',
                                  b'{"do": "send", "frame": "x"}\n', b"\xff\n",
                                  b'{"do": "send", "frame": "\\ud800"}\n',
                                  b'{"do": "events", "boot": "", "seen": "x"}\n',
                                  b'{"do": "events", "boot": "", "seen": 1e999}\n',
                                  ])  # fmt: skip
def test_noise_at_the_socket_is_answered_and_harms_nothing(apart: Room, said: bytes) -> None:
    client = apart.kernel.gateway
    assert isinstance(client, GatewayClient)
    stream = client._opened()
    stream.write(said)
    stream.flush()
    assert b"problem" in stream.readline()
    assert apart.do(Action.OPEN, "S2").allowed


def test_a_gateway_that_is_not_there_is_said_and_the_command_waits(tmp_path: Path) -> None:
    with pytest.raises(GridmendError, match="does not answer"):
        GatewayClient(tmp_path / "nowhere").events()


def test_a_path_that_cannot_be_listened_at_is_said(tmp_path: Path) -> None:
    room: Any = Room()
    with pytest.raises(GridmendError, match="cannot listen"):
        serve(room.gateway, tmp_path / "no" / "folder")


def test_the_rooms_of_the_gateway_import_no_user_interface() -> None:
    code = "import sys, gridmend.runtime.gateway; print('gridmend.ui' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
