"""Buses and their nodes: how `671.1.2.0` becomes a bus and the words of its conductors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from gridmend.formats.opendss.arithmetic import shown

MAXIMUM_NODE = 9999
_WORDS = ("g", "a", "b", "c", "n")
_LEG_WORDS = ("g", "s1", "s2", "n", "n4")


class Terminal(NamedTuple):
    """One end of an element: the bus in lower case, and a node for each conductor."""

    bus: str
    nodes: tuple[int, ...]


NOWHERE = Terminal("", ())
"""The end of an element whose bus is not known yet."""


@dataclass(slots=True)
class Terminals:
    """Every bus that an element names, in the order of first appearance."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    legs: set[str] = field(default_factory=set[str])
    _defaults: dict[tuple[int, int], tuple[int, ...]] = field(
        default_factory=dict[tuple[int, int], tuple[int, ...]]
    )
    _texts: dict[tuple[bool, tuple[int, ...]], str] = field(
        default_factory=dict[tuple[bool, tuple[int, ...]], str]
    )

    def of(self, text: str, phases: int, conductors: int) -> Terminal:
        """The terminal a text names; nodes left out are 1 to `phases`, then ground.

        Raises `ValueError` for a text without a bus, or a node that is no number.
        """
        key = (phases, conductors)
        defaults = self._defaults.get(key)
        if defaults is None:
            defaults = tuple(range(1, phases + 1)) + (0,) * (conductors - phases)
            self._defaults[key] = defaults = defaults[:conductors]
        name, dot, rest = text.strip().partition(".")
        if not name or len(name) > 300:
            raise ValueError(f"'{shown(text)}' names no bus")
        bus = name.lower()
        if bus not in self.names:
            self.names[bus] = name
        if not dot:
            return Terminal(bus, defaults)
        given = tuple(_node(word, text) for word in rest.split(".", conductors)[:conductors])
        return Terminal(bus, given + defaults[len(given) :])

    def words(self, terminal: Terminal) -> str:
        """The conductors of a terminal as words."""
        key = (terminal.bus in self.legs, terminal.nodes)
        text = self._texts.get(key)
        if text is None:
            table = _LEG_WORDS if key[0] else _WORDS
            text = " ".join(
                table[node] if node < len(table) else f"n{node}" for node in terminal.nodes
            )
            self._texts[key] = text
        return text

    def written(self, terminal: Terminal) -> str:
        """The name of a terminal's bus as first written."""
        return self.names[terminal.bus]

    def spread_legs(self, fed: Iterable[str], joined: Iterable[tuple[Terminal, Terminal]]) -> None:
        """Mark buses that centre-tapped secondaries feed, along the lines that join them."""
        neighbours: dict[str, list[str]] = {}
        for first, second in joined:
            neighbours.setdefault(first.bus, []).append(second.bus)
            neighbours.setdefault(second.bus, []).append(first.bus)
        waiting = list(fed)
        while waiting:
            bus = waiting.pop()
            if bus not in self.legs:
                self.legs.add(bus)
                waiting.extend(neighbours.get(bus, ()))


def _node(word: str, text: str) -> int:
    if word.isascii() and word.isdigit() and len(word) <= 4:
        return int(word)
    raise ValueError(f"'{shown(text)}' has a node '{shown(word)}' that is no number")
