"""A check of synchronism: what is measured across an open switch before it closes a loop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from gridmend.model.event import Event
from gridmend.twin.telecontrol import Telecontrol

CAUSE = "synchrocheck"
"""What the events say of what brought them about."""


@dataclass(eq=False)
class Synchrocheck:
    """A relay at every switch with an RTU that measures on both sides when it is asked.

    The difference of voltage is the largest of any phase [pu], and so is that of angle [degrees].
    Assumed: all sources are of one interconnection, so that frequencies are alike and phasing is
    known; the relay measures without error, and its clock is right.
    """

    telecontrol: Telecontrol

    def ask(self, device: str) -> float:
        """Have a switch say what stands across it; when that arrives [s], 0 where it does not.

        It says nothing where a side has no voltage on a phase. Raises `GridError` for an unknown
        switch, and for one without a path.
        """
        plant = self.telecontrol.plant
        grid, flow = plant.world.grid, plant.world.flow
        row = grid.switches.row(device)
        sides: list[list[complex]] = []
        for end in ("1", "2"):
            bus = grid.buses.row(str(grid.switches[f"bus{end}"][row]))
            phases = str(grid.switches[f"phases{end}"][row]).lower().split()
            at = np.flatnonzero((flow.nodes.bus == bus) & np.isin(flow.nodes.phase, phases))
            known = {
                str(flow.nodes.phase[k]): complex(flow.v_v[k] / flow.nodes.base_v[k])
                for k in at.tolist()
                if flow.energised[k]
            }
            sides.append([known[phase] for phase in phases if phase in known])
        one, other = (np.array(side) for side in sides)
        if not len(one) or len(one) != len(other):
            return 0.0
        payload = {
            "device": str(grid.switches["name"][row]),
            "dv_pu": float(np.abs(np.abs(one) - np.abs(other)).max()),
            "dangle_deg": float(np.abs(np.angle(one / other, deg=True)).max()),
            "df_hz": 0.0,
            "phasing_known": True,
        }
        time_utc = self.telecontrol.start_utc + timedelta(seconds=plant.now_s)
        event = Event(time_utc, "field", CAUSE, "sync_checked", payload)
        return self.telecontrol.send(f"switch.{device}".lower(), event)
