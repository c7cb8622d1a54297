"""A sample of telemetry, and its line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring as _text
from typing import Any

from gridmend.model.errors import GridmendError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class HistorianError(GridmendError):
    """The historian cannot do what was asked."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of one point: when (UTC), who says so, what was read and how good it is.

    `after` is the sequence of the last journal entry before it, which gives it its place among
    the events. `value` is nan where nothing is known; `quality` says why.
    """

    after: int
    time_utc: datetime
    source: str
    point: str
    value: float
    quality: str = "good"


def time_us(time_utc: datetime) -> int:
    """Microseconds since 1970; `HistorianError` where the time is not in UTC."""
    if time_utc.utcoffset() != timedelta(0):
        raise HistorianError(
            f"a sample is at {time_utc.isoformat()}, which is not UTC",
            where="a sample's time_utc",
            mend="give its time with timezone.utc",
        )
    return (time_utc - _EPOCH) // _TICK


def check_sample(sample: Sample) -> None:
    """Raise `HistorianError` for what could not be read back as it was."""
    value = sample.value
    texts = (sample.source, sample.point, sample.quality)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    why = ""
    if not is_number or math.isinf(value):
        why = f"its value is {value!r}"
    elif not all(isinstance(text, str) and _is_unicode(text) for text in texts):
        why = "its source, point or quality is no text"
    elif not isinstance(sample.after, int) or not 0 <= sample.after < 2**63:
        why = f"it follows entry {sample.after!r}"
    if why:
        raise HistorianError(
            f"the sample of '{sample.point}' at {sample.time_utc} cannot be kept: {why}",
            where=f"source {sample.source}",
            mend="give a finite value, or nan with a quality that says why it is not known",
        )


def line_of(row: tuple[Any, ...]) -> str:
    """The line of a row of (after, number, time [µs], source, point, value, quality)."""
    after, number, us, source, point, value, quality = row
    told = "null" if value != value else repr(value)
    time_utc = (_EPOCH + us * _TICK).isoformat()
    return (
        f'{{"after": {after}, "number": {number}, "point": {_text(point)},'
        f' "quality": {_text(quality)}, "source": {_text(source)},'
        f' "time_utc": "{time_utc}", "value": {told}}}'
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
