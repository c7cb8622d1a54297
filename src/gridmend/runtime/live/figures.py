"""The figures of the whole network, off one flow and one situation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.customers import customer_counts
from gridmend.model.flow import Flow
from gridmend.model.situation import Situation
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.results import source_kva
from gridmend.runtime.live.overview import Overview
from gridmend.runtime.sample import sample, served_nodes


@dataclass(frozen=True, eq=False)
class Figures:
    """Where to look, made once: customers and critical ones of each load, nodes that count."""

    topology: Topology
    customers: Ints
    critical: Ints
    served: Flags
    reports: Flags

    @staticmethod
    def of(topology: Topology, flow: Flow) -> Figures:
        """Compile for a grid and the nodes that its flows share."""
        grid = topology.grid
        critical = np.zeros(len(grid.loads), np.int64)
        for load, count, priority in zip(
            grid.customers["load"], grid.customers["count"], grid.customers["priority"], strict=True
        ):
            if priority == "critical":
                critical[grid.loads.row(load)] += int(count)
        counts = np.where(grid.loads.flags("in_service"), customer_counts(grid), 0)
        reports = grid.switches.flags("remote")
        return Figures(topology, counts, critical, served_nodes(grid, flow), reports)

    def overview(
        self,
        flow: Flow,
        situation: Situation,
        time_utc: datetime,
        *,
        number: int,
        live: Flags,
        out: Flags,
        stale: Flags,
        alarms: Mapping[str, int],
        unacknowledged: int,
    ) -> Overview:
        """The figures of now; `live` [nodes of the flow] have supply, `out` [loads] have none,
        `stale` [switches] are not heard of."""
        found = sample(self.topology, flow, self.served & live, time_utc)
        is_live = flow.converged and bool(flow.energised.any())
        heard = situation.heard_s[self.reports & ~stale]
        age_s = float(time_utc.timestamp() - heard.min()) if len(heard) else None
        return Overview(
            time=time_utc,
            number=number,
            sequence=situation.sequence,
            load_kw=_known(found.load_kw),
            source_kw=_known(source_kva(flow).real) if is_live else _known(0.0 * found.load_kw),
            loss_kw=_known(found.loss_kw),
            der_kw=_der_kw(flow.snapshot) if flow.converged else None,
            customers=int(self.customers.sum()),
            customers_out=int(self.customers[out].sum()),
            critical_out=int(self.critical[out].sum()),
            v_min_pu=_known(found.v_min_pu),
            v_max_pu=_known(found.v_max_pu),
            worst_bus=found.bus,
            converged=flow.converged,
            alarms=alarms,
            unacknowledged=unacknowledged,
            stale=int((self.reports & stale).sum()),
            devices=int(self.reports.sum()),
            data_age_s=None if age_s is None else max(age_s, 0.0),
        )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _der_kw(snapshot: Snapshot) -> float:
    fields = [name for table, name, _ in DEMANDS if table != "loads"]
    powers: list[Floats] = [getattr(snapshot, name) for name in fields]
    return float(sum(power.sum() for power in powers))
