"""The settings of relays and reclosers, refused where they cannot be meant."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.curves import Curve
from gridmend.twin.protection.device import check_number

SHOTS_MOST = 10
"""Trips to lock-out that a setting may ask for; reclosers as built have four or five."""
CONDUCTORS_MOST = 4


@dataclass(frozen=True, slots=True)
class RecloserSettings:
    """What a recloser is told, pickups and all in primary amperes.

    A pickup of inf means that there is no such element. A fast curve that is None is the slow
    one. `shots` are the trips up to lock-out, so there is one interval of `reclose_s` fewer. The
    first `fast_shots` trips are on the fast curves, the first `instantaneous_shots` may also be
    by the instantaneous elements, which take `instantaneous_s`. `open_s` and `close_s` are the
    mechanism's times; what has tripped opens, though the current goes away meanwhile. After
    `reset_s` closed without pickup the sequence begins anew.

    `single_phase`: each pole trips by itself, a ground trip opens all; with
    `three_phase_lock_out` one pole's lock-out opens and locks the others. `hand_close_locks`:
    what trips within `reset_s` of a commanded close locks out. Within `cold_load_s` of such a
    close the pickups of the time elements are `cold_load_multiple` times higher.

    Raises `GridmendError` for what cannot be meant.
    """

    name: str
    phase_pickup_a: float
    phase_slow_curve: Curve
    phase_fast_curve: Curve | None = None
    phase_instantaneous_a: float = math.inf
    ground_pickup_a: float = math.inf
    ground_slow_curve: Curve | None = None
    ground_fast_curve: Curve | None = None
    ground_instantaneous_a: float = math.inf
    instantaneous_s: float = 0.01
    instantaneous_shots: int = 1
    fast_shots: int = 0
    shots: int = 4
    reclose_s: tuple[float, ...] = (0.5, 2.0, 2.0)
    reset_s: float = 15.0
    open_s: float = 0.0
    close_s: float = 0.0
    conductors: int = 3
    single_phase: bool = False
    three_phase_lock_out: bool = True
    hand_close_locks: bool = False
    cold_load_multiple: float = 1.0
    cold_load_s: float = 0.0

    def __post_init__(self) -> None:
        amperes = (
            "phase_pickup_a", "phase_instantaneous_a", "ground_pickup_a", "ground_instantaneous_a",
        )  # fmt: skip
        for field in amperes:
            check_number(self.name, field, getattr(self, field), above=True)
        check_number(self.name, "instantaneous_s", self.instantaneous_s, above=True, most=3600)
        for field in ("reset_s", "open_s", "close_s", "cold_load_s"):
            check_number(self.name, field, getattr(self, field), most=1e6)
        check_number(self.name, "cold_load_multiple", self.cold_load_multiple, least=1, most=100)
        check_number(self.name, "shots", self.shots, least=1, most=SHOTS_MOST, whole=True)
        check_number(
            self.name, "conductors", self.conductors, least=1, most=CONDUCTORS_MOST, whole=True
        )
        for field in ("fast_shots", "instantaneous_shots"):
            check_number(self.name, field, getattr(self, field), most=self.shots, whole=True)
        if len(self.reclose_s) != self.shots - 1:
            raise GridmendError(
                f"'{self.name}' has {len(self.reclose_s)} reclose intervals and {self.shots} shots",
                where=self.name,
                mend="give one interval of reclose_s between every two shots",
            )
        for interval_s in self.reclose_s:
            check_number(self.name, "reclose_s", interval_s, above=True, most=1e6)
        if math.isfinite(self.ground_pickup_a) and self.ground_slow_curve is None:
            raise GridmendError(
                f"'{self.name}' has a ground pickup and no ground curve",
                where=self.name,
                mend="give ground_slow_curve, or a ground_pickup_a of inf",
            )


@dataclass(frozen=True, slots=True)
class RelaySettings(RecloserSettings):
    """What a breaker's relay is told: a recloser of one shot unless it is set to reclose."""

    shots: int = 1
    reclose_s: tuple[float, ...] = ()
