from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.runtime.historian import Historian, HistorianError, Replayed, replay
from gridmend.runtime.historian.sample import line_of
from gridmend.runtime.historian.segments import listing
from gridmend.runtime.journal import Journal
from tests.runtime.historian.samples import samples
from tests.runtime.journal.journals import KEY, event


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Journal, Path]:
    """A journal of twelve entries, with samples before, between and after them."""
    journal = Journal.memory(key=KEY)
    folder = tmp_path / "historian"
    with Historian.open(folder) as historian:
        historian.add(samples(1, 3))
        for number in range(1, 13):
            head = journal.append([event(number)])
            if number % 3 == 0:
                historian.add(samples(number * 10, number * 10 + 4, after=head.sequence))
                historian.flush()
    return journal, folder


def lines(journal: Journal, folder: Path) -> list[str]:
    with Historian.open(folder, read_only=True) as historian:
        return list(replay(journal, historian))


def test_samples_come_after_the_entry_that_they_follow(recorded: tuple[Journal, Path]) -> None:
    at, seen = 0, 0
    for line in lines(*recorded):
        said = json.loads(line)
        if "kind" in said:
            at += 1
            assert line == event(at).as_line()
        else:
            seen += 1
            assert (said["after"], said["number"]) == (at, seen)
    assert (at, seen) == (12, 23)


def test_a_replay_is_the_same_byte_for_byte_each_time_and_after_compaction(
    recorded: tuple[Journal, Path],
) -> None:
    journal, folder = recorded
    first = lines(journal, folder)
    assert lines(journal, folder) == first
    assert len(listing(folder).segments) > 1
    with Historian.open(folder) as historian:
        assert historian.compact()
    assert len(listing(folder).segments) == 1
    told = Replayed()
    with Historian.open(folder, read_only=True) as historian:
        assert list(replay(journal, historian, replayed=told)) == first
    assert (told.entries, told.samples) == (12, 23)


def test_the_digest_of_a_replay_is_that_of_its_lines(recorded: tuple[Journal, Path]) -> None:
    from hashlib import sha256

    told = Replayed()
    journal, folder = recorded
    with Historian.open(folder, read_only=True) as historian:
        text = "".join(line + "\n" for line in replay(journal, historian, replayed=told))
    assert told.sha256 == sha256(text.encode()).hexdigest()


def test_samples_beyond_the_end_of_the_journal_are_refused(
    recorded: tuple[Journal, Path],
) -> None:
    _, folder = recorded
    with Journal.memory(key=KEY) as other:
        other.append([event(1)])
        with pytest.raises(HistorianError, match="the journal ends at 1"):
            lines(other, folder)


def test_a_replay_over_a_missing_segment_is_refused(recorded: tuple[Journal, Path]) -> None:
    journal, folder = recorded
    listing(folder).segments[1].path.unlink()
    with pytest.raises(HistorianError, match="are missing"):
        lines(journal, folder)


@given(
    st.integers(0, 2**63 - 1),
    st.datetimes(),
    st.text(),
    st.text(),
    st.floats(allow_infinity=False),
    st.text(),
)
def test_a_samples_line_is_what_json_would_write(
    after: int, time: object, source: str, point: str, value: float, quality: str
) -> None:
    from datetime import UTC, datetime

    from gridmend.runtime.historian.sample import time_us

    assert isinstance(time, datetime)
    time_utc = time.replace(tzinfo=UTC)
    said = {
        "after": after, "number": 1, "time_utc": time_utc.isoformat(), "source": source,
        "point": point, "value": None if value != value else value, "quality": quality,
    }  # fmt: skip
    line = line_of((after, 1, time_us(time_utc), source, point, value, quality))
    assert line == json.dumps(said, sort_keys=True, ensure_ascii=False)
