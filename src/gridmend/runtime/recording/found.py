"""What a recording knows of a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridmend.runtime.recording.segment import Segment
from gridmend.runtime.recording.shot import PARTS, Bytes, Damaged, parts_of


@dataclass(frozen=True, eq=False)
class Found:
    """What was shown at a time: `recorded_s` is when it was seen, `states` [`LAYERS`, elements].

    A part that cannot be read is None, and `unsure` says so.
    """

    recorded_s: float
    number: int
    parts: Mapping[str, str | None]
    states: Bytes | None
    unsure: tuple[str, ...] = ()


def parts_at(segment: Segment, record: int) -> tuple[dict[str, str | None], list[str]]:
    """The panels that were shown with a record, and what of them cannot be read."""
    unsure: list[str] = []
    parts: dict[str, str | None] = dict.fromkeys(PARTS)
    read: dict[int, Mapping[str, str]] = {}
    for name, holder in segment.holders(record).items():
        try:
            if holder not in read:
                read[holder] = parts_of(*segment.read(holder))
            parts[name] = read[holder].get(name)
        except (Damaged, OSError) as problem:
            unsure.append(f"the {name} cannot be read from the recording: {problem}")
    return parts, unsure
