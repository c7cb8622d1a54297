"""The model of a recording's network, kept beside it: a recording can be shown by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from gridmend.formats import native
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.recording.identity import Identity
from gridmend.runtime.recording.place import FolderPlace, RecordingError
from gridmend.runtime.recording.recording import Recording
from gridmend.runtime.recording.segment import Header, opened
from gridmend.runtime.recording.shot import Damaged

_NAME = re.compile(r"network-[0-9a-f]{16}\.zip")


def keep_model(folder: Path, grid: Grid, identity: Identity) -> None:
    """Write the model once, exact to the last bit. Raises `OSError` where that cannot be."""
    path = model_path(folder, identity.fingerprint)
    if path.exists():
        return
    try:
        native.write(grid, path)
    except GridmendError as problem:
        raise OSError(f"the model cannot be kept: {problem.what}") from None


def model_path(folder: Path, fingerprint: str) -> Path:
    """Where the model of a fingerprint lies."""
    return folder / f"network-{fingerprint[:16]}.zip"


def sweep_models(folder: Path, identity: Identity) -> None:
    """Take away models that neither a segment nor this identity names; none where the header of
    a segment cannot be read. Raises `OSError` where that cannot be."""
    place = FolderPlace(folder, read_only=True)
    kept = {model_path(folder, identity.fingerprint)}
    for number in place.numbers():
        bin = place.bin(number)
        try:
            kept.add(model_path(folder, opened(number, bin).header.identity.fingerprint))
        except (Damaged, ValueError, KeyError, TypeError):
            if bin.size():
                return
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and path not in kept:
            path.unlink(missing_ok=True)


def newest_header(folder: Path) -> Header:
    """The header of the newest segment. Raises `RecordingError` where there is none."""
    place = FolderPlace(folder, read_only=True)
    for number in reversed(place.numbers()):
        try:
            return opened(number, place.bin(number)).header
        except (Damaged, ValueError, KeyError):
            continue
    raise RecordingError(
        "this is no folder of a recording", where=place.where,
        mend="name one that was written by gridmend run, serve or storm --record",
    )  # fmt: skip


def model_of(folder: Path) -> Grid:
    """The model of the newest segment. Raises `RecordingError` where it is not there."""
    identity = newest_header(folder).identity
    path = model_path(folder, identity.fingerprint)
    if not path.is_file():
        raise RecordingError(
            f"the model of '{identity.network}' is not in the recording", where=str(path),
            mend="copy the folder whole, or name the model: --model PATH",
        )  # fmt: skip
    return native.read(path)


def opened_alone(folder: Path) -> tuple[Recording, datetime]:
    """A recording to be looked at, and when it ends. Raises `RecordingError` where it has
    nothing."""
    recording = Recording(FolderPlace(folder, read_only=True), newest_header(folder).identity)
    _must_hold(recording)
    span = recording.span_s()
    assert span is not None
    return recording, datetime.fromtimestamp(span[1], UTC)


def _must_hold(recording: Recording) -> None:
    """Raise `RecordingError` where there is nothing to be replayed."""
    if recording.span_s() is None:
        why = "; ".join(recording.told) or "it has no shots"
        raise RecordingError(
            f"nothing can be replayed: {why}", where=recording.place.where,
            mend="name the folder of a recording of this network",
        )  # fmt: skip
