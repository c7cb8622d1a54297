"""A link: what carries messages, how well, and what feeds it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from gridmend.model.errors import GridError, nearest

Kind = Literal["fibre", "cellular", "mesh", "radio"]
KINDS: tuple[str, ...] = get_args(Kind)

EXCESS_MOST = 8.0
"""An excess delay is at most this many times the jitter: the exponential's tail is cut there
(one message in 3,000), so that every delay has a bound. Assumed."""

_PROBABILITIES = ("loss", "duplication", "reordering")
_TIMES = ("latency_s", "jitter_s", "reordering_delay_s", "battery_s", "recharge_s", "boot_s")
_LONGEST_S = 3.2e7
"""About a year: a longer time is a slip of the pen."""
IN_FLIGHT_MOST = 10_000_000
"""Messages that one link may hold."""

DEFAULTS = MappingProxyType(
    {
        # Light needs 4.9 µs for a kilometre of glass (refractive index 1.47): 0.1 ms for 20 km;
        # the rest is equipment. That, and all else here, is assumed.
        "fibre": {"latency_s": 0.002, "jitter_s": 0.0005, "loss": 1e-6, "most_in_flight": 10_000},
        # 8 h of battery is what 47 CFR 12.2, adopted in 2007 (FCC 07-107) and never in force,
        # asked of cell sites. The rest is assumed.
        "cellular": {
            "latency_s": 0.06, "jitter_s": 0.03, "loss": 0.002, "duplication": 0.0005,
            "reordering": 0.001, "reordering_delay_s": 0.2, "most_in_flight": 2_000,
            "battery_s": 28_800.0, "recharge_s": 86_400.0, "boot_s": 300.0,
        },
        # Assumed: several hops of a low-power radio mesh, and a collector on a pole.
        "mesh": {
            "latency_s": 1.0, "jitter_s": 1.0, "loss": 0.01, "duplication": 0.005,
            "reordering": 0.02, "reordering_delay_s": 5.0, "most_in_flight": 1_000,
            "battery_s": 14_400.0, "recharge_s": 43_200.0, "boot_s": 120.0,
        },
        # 100 octets at 9,600 bit/s take 0.083 s; the key-up of the transmitter, and the rest,
        # are assumed.
        "radio": {
            "latency_s": 0.15, "jitter_s": 0.05, "loss": 0.005, "duplication": 0.0005,
            "most_in_flight": 200, "battery_s": 28_800.0, "recharge_s": 86_400.0, "boot_s": 30.0,
        },
    }
)  # fmt: skip
"""What `Link.of_kind` takes for a link of each kind."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link, with the same settings in both directions.

    A message that passes takes `latency_s` + `jitter_s` × X [s], X of the exponential
    distribution with mean 1, cut at `EXCESS_MOST`; so the mean is `latency_s` + `jitter_s` (less
    0.03 % of the jitter). `loss`, `duplication` and `reordering` are probabilities for each
    message. One that is reordered takes `reordering_delay_s` longer, so that later ones overtake
    it. A copy has a delay of its own. At most `most_in_flight` messages are on the link at once,
    both directions together; one more is lost.

    Where `bus` is named, the voltage there feeds the link. Without it a full battery lasts
    `battery_s`; then the link is down until `boot_s` after supply is back. An empty battery is
    full after `recharge_s` of supply. A link without a bus has supply always.

    Raises `GridError` for a setting that cannot be.
    """

    name: str
    kind: Kind
    latency_s: float
    jitter_s: float = 0.0
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    reordering_delay_s: float = 0.0
    most_in_flight: int = 10_000
    bus: str = ""
    battery_s: float = 0.0
    recharge_s: float = 0.0
    boot_s: float = 0.0

    def __post_init__(self) -> None:
        _text(self.name, "a link", "name")
        where = f"link '{self.name}'"
        if self.kind not in KINDS:
            raise GridError(
                f"{where}: there is no kind {self.kind!r}",
                where="kind",
                mend=f"the kinds are {', '.join(KINDS)}",
            )
        for name in _TIMES:
            _number(getattr(self, name), where, name, most=_LONGEST_S, unit=" s")
        for name in _PROBABILITIES:
            _number(getattr(self, name), where, name, most=1.0)
        if self.reordering > 0 and self.reordering_delay_s <= 0:
            raise GridError(
                f"{where} reorders messages and delays none",
                where="reordering_delay_s",
                mend="give reordering_delay_s above 0, or reordering 0",
            )
        if self.battery_s > 0 and self.recharge_s <= 0:
            raise GridError(
                f"{where} has a battery that would be full at once",
                where="recharge_s",
                mend="give recharge_s above 0, or battery_s 0",
            )
        whole(self.most_in_flight, where, "most_in_flight", least=1, most=IN_FLIGHT_MOST)
        if not isinstance(self.bus, str):
            raise GridError(
                f"{where}: {self.bus!r} is no bus", where="bus", mend="name a bus, or give ''"
            )

    @staticmethod
    def of_kind(name: str, kind: Kind, **changed: Any) -> Link:
        """A link with the defaults of its kind, but for what is given.

        Raises `GridError` for a kind or a setting that there is not.
        """
        if unknown := sorted(set(changed) - set(Link.__slots__)):
            raise GridError(
                f"link '{name}': there is no setting '{unknown[0]}'",
                where=unknown[0],
                mend=nearest(unknown[0], Link.__slots__)
                or f"the settings are {', '.join(Link.__slots__)}",
            )
        given: dict[str, Any] = {"latency_s": 0.0, **DEFAULTS.get(str(kind), {}), **changed}
        return Link(name, kind, **given)

    @property
    def delay_most_s(self) -> float:
        """The longest that a message takes over it."""
        late_s = self.reordering_delay_s if self.reordering > 0 else 0.0
        return self.latency_s + EXCESS_MOST * self.jitter_s + late_s


def whole(value: object, where: str, name: str, *, least: int, most: int) -> None:
    """Refuse what is no whole number within bounds, with `GridError`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise GridError(
            f"{where}: {name} is {value!r}",
            where=name,
            mend=f"give a whole number from {least:,} to {most:,}",
        )


def _number(value: Any, where: str, name: str, *, most: float, unit: str = "") -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not (good and math.isfinite(value) and 0 <= value <= most):
        raise GridError(
            f"{where}: {name} is {value!r}",
            where=name,
            mend=f"give a number from 0 to {most:g}{unit}",
        )


def _text(value: object, where: str, name: str) -> None:
    if not isinstance(value, str) or not value or "\x00" in value:
        raise GridError(f"{where} has the {name} {value!r}", where=name, mend="give it a name")
