from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridmend.runtime.live.modes import Flag, Mode
from gridmend.ui.web import wire
from tests.ui.pages.conftest import Asking

Bytes = NDArray[np.uint8]
State = tuple[Bytes, Bytes]
REVISION, N = 4711, 37
WHEN = {"mode": 1, "revision": REVISION, "time_s": 1.75e9}


def drawn(seed: int, n: int = N) -> State:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, n, np.uint8), rng.integers(0, 256, n, np.uint8)


def full(state: State, sequence: int, **other: Any) -> bytes:
    return wire.full(*state, sequence=sequence, **{**WHEN, **other})


def delta(state: State, base: State, sequence: int, base_sequence: int, **other: Any) -> bytes:
    return wire.delta(
        *state, base, sequence=sequence, base_sequence=base_sequence, **{**WHEN, **other}
    )


def text(message: bytes) -> str:
    return base64.b64encode(message).decode()


def follow(ask: Asking, *messages: bytes, **other: Any) -> dict[str, Any]:
    question = {"do": "follow", "n": N, "revision": REVISION, "mode": 1, **other}
    return ask({**question, "messages": [text(each) for each in messages]})[0]


def holds(told: dict[str, Any], state: State) -> bool:
    return told["values"] == state[0].tolist() and told["flags"] == state[1].tolist()


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 2**32), min_size=2, max_size=12))
def test_full_frames_and_deltas_bring_the_page_to_what_the_server_has(
    ask: Asking, seeds: list[int]
) -> None:
    states = [drawn(seed) for seed in seeds]
    messages = [full(states[0], 1)]
    for k in range(1, len(states)):
        if k % 4 == 0:
            messages.append(full(states[k], k + 1))
        else:
            messages.append(delta(states[k], states[k - 1], k + 1, k))
        messages.append(wire.heartbeat(sequence=k + 1, **WHEN))
    told = follow(ask, *messages)
    assert holds(told, states[-1])
    assert (told["gaps"], told["states"]) == (0, len(states))
    assert told["beats"] == len(messages)
    assert told["sequence"] == len(states)
    assert told["padding"] is False


def test_a_delta_to_something_else_is_not_applied_and_asks_for_a_full_frame(ask: Asking) -> None:
    first, second, third, fourth = (drawn(seed) for seed in range(4))
    missed = delta(third, second, 3, 2)
    told = follow(ask, full(first, 1), missed)
    assert holds(told, first)
    assert (told["gaps"], told["beats"]) == (1, 1)
    # Nor is one after it that happens to fit, before the full frame has come.
    lucky = delta(fourth, first, 4, 1)
    assert holds(follow(ask, full(first, 1), missed, lucky), first)
    mended = follow(ask, full(first, 1), missed, full(third, 3), delta(fourth, third, 4, 3))
    assert holds(mended, fourth)
    assert mended["gaps"] == 1


def test_a_frame_of_a_mode_that_is_not_shown_any_more_changes_nothing(ask: Asking) -> None:
    first, other = drawn(1), drawn(2)
    told = follow(ask, full(first, 1), full(other, 2, mode=2))
    assert holds(told, first)
    assert told["gaps"] == 0


def test_a_frame_of_another_network_is_never_drawn_on_this_one(ask: Asking) -> None:
    first = drawn(1)
    told = follow(ask, full(first, 1), full(drawn(2, N + 1), 2, revision=REVISION + 1))
    assert holds(told, first)
    assert told["revisions"] == [REVISION + 1]
    wrong = follow(ask, full(first, 1), full(drawn(2, N - 1), 2))
    assert holds(wrong, first)
    assert wrong["gaps"] == 1


def test_before_the_first_frame_nothing_is_known_and_everything_is_marked_so(ask: Asking) -> None:
    told = follow(ask)
    assert set(told["values"]) == {255}
    assert set(told["flags"]) == {int(Flag.UNSURE)}


def test_more_frames_than_can_be_kept_up_with_are_let_go_and_then_one_full_is_asked_for(
    ask: Asking,
) -> None:
    states = [drawn(seed) for seed in range(12)]
    messages = [full(states[0], 1)]
    messages += [delta(states[k], states[k - 1], k + 1, k) for k in range(1, 12)]
    told = follow(ask, *messages, together=True)
    held = [k for k, state in enumerate(states) if holds(told, state)]
    assert held, "what is shown was never a state of the network"
    assert held[0] < 11
    late = follow(ask, *messages[:2], full(states[11], 12))
    assert holds(late, states[11])


def damaged(message: bytes) -> list[bytes]:
    head = bytearray(message)
    head[0] ^= 1
    kind = bytearray(message)
    kind[4] = 9
    mode = bytearray(message)
    mode[5] = 200
    packed = bytearray(message)
    packed[40] ^= 0xFF
    longer = bytearray(message)
    longer[16] += 1
    # Says as many elements as there are, and brings one fewer.
    fewer = bytearray(full(drawn(3, N - 1), 2))
    fewer[16] += 1
    return [bytes(each) for each in (head, kind, mode, packed, longer, fewer)] + [
        b"", message[:31], message[:-1], message + b"\0", message[:32],
    ]  # fmt: skip


def test_a_damaged_frame_changes_nothing_and_asks_for_a_full_one(ask: Asking) -> None:
    first, second = drawn(1), drawn(2)
    for bad in damaged(full(second, 2)):
        told = follow(ask, full(first, 1), bad)
        assert holds(told, first)
        assert told["gaps"] == 1
    told = follow(ask, full(first, 1), *damaged(full(second, 2)), full(second, 2))
    assert holds(told, second)


def test_the_pages_know_the_modes_and_flags_by_the_numbers_that_the_server_sends(
    ask: Asking,
) -> None:
    (told,) = ask({"do": "constants"})
    assert told["MODES"] == [mode.name.lower() for mode in Mode]
    renamed = {"unsure": "UNSURE", "notNormal": "NOT_NORMAL"}
    flags = {renamed.get(name, name.upper()): bit for name, bit in told["FLAG"].items()}
    assert flags == {flag.name: int(flag) for flag in Flag}


def test_a_head_is_read_to_the_last_field(ask: Asking) -> None:
    state = drawn(5)
    message = delta(state, drawn(6), 70_000, 69_999, time_s=1_790_000_000.25)
    told = ask({"do": "frame", "message": text(message)})[0]
    head = told["head"]
    assert head["kind"] == "delta"
    assert (head["sequence"], head["base"], head["n"]) == (70_000, 69_999, N)
    assert (head["revision"], head["timeS"]) == (REVISION, 1_790_000_000.25)
    with pytest.raises(ValueError, match="not GMS1"):
        ask({"do": "frame", "message": text(b"X" + message[1:])})
