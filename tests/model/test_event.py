from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.model.event import DEEPEST, Event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
PAYLOADS = st.dictionaries(
    st.text(),
    st.recursive(
        PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    ),
    max_size=5,
)
EVENTS = st.builds(
    Event,
    st.datetimes(timezones=st.just(UTC)),
    st.text(),
    st.text(),
    st.text(),
    PAYLOADS,
)


def noon(**payload: Any) -> Event:
    return Event(NOON, "field", "scada", "switched", payload)


@given(EVENTS)
def test_an_event_comes_back_from_its_line_byte_for_byte(event: Event) -> None:
    line = event.as_line()
    assert "\n" not in line
    back = Event.from_line(line)
    assert back == event
    assert back.as_line().encode() == line.encode()


@given(EVENTS)
def test_an_event_comes_back_from_its_json(event: Event) -> None:
    assert Event.from_json(json.loads(json.dumps(event.as_json()))) == event


def test_numbers_beyond_the_exact_ones_of_a_float_stay_whole() -> None:
    line = noon(count=2**53 + 1, more=2**200).as_line()
    assert dict(Event.from_line(line).payload) == {"count": 2**53 + 1, "more": 2**200}


def test_a_time_keeps_its_microseconds() -> None:
    event = Event(NOON + timedelta(microseconds=1), "field", "scada", "switched")
    assert Event.from_line(event.as_line()).time_utc.microsecond == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("deep", [False, True])
def test_a_number_that_is_not_finite_is_refused_by_name(value: float, deep: bool) -> None:
    event = noon(v_pu=[{"a": value}] if deep else value)
    with pytest.raises(GridmendError, match="v_pu") as refused:
        event.as_line()
    assert refused.value.mend


@pytest.mark.parametrize(
    "value",
    [{1: "one"}, {"a": {2: "two"}}, {"a": object()}, {"a": {1, 2}}, {"a": "\ud800"}, {"a": b"x"}],
)
def test_what_json_does_not_know_is_refused(value: dict[Any, Any]) -> None:
    with pytest.raises(GridmendError, match="cannot be written down"):
        Event(NOON, "field", "scada", "switched", value).as_line()


def test_a_payload_nested_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(GridmendError, match=f"deeper than {DEEPEST} levels"):
        noon(endless=endless).as_line()


LINE = noon(device="Sw1").as_line()
GARBAGE = {
    "nothing": "",
    "no JSON": "{",
    "a number": "1",
    "a list": "[]",
    "null": "null",
    "too deep": "[" * 100_000,
    "half a line": LINE[:-1],
    "two lines": LINE + "\n" + LINE,
    "a space too many": LINE + " ",
    "another order": json.dumps(dict(reversed(json.loads(LINE).items()))),
    "a key too many": json.dumps({**json.loads(LINE), "more": 1}, sort_keys=True),
    "a key twice": LINE.replace('{"cause"', '{"cause": "x", "cause"', 1),
    "no payload": json.dumps({k: v for k, v in json.loads(LINE).items() if k != "payload"}),
    "NaN": LINE.replace('"Sw1"', "NaN"),
    "infinity": LINE.replace('"Sw1"', "1e999"),
    "a payload that is a list": LINE.replace('{"device": "Sw1"}', "[]"),
    "a source that is a number": LINE.replace('"field"', "5"),
    "a time that is none": LINE.replace("2026-03-01", "2026-13-01"),
    "a time without a zone": LINE.replace("+00:00", ""),
    "a time of another zone": LINE.replace("+00:00", "+01:00"),
    "a time in another form": LINE.replace("+00:00", "Z"),
}


@pytest.mark.parametrize("line", GARBAGE.values(), ids=GARBAGE)
def test_a_line_that_no_event_wrote_is_refused(line: str) -> None:
    with pytest.raises(GridmendError):
        Event.from_line(line)


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_gives_an_event_that_wrote_it_or_an_error_of_ours(text: str) -> None:
    try:
        event = Event.from_line(text)
    except GridmendError:
        return
    assert event.as_line() == text


def test_a_time_elsewhere_is_refused() -> None:
    elsewhere = timezone(timedelta(hours=1))
    with pytest.raises(GridmendError, match="not UTC"):
        Event(NOON.astimezone(elsewhere), "field", "scada", "switched")


@pytest.mark.parametrize("key", ["source", "cause", "kind"])
def test_a_source_cause_or_kind_that_is_no_text_is_refused(key: str) -> None:
    said: dict[str, Any] = {"source": "field", "cause": "scada", "kind": "switched", key: 5}
    with pytest.raises(GridmendError, match=f"{key} is no text"):
        Event(NOON, **said).as_line()
