"""Static control: regulators and capacitors settle as they do in OpenDSS.

Solve, then let every control look. A control that is out of band is armed for its delay; one
that is back in band is disarmed. Of the armed ones only those that share the smallest delay
act, then all look again, until none is armed. Within one snapshot no time passes, so what was
armed earlier keeps its delay. A regulator moves seven tenths of what it needs, at least one
step; a capacitor that was opened waits its dead time before it closes. Decision record 0003
says how this was found and checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.answer import as_flow
from gridmend.powerflow.controls.queue import act, arm, look
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.network import Network
from gridmend.powerflow.update import Standing, resolve, stand

ROUNDS = 200
"""Control iterations after which the controls are said not to settle."""

NO_RATIO = np.ones(1)
"""The ratios of a single solve, whose admittances have their taps in them."""


@dataclass(eq=False)
class Settling:
    """A network with its controls ready to look, and where it stands (None: nowhere yet).

    For one thread: it changes in place as it goes from snapshot to snapshot.
    """

    network: Network
    controls: Controls
    standing: Standing | None = None

    @staticmethod
    def of(network: Network) -> Settling:
        """Every control in service; `GridError` for one that looks where nothing is."""
        return Settling(network, Controls.of(network))


def settle(network: Network, snapshot: Snapshot) -> Flow:
    """The flow after static control, with the positions it ended in.

    Where a solve does not converge, or the controls do not come to rest, the flow says so in
    `converged` and `controls_settled`.
    """
    return settle_from(Settling.of(network), snapshot)


def settle_from(settling: Settling, snapshot: Snapshot) -> Flow:
    """The same from where the network stands, which is quicker: for one step after another.

    It differs from `settle` by no more than the tolerance of the iteration.
    """
    network, controls = settling.network, settling.controls
    regulators, banks = controls.regulators, controls.bank_controls
    at = controls.standing(snapshot)
    hour = hour_of(snapshot.time)
    standing = settling.standing = settling.standing or stand(network, snapshot)
    for count in range(1, ROUNDS + 1):
        solution = resolve(standing, snapshot)
        state, v = standing.state, solution.v_v
        if not solution.converged:
            settling.standing = None
            return as_flow(state, snapshot, solution, control_iterations=count, settled=False)
        probes = controls.terms.probes(state.values)
        look(regulators, banks, probes, at, hour, v.view(float), NO_RATIO, 1, 0)
        delay = arm(regulators, banks, at, 1, 0)
        if np.isnan(delay):
            return as_flow(state, snapshot, solution, control_iterations=count)
        if count == ROUNDS:
            return as_flow(state, snapshot, solution, control_iterations=count, settled=False)
        act(regulators, banks, at, delay, 1, 0)
        snapshot = controls.put(snapshot, at.tap, at.on)
    raise AssertionError("the last round returns")


def hour_of(time: datetime | None) -> float:
    """The hour of the day of a time on its own clock; nan where there is none."""
    return np.nan if time is None else time.hour + time.minute / 60 + time.second / 3600
