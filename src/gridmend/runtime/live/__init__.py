"""A live room: the twin and its control room on a clock, asked from any thread."""

from gridmend.runtime.live.desk import Desk
from gridmend.runtime.live.errors import Busy, LiveStopped
from gridmend.runtime.live.geometry import Geometry
from gridmend.runtime.live.live import Live
from gridmend.runtime.live.modes import Flag, Mode
from gridmend.runtime.live.overview import Overview
from gridmend.runtime.live.states import States
from gridmend.runtime.live.view import View

__all__ = [
    "Busy", "Desk", "Flag", "Geometry", "Live", "LiveStopped", "Mode", "Overview", "States", "View",
]  # fmt: skip
