"""Meters of customers: energy and voltage by interval, last gasps, and the ping on return."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.flow import Flow
from gridmend.powerflow.network import Network
from gridmend.twin.streams import Streams

ASKS_MOST = 60_000
WAIT_MOST_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Metering:
    """How meters behave. `error_pct` is the largest error of one for good (class 0.5 of ANSI
    C12.20); the rest is assumed: `gasps` the share of losses of supply in which a meter has the
    charge to say so, after up to `gasp_s`; `ping_s` the most that one takes to say it is back.

    The head-end can ask the share `askable` of meters, which is all of a two-way mesh. One with
    supply answers the share `answers` of the questions that reach it, after up to `answer_s`;
    without an answer after `wait_s` the question counts as unanswered. At most `asks_per_min`
    questions leave in a minute. These are assumed, too: a mesh that reads on demand in half a
    minute, and loses one answer in twenty, as `operations.prediction` takes it to."""

    interval_s: float = 900.0
    error_pct: float = 0.5
    gasps: float = 0.85
    gasp_s: float = 20.0
    ping_s: float = 60.0
    askable: float = 1.0
    answers: float = 0.95
    answer_s: float = 10.0
    wait_s: float = 30.0
    asks_per_min: int = 120

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval_s) and self.interval_s >= 1):
            raise GridError(f"a reading every {self.interval_s} s", mend="give a second or more")
        for name in ("gasps", "askable", "answers"):
            if not 0 <= getattr(self, name) <= 1:
                raise GridError(f"{name} is {getattr(self, name)}", mend="give a share, 0 to 1")
        if not 1 <= self.asks_per_min <= ASKS_MOST:
            mend = f"give 1 to {ASKS_MOST:,}"
            raise GridError(f"asks_per_min is {self.asks_per_min}", mend=mend)
        if not 0 < self.wait_s <= WAIT_MOST_S:
            raise GridError(f"wait_s is {self.wait_s}", mend=f"give 0 to {WAIT_MOST_S:g}")
        for name in ("error_pct", "gasp_s", "ping_s", "answer_s"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise GridError(f"{name} is {getattr(self, name)}", mend="give 0 or more")


@dataclass(frozen=True, eq=False)
class Readings:
    """One interval of every meter. Arrays are [loads]: energy [kWh], and the mean voltage while it
    had any [pu of rated], nan where it had none."""

    begin_s: float
    end_s: float
    energy_kwh: Floats
    v_pu: Floats


@dataclass(frozen=True, eq=False)
class Said:
    """What meters say of their supply: `load` rows, and when each sends it [s]."""

    load: Ints
    time_s: Floats


@dataclass(eq=False)
class Meters:
    """A meter at every load in service; they go on in place. Arrays are [loads].

    `true_kwh` is all that was ever taken: readings add up to it, but for their errors.
    """

    network: Network
    settings: Metering
    streams: Streams
    gain: Floats
    energy_kwh: Floats
    volt_s: Floats
    live_s: Floats
    true_kwh: Floats
    has_supply: Flags
    now_s: float = 0.0
    begin_s: float = 0.0
    _begun: dict[tuple[str, int], np.random.Generator] = field(
        default_factory=dict[tuple[str, int], np.random.Generator]
    )
    """Streams that were drawn from: most meters never say anything of an outage."""
    _power_kw: Floats = field(default_factory=lambda: np.empty(0))
    _v_pu: Floats = field(default_factory=lambda: np.empty(0))

    @staticmethod
    def of(network: Network, settings: Metering, streams: Streams, flow: Flow) -> Meters:
        """Meters that begin with a flow, all intervals from now."""
        names = [str(name) for name in network.grid.loads["name"]]
        n = len(names)
        error = [streams.of("meter", "error", name).uniform(-1, 1) for name in names]
        meters = Meters(
            network=network,
            settings=settings,
            streams=streams,
            gain=1.0 + np.array(error, float) * settings.error_pct / 100,
            energy_kwh=np.zeros(n),
            volt_s=np.zeros(n),
            live_s=np.zeros(n),
            true_kwh=np.zeros(n),
            has_supply=np.zeros(n, bool),
        )
        meters._power_kw, meters._v_pu = _taken(network, flow)
        meters.has_supply = meters._v_pu > 0
        return meters

    def begin(self, now_s: float, flow: Flow, supplied: Flags) -> None:
        """Nothing is counted yet: it is now, and this is what flows and who has supply."""
        for array in (self.energy_kwh, self.volt_s, self.live_s, self.true_kwh):
            array[:] = 0.0
        self.now_s = self.begin_s = now_s
        self._power_kw, self._v_pu = _taken(self.network, flow)
        self.has_supply = supplied.copy()

    def go_to(self, now_s: float) -> None:
        """Count what was taken since, at the power of the flow seen last."""
        lasted_s = now_s - self.now_s
        if lasted_s < 0:
            raise GridmendError(f"time does not go back from {self.now_s:g} s to {now_s:g} s")
        taken = self._power_kw * (lasted_s / 3600)
        self.true_kwh += taken
        self.energy_kwh += taken
        self.volt_s += self._v_pu * lasted_s
        self.live_s += np.where(self._v_pu > 0, lasted_s, 0.0)
        self.now_s = now_s

    def see(self, flow: Flow, supplied: Flags) -> tuple[Said, Said]:
        """A flow begins now: who gasps, and who says that it is back.

        Of a flow that did not converge nobody knows the voltages: who has supply goes on as before.
        """
        if flow.converged:
            self._power_kw, self._v_pu = _taken(self.network, flow)
        else:
            self._power_kw, self._v_pu = self._power_kw * supplied, self._v_pu * supplied
        lost, back = self.has_supply & ~supplied, supplied & ~self.has_supply
        self.has_supply = supplied.copy()
        gasping: list[tuple[int, float]] = []
        for k in np.flatnonzero(lost).tolist():
            chance, delay = self._stream("gasp", k).random(2)
            if chance < self.settings.gasps:
                gasping.append((k, self.now_s + delay * self.settings.gasp_s))
        pinging = [
            (k, self.now_s + self._stream("ping", k).random() * self.settings.ping_s)
            for k in np.flatnonzero(back).tolist()
        ]
        return _said(gasping), _said(pinging)

    def _stream(self, purpose: str, load: int) -> np.random.Generator:
        """The stream of a meter for a purpose, where it stands."""
        key = purpose, load
        if key not in self._begun:
            name = str(self.network.grid.loads["name"][load])
            self._begun[key] = self.streams.of("meter", purpose, name)
        return self._begun[key]

    def measured_pu(self, load: int) -> float:
        """What a meter shows of its voltage at this instant [pu of rated]."""
        return float(self.gain[load] * self._v_pu[load])

    def next_s(self) -> float:
        """When the interval ends [s]: at the next whole number of intervals from the start."""
        whole = math.floor(self.begin_s / self.settings.interval_s + 1e-6) + 1
        return whole * self.settings.interval_s

    def read(self) -> Readings:
        """The interval that ends now, and begin another."""
        with np.errstate(invalid="ignore"):
            v_pu = np.where(self.live_s > 0, self.volt_s / self.live_s, np.nan)
        found = Readings(self.begin_s, self.now_s, self.gain * self.energy_kwh, self.gain * v_pu)
        for array in (self.energy_kwh, self.volt_s, self.live_s):
            array[:] = 0.0
        self.begin_s = self.now_s
        return found


def _said(pairs: list[tuple[int, float]]) -> Said:
    order = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    return Said(
        np.array([k for k, _ in order], np.int64), np.round([t for _, t in order], 6).astype(float)
    )


def _taken(network: Network, flow: Flow) -> tuple[Floats, Floats]:
    """[loads] power [kW], and the mean voltage across each load's legs [pu of rated]."""
    legs, n = network.legs, len(network.grid.loads)
    here = legs.table == 0
    row, v = legs.element[here], np.append(flow.v_v, 0.0)
    across: Complexes = v[legs.plus[here]] - v[legs.minus[here]]
    # the ends of legs follow all other terminals
    into = flow.i_a[len(network.primitives.nodes) :: 2][here]
    kw, v_pu, count = np.zeros(n), np.zeros(n), np.zeros(n)
    np.add.at(kw, row, (across * np.conj(into)).real / 1000)
    np.add.at(v_pu, row, np.abs(across) / legs.rated_v[here])
    np.add.at(count, row, 1.0)
    return kw, v_pu / np.maximum(count, 1.0)
