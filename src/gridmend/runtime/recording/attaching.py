"""A recorder put beside a live room: views, trends and the model go where the recording is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from gridmend.model.errors import GridmendError
from gridmend.runtime.live import Live, View
from gridmend.runtime.recording.bounds import Bounds
from gridmend.runtime.recording.identity import identity_of
from gridmend.runtime.recording.kept_trends import KeptTrends
from gridmend.runtime.recording.model import keep_model, sweep_models
from gridmend.runtime.recording.place import FolderPlace, MemoryPlace, RecordingError
from gridmend.runtime.recording.recorder import Coder, Recorder
from gridmend.runtime.recording.recording import Recording

IN_MEMORY = Bounds(bytes_most=64_000_000)
TRENDS = "trends"


class Beside:
    """What is kept of a room beside what it shows: its model once, and its trends."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live, self.folder = live, folder
        trends = live.ask(lambda desk: desk.trends)
        self.trends = KeptTrends(folder / TRENDS, trends)
        self._is_begun = False
        self._swept: date | None = None

    def __call__(self, view: View) -> None:
        """Keep what is new. Raises `OSError` where nothing can be written."""
        try:
            if not self._is_begun:
                identity = identity_of(self.live.grid.name, self.live.geometry)
                keep_model(self.folder, self.live.grid, identity)
                self.trends.bring_back()
                self._is_begun = True
            if self._swept != view.time_utc.date():
                sweep_models(self.folder, identity_of(self.live.grid.name, self.live.geometry))
                self._swept = view.time_utc.date()
            self.trends.keep(view.sequence)
        except GridmendError as problem:
            raise OSError(problem.what) from None

    def close(self) -> None:
        """Bring what is left to the disk; where that cannot be, it is lost."""
        with suppress(GridmendError, OSError):
            self.trends.close()


def recording_of(live: Live, folder: Path | None, *, bounds: Bounds | None = None) -> Recording:
    """The recording of a room in a folder, or in memory. Raises `RecordingError` where nothing
    can be written there."""
    place = MemoryPlace() if folder is None else FolderPlace(folder)
    limits = bounds or (IN_MEMORY if folder is None else Bounds())
    return Recording(place, identity_of(live.grid.name, live.geometry), limits)


@contextmanager
def recorded(
    live: Live, coder: Coder, folder: Path | None, *, must: bool = False
) -> Iterator[Recorder]:
    """Record a room in a folder, or in memory, until this ends.

    Where nothing can be written in the folder, the room says so and it is recorded in memory;
    with `must` that is a `RecordingError`.
    """
    trouble = ""
    try:
        recording = recording_of(live, folder)
    except RecordingError as problem:
        if must:
            raise
        trouble = f"what is shown is recorded in memory alone: {problem.what} ({folder})"
        folder, recording = None, recording_of(live, None)
    beside = Beside(live, folder) if folder is not None else None

    def tell(text: str) -> None:
        live.ask(lambda desk: desk.remark("recording", text or trouble), 1.0)

    recorder = Recorder(recording, coder, tell=tell, beside=beside)
    if trouble:
        tell("")
    end = live.subscribe(recorder.hear)
    recorder.hear(live.view)
    recorder.start()
    try:
        yield recorder
    finally:
        end()
        recorder.hear(live.view)
        recorder.stop()
        if beside is not None and not recorder.is_running:
            beside.close()
