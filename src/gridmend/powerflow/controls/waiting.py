"""What controls in time mode wait for from step to step, as a value that can be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Flags, Floats
from gridmend.powerflow.network import Network


class Action(NamedTuple):
    """A move of a tap control (its row) that is due at an instant.

    The one that the last arming put there goes when an armed control is back in band. Others,
    which a move left behind for the next tap, stay, and find out when they are due whether
    there is anything to do: so does OpenDSS.
    """

    due_s: float
    control: int
    of_arming: bool


@dataclass(frozen=True, eq=False)
class Waiting:
    """What waits from step to step; instants are seconds since the series began.

    `taps`: moves to come; `armed` [tap controls]; `bank_due_s` [capacitor controls]: when each
    will act, nan where it is not armed; `opened_s` [capacitors]: when each was last opened,
    -inf where never; `reverse` [tap controls]: which are in reverse mode, and `turn_due_s` when
    each will go to the other mode, nan where it stays.
    """

    taps: tuple[Action, ...]
    armed: Flags
    reverse: Flags
    turn_due_s: Floats
    bank_due_s: Floats
    opened_s: Floats

    @staticmethod
    def nothing(network: Network) -> Waiting:
        """Nothing armed, nothing opened."""
        grid = network.grid
        return Waiting(
            (),
            np.zeros(len(grid.tap_controls), np.bool_),
            np.zeros(len(grid.tap_controls), np.bool_),
            np.full(len(grid.tap_controls), np.nan),
            np.full(len(grid.capacitor_controls), np.nan),
            np.full(len(grid.capacitors), -np.inf),
        )

    def next_s(self) -> float:
        """The first instant at which something is due; inf where nothing waits."""
        times = [a.due_s for a in self.taps]
        times += [x for f in (self.turn_due_s, self.bank_due_s) for x in f[~np.isnan(f)].tolist()]
        return min(times, default=math.inf)

    def as_lists(self) -> dict[str, Any]:
        """In a form that JSON can hold: what is not a finite number is None."""
        times = {name: getattr(self, name).tolist() for name in _TIMES}
        return {
            "taps": [list(action) for action in self.taps],
            "armed": self.armed.tolist(),
            "reverse": self.reverse.tolist(),
            **{n: [x if math.isfinite(x) else None for x in v] for n, v in times.items()},
        }

    @staticmethod
    def of_lists(given: Mapping[str, Any]) -> Waiting:
        """The reverse of `as_lists`."""
        times = {
            name: np.array([none if x is None else x for x in given[name]], float)
            for name, none in _TIMES.items()
        }
        return Waiting(
            taps=tuple(Action(float(a[0]), int(a[1]), bool(a[2])) for a in given["taps"]),
            armed=np.array(given["armed"], np.bool_),
            reverse=np.array(given["reverse"], np.bool_),
            **times,
        )


_TIMES = {"turn_due_s": np.nan, "bank_due_s": np.nan, "opened_s": -np.inf}
"""Fields that are instants, and what stands where there is none."""
