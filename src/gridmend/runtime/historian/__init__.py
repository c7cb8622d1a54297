"""The historian: telemetry at a high rate, in Parquet files that are queried in place."""

from gridmend.runtime.historian.historian import Historian
from gridmend.runtime.historian.replay import Replayed, replay
from gridmend.runtime.historian.sample import HistorianError, Sample

__all__ = ["Historian", "HistorianError", "Replayed", "Sample", "replay"]
