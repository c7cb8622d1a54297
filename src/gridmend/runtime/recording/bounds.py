"""How much of a recording is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept: the oldest whole segments go."""

    bytes_most: int = 1_000_000_000
    keep_s: float = 7 * 24 * 3600.0
    segment_bytes: int = 4_000_000

    @property
    def segment_most(self) -> int:
        """Bytes of a segment; an eighth of all at most, so that not everything goes at once."""
        return min(self.segment_bytes, max(self.bytes_most // 8, 1))
