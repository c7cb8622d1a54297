"""Which network a recording is of, so that the states of another are never drawn on it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Identity:
    """The name of a network, how many elements its map has, and a hash of that map."""

    network: str
    elements: int
    fingerprint: str


def identity_of(network: str, geometry: Any) -> Identity:
    """The identity of a network by the geometry of its map: names, feeders and arrays."""
    digest = sha256()
    for names in (geometry.names, geometry.buses, geometry.kinds, geometry.feeders):
        digest.update("\0".join(names).encode() + b"\1")
    for name, array in sorted(geometry.arrays().items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return Identity(network, len(geometry), digest.hexdigest())
