"""Many snapshots side by side in the vectors of a processor."""
