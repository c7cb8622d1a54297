"""What happened: when, who says so, what brought it about."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NoReturn, cast

from gridmend.model.errors import GridmendError

KEYS = ("cause", "kind", "payload", "source", "time_utc")
"""What an event's line holds, in its order."""
DEEPEST = 32
"""Levels of a payload; a deeper one is a mistake, and no reader should have to follow it."""


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Made once: `json.loads` and `json.dumps` with options of their own make one for every line.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when (UTC), who says so, what brought it about, and what it was.

    Raises `GridmendError` where the time is not in UTC.
    """

    time_utc: datetime
    source: str
    cause: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if self.time_utc.utcoffset() != timedelta(0):
            raise GridmendError(
                f"the event '{self.kind}' is at {self.time_utc.isoformat()}, which is not UTC",
                where=f"source {self.source}",
                mend="give its time with timezone.utc",
            )
        object.__setattr__(self, "payload", MappingProxyType(dict(self.payload)))

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "time_utc": self.time_utc.isoformat(),
            "source": self.source,
            "cause": self.cause,
            "kind": self.kind,
            "payload": dict(self.payload),
        }

    def as_line(self) -> str:
        """The same as one line of JSON: equal events give equal lines.

        Raises `GridmendError` where it holds what JSON does not know: a number that is not
        finite, a key that is no text, half a Unicode character.
        """
        said = self.as_json()
        try:
            for key in KEYS:
                if key != "payload" and not isinstance(said[key], str):
                    raise ValueError(f"{key} is no text")
            _check_plain(said["payload"], "payload", 0)
            line = _ENCODER.encode(said)
            line.encode()
        except (ValueError, TypeError) as problem:
            raise GridmendError(
                f"the event '{self.kind}' cannot be written down: {problem}".replace("\n", " "),
                where=f"source {self.source}",
                mend="give text, finite numbers, true, false, null, and lists and maps of those",
            ) from None
        return line

    @classmethod
    def from_json(cls, said: object) -> Event:
        """The event that `as_json` said.

        Raises `GridmendError` where a key lacks, is too many or holds what it may not.
        """
        if not isinstance(said, Mapping):
            raise _no_event("it is no JSON object")
        found = cast("Mapping[Any, Any]", said)
        apart = {str(key) for key in found} ^ set(KEYS)
        if apart:
            raise _no_event(f"these keys lack or are too many: {', '.join(sorted(apart))}")
        for key in ("cause", "kind", "source", "time_utc"):
            if not isinstance(found[key], str):
                raise _no_event(f"{key} is no text")
        if not isinstance(found["payload"], Mapping):
            raise _no_event("payload is no JSON object")
        try:
            time_utc = datetime.fromisoformat(found["time_utc"])
        except ValueError:
            raise _no_event(f"time_utc is no time: {found['time_utc'][:40]!r}") from None
        payload = cast("Mapping[str, Any]", found["payload"])
        return cls(time_utc, found["source"], found["cause"], found["kind"], payload)

    @classmethod
    def from_line(cls, line: str) -> Event:
        """The event that wrote this line; its own `as_line` is the line again, byte for byte.

        Raises `GridmendError` for any other text, also where it means the same in another form.
        """
        try:
            said = _DECODER.decode(line)
        except (ValueError, RecursionError, TypeError) as problem:
            raise _no_event(f"it is no JSON: {problem}") from None
        event = cls.from_json(said)
        if event.as_line() != line:
            raise _no_event("it is not in the form in which events are written")
        return event

    def __str__(self) -> str:
        said = ", ".join(f"{key} {value}" for key, value in self.payload.items())
        return f"{self.time_utc:%H:%M:%S} {self.source}: {self.kind} {said}".rstrip()


def _no_event(why: str) -> GridmendError:
    return GridmendError(
        f"this is no event: {why}",
        where="an event's line",
        mend="events are read from lines that Event.as_line wrote",
    )


def _check_plain(value: Any, where: str, depth: int) -> None:
    """Raise `ValueError` for what would not come back from JSON as it was."""
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which is no finite number")
        return
    if depth == DEEPEST:
        raise ValueError(f"{where[:80]} is nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            if not isinstance(key, str):
                raise ValueError(f"{where} has the key {key!r}, which is no text")
            _check_plain(item, f"{where}.{key}", depth + 1)
        return
    if isinstance(value, (list, tuple)):
        for at, item in enumerate(cast("Sequence[Any]", value)):
            _check_plain(item, f"{where}[{at}]", depth + 1)
        return
    raise ValueError(f"{where} is of the type {type(value).__name__}")
