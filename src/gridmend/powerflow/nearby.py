"""Solves near a flow: from where the network stands at that flow, instead of from nothing.

What is asked of one flow many times, as what each switch would lead to, begins where it is:
prepared, factored, linearised at its voltages.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import linearised
from gridmend.powerflow.controls.static import Settling, settle_from
from gridmend.powerflow.network import Network
from gridmend.powerflow.solve import check_fits
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import resolve

_T = TypeVar("_T", bound=Any)


@dataclass(eq=False)
class Nearby:
    """A network that goes on from the flow it is told to be near, or from the last it was told.

    It answers as `Network.solve` does, to the tolerance of the iteration. One caller at a time is
    served from what is kept; another meanwhile, and where loads jump beside their limits or the
    flow did not converge, from nothing.
    """

    network: Network
    _base: Standing | None = None
    _room: Standing | None = None
    _busy: Lock = field(default_factory=Lock)

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        """The flow at a snapshot; `near` is one that differs little from it, of this network."""
        network, there = self.network, self._base.snapshot if self._base else None
        if near is not None:
            there = near.snapshot if near.converged else None
        able = controls == "static" and not network.legs.jump
        if there is None or not (able and self._busy.acquire(blocking=False)):
            return network.solve(snapshot, controls=controls)
        try:
            check_fits(network.grid, snapshot)
            settling = Settling(network, network.controls, self._at(there))
            return settle_from(settling, snapshot)
        except BaseException:
            # what was left half moved must not be gone on from
            self._base = self._room = None
            raise
        finally:
            self._busy.release()

    def _at(self, snapshot: Snapshot) -> Standing | None:
        """Where the network stands at a snapshot, free to be moved; None where it finds no rest."""
        if self._room is not None and self._room.snapshot is snapshot:
            return self._room
        base = self._base = self._base or stand(self.network, snapshot)
        if base.solution is None or base.snapshot is not snapshot:
            found = resolve(base, snapshot)
            if not found.converged:
                self._base = None
                return None
            base.line = linearised(base.state, base.s_va, found.v_v, base.line)
            base.line_s_va = base.s_va
        self._room = _copied(base, self._room)
        return self._room


def _copied(standing: Standing, room: Standing | None) -> Standing:
    """Another that stands there, with arrays of its own where moving changes them in place: those
    of `room`, which is no longer needed."""
    state, line, old = standing.state, standing.line, room.line if room else None
    if line is not None:
        blocks = _own(line.blocks, old and old.blocks, "lower", "upper", "inverse")
        rest = line.rest._replace(
            diagonal=_copy(line.rest.diagonal, old and old.rest.diagonal),
            entries=_copy(line.rest.entries, old and old.rest.entries),
        )
        own = _own(line, old, "slope", "leg_diagonal", "leg_entries")
        line = replace(own, blocks=blocks, rest=rest)
    was = room.state if room else None
    factor = _own(state.factor, was and was.factor, "l_values", "d")
    state = replace(_own(state, was, "values", "diagonal", "upper"), factor=factor)
    own = _own(standing, room, "diagonal", "upper", "tied", "behind")
    return replace(own, state=state, line=line)


def _own(of: _T, room: _T | None, *names: str) -> _T:
    """The same dataclass with copies of those arrays."""
    return replace(of, **{n: _copy(getattr(of, n), room and getattr(room, n)) for n in names})


def _copy(array: NDArray[Any], room: NDArray[Any] | None) -> NDArray[Any]:
    """A copy, in the array of `room` if there is one: memory that is at hand costs less."""
    if room is None:
        return array.copy()
    np.copyto(room, array)
    return room
