"""Line constants: series impedance and capacitance of an overhead line from its geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ive  # pyright: ignore[reportMissingTypeStubs]  # SciPy ships none

from gridmend.model.arrays import Complexes, Floats
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid

# Rounded as OpenDSS rounds them, so that its answers are met to twelve digits; the rounding is
# less than any conductor's tolerance.
_TWO_PI = 6.283185307
_PERMEABILITY_H_PER_M = 12.56637e-7
_PERMITTIVITY_F_PER_M = 8.854e-12

_DC_FROM_AC = 1 / 1.02
_GMR_BELOW_HZ = 1000.0
_GMR_ABOVE_HZ = 40.0
_LARGE_ARGUMENT = 35.0

EARTH_MODELS = ("deri", "carson", "full_carson")
"""Earth returns that are known."""


@dataclass(frozen=True, eq=False)
class Hanging:
    """Conductors where they hang, one entry each: [m], [ohm/m]."""

    x_m: Floats
    height_m: Floats
    r_ac_ohm_per_m: Floats
    r_dc_ohm_per_m: Floats
    gmr_m: Floats
    radius_m: Floats


def line_constants(
    grid: Grid, geometry: str, *, earth_model: str, earth_resistivity_ohm_m: float
) -> tuple[Complexes, Floats]:
    """Series impedance and shunt capacitance of a geometry, by length.

    Parameters
    ----------
    grid
        Holds the geometry, its conductors and the frequency.
    geometry
        Its name.
    earth_model
        One of `EARTH_MODELS`: Deri's complex depth, Carson's first terms, or his series.
    earth_resistivity_ohm_m
        Resistivity of the earth.

    Returns
    -------
    impedance
        [n, n] [ohm/km]; n is the number of phases where the geometry says `reduce`, else of
        conductors.
    capacitance
        [n, n] [nF/km].

    Raises
    ------
    GridError
        Where the geometry or a conductor is missing, or two conductors are in one place.

    Notes
    -----
    J. R. Carson, "Wave propagation in overhead wires with ground return", Bell System Technical
    Journal 5 (1926) 539-554. A. Deri, G. Tevan, A. Semlyen and A. Castanheira, "The complex
    ground return plane", IEEE Transactions on Power Apparatus and Systems PAS-100 (1981)
    3686-3693. Checked against OpenDSS to 1e-9.
    """
    if earth_model not in EARTH_MODELS:
        known = ", ".join(EARTH_MODELS)
        raise GridError(f"there is no earth model '{earth_model}'", mend=f"one of {known}")
    if not earth_resistivity_ohm_m > 0:
        raise GridError(
            f"the earth of geometry '{geometry}' has {earth_resistivity_ohm_m} ohm·m",
            mend="give earth_resistivity_ohm_m above 0; 100 is usual",
        )
    row = grid.geometries.row(geometry)
    hanging = _hanging(grid, row)
    impedance = series_impedance(
        hanging,
        frequency_hz=grid.frequency_hz,
        earth_model=earth_model,
        earth_resistivity_ohm_m=earth_resistivity_ohm_m,
    )
    capacitance = shunt_capacitance(hanging)
    if grid.geometries.flags("reduce")[row]:
        kept = int(grid.geometries.counts("phase_count")[row])
        # Earthed neutrals carry no voltage, so their rows and columns of C merely go.
        impedance, capacitance = kron(impedance, kept), capacitance[:kept, :kept]
    return impedance, capacitance


def kron(impedance: Complexes, kept: int) -> Complexes:
    """The impedance seen by the first `kept` conductors when the others are earthed throughout."""
    if kept >= len(impedance):
        return impedance
    own, mutual = impedance[:kept, :kept], impedance[:kept, kept:]
    return own - mutual @ np.linalg.solve(impedance[kept:, kept:], impedance[kept:, :kept])


def series_impedance(
    hanging: Hanging, *, frequency_hz: float, earth_model: str, earth_resistivity_ohm_m: float
) -> Complexes:
    """Series impedance of every conductor, earth as the return: [n, n] [ohm/km]."""
    omega = _TWO_PI * frequency_hz
    reactance = 1j * omega * _PERMEABILITY_H_PER_M / _TWO_PI
    internal = _internal(hanging, frequency_hz, skin=earth_model == "deri")
    radius = hanging.radius_m
    if _GMR_ABOVE_HZ < frequency_hz < _GMR_BELOW_HZ:
        # The published GMR holds the internal inductance already.
        internal, radius = internal.real.astype(np.complex128), hanging.gmr_m
    distance = _distances(hanging, image=False)
    np.fill_diagonal(distance, radius)
    earth = _EARTH[earth_model](hanging, frequency_hz, earth_resistivity_ohm_m)
    return 1000.0 * (np.diag(internal) - reactance * np.log(distance) + earth)


def shunt_capacitance(hanging: Hanging) -> Floats:
    """Capacitance of every conductor above a conducting plane: [n, n] [nF/km]."""
    distance = _distances(hanging, image=False)
    np.fill_diagonal(distance, hanging.radius_m)
    potential = np.log(_distances(hanging, image=True) / distance)
    return 1e12 * _TWO_PI * _PERMITTIVITY_F_PER_M * np.linalg.inv(potential)


def _hanging(grid: Grid, row: int) -> Hanging:
    geometry = grid.geometries["name"][row]
    names: tuple[str, ...] = grid.geometries["conductors"][row]
    x_m, height_m = grid.geometries["x_m"][row], grid.geometries["height_m"][row]
    if not len(names) == len(x_m) == len(height_m) or not names:
        raise GridError(
            f"geometry '{geometry}' has {len(names)} conductors, {len(x_m)} x_m and "
            f"{len(height_m)} height_m",
            mend="give each conductor one position",
        )
    kinds = grid.conductors
    at = [kinds.row(name) for name in names]
    r_ac = kinds.numbers("r_ac_ohm_per_km")[at] / 1000.0
    r_dc = kinds.numbers("r_dc_ohm_per_km")[at] / 1000.0
    hanging = Hanging(
        x_m,
        height_m,
        r_ac,
        np.where(np.isnan(r_dc), r_ac * _DC_FROM_AC, r_dc),
        kinds.numbers("gmr_m")[at],
        kinds.numbers("radius_m")[at],
    )
    _guard(geometry, names, hanging)
    return hanging


def _guard(geometry: str, names: tuple[str, ...], hanging: Hanging) -> None:
    for quantity in ("height_m", "r_dc_ohm_per_m", "gmr_m", "radius_m"):
        for name, value in zip(names, getattr(hanging, quantity), strict=True):
            if not value > 0:
                raise GridError(
                    f"conductor '{name}' of geometry '{geometry}' has {quantity} {value}",
                    mend="give a value above 0",
                )
    distance = _distances(hanging, image=False)
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        if distance[i, j] < hanging.radius_m[i] + hanging.radius_m[j]:
            raise GridError(
                f"conductors {i + 1} and {j + 1} of geometry '{geometry}' are in one place",
                mend="mend x_m or height_m",
            )


def _distances(hanging: Hanging, *, image: bool) -> Floats:
    """Between conductors, or from each to the others' images below ground: [n, n] [m]."""
    across = hanging.x_m[:, None] - hanging.x_m
    up = hanging.height_m[:, None] + (hanging.height_m if image else -hanging.height_m)
    return np.hypot(across, up)


def _internal(hanging: Hanging, frequency_hz: float, *, skin: bool) -> Complexes:
    """Impedance inside each conductor, taken as round: [n] [ohm/m]."""
    if not skin:
        inductive = _TWO_PI * frequency_hz * _PERMEABILITY_H_PER_M / (8 * math.pi)
        return np.asarray(hanging.r_ac_ohm_per_m + 1j * inductive, np.complex128)
    r_dc = hanging.r_dc_ohm_per_m
    argument = (1 + 1j) * np.sqrt(frequency_hz * _PERMEABILITY_H_PER_M / r_dc)
    ratio = ive(0, argument) / ive(1, argument)
    ratio[np.abs(argument) > _LARGE_ARGUMENT] = 1.0
    return (1 + 1j) * ratio * np.sqrt(r_dc * frequency_hz * _PERMEABILITY_H_PER_M) / 2


def _deri(hanging: Hanging, frequency_hz: float, earth_resistivity_ohm_m: float) -> Complexes:
    """Deri 1981, equation 13: images mirrored in a plane at a complex depth: [ohm/m]."""
    omega = _TWO_PI * frequency_hz
    depth = 1 / np.sqrt(1j * omega * _PERMEABILITY_H_PER_M / earth_resistivity_ohm_m)
    across = hanging.x_m[:, None] - hanging.x_m
    up = hanging.height_m[:, None] + hanging.height_m + 2 * depth
    reactance = 1j * omega * _PERMEABILITY_H_PER_M / _TWO_PI
    return np.asarray(reactance * np.log(np.sqrt(up**2 + across**2)), np.complex128)


def _carson(hanging: Hanging, frequency_hz: float, earth_resistivity_ohm_m: float) -> Complexes:
    """Carson 1926, the first terms of his series: one depth for all conductors: [ohm/m]."""
    omega = _TWO_PI * frequency_hz
    depth = 658.5 * math.sqrt(earth_resistivity_ohm_m / frequency_hz)
    n = len(hanging.x_m)
    resistive = omega * _PERMEABILITY_H_PER_M / 8
    inductive = omega * _PERMEABILITY_H_PER_M / _TWO_PI * math.log(depth)
    return np.full((n, n), resistive + 1j * inductive)


def _full_carson(
    hanging: Hanging, frequency_hz: float, earth_resistivity_ohm_m: float
) -> Complexes:
    """Carson 1926, his series to the fourth power: [ohm/m]."""
    D = _distances(hanging, image=True)
    theta = np.arccos(np.minimum((hanging.height_m[:, None] + hanging.height_m) / D, 1.0))
    m = 2.8099e-3 * D * math.sqrt(frequency_hz / earth_resistivity_ohm_m)
    b1 = 1 / (3 * math.sqrt(2))
    b2 = 1 / 16
    b3, b4 = b1 / 15, b2 / 24
    c2 = 1.3659315
    c4 = c2 + 1 / 4 + 1 / 6
    P = (
        math.pi / 8
        - b1 * m * np.cos(theta)
        + b2 * m**2 * ((c2 - np.log(m)) * np.cos(2 * theta) + theta * np.sin(2 * theta))
        + b3 * m**3 * np.cos(3 * theta)
        - b4 * math.pi / 4 * m**4 * np.cos(4 * theta)
    )
    Q = (
        0.5 * np.log(1.85138 / m)
        + b1 * m * np.cos(theta)
        - b2 * math.pi / 4 * m**2 * np.cos(2 * theta)
        + b3 * m**3 * np.cos(3 * theta)
        - b4 * m**4 * ((c4 - np.log(m)) * np.cos(4 * theta) + theta * np.sin(4 * theta))
    )
    # The image's distance enters here, as the conductors' own enter at unit distance.
    reactance = P + 1j * (Q + 0.5 * np.log(D))
    scale = _TWO_PI * frequency_hz * _PERMEABILITY_H_PER_M / math.pi
    return np.asarray(reactance * scale, np.complex128)


_EARTH = {"deri": _deri, "carson": _carson, "full_carson": _full_carson}
