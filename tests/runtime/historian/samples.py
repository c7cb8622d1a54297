"""Samples that the tests of the historian share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gridmend.runtime.historian import Historian, Sample

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sample(number: int, after: int = 0) -> Sample:
    """A sample that no other is equal to."""
    time_utc = BEGIN + timedelta(milliseconds=number, microseconds=7)
    quality = "good" if number % 5 else "old"
    value = float("nan") if number % 11 == 0 else 0.1 * number
    return Sample(after, time_utc, "rtu 7", f"feeder ä{number % 3}.i_a", value, quality)


def samples(first: int, last: int, after: int = 0) -> list[Sample]:
    """The samples from one number to another, both included."""
    return [sample(number, after) for number in range(first, last + 1)]


def numbers(historian: Historian, **asked: object) -> list[int]:
    """The numbers of the samples that are read, in the order in which they come."""
    found = [table.column("number").to_pylist() for table in historian.read(**asked)]  # pyright: ignore[reportArgumentType]
    return [number for column in found for number in column]
