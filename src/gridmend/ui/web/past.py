"""The network as it was at a time: as it was recorded, else as the journal knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gridmend.model.situation import Situation
from gridmend.runtime.live import Flag, Mode, States
from gridmend.runtime.live.modes import UNKNOWN
from gridmend.runtime.recording import Found
from gridmend.ui.web import wire
from gridmend.ui.web.beside import is_beside, opened_journal
from gridmend.ui.web.serving import Serving

Bytes = NDArray[np.uint8]
AHEAD = timedelta(seconds=1)
"""A page may ask for the time of the newest view rounded up, but for nothing later."""
OF_POSITIONS = frozenset({Mode.ENERGISED, Mode.PHASE, Mode.FEEDER})
"""Modes that positions alone decide. The demand of a time that was not recorded is not known, so
that voltages and loadings of then would be guessed: they are unknown."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Two bytes an element of a past time; `recorded` is when it was seen, where that was recorded.

    `situation` is what the journal tells of the time, None where there is no journal to read.
    """

    found: Found | None = None
    states: States | None = None
    situation: Situation | None = None

    @property
    def recorded(self) -> datetime | None:
        """When it was seen."""
        return datetime.fromtimestamp(self.found.recorded_s, UTC) if self.found else None

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the time."""
        return self.found is not None or self.states is not None

    def frame(self, mode: Mode, elements: int) -> tuple[Bytes, Bytes]:
        """[elements] values and flags of a mode."""
        if self.found is not None:
            assert self.found.states is not None
            return self.found.states[mode.value], self.found.states[-1]
        nothing = np.full(elements, UNKNOWN, np.uint8)
        if self.states is None:
            return nothing, np.full(elements, Flag.UNSURE, np.uint8)
        return self.states.frame(mode) if mode in OF_POSITIONS else (nothing, self.states.flags)

    @property
    def sequence(self) -> int:
        """A number that tells one picture from the next."""
        if self.found is not None:
            return self.found.number
        return self.situation.sequence if self.states is not None and self.situation else 0


def shown_at(serving: Serving, time: datetime, *, told: bool = False) -> Shown:
    """What was shown at a time; with `told` the journal is asked of a recorded time too."""
    if is_ahead(serving, time):
        return Shown()
    recording = serving.recording
    found = recording.at(time.timestamp()) if recording is not None else None
    if found is not None and found.states is None:
        found = None
    # Without a recording the journal is all that there is: who cannot read it is told so.
    if found is not None and not (told and is_beside(serving)):
        return Shown(found)
    if recording is not None and not is_beside(serving):
        return Shown()
    with opened_journal(serving) as opened:
        situation = serving.replay.at(opened, time)
    if found is not None:
        return Shown(found, situation=situation)
    return Shown(states=_states_of(serving.view.states, situation), situation=situation)


def _states_of(any_of_the_grid: States, situation: Situation) -> States:
    """States of a situation, coded as any of the same grid are."""
    coder = any_of_the_grid.coder
    live = coder.places.topology.energised(situation.snapshot)
    # That a device said again where it stands is not recorded, so that no age is known.
    fresh = np.zeros(len(situation.heard_s), bool)
    return States(coder, situation, any_of_the_grid.flow, live, fresh)


def frame_at(serving: Serving, time: datetime, mode: Mode) -> bytes:
    """The full frame of a time."""
    shown, geometry = shown_at(serving, time), serving.live.geometry
    values, flags = shown.frame(mode, len(geometry))
    return wire.full(
        values, flags, mode=mode.value, revision=geometry.revision,
        sequence=shown.sequence, time_s=time.timestamp(),
    )  # fmt: skip


def is_ahead(serving: Serving, time: datetime) -> bool:
    """Whether a room with a recording has not come to a time: nobody knows what it will show."""
    if serving.recording is None or serving.is_replay:
        return False
    return time - serving.view.time_utc > AHEAD
