"""Random streams: one of its own for each purpose and place, all of one seed.

Whoever draws more or less, or is taken away, leaves the draws of the others as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

_WORDS = 4
"""How many words of 32 bits a name is made into."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of a seed. Equal names give equal streams, in every process."""

    seed: int

    def of(self, *names: str) -> np.random.Generator:
        """A new generator at the beginning of the stream of that name."""
        digest = blake2b("\x00".join(names).encode(), digest_size=4 * _WORDS).digest()
        key = tuple(int.from_bytes(digest[4 * k : 4 * k + 4], "big") for k in range(_WORDS))
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key))
        )
