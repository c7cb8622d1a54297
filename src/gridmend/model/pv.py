"""What PV systems give at a sun: panels, inverter, power factor and priority."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.model.table import Table


def pv_power(table: Table) -> tuple[Floats, Floats]:
    """[pv_systems] active and reactive power [kW, kvar] at the sun of the table."""
    irradiance = table.numbers("irradiance_pu")
    return pv_power_at(table, irradiance, pv_panels(table, irradiance) >= pv_cut_out_kw(table))


def pv_panels(table: Table, irradiance_pu: Floats) -> Floats:
    """[…, pv_systems] what the panels give [kW] at a sun [pu] of the same shape."""
    return table.numbers("panel_kw") * irradiance_pu * table.numbers("temperature_factor_pu")


def pv_cut_out_kw(table: Table) -> Floats:
    """[pv_systems] panel power below which the inverter stops [kW]."""
    return table.numbers("rating_kva") * np.maximum(table.numbers("cut_out_pct"), 0.0) / 100


def pv_power_at(table: Table, irradiance_pu: Floats, running: Flags) -> tuple[Floats, Floats]:
    """[…, pv_systems] active and reactive power [kW, kvar] that panels and inverter give.

    `irradiance_pu` and `running` (whether the inverter runs) are […, pv_systems]. Reactive power
    follows the panels by the power factor, or is set; where both exceed the rating, `priority`
    says what goes first. Checked against OpenDSS.
    """
    rating = table.numbers("rating_kva")
    panel = pv_panels(table, irradiance_pu)
    p = np.where(running, panel * table.numbers("efficiency_pu"), 0.0)
    factor = table.numbers("power_factor")
    with np.errstate(divide="ignore", invalid="ignore"):
        by_factor = p * np.sqrt(np.maximum(1 / factor**2 - 1, 0.0)) * np.sign(factor)
    set_kvar = table.numbers("set_kvar")
    q = np.where(np.isnan(set_kvar), by_factor, set_kvar)
    most = np.fmin(np.nan_to_num(table.numbers("q_max_kvar"), nan=np.inf), rating)
    least = np.fmax(np.nan_to_num(table.numbers("q_min_kvar"), nan=-np.inf), -rating)
    asked = np.hypot(p, q)
    share = np.minimum(1.0, rating / np.where(asked > 0, asked, 1.0))
    q = np.clip(q, least, most)
    active_p = np.minimum(p, rating)
    active_q = np.clip(q, -_rest(rating, active_p), _rest(rating, active_p))
    first = table["priority"]
    kept_p = np.select(
        [first == "power_factor", first == "active"],
        [p * share, active_p],
        np.minimum(p, _rest(rating, q)),
    )
    kept_q = np.select(
        [first == "power_factor", first == "active"], [by_factor * share, active_q], q
    )
    return kept_p, kept_q


def _rest(rating_kva: Floats, used: Floats) -> Floats:
    """What the other of active and reactive power may be."""
    return np.sqrt(np.maximum(rating_kva**2 - used**2, 0.0))
