"""The state machine of many resources in disturbances, on the virtual clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmend.model.errors import GridmendError
from gridmend.twin.inverters.bank import Bank
from gridmend.twin.inverters.changes import Changes, Deed, Part, State, collected
from gridmend.twin.inverters.measure import measured
from gridmend.twin.inverters.settings import Settings
from gridmend.twin.streams import Streams

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

ROUNDS_MOST = 16
"""What one resource can do under one voltage: cease, trip, enter, ramp; more would be an error."""
UNREAD_MOST = 10_000_000
"""Changes that wait to be asked for."""
DECIMALS = 6
"""Times are whole microseconds, as on the agenda."""


@dataclass(eq=False)
class RideThrough:
    """Resources in disturbances; it changes in place. All start in service at full output.

    The world calls `see` when voltage, frequency or supply change, and `act` when `due_s` comes.
    What is due at an instant is done before what is seen at that instant: a voltage that ends
    with its clearing time trips. A timer runs while its threshold is passed and starts anew each
    time; times before a break do not count (assumed: the standard speaks of the duration of a
    condition). `trips` and `entries` count what happened: in service are all less the trips plus
    the entries.
    """

    names: tuple[str, ...]
    bank: Bank
    forming: Flags
    """Which hold the voltage of an island and so do not trip for one [der]."""
    streams: Streams | None
    now_s: float = 0.0
    trips: int = 0
    entries: int = 0
    _running: Flags = field(init=False)
    _ceased: Flags = field(init=False)
    _returning: Flags = field(init=False)
    _ramping: Flags = field(init=False)
    _since_s: Floats = field(init=False)
    """Since when each trip's condition holds [9, der]; inf where it does not."""
    _cease_since_s: Floats = field(init=False)
    _window_since_s: Floats = field(init=False)
    _entered_s: Floats = field(init=False)
    _returned_s: Floats = field(init=False)
    _wait_s: Floats = field(init=False)
    _due_s: Floats = field(init=False)
    _draws: dict[int, np.random.Generator] = field(init=False)
    _unread: list[Part] = field(init=False)
    _unread_count: int = 0

    @staticmethod
    def of(
        settings: Sequence[Settings],
        *,
        names: Sequence[str] | None = None,
        forming: ArrayLike | None = None,
        streams: Streams | None = None,
    ) -> RideThrough:
        """A machine for each setting. Names are needed, and streams, where delays are random.

        Raises `GridmendError` for unequal lengths, a repeated name, or random delays without
        streams.
        """
        given = tuple(names) if names is not None else tuple(str(k) for k in range(len(settings)))
        forms = np.zeros(len(settings), bool) if forming is None else np.array(forming, bool)
        if len(given) != len(settings) or forms.shape != (len(settings),):
            raise GridmendError(
                f"{len(settings)} settings, {len(given)} names and grid-forming flags of shape "
                f"{forms.shape} do not belong together",
                mend="give one of each for every resource",
            )
        if len(set(given)) < len(given):
            twice = Counter(given).most_common(1)[0][0]
            raise GridmendError(f"two resources are named '{twice}'", mend="rename one")
        bank = Bank.of(settings)
        if streams is None and (bank.random_s > 0).any():
            name = given[int(np.argmax(bank.random_s > 0))]
            raise GridmendError(
                f"'{name}' waits a random delay and there is no stream to draw it from",
                mend="give streams, or set random_s to 0",
            )
        return RideThrough(given, bank, forms, streams)

    def __post_init__(self) -> None:
        size = len(self.names)
        self._running = np.ones(size, bool)
        self._ceased, self._returning, self._ramping = (np.zeros(size, bool) for _ in range(3))
        self._since_s = np.full((9, size), np.inf)
        self._cease_since_s, self._window_since_s = (np.full(size, np.inf) for _ in range(2))
        self._entered_s = np.full(size, -np.inf)
        self._returned_s, self._wait_s = np.zeros(size), np.zeros(size)
        self._due_s = np.full(size, np.inf)
        self._draws, self._unread = {}, []

    def see(
        self,
        now_s: float,
        v_pu: ArrayLike,
        f_hz: ArrayLike,
        live: ArrayLike,
        islanded: ArrayLike | None = None,
    ) -> None:
        """What every resource measures from now on.

        `v_pu` [der] or [der, phases], nan where it has no such phase; `f_hz` [der] or one for
        all; `live` [der] or one for all: False where no source feeds it, so that it measures no
        voltage and no frequency; `islanded` [der]: the utility's source is not what feeds it.
        Raises `GridmendError` for a time that is past and for what is no measurement.
        """
        low, high, f, parted = measured(self.names, v_pu, f_hz, live, islanded)
        now_s = self._advanced(now_s)
        bank, threshold = self.bank, self.bank.threshold
        parted &= ~self.forming
        beyond = np.empty(self._since_s.shape, bool)
        np.greater(high, threshold[0:2], out=beyond[0:2])
        np.less(low, threshold[2:4], out=beyond[2:4])
        np.greater(f, threshold[4:6], out=beyond[4:6])
        np.less(f, threshold[6:8], out=beyond[6:8])
        beyond[8] = parted
        self._since_s = np.where(beyond, np.minimum(self._since_s, now_s), np.inf)
        deep = (low < bank.cease_below_pu) | (high > bank.cease_above_pu)
        self._cease_since_s = np.where(deep, np.minimum(self._cease_since_s, now_s), np.inf)
        inside = (low >= bank.v_low_pu) & (high <= bank.v_high_pu) & ~parted
        inside &= (f >= bank.f_low_hz) & (f <= bank.f_high_hz)
        self._window_since_s = np.where(inside, np.minimum(self._window_since_s, now_s), np.inf)
        back = self._ceased & ~deep
        if back.any():
            self._ceased &= deep
            self._returning |= back
            self._returned_s = np.where(back, now_s, self._returned_s)
        self._due_s = self._dues(slice(None)).min(axis=0).round(DECIMALS)

    def due_s(self) -> float:
        """When the next resource does something if nothing changes [s]; inf where none does."""
        return float(self._due_s.min()) if len(self._due_s) else math.inf

    def act(self, now_s: float) -> Changes:
        """Do what is due up to now, and tell all that was done since it was last asked."""
        now_s = self._advanced(now_s)
        parts, self._unread, self._unread_count = self._unread, [], 0
        return collected(parts, self.output(now_s))

    def output(self, now_s: float) -> Floats:
        """The factor of active power of each resource [der], 0 to 1, until something changes.

        0 out of service and in a cessation; linear in time over the ramp and the return. A
        cessation does not stop a ramp: the two factors multiply (assumed).
        """
        factor = self._running & ~self._ceased
        out = factor.astype(float)
        for growing, start_s, over_s in (
            (self._ramping, self._entered_s, self.bank.ramp_s),
            (self._returning, self._returned_s, self.bank.restore_s),
        ):
            at = np.flatnonzero(growing)
            if len(at):
                over = np.maximum(over_s[at], 10.0**-DECIMALS)
                out[at] *= np.clip((now_s - start_s[at]) / over, 0.0, 1.0)
        return out

    def states(self) -> NDArray[np.int8]:
        """The state of each resource [der], as numbers of `State`."""
        out = np.where(np.isfinite(self._window_since_s), State.WAITING, State.TRIPPED)
        inside = np.select(
            [self._ceased, self._returning, self._ramping],
            [State.CEASED, State.RETURNING, State.RAMPING],
            State.IN_SERVICE,
        )
        return np.where(self._running, inside, out).astype(np.int8)

    def _advanced(self, now_s: float) -> float:
        """The time in whole microseconds, with all done that was due until then."""
        now_s = round(float(now_s), DECIMALS)
        if not (math.isfinite(now_s) and now_s >= self.now_s):
            raise GridmendError(
                f"nothing can be seen or done at {now_s:g} s, now it is {self.now_s:g} s",
                mend="give times that do not go back",
            )
        self._do_until(now_s)
        self.now_s = now_s
        return now_s

    def _trip_dues(self, at: Ints | slice) -> Floats:
        return self._since_s[:, at] + self.bank.clearing_s[:, at]

    def _dues(self, at: Ints | slice) -> Floats:
        """When each deed is due if nothing changes [5, resources], in the order of `Deed`.

        No condition to trip or cease holds in the window to enter service (`Settings` sees to
        it), so that every timer of who enters starts after it did.
        """
        bank, running = self.bank, self._running[at]
        due = np.full((5, len(running)), np.inf)
        due[Deed.TRIPPED] = np.where(running, self._trip_dues(at).min(axis=0), np.inf)
        cease = self._cease_since_s[at] + bank.cease_s[at]
        np.copyto(due[Deed.CEASED], cease, where=running & ~self._ceased[at])
        full = self._entered_s[at] + bank.ramp_s[at]
        np.copyto(due[Deed.AT_FULL], full, where=self._ramping[at])
        returned = self._returned_s[at] + bank.restore_s[at]
        np.copyto(due[Deed.RETURNED], returned, where=self._returning[at])
        enter = self._window_since_s[at] + self._wait_s[at]
        np.copyto(due[Deed.ENTERED], enter, where=~running)
        return due

    def _do_until(self, now_s: float) -> None:
        """Each resource does what is due, each at its own time: they do not know each other."""
        for _ in range(ROUNDS_MOST):
            at = np.flatnonzero(self._due_s <= now_s)
            if not len(at):
                return
            due = self._dues(at).round(DECIMALS)
            first = due.argmin(axis=0)
            time_s = due[first, np.arange(len(at))]
            cause = np.full(len(at), -1, np.int8)
            for deed in Deed:
                these = first == deed
                if these.any():
                    cause[these] = self._do(deed, at[these], time_s[these])
            self._tell((time_s, at, first.astype(np.int8), cause))
            self._due_s[at] = self._dues(at).min(axis=0).round(DECIMALS)
        raise GridmendError(f"a resource did more than {ROUNDS_MOST} things in one call")

    def _do(self, deed: Deed, at: Ints, time_s: Floats) -> NDArray[np.int64] | int:
        """One deed of some resources; the causes where they trip, else -1."""
        if deed is Deed.CEASED:
            self._ceased[at], self._returning[at] = True, False
        elif deed is Deed.AT_FULL:
            self._ramping[at] = False
        elif deed is Deed.RETURNED:
            self._returning[at] = False
        elif deed is Deed.ENTERED:
            self._running[at] = self._ramping[at] = True
            self._entered_s[at] = time_s
            self.entries += len(at)
        else:
            cause = self._trip_dues(at).round(DECIMALS).argmin(axis=0)
            for flags in (self._running, self._ceased, self._returning, self._ramping):
                flags[at] = False
            self._wait_s[at] = self.bank.delay_s[at] + self._random_s(at)
            self.trips += len(at)
            return cause
        return -1

    def _random_s(self, at: Ints) -> Floats:
        """One draw a trip, of a stream of each resource's own [s]."""
        most = self.bank.random_s[at]
        drawn = np.zeros(len(at))
        for k in np.flatnonzero(most > 0).tolist():
            der = int(at[k])
            if der not in self._draws and self.streams is not None:
                self._draws[der] = self.streams.of("enter_service", self.names[der])
            drawn[k] = self._draws[der].uniform(0.0, most[k])
        return drawn

    def _tell(self, part: Part) -> None:
        self._unread.append(part)
        self._unread_count += len(part[0])
        if self._unread_count > UNREAD_MOST:
            raise GridmendError(
                f"more than {UNREAD_MOST:,} changes wait to be asked for",
                mend="call act from time to time",
            )
