"""Static control: regulators and capacitors settle as they do in OpenDSS.

Solve, then let every control look: roughly at first, and more exactly where a control is so near
to wanting something else that it matters. A control that is out of band is armed for its delay; one
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
from gridmend.powerflow.controls.following import Outcome, can_follow, follow
from gridmend.powerflow.controls.hunting import Seen, nothing_seen, passed_over
from gridmend.powerflow.controls.queue import SAFETY, Places, act, arm, look
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.network import Network
from gridmend.powerflow.rounds import TOLERANCE_PU, Solution
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import approached, resolve

ROUNDS = 200
"""Control iterations after which the controls are said not to settle."""

_ROUGH_PU = 2e-5
"""How exact the voltages are at which controls look first, where no load jumps."""

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
        return Settling(network, network.controls)


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
    at, count = controls.standing(snapshot), 0
    seen = nothing_seen(at, ROUNDS)
    standing = settling.standing = settling.standing or stand(network, snapshot)
    while True:
        found = _followed(standing, snapshot, controls, at, seen, count)
        if found is not None:
            count, snapshot = found.count, found.snapshot
        if found is not None and found.solution is not None:
            solution, delay = found.solution, found.delay
        else:
            count += 1
            solution, delay = _looked(standing, snapshot, controls, at, is_last=count == ROUNDS)
        if not solution.converged:
            settling.standing = None
        is_settled = solution.converged and bool(np.isnan(delay))
        if is_settled or not solution.converged or count == ROUNDS:
            return as_flow(
                standing.state, snapshot, solution,
                control_iterations=count, settled=is_settled, s_va=standing.s_va,
            )  # fmt: skip
        count = passed_over(seen, at, count, ROUNDS)
        act(regulators, banks, at, delay, 1, 0)
        snapshot = controls.put(snapshot, at.tap, at.on)


def _followed(
    standing: Standing, snapshot: Snapshot, controls: Controls, at: Places, seen: Seen, count: int
) -> Outcome | None:
    """Go to a snapshot and let its controls look and act, where that can be followed."""
    if not can_follow(standing):
        return None
    v, _ = approached(standing, snapshot)
    if not can_follow(standing):
        return None
    return follow(
        standing, snapshot, controls, at, seen, v,
        hour=hour_of(snapshot.time), count=count, most=ROUNDS, within_pu=_ROUGH_PU,
    )  # fmt: skip


def _looked(
    standing: Standing, snapshot: Snapshot, controls: Controls, at: Places, *, is_last: bool
) -> tuple[Solution, float]:
    """Solve as exactly as what the controls then want is certain, and exactly where none acts.

    Returns the smallest delay of those that are armed [s], nan where none is.
    """
    regulators, banks, hour = controls.regulators, controls.bank_controls, hour_of(snapshot.time)
    is_rough = not (is_last or standing.state.network.legs.jump)
    within_pu = _ROUGH_PU if is_rough else TOLERANCE_PU
    while True:
        solution = resolve(standing, snapshot, within_pu=within_pu)
        if not solution.converged:
            return solution, np.nan
        probes, x = controls.terms.probes(standing.state.values), solution.v_v.view(float)
        margin_pu = look(regulators, banks, probes, at, hour, x, NO_RATIO, 1, 0, 0.0)
        is_exact, surely_pu = within_pu <= TOLERANCE_PU, margin_pu / SAFETY
        if is_exact or solution.left_pu < surely_pu:
            delay = arm(regulators, banks, at, 1, 0)
            if is_exact or not np.isnan(delay):
                return solution, delay
            surely_pu = 0.0
        within_pu = max(surely_pu / 2, TOLERANCE_PU)


def hour_of(time: datetime | None) -> float:
    """The hour of the day of a time on its own clock; nan where there is none."""
    return np.nan if time is None else time.hour + time.minute / 60 + time.second / 3600
