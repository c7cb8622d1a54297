"""The IEEE 123-node feeder as an example: what its document leaves open, assumed and stated."""

from __future__ import annotations

from typing import Any

from gridmend.model.grid import Grid

KW_PER_CUSTOMER = 3.0
"""Peak demand of one customer, after diversity: assumed, so that 3,490 kW are some 1,160."""

BREAKER = "Sw1"
TIES = ("Sw7", "Sw8")
NEIGHBOURS: dict[str, tuple[str, str, float]] = {
    "Sw9": ("251", "250", 1800.0),
    "Sw10": ("451", "450", 1200.0),
    "Sw11": ("350", "300", 1800.0),
}
"""Tie, bus of the neighbouring feeder, bus here, and what the neighbour can spare [kVA].

The document draws switches 250-251, 450-451 and 300-350 and says nothing of what lies behind:
that a feeder lies there, and what it can spare, is assumed.
"""

NEIGHBOUR_V_PU = 1.03
NEIGHBOUR_X_OHM = 0.1
"""Behind each tie: the voltage that a neighbour's regulator holds, and about 170 MVA of fault
level at 4.16 kV; assumed."""

CODE_AMPERES = {
    **dict.fromkeys(("1", "2", "3", "4", "5", "6", "7", "8"), 530.0),
    **dict.fromkeys(("9", "10", "11"), 230.0),
    "12": 230.0,
}
"""Rating by configuration [A]: the document strings 336,400 26/7 ACSR in 1 to 8 and 1/0 ACSR in
9 to 11, and buries 1/0 AA cable in 12. Handbook ampacities at 75 °C; the cable's like 1/0."""

TRUNK = ("L115", "L3", "L7", "L10")
TRUNK_AMPERES = 900.0
"""The first lines, 149 to 13, carry up to 680 A at the document's demand, more than 336,400 ACSR
does: assumed restrung with 795,000 ACSR, impedance left as published."""

TRANSFORMER_EMERGENCY_FACTOR = 1.3
"""What a transformer or regulator carries for hours, over its rating: assumed."""

SWITCH_AMPERES = 900.0
TIE_8_AMPERES = 230.0
EMERGENCY_FACTOR = 1.2
"""What a line or switch carries for hours, over its rating: assumed."""

REVERSIBLE = ("creg4a", "creg4b", "creg4c")
"""Regulators that a tie can feed from behind; they then hold the other side."""

REVERSE_TARGET_V = 122.0
REVERSE_THRESHOLD_KW = 10.0


HEAD_REGULATOR = "creg1a"
FIRST_CUSTOMER_V = 126.0
"""Highest voltage that the head regulator may hold, whatever its line-drop compensation asks:
assumed, so that the first customers stay within range at heavy load. It does not act at the
document's demand."""


def with_assumptions(grid: Grid) -> Grid:
    """The published feeder with switches, neighbours, ratings and customers as stated above."""
    grid = _with_neighbours(grid)
    grid = _with_switches(grid)
    grid = _with_ratings(grid)
    loads = grid.loads
    customers = [max(1, round(kw / KW_PER_CUSTOMER)) for kw in loads.numbers("p_kw").tolist()]
    grid = grid.with_tables(loads=loads.with_column("customers", customers))
    controls = grid.tap_controls
    for control in REVERSIBLE:
        changes = {
            "reverse_mode": "regulate",
            "reverse_target_v": REVERSE_TARGET_V,
            "reverse_band_v": 2.0,
            "reverse_threshold_kw": REVERSE_THRESHOLD_KW,
        }
        controls = controls.changed(control, changes)
    controls = controls.changed(HEAD_REGULATOR, {"v_limit_v": FIRST_CUSTOMER_V})
    grid = grid.with_tables(tap_controls=controls)
    if not len(grid.substations):
        grid = grid.with_rows("substations", {"name": "150", "bus": "150"})
    head = {"name": "123", "substation": "150", "head": f"switch.{BREAKER}", "rating_kva": 5000.0}
    return grid.with_rows("feeders", head)


def _with_neighbours(grid: Grid) -> Grid:
    for tie, (there, here, kva) in NEIGHBOURS.items():
        place = grid.buses.record(here)
        known = grid.buses.index.get(there)
        if known is None:
            x, y = float(place["x"]) + 200.0, float(place["y"])
            grid = grid.with_rows("buses", {"name": there, "base_kv": 4.16, "x": x, "y": y})
        source = {
            "name": f"neighbour_{there}",
            "bus": there,
            "base_kv": 4.16,
            "v_pu": NEIGHBOUR_V_PU,
            "x1_ohm": NEIGHBOUR_X_OHM,
            "x0_ohm": NEIGHBOUR_X_OHM,
            "capacity_kva": kva,
        }
        switch = {**_ends(grid, BREAKER), "name": tie, "bus1": here, "bus2": there}
        grid = grid.with_rows("sources", source).with_rows("switches", switch)
    return grid


def _with_switches(grid: Grid) -> Grid:
    open_ones = {name.lower() for name in (*TIES, *NEIGHBOURS)}
    switches = grid.switches
    for name in list(switches):
        breaker = name.lower() == BREAKER.lower()
        rating_a = TIE_8_AMPERES if name.lower() == "sw8" else SWITCH_AMPERES
        changes = {
            "kind": "breaker" if breaker else "switch",
            "interrupts": "fault" if breaker else "load",
            "normally_open": name.lower() in open_ones,
            "remote": True,
            "rating_a": rating_a,
            "emergency_rating_a": rating_a * EMERGENCY_FACTOR,
        }
        switches = switches.changed(name, changes)
    return grid.with_tables(switches=switches)


def _with_ratings(grid: Grid) -> Grid:
    trunk = {name.lower() for name in TRUNK}
    rating_a = [
        TRUNK_AMPERES if name.lower() in trunk else CODE_AMPERES[code]
        for name, code in zip(grid.lines, grid.lines.texts("line_code"), strict=True)
    ]
    emergency_a = [a * EMERGENCY_FACTOR for a in rating_a]
    lines = grid.lines.with_column("rating_a", rating_a)
    units = grid.transformers
    emergency_kva = units.numbers("rating_kva") * TRANSFORMER_EMERGENCY_FACTOR
    units = units.with_column("emergency_rating_kva", emergency_kva)
    return grid.with_tables(
        lines=lines.with_column("emergency_rating_a", emergency_a), transformers=units
    )


def _ends(grid: Grid, switch: str) -> dict[str, Any]:
    record = grid.switches.record(switch)
    return {key: record[key] for key in ("phases1", "phases2", "r_ohm", "x_ohm", "c_nf")}


def _neighbour_text() -> str:
    places = ", ".join(
        f"{tie} ({here}-{there}, {kva:g} kVA)" for tie, (there, here, kva) in NEIGHBOURS.items()
    )
    return (
        f"Neighbouring feeders behind normally open switches: {places}. The document draws these "
        "switches; that a feeder lies behind them, at buses 251, 451 and 350 added here, and what "
        f"it can spare, is assumed. Each holds {NEIGHBOUR_V_PU:g} pu behind "
        f"{NEIGHBOUR_X_OHM:g} ohm and is energised (`normally_used`), which is harmless while "
        "its tie is open."
    )


STATED = (
    "Sw1 (150r-149) is the feeder's breaker; Sw2 to Sw8 are remote load-break switches, of which "
    "Sw7 (151-300) and Sw8 (54-94, phase a only) are normally open, as in the document.",
    _neighbour_text(),
    f"Customers: one for each {KW_PER_CUSTOMER:g} kW of a load, at least one; a load and its "
    "customers are served where all its phases are energised.",
    "Line ratings by configuration: 530 A (336,400 ACSR, configurations 1 to 8), 230 A (1/0 ACSR "
    f"and the 1/0 cable, 9 to 12); {', '.join(TRUNK)} are taken as restrung to "
    f"{TRUNK_AMPERES:g} A, since they carry more than 530 A at the document's demand; impedances "
    "are as published.",
    f"Switches: {SWITCH_AMPERES:g} A, Sw8 {TIE_8_AMPERES:g} A.",
    f"Emergency ratings: {EMERGENCY_FACTOR:g} times for lines and switches, "
    f"{TRANSFORMER_EMERGENCY_FACTOR:g} times for transformers and regulators.",
    f"Regulators 4a, 4b, 4c hold {REVERSE_TARGET_V:g} V on their other side when more than "
    f"{REVERSE_THRESHOLD_KW:g} kW a phase flows backwards; the document has them one-way.",
    f"The head regulator holds at most {FIRST_CUSTOMER_V:g} V; it does not reach that at the "
    "document's demand.",
    "Substation 150 and feeder 123 are added, with Sw1 at its head and 5,000 kVA as its rating.",
)
"""What SOURCE.md says of all this."""
