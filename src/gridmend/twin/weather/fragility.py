"""How fast assets fail under wind, trees, lightning, ice and heat, from the fields there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.climate import Conditions, demand_factor
from gridmend.twin.weather.settings import above_zero, at_least, share
from gridmend.twin.weather.storms import Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """A lognormal fragility: the median load at which a thing fails, and the spread of its
    logarithm. The curve is read as the probability of failing in one hour under that load."""

    median: float
    spread: float

    def __post_init__(self) -> None:
        above_zero("fragility curve", median=self.median, spread=self.spread)

    def probability(self, load: Floats) -> Floats:
        """Probability of failing in an hour; 0 under no load."""
        return -np.expm1(-self.rate_per_h(load))

    def rate_per_h(self, load: Floats) -> Floats:
        """Failures an hour, -ln(1 - probability): what gives that probability in an hour."""
        with np.errstate(divide="ignore"):
            z = np.log(np.maximum(load, 0.0) / self.median) / self.spread
        return -log_ndtr(-z)


@dataclass(frozen=True, slots=True)
class Fragility:
    """How assets stand weather. All figures are assumed, but for the formulas that name a source.

    A km of overhead line has `poles_per_km` poles and spans and, at vegetation 1,
    `trees_per_km` trees that may reach it. Loads are gusts [m/s], and radial ice [mm].
    `shielded` is the share of flashes that trees and houses near the line take, and
    `flashover` the share of strokes to a line that flash over: without a shield wire nearly
    all. A transformer at its rating is `rise_c` warmer at its hot spot than the air and ages
    by `life_h`. Raises `GridError` for a value that cannot be.
    """

    poles_per_km: float = 22.0
    pole: Curve = field(default_factory=lambda: Curve(80.0, 0.27))
    span: Curve = field(default_factory=lambda: Curve(90.0, 0.30))
    trees_per_km: float = 10.0
    tree: Curve = field(default_factory=lambda: Curve(65.0, 0.30))
    ice: Curve = field(default_factory=lambda: Curve(100.0, 0.45))
    structure_width_m: float = 0.0
    shielded: float = 0.3
    flashover: float = 1.0
    rise_c: float = 80.0
    life_h: float = 180_000.0

    def __post_init__(self) -> None:
        where = "fragility"
        at_least(0.0, where, poles_per_km=self.poles_per_km, trees_per_km=self.trees_per_km)
        at_least(0.0, where, structure_width_m=self.structure_width_m, rise_c=self.rise_c)
        share(where, shielded=self.shielded, flashover=self.flashover)
        above_zero(where, life_h=self.life_h)


def attractive_width_m(height_m: Floats, structure_width_m: float = 0.0) -> Floats:
    """How wide a strip [m] a line collects flashes from: 28 h^0.6 + b.

    Eriksson's formula as in IEEE Std 1410: a line of height h [m] and structure width b [m]
    collects N_g (28 h^0.6 + b)/10 flashes per 100 km and year at N_g flashes per km² and year.
    """
    return 28.0 * np.asarray(height_m) ** 0.6 + structure_width_m


def ageing(hot_spot_c: Floats) -> Floats:
    """How many times faster insulation ages than at a hot spot of 110 °C.

    IEEE Std C57.91: exp(15000/383 - 15000/(hot spot + 273)), for thermally upgraded paper.
    """
    return np.exp(15_000 / 383 - 15_000 / (np.asarray(hot_spot_c) + 273))


def hot_spot_c(loading_pu: Floats, temperature_c: Floats, rise_c: float = 80.0) -> Floats:
    """Hot spot [°C] in the steady state: air + rise · loading^1.6.

    80 °C over the air at rating and the exponent 1.6 (2·0.8) are those of IEEE Std C57.91 for a
    winding rise of 65 °C and natural cooling, with oil and winding lumped together: assumed.
    """
    return temperature_c + rise_c * np.asarray(loading_pu) ** 1.6


def rates_per_h(fragility: Fragility, cause: Cause, assets: Assets, there: Conditions) -> Floats:
    """[assets, times] failures an hour from a cause of weather; 0 for a kind it does not harm.

    Wind, trees, lightning and ice harm overhead lines only, in proportion to their length; heat
    harms transformers only. `there` is the weather at the assets' places. The rate of failure
    by heat is ageing over life: assumed.
    """
    out = np.zeros((len(assets), len(there.temperature_c)))
    if cause is Cause.HEAT:
        rows = assets.are(AssetKind.TRANSFORMER)
        loading = assets.loading_pu[rows, None] * demand_factor(there.temperature_c)
        hot = hot_spot_c(loading, there.temperature_c, fragility.rise_c)
        out[rows] = ageing(hot) / fragility.life_h
        return out
    rows = assets.are(AssetKind.OVERHEAD)
    out[rows] = assets.length_km[rows, None] * _per_km(fragility, cause, assets, there, rows)
    return out


def probability(fragility: Fragility, cause: Cause, assets: Assets, there: Conditions) -> Floats:
    """[assets, times] probability that an asset fails in an hour of that weather."""
    return -np.expm1(-rates_per_h(fragility, cause, assets, there))


def _per_km(
    fragility: Fragility,
    cause: Cause,
    assets: Assets,
    there: Conditions,
    rows: NDArray[np.bool_],
) -> Floats:
    """[overhead lines, times] failures an hour and km."""
    gust = there.gust_m_per_s[rows]
    if cause is Cause.WIND:
        each = fragility.pole.rate_per_h(gust) + fragility.span.rate_per_h(gust)
        return fragility.poles_per_km * each
    if cause is Cause.WIND_TREE:
        trees = fragility.trees_per_km * assets.vegetation[rows, None]
        return trees * fragility.tree.rate_per_h(gust)
    if cause is Cause.STROKE:
        width_km = attractive_width_m(assets.height_m[rows], fragility.structure_width_m) / 1000
        caught = width_km * (1 - fragility.shielded) * fragility.flashover
        return caught[:, None] * there.lightning_per_km2_h[rows]
    if cause is Cause.ICE:
        return fragility.poles_per_km * fragility.ice.rate_per_h(there.ice_mm[rows])
    return np.zeros_like(gust)
