"""Bus 2 of the Roy Billinton test system: Allan and others, IEEE Trans. Power Systems, 1991."""

from __future__ import annotations

from pathlib import Path

LENGTHS_KM = {
    0.60: (2, 6, 10, 14, 17, 21, 25, 28, 30, 34),
    0.75: (1, 4, 7, 9, 12, 16, 19, 22, 24, 27, 29, 32, 35),
    0.80: (3, 5, 8, 11, 13, 15, 18, 20, 23, 26, 31, 33, 36),
}
"""Types of section, in the publication's three lengths."""
FEEDERS: dict[str, dict[int, tuple[int, ...]]] = {
    "F1": {1: (2, 3), 4: (5, 6), 7: (8, 9), 10: (11,)},
    "F2": {12: (13,), 14: (15,)},
    "F3": {16: (17,), 18: (19, 20), 21: (22, 23), 24: (25,)},
    "F4": {26: (27, 28), 29: (30, 31), 32: (33,), 34: (35, 36)},
}
"""Main sections from the breaker outwards, with the laterals at the end of each."""
CUSTOMERS_MW: dict[tuple[int, float], tuple[int, ...]] = {
    (210, 0.535): (1, 2, 3, 10, 11),
    (200, 0.450): (12, 17, 18, 19),
    (1, 0.566): (4, 5, 13, 14, 20, 21),
    (10, 0.454): (6, 7, 15, 16, 22),
    (1, 1.000): (8,),
    (1, 1.150): (9,),
}
AT_HIGH_VOLTAGE = (8, 9)
"""Load points without a transformer."""

LENGTH_KM = {section: km for km, sections in LENGTHS_KM.items() for section in sections}
LATERALS = [
    (feeder, main, lateral)
    for feeder, mains in FEEDERS.items()
    for main, laterals in mains.items()
    for lateral in laterals
]
"""The laterals of load points 1, 2, …, in order."""


def demand(point: int) -> tuple[int, float]:
    """Customers and average load [MW] of a load point."""
    return next(key for key, points in CUSTOMERS_MW.items() if point in points)


def by_hand(
    point: int, *, unit_h: float = 200.0, tied: bool = True, disconnects: bool = True
) -> tuple[float, float]:
    """Failures [1/yr] and hours out [h/yr] of a load point, as the publication adds them up."""
    feeder, own, lateral = LATERALS[point - 1]
    mains = list(FEEDERS[feeder])
    per_year = 0.065 * (sum(LENGTH_KM[m] for m in mains) + LENGTH_KM[lateral])
    u_h = 0.065 * LENGTH_KM[lateral] * 5
    for main in mains:
        upstream = mains.index(main) < mains.index(own)
        waits = main == own or not disconnects or (upstream and not tied)
        u_h += 0.065 * LENGTH_KM[main] * (5 if waits else 1)
    if point not in AT_HIGH_VOLTAGE:
        per_year += 0.015
        u_h += 0.015 * unit_h
    return per_year, u_h


def write(folder: Path) -> Path:
    """The system as tables; the path of its sections."""
    sections = ["feeder,section,length_km,kind,fed_by_section"]
    for feeder, mains in FEEDERS.items():
        before = ""
        for main, laterals in mains.items():
            sections.append(f"{feeder},{main},{LENGTH_KM[main]},main,{before}")
            sections += [f"{feeder},{k},{LENGTH_KM[k]},lateral,{main}" for k in laterals]
            before = str(main)
    points = ["load_point,feeder,main_section,lateral_section,customers,average_load_mw,supply"]
    for number, (feeder, main, lateral) in enumerate(LATERALS, 1):
        customers, mw = demand(number)
        supply = "11 kV" if number in AT_HIGH_VOLTAGE else "11/0.415 kV transformer"
        points.append(f"{number},{feeder},{main},{lateral},{customers},{mw},{supply}")
    path = folder / "rbts_bus2_sections.csv"
    path.write_text("\n".join(sections) + "\n")
    (folder / "rbts_bus2_load_points.csv").write_text("\n".join(points) + "\n")
    return path
