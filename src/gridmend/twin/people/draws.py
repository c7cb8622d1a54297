"""Draws by purpose, by customer and by how many times it has come to that customer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.twin.streams import Streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NUMBERS_MOST = 2**24
"""Numbers that are kept (128 MB), but at least 32 blocks. One block more, and the one that was
longest unused is let go; it is drawn again, the same, when it is needed."""


@dataclass(slots=True)
class Draws:
    """One block of draws for each purpose and count, one draw of it for each customer.

    What a customer draws for its n-th interruption hangs on the seed, the purpose, n and its row
    alone: not on who else is out, nor on the order in which it is asked. Mutable: it keeps blocks.
    """

    streams: Streams
    size: int
    _blocks: dict[tuple[str, ...], Floats] = field(default_factory=dict[tuple[str, ...], Floats])

    def uniform(self, purpose: str, rows: Ints, counts: Ints, part: int = 0) -> Floats:
        """[rows] numbers from 0 up to 1."""
        return self._take("uniform", purpose, rows, counts, part)

    def normal(self, purpose: str, rows: Ints, counts: Ints, part: int = 0) -> Floats:
        """[rows] standard normal numbers."""
        return self._take("normal", purpose, rows, counts, part)

    def one(self, purpose: str, row: int, count: int, part: int = 0) -> float:
        """The number from 0 up to 1 of one customer."""
        return float(self._block("uniform", purpose, str(count), str(part))[row])

    def _take(self, kind: str, purpose: str, rows: Ints, counts: Ints, part: int) -> Floats:
        found = np.empty(len(rows))
        for count in (int(c) for c in np.unique(counts)):
            at = counts == count
            found[at] = self._block(kind, purpose, str(count), str(part))[rows[at]]
        return found

    def _block(self, kind: str, *names: str) -> Floats:
        key = (kind, *names)
        block = self._blocks.pop(key, None)
        if block is None:
            generator = self.streams.of("people", "calls", *names)
            uniform = kind == "uniform"
            block = generator.random(self.size) if uniform else generator.normal(size=self.size)
            if len(self._blocks) >= max(32, NUMBERS_MOST // self.size):
                del self._blocks[next(iter(self._blocks))]
        self._blocks[key] = block
        return block
