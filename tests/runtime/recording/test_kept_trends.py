"""Trends on the disk: nothing is lost where files cannot be joined."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gridmend.runtime.historian import Historian, HistorianError
from gridmend.runtime.recording.kept_trends import KeptTrends, days_of


def test_samples_are_on_the_disk_also_where_files_cannot_be_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []

    def rows_of(historian: Historian) -> int:
        return sum(table.num_rows for table in historian.read())

    def compact(self: Historian, most: int = 0) -> int:
        there.append(rows_of(self))
        raise HistorianError("no space left", mend="make room")

    row = np.array([7.0], np.float32)
    trends: Any = SimpleNamespace(
        units={"load_kw": "kW"}, unkept=deque([(1_000_000.0, row), (1_000_060.0, row)])
    )
    kept = KeptTrends(tmp_path, trends)
    kept.keep(1)
    opened = kept._open
    assert opened is not None and rows_of(opened) == 1, "one waits, as a crash may lose it"
    monkeypatch.setattr(Historian, "compact", compact)
    with pytest.raises(HistorianError):
        kept.close()
    assert there == [2], "what would be lost goes to the disk before files are joined"
    ((_, folder),) = days_of(tmp_path)
    with Historian.open(folder) as again:  # which is let go
        assert rows_of(again) == 2
