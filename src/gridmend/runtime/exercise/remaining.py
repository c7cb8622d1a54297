"""Who is without supply whatever put them out: what is looked at once something is mended."""

from __future__ import annotations

from dataclasses import replace

from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control.kernel import Kernel


def as_normal(kernel: Kernel) -> Snapshot:
    """What stands, with every switch and source in its normal position."""
    normal = Snapshot.normal(kernel.grid)
    return replace(
        kernel.situation.snapshot, open_phases=normal.open_phases, source_on=normal.source_on
    )


def is_dark(kernel: Kernel, normal: Snapshot) -> bool:
    """Whether a customer has no supply who has it in normal positions."""
    topology = kernel.bench.site.topology
    has, should = (
        topology.supplied(topology.energised(at)) for at in (kernel.situation.snapshot, normal)
    )
    return bool((should & ~has).any())
