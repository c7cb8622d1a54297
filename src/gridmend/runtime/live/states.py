"""Two bytes an element for each mode of the map, coded from a situation and its flow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Flags
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.situation import Situation
from gridmend.runtime.live.coding import Coder
from gridmend.runtime.live.modes import UNKNOWN, Mode

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class States:
    """What a map colours; coded once a mode, when it is first asked for. Arrays are read-only.

    `live` [nodes of the topology] has supply by the positions that are known, `stale` [switches]
    was not heard of in time.
    """

    coder: Coder = field(repr=False)
    situation: Situation = field(repr=False)
    flow: Flow = field(repr=False)
    live: Flags = field(repr=False)
    stale: Flags = field(repr=False)
    _values: dict[Mode, Bytes] = field(default_factory=dict[Mode, Bytes], repr=False)
    _flags: list[Bytes] = field(default_factory=list[Bytes], repr=False)

    def frame(self, mode: int | Mode) -> tuple[Bytes, Bytes]:
        """[elements] values and flags of a mode, in the order of `Geometry`.

        Any thread may ask: two that ask at once code the same twice. Raises `GridmendError` for a
        mode that is not there.
        """
        try:
            asked = Mode(mode)
        except ValueError:
            known = ", ".join(f"{one.value} {one.name.lower()}" for one in Mode)
            raise GridmendError(f"there is no mode {mode!r}", mend=f"give one of {known}") from None
        value = self._values.get(asked)
        if value is None:
            value = self._values[asked] = _fixed(self._coded(asked))
        return value, self.flags

    @property
    def flags(self) -> Bytes:
        """[elements] the flag bytes, alike for all modes."""
        if not self._flags:
            energised, _ = self._energised()
            self._flags.append(_fixed(self.coder.flags(self.situation, energised, self.stale)))
        return self._flags[0]

    def _energised(self) -> tuple[Bytes, Flags]:
        value = self._values.get(Mode.ENERGISED)
        if value is None:
            value = self._values[Mode.ENERGISED] = _fixed(self.coder.energised(self.live))
        return value, value > 0

    def _coded(self, mode: Mode) -> Bytes:
        coder = self.coder
        if mode is Mode.ENERGISED:
            return self._energised()[0]
        if mode is Mode.VOLTAGE:
            return coder.voltage(self.flow, self.live)
        if mode is Mode.LOADING:
            return coder.loading(self.flow)
        if mode is Mode.PHASE:
            return coder.phase(self.live)
        if mode is Mode.DER:
            return coder.output(self.flow, self._energised()[1])
        if mode is Mode.FEEDER:
            return coder.feeder(self.situation.snapshot)
        return np.full(len(coder.geometry), UNKNOWN, np.uint8)


def _fixed(array: Bytes) -> Bytes:
    array.flags.writeable = False
    return array
