"""What every protective device is: it sees currents, says when it will act, and acts."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gridmend.model.errors import GridmendError

ActKind = Literal[
    "trip", "open", "close", "lock_out", "reset", "counted", "melted", "damaged", "stuck", "refused"
]
ACTS_MOST = 1000
"""Acts that one call may do; more is an error of the device."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a device did: when [s from the start], what, on which conductors, and why.

    `open` and `close` say that poles moved. `trip` says that the protection decided to open,
    `lock_out` that nothing will close by itself, `reset` that the sequence begins anew. `melted`,
    `damaged` and `counted` are of fuses and sectionalisers. `stuck` and `refused` say that nothing
    moved though something was told to. `energy_a2s` of an `open` is the integral of i² over the
    over-current that it ended [A²s], of the worst of the conductors.
    """

    time_s: float
    kind: ActKind
    phases: tuple[int, ...]
    why: str
    energy_a2s: float = 0.0


class Device(Protocol):
    """A protective device, as the electrical world meets it.

    The world calls `see` at every change of current, `act` at `due_s`, and moves the poles that
    the acts name. Times never go back. Before a change is seen, what was due is acted.
    """

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def closed(self) -> tuple[bool, ...]:
        """[conductors] whether each pole is closed."""
        ...

    def begin_open(self, phases: Collection[int] | None = None) -> None:
        """It has stood open since before the start, on these conductors; all unless given."""
        ...

    def see(
        self,
        now_s: float,
        i_a: Sequence[float],
        *,
        ground_a: float = 0.0,
        live: bool | None = None,
    ) -> None:
        """From now on these magnitudes flow: [conductors] and residual [A].

        `live` is whether the source side has voltage; None where the device need not know.
        """
        ...

    def due_s(self) -> float:
        """When it acts next if the currents stay [s from the start]; inf if never."""
        ...

    def act(self, now_s: float) -> tuple[Act, ...]:
        """Do what is due up to now."""
        ...


@dataclass(slots=True)
class Sight:
    """The currents that a device sees, since when, and the energy of an over-current. Mutable."""

    name: str
    conductors: int
    now_s: float = 0.0
    i_a: list[float] = field(default_factory=list[float])
    ground_a: float = 0.0
    energy_a2s: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.i_a = [0.0] * self.conductors
        self.energy_a2s = [0.0] * self.conductors

    def check(self, now_s: float) -> None:
        """Raise `GridmendError` for a time that goes back or is no number."""
        if not (math.isfinite(now_s) and now_s >= self.now_s):
            raise GridmendError(
                f"'{self.name}' cannot go to {now_s} s, it is {self.now_s:g} s already",
                where=self.name,
                mend="times of a device go on, in seconds from the start",
            )

    def go_on(self, now_s: float) -> None:
        """It is now so late; what flowed has flowed till now."""
        self.check(now_s)
        for k, i in enumerate(self.i_a):
            self.energy_a2s[k] += i * i * (now_s - self.now_s)
        self.now_s = now_s

    def change(self, i_a: Sequence[float], ground_a: float) -> None:
        """Other currents from now on."""
        seen = [float(i) for i in i_a]
        if len(seen) != self.conductors:
            raise GridmendError(
                f"'{self.name}' is shown {len(seen)} currents and has {self.conductors} conductors",
                where=self.name,
                mend="give one magnitude for each conductor, in their order",
            )
        for i in (*seen, ground_a):
            if not (math.isfinite(i) and i >= 0):
                raise GridmendError(
                    f"'{self.name}' is shown a current of {i} A",
                    where=self.name,
                    mend="give magnitudes: finite and not below 0",
                )
        self.i_a, self.ground_a = seen, float(ground_a)


def check_not_late(name: str, *, now_s: float, due_s: float) -> None:
    """Raise `GridmendError` where something was due before now and was not acted."""
    if now_s > due_s:
        raise GridmendError(
            f"'{name}' was due at {due_s:g} s and is first asked at {now_s:g} s",
            where=name,
            mend="call act at due_s, then show the currents that follow",
        )


def whole_s(time_s: float) -> float:
    """The first whole microsecond not before a time, so that due things are done when asked.

    What floating point adds below a thousandth of a microsecond does not count.
    """
    return math.ceil(round(time_s * 1e6, 3)) / 1e6 if math.isfinite(time_s) else time_s


def check_number(
    where: str, name: str, value: float, *, least: float = 0.0, most: float = math.inf,
    above: bool = False, whole: bool = False,
) -> None:  # fmt: skip
    """Raise `GridmendError` where a setting is no number within its bounds.

    `above`: the least itself is refused. `whole`: so is what is no whole number. Infinity is a
    number where `most` is infinite.
    """
    sound = least < value <= most if above else least <= value <= most
    if not sound or (whole and value != int(value)):
        bound = f"above {least:g}" if above else f"of {least:g} or more"
        bound += "" if math.isinf(most) else f", {most:g} at most"
        raise GridmendError(
            f"{name} of '{where}' is {value}",
            where=where,
            mend=f"give a {'whole ' * whole}number {bound}",
        )
