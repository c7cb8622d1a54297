"""The nodal admittance of a network, summed from its primitives and its legs."""

from __future__ import annotations

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.network import Network


def assemble(
    network: Network, values: Complexes, leg_s: Complexes | None = None
) -> tuple[Complexes, Complexes]:
    """Diagonal and upper entries of the nodal admittance, in per unit and elimination order.

    `leg_s` [legs] adds each leg's admittance [S].
    """
    bare, joined = assembled(network, values, leg_s)
    return bare if leg_s is None else joined


def assembled(
    network: Network, values: Complexes, leg_s: Complexes | None
) -> tuple[tuple[Complexes, Complexes], tuple[Complexes, Complexes]]:
    """Both without legs and with them, where they are given; the values, which are many, are summed
    once."""
    n = network.pattern.n
    bare = joined = network.spare.array(n + len(network.pattern.rows))
    bare[:] = 0.0
    scatter(network.slots, values, bare)
    if leg_s is None:
        bare *= network.scale
    else:
        joined = network.spare.array(len(bare))
        _join(network.leg_slots, leg_s, network.has_leg, network.scale, bare, joined)
    return (bare[:n], bare[n:]), (joined[:n], joined[n:])


@compiled
def scatter(slots: Ints, values: Complexes, total: Complexes) -> None:
    """Add each value to the total at its slot, those with none (-1) nowhere."""
    for k in range(len(slots)):
        if slots[k] >= 0:
            total[slots[k]] += values[k]


@compiled
def _join(
    leg_slots: Ints, leg_s: Complexes, has_leg: Flags, scale: Floats, bare: Complexes,
    joined: Complexes,
) -> None:  # fmt: skip
    """Set `joined` to what is `bare` with legs, and bring both to per unit."""
    for slot in leg_slots:
        if slot >= 0:
            joined[slot] = bare[slot]
    for k in range(len(leg_slots)):
        if leg_slots[k] >= 0:
            joined[leg_slots[k]] += leg_s[k // 4] if k % 4 < 2 else -leg_s[k // 4]
    for k in range(len(bare)):
        here = joined[k] * scale[k] if has_leg[k] else bare[k] * scale[k]
        bare[k] *= scale[k]
        joined[k] = here
