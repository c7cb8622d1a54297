"""Kinds of short circuit: which phases, whether to ground, how often, and what current flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.operations.location.places import PHASES
from gridmend.powerflow.shorts import LEAST_OHM


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: `at` are its phases as 0, 1, 2; `share` how often, of all on three phases.

    As in `Short`, each phase is joined to ground through the resistance, or each pair.
    """

    at: tuple[int, ...]
    to_ground: bool
    share: float

    @property
    def phases(self) -> tuple[str, ...]:
        """Its phases."""
        return tuple(PHASES[k] for k in self.at)

    @property
    def name(self) -> str:
        """As `a-g`, `ab` or `abc-g`."""
        return "".join(self.phases) + ("-g" if self.to_ground else "")


_PAIRS = ((0, 1), (1, 2), (0, 2))

KINDS = (
    *(Kind((k,), True, 0.70 / 3) for k in range(3)),
    *(Kind(pair, False, 0.15 / 3) for pair in _PAIRS),
    *(Kind(pair, True, 0.10 / 3) for pair in _PAIRS),
    Kind((0, 1, 2), False, 0.02),
    Kind((0, 1, 2), True, 0.03),
)
"""Every kind. Assumed shares: 70 % of faults on one phase, 15 % on two, 10 % on two to ground and
5 % on three, the proportions that textbooks give for overhead lines."""


def currents(kind: Kind, z_ohm: Complexes, v_v: Complexes, r_ohm: Floats) -> Complexes:
    """[n, d, r, k] current into a fault [A].

    `z_ohm` [n, d, k, k] and `v_v` [n, d, k] are what its phases see there; `r_ohm` [n, r] its
    resistance. Of one or two phases in closed form, of three by elimination.
    """
    r = np.maximum(r_ohm, LEAST_OHM)[:, None, :]
    if len(kind.at) == 1:
        return (v_v[..., 0][..., None] / (z_ohm[..., 0, 0][..., None] + r))[..., None]
    if len(kind.at) == 2:
        return _of_two(kind, z_ohm, v_v, r)
    n = 3
    own = np.eye(n) if kind.to_ground else n * np.eye(n) - 1.0
    # I = Y (1 + Z Y)^-1 V with Y = own / r, multiplied through by r so that r may be small
    matrix = z_ohm[:, :, None] @ own + r[..., None, None] * np.eye(n)
    inner = np.linalg.solve(
        matrix, np.broadcast_to(v_v[:, :, None, :, None], (*matrix.shape[:4], 1))
    )
    return (own @ inner)[..., 0]


def _of_two(kind: Kind, z_ohm: Complexes, v_v: Complexes, r: Floats) -> Complexes:
    z = z_ohm[..., None]
    aa, ab, ba, bb = z[..., 0, 0, :], z[..., 0, 1, :], z[..., 1, 0, :], z[..., 1, 1, :]
    va, vb = v_v[..., 0, None], v_v[..., 1, None]
    if not kind.to_ground:
        between = (va - vb) / (aa + bb - ab - ba + r)
        return np.stack([between, -between], -1)
    aa, bb = aa + r, bb + r
    determinant = aa * bb - ab * ba
    return np.stack([(bb * va - ab * vb) / determinant, (aa * vb - ba * va) / determinant], -1)


def chosen(phases: tuple[str, ...] | None, to_ground: bool | None) -> Ints:
    """Which kinds agree with what is known of a fault's type."""
    fits = [
        (phases is None or set(phases) == set(kind.phases))
        and (to_ground is None or kind.to_ground is to_ground)
        for kind in KINDS
    ]
    return np.flatnonzero(fits)
