"""Many snapshots at once: demand whose leading axis is time or scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from gridmend.model.arrays import Floats
from gridmend.model.errors import GridError
from gridmend.model.snapshot import Snapshot

VARYING = (
    "load_kw",
    "load_kvar",
    "generator_kw",
    "generator_kvar",
    "pv_kw",
    "pv_kvar",
    "storage_kw",
    "storage_kvar",
)
"""Fields of a snapshot that a series may vary."""


@dataclass(frozen=True, eq=False)
class Series:
    """Demand and generation over steps, from positions that all steps start with.

    `start` gives positions and whatever does not vary. `varying` maps a field of the snapshot to
    [steps, elements] [kW or kvar], read-only. `times` are UTC, one a step, or empty where the
    steps are scenarios.
    """

    start: Snapshot
    steps: int
    varying: dict[str, Floats] = field(default_factory=lambda: {})
    times: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        if self.times and len(self.times) != self.steps:
            raise GridError(f"a series of {self.steps} steps has {len(self.times)} times")
        for name, values in self.varying.items():
            if name not in VARYING:
                raise GridError(
                    f"a series cannot vary '{name}'", mend=f"one of {', '.join(VARYING)}"
                )
            wanted = (self.steps, len(getattr(self.start, name)))
            if values.shape != wanted:
                raise GridError(f"'{name}' of a series is {values.shape}, not {wanted}")
            values.flags.writeable = False

    @staticmethod
    def scaled(
        start: Snapshot, factors: Sequence[float] | Floats, times: Sequence[datetime] = ()
    ) -> Series:
        """Every load times one factor a step, active and reactive power alike."""
        by = np.asarray(factors, float)
        varying = {name: np.outer(by, getattr(start, name)) for name in ("load_kw", "load_kvar")}
        return Series(start, len(by), varying, tuple(times))

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Snapshot:
        """The snapshot of one step; it shares the series' arrays."""
        if not -self.steps <= step < self.steps:
            raise IndexError(f"a series of {self.steps} steps has no step {step}")
        fields = {name: values[step] for name, values in self.varying.items()}
        time = self.times[step] if self.times else self.start.time
        return replace(self.start, time=time, **fields)

    def __iter__(self) -> Iterator[Snapshot]:
        return (self[step] for step in range(self.steps))
