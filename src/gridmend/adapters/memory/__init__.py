"""A field that is a table in memory: it obeys, or misbehaves as it is told."""

from gridmend.adapters.memory.adapter import MemoryAdapter
from gridmend.adapters.memory.settings import Answer, MemorySettings

__all__ = ["Answer", "MemoryAdapter", "MemorySettings"]
