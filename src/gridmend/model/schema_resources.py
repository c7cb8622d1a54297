"""The tables of what uses and makes energy, who is served, and how demand moves in time."""

from __future__ import annotations

from math import nan

from gridmend.model.columns import (
    Column,
    Schema,
    choice,
    count,
    flag,
    key,
    number,
    phases,
    rating,
    refers,
    text,
    vector,
)

_SERVICE = flag("in_service", "False where it is switched off for good", True)
_CONNECTION = choice("connection", "how the phases join", "wye", "delta")


def _place(what: str) -> tuple[Column, ...]:
    return (
        key(what),
        refers("bus", "buses", "where it stands", None),
        phases("phases", "conductors, the neutral last where it is wye; g is ground"),
        _CONNECTION,
        number("kv", "rated voltage: line to line for two phases or more, else across it"),
    )


def _limits(low: float, high: float) -> tuple[Column, ...]:
    return (
        number("v_min_pu", "below it, the model gives way to an impedance", low),
        number("v_max_pu", "above it, the model gives way to an impedance", high),
    )


_FORMING = flag(
    "grid_forming", "True where it may hold an island's voltage when no source does", False
)
_BALANCED = flag("balanced", "True where it drives positive-sequence current alone", False)


def _shapes() -> tuple[Column, ...]:
    return (
        refers("daily", "shapes", "shape over a day"),
        refers("yearly", "shapes", "shape over a year"),
    )


LOADS = Schema(
    "loads",
    "load",
    "Demand at a place; positive consumes.",
    (
        *_place("the load"),
        choice(
            "model",
            "how power follows voltage",
            "constant_power",
            "constant_impedance",
            "constant_current",
            "motor",
            "exponential",
            "fixed_q",
            "fixed_q_impedance",
            "zip",
        ),
        number("p_kw", "active power at rated voltage"),
        number("q_kvar", "reactive power at rated voltage", 0.0),
        *_limits(0.95, 1.05),
        number("v_low_pu", "below it, the rated impedance", 0.5),
        number("p_exponent", "exponent of active power (exponential)", 1.0),
        number("q_exponent", "exponent of reactive power (exponential)", 2.0),
        vector(
            "zip", "fractions of impedance, current, power: active, then reactive; then cut-off"
        ),
        number("neutral_r_ohm", "resistance from neutral to ground; nan where solid or open", nan),
        number("neutral_x_ohm", "reactance from neutral to ground", 0.0),
        count("customers", "customers behind it", 1),
        text("class", "class of customers"),
        flag("fixed", "True where it does not follow shapes or growth", False),
        *_shapes(),
        _SERVICE,
    ),
)

GENERATORS = Schema(
    "generators",
    "generator",
    "A machine or inverter that gives power; positive generates.",
    (
        *_place("the generator"),
        choice(
            "model",
            "how power follows voltage",
            "constant_power",
            "constant_impedance",
        ),
        number("p_kw", "active power"),
        number("q_kvar", "reactive power", 0.0),
        rating("rating_kva", "apparent power it may give"),
        *_limits(0.9, 1.1),
        number("subtransient_x_pu", "subtransient reactance on its rating", nan),
        _FORMING,
        _BALANCED,
        *_shapes(),
        _SERVICE,
    ),
)

PV_SYSTEMS = Schema(
    "pv_systems",
    "PV system",
    "Panels behind an inverter; positive generates.",
    (
        *_place("the PV system"),
        number("panel_kw", "power of the panels at full sun and 25 °C"),
        number("irradiance_pu", "sun at the instant, 1 is 1 kW/m²", 1.0),
        number("rating_kva", "apparent power of the inverter"),
        number("power_factor", "set power factor, negative absorbs reactive power", 1.0),
        number("set_kvar", "set reactive power; nan where the power factor rules", nan),
        number("q_max_kvar", "most reactive power given; nan where the rating rules", nan),
        number("q_min_kvar", "least, negative absorbs; nan where the rating rules", nan),
        choice("priority", "what goes first", "reactive", "active", "power_factor"),
        number("efficiency_pu", "inverter efficiency", 1.0),
        number("temperature_factor_pu", "derating of the panels by temperature", 1.0),
        number("cut_in_pct", "panel power in per cent of rating at which it starts", 20.0),
        number("cut_out_pct", "panel power in per cent of rating at which it stops", 20.0),
        *_limits(0.9, 1.1),
        _BALANCED,
        *_shapes(),
        _SERVICE,
    ),
)

STORAGES = Schema(
    "storages",
    "storage",
    "A battery behind an inverter; positive discharges.",
    (
        *_place("the storage"),
        choice("state", "what it does at the instant", "idling", "charging", "discharging"),
        number("p_kw", "active power at the instant, positive discharges", 0.0),
        number("q_kvar", "reactive power at the instant", 0.0),
        number("rating_kva", "apparent power of the inverter"),
        number("rating_kw", "active power it may give"),
        number("capacity_kwh", "energy it holds when full"),
        number("stored_kwh", "energy it holds at the instant"),
        number("reserve_pct", "energy it keeps back", 20.0),
        number("charge_efficiency_pct", "efficiency of charging", 90.0),
        number("discharge_efficiency_pct", "efficiency of discharging", 90.0),
        number("idling_pct", "losses while idle, of its rated power", 1.0),
        _FORMING,
        *_limits(0.9, 1.1),
        _BALANCED,
        *_shapes(),
        _SERVICE,
    ),
)

SHAPES = Schema(
    "shapes",
    "shape",
    "How demand or generation moves in time, as multipliers or as powers.",
    (
        key("the shape"),
        number("interval_min", "time from point to point", 60.0),
        vector("p_pu", "multiplier of active power, or kW where `actual`"),
        vector("q_pu", "multiplier of reactive power; empty where it follows active power"),
        flag("actual", "True where the values are kW and kvar, not multipliers", False),
    ),
)

CUSTOMERS = Schema(
    "customers",
    "customer",
    "A customer or group of customers with its meter, served through a load.",
    (
        key("the customer or meter"),
        refers("load", "loads", "load that stands for it", None),
        count("count", "how many customers the row stands for", 1),
        text("meter", "meter's own number"),
        choice("priority", "order of restoration", "normal", "important", "critical"),
    ),
)

SUBSTATIONS = Schema(
    "substations",
    "substation",
    "A place from which feeders start.",
    (key("the substation"), refers("bus", "buses", "bus from which its feeders start", None)),
)

FEEDERS = Schema(
    "feeders",
    "feeder",
    "What one head device normally supplies.",
    (
        key("the feeder"),
        refers("substation", "substations", "where it starts"),
        refers("head", "", "element at its head, with its class", None),
        rating("rating_kva", "what the head may carry"),
    ),
)

RESOURCES = (LOADS, GENERATORS, PV_SYSTEMS, STORAGES, SHAPES, CUSTOMERS, SUBSTATIONS, FEEDERS)
