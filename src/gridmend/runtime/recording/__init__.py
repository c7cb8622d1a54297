"""A recording of what a room showed, second by second, to be replayed later."""

from gridmend.runtime.recording.attaching import recorded, recording_of
from gridmend.runtime.recording.bounds import Bounds
from gridmend.runtime.recording.identity import Identity, identity_of
from gridmend.runtime.recording.model import model_of
from gridmend.runtime.recording.place import FolderPlace, MemoryPlace, RecordingError
from gridmend.runtime.recording.recorder import Recorder
from gridmend.runtime.recording.recording import Found, Recording
from gridmend.runtime.recording.shot import PARTS, Mark, Shot

__all__ = [
    "PARTS", "Bounds", "FolderPlace", "Found", "Identity", "Mark", "MemoryPlace", "Recorder",
    "Recording", "RecordingError", "Shot", "identity_of", "model_of", "recorded", "recording_of",
]  # fmt: skip
