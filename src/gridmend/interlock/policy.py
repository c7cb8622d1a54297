"""The figures in the switching rules, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Ages, budgets and limits; the defaults are what the rules state.

    `sync_*` are the tightest limits of IEEE Std 1547-2018, table 5 (1.5 to 10 MVA).
    """

    scan_s: float = 2.0
    """Time between two scans of the field."""
    fresh_most_s: float = 30.0
    """Automation acts on nothing older than this, or than two scans."""
    select_s: float = 10.0
    command_s: float = 30.0
    """A command older than this is refused, whatever became of it."""
    sync_s: float = 5.0
    sync_dv_pu: float = 0.03
    sync_dangle_deg: float = 10.0
    sync_df_hz: float = 0.1
    loop_most_s: float = 900.0
    operations_most: int = 3
    """Commanded operations of one switch in `wear_s`."""
    tap_operations_most: int = 16
    """Commanded operations of one tap changer or bank in `wear_s`: the whole way, once."""
    wear_s: float = 300.0
    ramp_pct: float = 10.0
    """Commanded change of DER in `ramp_s`, of the feeder's rating."""
    ramp_s: float = 60.0

    @property
    def fresh_s(self) -> float:
        """How old a report may be on which automation relies."""
        return min(2 * self.scan_s, self.fresh_most_s)
