"""Open connections, by the address they come from, and which of them only wait for more."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any


@dataclass(eq=False)
class Connections:
    """So many connections an address, and so many in all that are kept alive without a request.

    The longest idle gives way: first one of the same address where that has too many, so that
    whoever fills its own share takes nothing from others.
    """

    each_most: int
    near_most: int
    """Of this machine's own address, or of a proxy's."""
    idle_most: int
    is_behind_proxy: bool = False
    held: dict[str, set[Any]] = field(default_factory=dict[str, set[Any]])
    idle: OrderedDict[Any, str] = field(default_factory=OrderedDict[Any, str])

    def begin(self, protocol: Any, address: str) -> bool:
        """Count one more; False where its address has too many, none of them idle."""
        mine = self.held.setdefault(address, set())
        if len(mine) >= self._most(address):
            oldest = next((one for one, at in self.idle.items() if at == address), None)
            if oldest is None:
                return False
            self._drop(oldest, address)
            mine = self.held.setdefault(address, set())
        mine.add(protocol)
        return True

    def end(self, protocol: Any, address: str) -> None:
        """It is gone."""
        self.idle.pop(protocol, None)
        mine = self.held.get(address)
        if mine is not None:
            mine.discard(protocol)
            if not mine:
                del self.held[address]

    def rest(self, protocol: Any, address: str) -> None:
        """It was answered, and is kept for a request that may come."""
        self.idle.pop(protocol, None)
        self.idle[protocol] = address
        while len(self.idle) > self.idle_most:
            oldest, at = next(iter(self.idle.items()))
            self._drop(oldest, at)

    def work(self, protocol: Any) -> None:
        """Something comes."""
        self.idle.pop(protocol, None)

    def _drop(self, protocol: Any, address: str) -> None:
        self.end(protocol, address)
        protocol.transport.close()

    def _most(self, address: str) -> int:
        return self.near_most if self.is_behind_proxy or is_near(address) else self.each_most


def is_near(address: str) -> bool:
    """Whether it is an address of this machine itself."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
