"""Who is out by their own service, or by what nobody reported: the words of meters and callers.

The rule is to count what two words bear out. A meter that gasps and comes back was out from the one
to the other; one that never comes back was out where its customer called too. A call alone counts
once its caller or meter says that supply is back. What was said while the positions had the load
without supply, or a moment before or after, is explained by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import nan

import numpy as np

from gridmend.model.arrays import Floats
from gridmend.operations.interruptions.entries import Back, Entry, Out
from gridmend.operations.interruptions.marks import CLOCK_S
from gridmend.operations.interruptions.outages import named

DEVICE = "service"
"""What is named as the device of an outage that no device is known of."""
OLDEST_S = 259_200.0
"""What is older says nothing any more: its end was not heard, or its meter is gone. Assumed."""


@dataclass(eq=False)
class Words:
    """Words of no supply that stand, by number [numbers]: nan where there is none.

    `loads` are the names of their loads, by which events are called: who is apart from the others
    is still of the event of the load. `gasped_s` are of meters, `called_s` of callers for whom the
    number stands alone, and `near_s` of callers who are one of several under it.
    """

    loads: tuple[str, ...]
    gasped_s: Floats = field(init=False)
    called_s: Floats = field(init=False)
    near_s: Floats = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.loads)
        self.gasped_s, self.called_s, self.near_s = (np.full(size, nan) for _ in range(3))

    def gasped(self, number: int, now_s: float) -> None:
        """A meter lost its supply: it had it before, so that an older word is over."""
        self.gasped_s[number] = now_s

    def called(self, number: int, now_s: float, *, alone: bool) -> None:
        """A customer said that it has none."""
        said = self.called_s if alone else self.near_s
        said[number] = np.fmin(said[number], now_s)

    def since_s(self, number: int, now_s: float) -> float:
        """Since when a number has said to be out; nan where nothing recent stands."""
        found = np.fmin(np.fmin(self.gasped_s[number], self.called_s[number]), self.near_s[number])
        return float(found) if now_s - found <= OLDEST_S else nan

    def back(self, number: int, now_s: float) -> tuple[Entry, ...]:
        """A meter or its customer has supply: the interruption that it was out for."""
        began_s = float(np.fmin(self.gasped_s[number], self.called_s[number]))
        if began_s >= now_s:
            return ()
        self.forget(number)
        if not now_s - began_s <= OLDEST_S:
            return ()
        event = named(f"{DEVICE}.{self.loads[number]}", began_s)
        return (
            Out(began_s, event, (number,), DEVICE, "unknown"),
            Back(now_s, event, (number,)),
        )

    def forget(self, number: int) -> None:
        """What was said is explained."""
        for said in (self.gasped_s, self.called_s, self.near_s):
            said[number] = nan

    def explained(self, numbers: Iterable[int], now_s: float) -> None:
        """Positions tell that these went out now: what they said a moment ago is the same."""
        for number in numbers:
            since = self.since_s(number, now_s)
            if now_s - since <= CLOCK_S:
                self.forget(number)

    def standing(self) -> tuple[tuple[Entry, ...], int, int]:
        """Interruptions that still stand, and how many gasps and calls count as nothing."""
        both = ~np.isnan(self.gasped_s) & ~(np.isnan(self.called_s) & np.isnan(self.near_s))
        found: list[Entry] = []
        for number in np.flatnonzero(both).tolist():
            began_s = float(np.fmin(self.gasped_s[number], self.called_s[number]))
            event = named(f"{DEVICE}.{self.loads[number]}", began_s)
            found.append(Out(began_s, event, (number,), DEVICE, "unknown"))
        gasps = int((~np.isnan(self.gasped_s) & ~both).sum())
        calls = ~both & ~(np.isnan(self.called_s) & np.isnan(self.near_s))
        return tuple(found), gasps, int(calls.sum())


def begun_s(words: Words, numbers: tuple[int, ...], now_s: float) -> dict[int, float]:
    """Since when each is out by a device of which a crew tells only now, when it stands there.

    Who said so counts from its own word; who said nothing, from when the second of those behind the
    device had, as one alone may have a fault of its own; without two, from now.
    """
    said = {number: words.since_s(number, now_s) for number in numbers}
    early = sorted(at for at in said.values() if at < now_s - CLOCK_S)
    others = early[1] if len(early) > 1 else now_s
    return {n: at if at < now_s - CLOCK_S else others for n, at in said.items()}
