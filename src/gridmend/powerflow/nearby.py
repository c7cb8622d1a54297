"""Solves near a flow: from where the network stands at that flow, instead of from nothing.

What is asked of one flow many times, as what each switch would lead to, begins where it is:
prepared, factored, linearised at its voltages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import linearised
from gridmend.powerflow.controls.static import Settling, settle_from
from gridmend.powerflow.network import Network
from gridmend.powerflow.solve import check_fits
from gridmend.powerflow.standing import Standing, copied, stand
from gridmend.powerflow.update import resolve


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
        self._room = copied(base, self._room)
        return self._room
