"""What a control room and a gateway in another process say to each other: a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gridmend.model.command import step_as_json, step_of
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Outcome, OutcomeState, Refusal
from gridmend.runtime.gateway.gateway import Reply

LINE_MOST = 64 * 1024 * 1024
"""Bytes of one line; a longer one is an error of whoever sent it."""


def reply_as_json(reply: Reply) -> dict[str, Any]:
    """A reply as plain values; `reply_of` reads it back."""
    outcome = reply.outcome
    told = None
    if outcome is not None:
        step = step_as_json(outcome.step)
        told = {"step": step, "state": outcome.state.value, "detail": outcome.detail}
    refusals = [[r.rule, r.step, r.device, r.why] for r in reply.refusals]
    return {"refusals": refusals, "outcome": told}


def reply_of(said: Mapping[str, Any]) -> Reply:
    """The reply that `reply_as_json` wrote. Raises `GridmendError` where it is none."""
    try:
        refusals = tuple(Refusal(rule, int(n), dev, why) for rule, n, dev, why in said["refusals"])
        told = said["outcome"]
        if told is None:
            return Reply(refusals)
        state = OutcomeState(told["state"])
        return Reply(refusals, Outcome(step_of(told["step"]), state, str(told["detail"])))
    except (KeyError, TypeError, ValueError) as problem:
        raise GridmendError("this is no reply of a gateway", where=str(said)[:80]) from problem


def line_of(said: Mapping[str, Any]) -> bytes:
    """One message as it goes over the wire."""
    return json.dumps(said).encode() + b"\n"


def said_in(line: bytes) -> dict[str, Any]:
    """The message of a line. Raises `GridmendError` where it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise GridmendError("this is no message", where=repr(line[:80])) from problem
    if not isinstance(found, dict):
        raise GridmendError("this is no message", where=repr(line[:80]))
    return found
