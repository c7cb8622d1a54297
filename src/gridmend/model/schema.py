"""Every table of the grid, declared once: defaults, checks, CSV headers and the units page."""

from __future__ import annotations

from math import nan

from gridmend.model.columns import (
    Schema,
    choice,
    count,
    flag,
    key,
    matrix,
    names,
    number,
    phases,
    rating,
    refers,
    text,
    vector,
)
from gridmend.model.schema_controls import CONTROLS
from gridmend.model.schema_protection import PROTECTION
from gridmend.model.schema_reliability import RELIABILITY
from gridmend.model.schema_resources import RESOURCES

_ENDS = (
    refers("bus1", "buses", "first bus", None),
    phases("phases1", "conductors at the first bus"),
    refers("bus2", "buses", "second bus", None),
    phases("phases2", "conductors at the second bus"),
)
_RATINGS = (
    rating("rating_a", "current it carries without limit of time"),
    rating("emergency_rating_a", "current it carries for the hours of an emergency"),
)
_SERVICE = flag("in_service", "False where the element is built but left out of the network", True)

BUSES = Schema(
    "buses",
    "bus",
    "A place where elements join; its nodes are the phases that elements use there.",
    (
        key("the bus"),
        number("base_kv", "voltage base, line to line; its 1/√3 is the base of v_pu", nan),
        number("x", "map coordinate", nan),
        number("y", "map coordinate", nan),
        choice("service", "what voltage a customer there is promised", "primary", "secondary"),
    ),
)

SOURCES = Schema(
    "sources",
    "source",
    "A voltage behind an impedance: the transmission system as the feeder sees it.",
    (
        key("the source"),
        refers("bus", "buses", "where it stands", None),
        phases("phases", "conductors it drives, in order of angle", "a b c"),
        number("base_kv", "nominal voltage, line to line for two phases or more"),
        number("v_pu", "voltage behind the impedance", 1.0),
        number("angle_deg", "angle of the first phase", 0.0),
        number("r1_ohm", "positive-sequence resistance", 0.0),
        number("x1_ohm", "positive-sequence reactance"),
        number("r0_ohm", "zero-sequence resistance", 0.0),
        number("x0_ohm", "zero-sequence reactance"),
        number("capacity_kva", "what it can supply; unset is unknown", nan),
        flag(
            "normally_used", "False for a neighbouring source that only stands behind a tie", True
        ),
        text(
            "resource",
            "the grid-forming generator or storage whose island mode it is, such as storage.b1",
        ),
        _SERVICE,
    ),
)

CONDUCTORS = Schema(
    "conductors",
    "conductor",
    "A bare overhead conductor.",
    (
        key("the conductor"),
        number("r_ac_ohm_per_km", "resistance to alternating current"),
        number("r_dc_ohm_per_km", "resistance to direct current", nan),
        number("gmr_m", "geometric mean radius"),
        number("radius_m", "outer radius"),
        *_RATINGS,
    ),
)

GEOMETRIES = Schema(
    "geometries",
    "geometry",
    "Where the conductors of a line hang; the first `phase_count` are phases, the rest neutrals.",
    (
        key("the geometry"),
        names("conductors", "conductor at each position", "conductors"),
        vector("x_m", "horizontal position of each conductor"),
        vector("height_m", "height of each conductor above ground"),
        count("phase_count", "how many of the conductors are phases", 3),
        flag("reduce", "True where the neutrals are earthed and eliminated (Kron)", False),
        *_RATINGS,
    ),
)

LINE_CODES = Schema(
    "line_codes",
    "line code",
    "Impedance and capacitance of a line by length, one matrix row a conductor.",
    (
        key("the line code"),
        matrix("r_ohm_per_km", "series resistance"),
        matrix("x_ohm_per_km", "series reactance at the grid's frequency"),
        matrix("c_nf_per_km", "shunt capacitance"),
        *_RATINGS,
    ),
)

LINES = Schema(
    "lines",
    "line",
    "An overhead line or cable: impedances by own matrix, else by code, else by geometry.",
    (
        key("the line"),
        *_ENDS,
        number("length_m", "length"),
        refers("line_code", "line_codes", "code that gives the impedances"),
        refers("geometry", "geometries", "geometry that gives the impedances"),
        matrix("r_ohm_per_km", "own series resistance"),
        matrix("x_ohm_per_km", "own series reactance at the grid's frequency"),
        matrix("c_nf_per_km", "own shunt capacitance"),
        choice("earth_model", "earth return of a geometry", "deri", "carson", "full_carson"),
        number("earth_resistivity_ohm_m", "earth resistivity", 100.0),
        number("end_us", "susceptance to ground added at each conductor's end", 0.0),
        *_RATINGS,
        _SERVICE,
    ),
)

SWITCHES = Schema(
    "switches",
    "switch",
    "A device that opens and closes: switch, breaker, recloser, fuse, sectionaliser, disconnect.",
    (
        key("the switch"),
        *_ENDS,
        choice(
            "kind",
            "what it is",
            "switch",
            "breaker",
            "recloser",
            "fuse",
            "sectionaliser",
            "disconnect",
        ),
        choice("interrupts", "what it may break", "unknown", "nothing", "load", "fault"),
        flag("normally_open", "True for a tie", False),
        flag("remote", "True where it is operated from the control room", False),
        flag("ganged", "True where all phases move together", True),
        matrix("r_ohm", "series resistance when closed"),
        matrix("x_ohm", "series reactance when closed"),
        matrix("c_nf", "shunt capacitance when closed"),
        number("end_us", "susceptance to ground added at each conductor's end", 0.0),
        *_RATINGS,
        rating("interrupting_a", "largest current it breaks"),
        rating("making_a", "largest current it closes onto"),
        number("pickup_a", "smallest fault current on which its protection trips", nan),
        _SERVICE,
    ),
)

TRANSFORMERS = Schema(
    "transformers",
    "transformer",
    "A transformer of any number of windings; see `windings`.",
    (
        key("the transformer"),
        count("phase_count", "how many phases each winding has", 3),
        choice("kind", "what it is for", "distribution", "substation", "regulator"),
        text("bank", "name of the bank that single-phase units form"),
        vector("x_pct", "leakage reactances 1-2, 1-3, …, 2-3, … on the first winding's kVA"),
        number("no_load_loss_pct", "core loss on the first winding's kVA", 0.0),
        number("magnetising_pct", "magnetising current on the first winding's kVA", 0.0),
        number("anti_float_ppm", "susceptance to ground that holds a floating winding", 0.0),
        choice("vector_group", "delta against wye: lag as ANSI, lead as Euro", "lag", "lead"),
        rating("rating_kva", "power it carries without limit of time"),
        rating("emergency_rating_kva", "power it carries for the hours of an emergency"),
        _SERVICE,
    ),
)

WINDINGS = Schema(
    "windings",
    "winding",
    "One winding of a transformer; rows of a transformer are numbered from 1.",
    (
        key("the winding: transformer, colon, number"),
        refers("transformer", "transformers", "whose winding it is", None),
        count("number", "which winding, from 1", 1),
        refers("bus", "buses", "where it joins", None),
        phases("phases", "conductors, the neutral last where it is wye; g is ground"),
        choice("connection", "how the phases join", "wye", "delta"),
        number("kv", "rated voltage: line to line for two phases or more of wye, else across it"),
        number("kva", "rated power of all phases"),
        number("r_pct", "resistance on the first winding's kVA", 0.0),
        number("tap_pu", "normal tap position", 1.0),
        number("tap_min_pu", "lowest tap", 0.9),
        number("tap_max_pu", "highest tap", 1.1),
        count("tap_steps", "steps between the lowest and the highest tap", 32),
        number("neutral_r_ohm", "resistance from neutral to ground; nan where solid or open", nan),
        number("neutral_x_ohm", "reactance from neutral to ground", 0.0),
    ),
)

CAPACITORS = Schema(
    "capacitors",
    "capacitor",
    "A capacitor bank, shunt or series, in one or more steps.",
    (
        key("the capacitor"),
        refers("bus1", "buses", "where it stands", None),
        phases("phases1", "conductors"),
        refers("bus2", "buses", "other end of a series bank, else the same bus", None),
        phases("phases2", "conductors of the other end; g is ground"),
        choice("connection", "how the phases join", "wye", "delta"),
        number("kv", "rated voltage: line to line for two phases or more, else across it"),
        vector("step_kvar", "rated power of each step, all phases"),
        count("steps_on", "how many steps are normally on", 1),
        _SERVICE,
    ),
)

REACTORS = Schema(
    "reactors",
    "reactor",
    "A series or shunt reactor, or a neutral earthing impedance.",
    (
        key("the reactor"),
        *_ENDS,
        choice("connection", "how the phases join", "wye", "delta"),
        matrix("r_ohm", "series resistance"),
        matrix("x_ohm", "series reactance at the grid's frequency"),
        number("parallel_r_ohm", "resistance in parallel; nan where there is none", nan),
        *_RATINGS,
        _SERVICE,
    ),
)

FAULTS = Schema(
    "faults",
    "fault",
    "A fault that stands in the model: a resistance between conductors or to ground.",
    (
        key("the fault"),
        *_ENDS,
        number("r_ohm", "resistance of each phase", 0.0001),
        _SERVICE,
    ),
)

SCHEMAS: tuple[Schema, ...] = (
    BUSES,
    SOURCES,
    CONDUCTORS,
    GEOMETRIES,
    LINE_CODES,
    LINES,
    SWITCHES,
    TRANSFORMERS,
    WINDINGS,
    CAPACITORS,
    REACTORS,
    FAULTS,
    *CONTROLS,
    *PROTECTION,
    *RESOURCES,
    *RELIABILITY,
)
"""Every table, in the order in which they are written."""
