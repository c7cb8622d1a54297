"""Voltage bases of buses: nominal voltages carried from the sources through transformers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import nan, sqrt

from gridmend.formats.opendss.nodes import Terminal
from gridmend.formats.opendss.transformers import Transformer, Winding


@dataclass(slots=True)
class Network:
    """What carries voltage from bus to bus."""

    sources: list[tuple[str, float, float]] = field(default_factory=list[tuple[str, float, float]])
    joined: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tied: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    transformers: list[Transformer] = field(default_factory=list[Transformer])


def to_ground_kv(winding: Winding, phases: int) -> float:
    """The voltage to ground that a winding's rating stands for."""
    if phases > 1:
        return winding.kv / sqrt(3.0)
    ends = winding.terminal.nodes[:2]
    across = all(1 <= node <= 3 for node in ends) and len(ends) == 2
    return winding.kv / sqrt(3.0) if across else winding.kv


def carried_kv(network: Network) -> dict[str, tuple[float, float]]:
    """Line-to-line kilovolts by bus: as rated, and as the sources and taps would give them.

    Buses behind open switches take what comes over the switch were it closed.
    """
    found: dict[str, tuple[float, float]] = {}
    waiting: deque[str] = deque()

    def put(bus: str, rated: float, actual: float) -> None:
        if bus not in found:
            found[bus] = (rated, actual)
            waiting.append(bus)

    neighbours: dict[str, list[str]] = {}
    windings: dict[str, list[tuple[Transformer, Winding]]] = {}
    for first, second in network.joined:
        _join(neighbours, first, second)
    for made in network.transformers:
        for winding in made.windings:
            windings.setdefault(winding.terminal.bus, []).append((made, winding))

    def spread() -> None:
        while waiting:
            bus = waiting.popleft()
            rated, actual = found[bus]
            for other in neighbours.get(bus, ()):
                put(other, rated, actual)
            for made, winding in windings.get(bus, ()):
                here = to_ground_kv(winding, made.phases) * winding.tap
                for far in made.windings:
                    if far is winding:
                        continue
                    there = to_ground_kv(far, made.phases)
                    if here > 0.0:
                        put(
                            far.terminal.bus,
                            there * sqrt(3.0),
                            actual * there * far.tap / here,
                        )

    for bus, rated, actual in network.sources:
        put(bus, rated, actual)
    spread()
    for first, second in network.tied:
        _join(neighbours, first, second)
    for first, second in network.tied:
        for bus, other in ((first, second), (second, first)):
            if bus in found and other not in found:
                put(other, *found[bus])
    spread()
    return found


def _join(neighbours: dict[str, list[str]], first: str, second: str) -> None:
    neighbours.setdefault(first, []).append(second)
    neighbours.setdefault(second, []).append(first)


def nearest_base(kv: float, bases_kv: Sequence[float]) -> float:
    """The base nearest by relative error, as the language picks it."""
    return min(bases_kv, key=lambda base: abs(1.0 - kv / base))


def bus_bases_kv(
    buses: Iterable[str],
    network: Network,
    bases_kv: Sequence[float],
    given_kv: dict[str, float],
) -> dict[str, float]:
    """The line-to-line base of each bus; nan where no voltage reaches it."""
    carried = carried_kv(network)
    bases: dict[str, float] = {}
    for bus in buses:
        rated, actual = carried.get(bus, (nan, nan))
        if bus in given_kv:
            bases[bus] = given_kv[bus]
        elif rated != rated:
            bases[bus] = nan
        else:
            bases[bus] = nearest_base(actual, bases_kv) if bases_kv else rated
    return bases


def ends(pair: tuple[Terminal, Terminal]) -> tuple[str, str]:
    """The buses of two terminals."""
    return pair[0].bus, pair[1].bus
