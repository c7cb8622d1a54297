"""The twin's causes and durations against a year of a utility's outages: writes docs/weather.md.

`python -m benchmarks.outage_calibration` prints the tables; with `--fit` also what a fit to the
fitted days gives; with `--write` the tables go into the page. The data is
`outages/incidents_2021.csv.gz` in the folder that `GRIDMEND_DATA` names.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from gridmend.twin.weather.calibration import (
    QUANTILES,
    Comparison,
    Spans,
    compare,
    expected_mix,
    fit,
    label_of_text,
    label_shares,
    storm_days,
)
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.durations import (
    DURATIONS,
    KNOWN,
    UNPLANNED,
    Label,
)
from gridmend.twin.weather.rates import HOURS, Rates
from oracles.masters import data_folder

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "weather.md"
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"
ZONE = ZoneInfo("America/Los_Angeles")
YEAR = 2021
FIT_DAYS = 20
"""Days of each month that are fitted to; the rest of the month is kept out."""
NETWORK = {"overhead_km": 75.0, "cable_km": 25.0, "transformers": 600.0}
"""A network like the utility's, per 100 km: assumed."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One row of the data that can be used."""

    label: Label
    day: str
    hour: int
    is_fitted: bool
    seen_min: float
    lower_min: float
    upper_min: float


def read(path: Path) -> tuple[list[Outage], Counter[str]]:
    """The outages that start in the year, and why how many others are left out."""
    out: Counter[str] = Counter()
    found: list[Outage] = []
    for row in rows(path):
        try:
            times = [datetime.fromisoformat(row[name].replace("Z", "+00:00")) for name in COLUMNS]
        except ValueError:
            out["a time that is no time"] += 1
            continue
        start = times[0].astimezone(ZONE)
        if start.year != YEAR:
            out["begun before the year"] += 1
            continue
        seen, lower, upper = ((time - times[0]).total_seconds() / 60 for time in times[1:])
        seen, lower = max(seen, 0.0), max(lower, 0.0)
        if not seen <= lower < upper:
            out["over before it began"] += 1
            continue
        label = label_of_text(row["final_cause"])
        is_fitted = start.day <= FIT_DAYS
        found.append(
            Outage(label, start.date().isoformat(), start.hour, is_fitted, seen, lower, upper)
        )
    return found, out


COLUMNS = ("start", "first_seen", "last_seen", "next_snapshot_after_last")


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def spans(outages: list[Outage]) -> Spans:
    """Their durations as arrays."""
    return Spans(
        np.array([o.seen_min for o in outages]),
        np.array([o.lower_min for o in outages]),
        np.array([o.upper_min for o in outages]),
    )


def mix_table(outages: list[Outage], stormy: frozenset[str]) -> Iterator[str]:
    """Shares of causes, in the data and in the model."""
    ordinary = [o for o in outages if o.day not in stormy]
    columns = {
        "fitted": label_shares([o.label for o in ordinary if o.is_fitted], KNOWN),
        "kept out": label_shares([o.label for o in ordinary if not o.is_fitted], KNOWN),
        "storm days": label_shares([o.label for o in outages if o.day in stormy], KNOWN),
    }
    mix = expected_mix(Rates(), **NETWORK)
    known = sum(mix[label] for label in KNOWN)
    yield "| cause, of those told | fitted days | days kept out | storm days | model |"
    yield "|---|---:|---:|---:|---:|"
    for label in KNOWN:
        shares = " | ".join(f"{100 * shares[label]:.1f} %" for shares in columns.values())
        yield f"| {label} | {shares} | {100 * mix[label] / known:.1f} % |"
    untold = [
        label_shares([o.label for o in part], UNPLANNED)[Label.UNKNOWN]
        for part in (
            [o for o in ordinary if o.is_fitted],
            [o for o in ordinary if not o.is_fitted],
            [o for o in outages if o.day in stormy],
        )
    ]
    shares = " | ".join(f"{100 * share:.1f} %" for share in untold)
    yield f"| *not told, of all unplanned* | {shares} | {100 * mix[Label.UNKNOWN]:.1f} % |"


def duration_table(outages: list[Outage], stormy: frozenset[str]) -> Iterator[str]:
    """Quantiles of durations and distances, in the data and in the model."""
    heads = " | ".join(f"{100 * q:.0f} %" for q in QUANTILES)
    yield f"| cause, days | outages | {heads} | fitted | kept out | middles |"
    yield "|---|---:|" + "---:|" * (len(QUANTILES) + 3)
    for label in UNPLANNED:
        for is_storm in (False, True):
            those = [o for o in outages if o.label is label and (o.day in stormy) is is_storm]
            fitted = compare(spans([o for o in those if o.is_fitted]), DURATIONS[label][is_storm])
            kept = compare(spans([o for o in those if not o.is_fitted]), DURATIONS[label][is_storm])
            cells = " | ".join(quantiles(kept))
            yield (
                f"| {label}, {'storm' if is_storm else 'ordinary'} | {kept.count:,} | {cells} | "
                f"{fitted.distance:.3f} | {kept.distance:.3f} | {kept.distance_middle:.3f} |"
            )


def quantiles(found: Comparison) -> Iterator[str]:
    """Data between bounds, then the model."""
    for low, high, model in zip(found.lower_min, found.upper_min, found.model_min, strict=True):
        yield f"{low:.0f}–{high:.0f}, {model:.0f}"


def fitted_values(outages: list[Outage], stormy: frozenset[str]) -> Iterator[str]:
    """What the fit gives: the figures that the model has, to be written into it."""
    for label in UNPLANNED:
        for is_storm in (False, True):
            those = [
                o
                for o in outages
                if o.is_fitted and o.label is label and (o.day in stormy) is is_storm
            ]
            law = fit(spans(those))
            name = "storm" if is_storm else "ordinary"
            values = f"{law.median_min:.1f} min, spread {law.spread:.3f}"
            yield f"{label}, {name}: {len(those)} outages, {values}"
    for label, cause in ((Label.EQUIPMENT, Cause.EQUIPMENT), (Label.VEHICLE, Cause.VEHICLE)):
        parts = []
        for is_fitted in (True, False):
            hours = [
                o.hour // 3
                for o in outages
                if o.is_fitted is is_fitted and o.label is label and o.day not in stormy
            ]
            parts.append(np.bincount(hours, minlength=8) / max(len(hours), 1) * 8)
        model = np.array(HOURS[cause])[::3]
        apart = 0.5 * np.abs(parts[1] - model).sum() / 8
        yield f"{label}, factors of three hours: fitted {np.round(parts[0], 2)}"
        yield f"  kept out {np.round(parts[1], 2)}, model {np.round(model, 2)}, apart {apart:.3f}"


def main() -> None:
    """Print the tables, and write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/weather.md")
    parser.add_argument("--fit", action="store_true", help="print what a fit gives as well")
    asked = parser.parse_args()
    folder = data_folder()
    if folder is None:
        raise SystemExit("the data is not here: set GRIDMEND_DATA to its folder")
    outages, left_out = read(folder / "outages" / "incidents_2021.csv.gz")
    counts = Counter(o.day for o in outages if o.label in UNPLANNED)
    stormy = storm_days(counts)
    used = sum(o.label in UNPLANNED for o in outages)
    said = "; ".join(f"{count} {why}" for why, count in sorted(left_out.items()))
    lines = [
        f"{used:,} unplanned outages on {len(counts)} days are used, {len(stormy)} of them storm "
        f"days. Left out: {said}; {len(outages) - used:,} planned or shut off for safety.",
        "",
        *mix_table(outages, stormy),
        "",
        *duration_table(outages, stormy),
    ]
    print("\n".join(lines))
    if asked.fit:
        print("\n".join(["", *fitted_values(outages, stormy)]))
    if asked.write:
        text = PAGE.read_text(encoding="utf-8")
        head, _, rest = text.partition(BEGIN)
        tail = rest.partition(END)[2]
        PAGE.write_text("\n".join([head + BEGIN, *lines, END]) + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
