"""What `reconfigure` answers: positions, losses before and after, bound, and the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridmend.model.plan import Step
from gridmend.model.snapshot import Snapshot

GAP_NONE_PCT = 1e-3
"""A gap below this is rounding, and is none."""


@dataclass(frozen=True, eq=False)
class Reconfiguration:
    """The radial configuration found.

    `open_branches` are all switches that are open in it, in the order of the grid's table;
    `to_close` and `to_open` those that move. `gap_pct` says by how much of `loss_kw` any radial
    configuration that supplies everybody could be better, None where that is not proved, for
    the reason in `bound_note`. `problem` says why the result cannot be used, empty where it can;
    `steps` the way there, `steps_note` what it takes for granted, or why there is none.
    """

    snapshot: Snapshot
    converged: bool
    loss_kw: float
    base_loss_kw: float | None
    open_branches: tuple[str, ...]
    to_close: tuple[str, ...]
    to_open: tuple[str, ...]
    bound_kw: float | None
    bound_note: str
    method: str
    radial: bool
    v_min_pu: float | None
    base_v_min_pu: float | None
    loading_max_pct: float | None
    steps: tuple[Step, ...]
    steps_note: str
    seconds: float
    problem: str = ""
    beyond_limits: tuple[float, tuple[str, ...]] | None = None
    """Losses [kW] and open switches of the best configuration, where the limits forbid it."""

    @property
    def gap_pct(self) -> float | None:
        """How much of the losses may still be saved [%]: 0 where that is proved to be nothing."""
        if self.bound_kw is None or not self.converged:
            return None
        if self.loss_kw <= 0:
            return 0.0
        gap_pct = 100 * (1 - self.bound_kw / self.loss_kw)
        return gap_pct if gap_pct > GAP_NONE_PCT else 0.0

    def as_json(self) -> dict[str, Any]:
        """The answer of `gridmend reconfigure --json`."""
        return {
            "loss_kw": self.loss_kw,
            "base_loss_kw": self.base_loss_kw,
            "open_branches": list(self.open_branches),
            "gap_pct": self.gap_pct,
            "seconds": self.seconds,
            "converged": self.converged,
            "radial": self.radial,
            "bound_kw": self.bound_kw,
            "bound_note": self.bound_note,
            "method": self.method,
            "beyond_limits": self.beyond_limits
            and {"loss_kw": self.beyond_limits[0], "open_branches": list(self.beyond_limits[1])},
            "v_min_pu": self.v_min_pu,
            "base_v_min_pu": self.base_v_min_pu,
            "loading_max_pct": self.loading_max_pct,
            "to_close": list(self.to_close),
            "to_open": list(self.to_open),
            "steps": [
                {
                    "action": step.action.value,
                    "device": step.device,
                    "why": step.why,
                    "v_min_pu": step.v_min_pu,
                    "loading_max_pct": step.loading_max_pct,
                }
                for step in self.steps
            ],
            "steps_note": self.steps_note,
            "problem": self.problem or None,
        }
