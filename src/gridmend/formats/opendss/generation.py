"""Generators, PV systems and storages at the instant the model describes."""

from __future__ import annotations

from math import copysign, hypot, nan, sqrt
from typing import Any

from gridmend.formats.opendss.given import Context, Given, numeric
from gridmend.formats.opendss.loads import SHAPES, check_delta, conductors_of, shapes_of
from gridmend.formats.opendss.shapes import curve_at
from gridmend.formats.opendss.store import Item

_GENERATOR_MODELS = {1: "constant_power", 2: "constant_impedance"}


def _place(given: Given) -> dict[str, Any]:
    context = given.context
    phases, delta = given.phases(), given.delta()
    check_delta(given, phases, delta=delta)
    terminal = given.terminal("bus1", phases, conductors_of(phases, delta=delta))
    return {
        "name": given.item.name,
        "bus": context.terminals.written(terminal),
        "phases": context.terminals.words(terminal),
        "connection": "delta" if delta else "wye",
        "kv": given.number("kv", 12.47),
        "v_min_pu": given.number("vminpu", 0.9),
        "v_max_pu": given.number("vmaxpu", 1.1),
        "in_service": given.item.enabled and not given.item.opened,
        **shapes_of(given),
    }


def _reactive(kw: float, factor: float) -> float:
    if not 0.0 < abs(factor) <= 1.0:
        return 0.0
    return kw * sqrt(1.0 / factor**2 - 1.0) * (1.0 if factor > 0.0 else -1.0)


def generator_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a generator; power factor and kvar follow whichever was given last."""
    given = Given(item, context)
    kw, kvar, factor = 1000.0, 60.0, 0.88
    for prop, text, where in item.said:
        if prop in SHAPES and text.lower() in context.peaks:
            kw, kvar = context.peaks[text.lower()]
            continue
        if prop not in ("kw", "kvar", "pf"):
            continue
        value = numeric(context, item, prop, text, where)
        if value is None:
            continue
        if prop == "kvar":
            kvar = value
            size = sqrt(kw**2 + kvar**2)
            factor = (kw / size if size else 1.0) * (-1.0 if kw * kvar < 0.0 else 1.0)
            continue
        if prop == "kw":
            kw = value
        else:
            factor = value
        kvar = _reactive(kw, factor)
    model = given.whole("model", 1)
    if model not in _GENERATOR_MODELS:
        context.journal.add(
            "error",
            f"generator '{item.name}' has model {model}, which is not modelled",
            given.where("model"),
            "use model 1 (constant power) or 2 (constant impedance)",
        )
    rating = given.number("kva", nan)
    _settings_left_out(given)
    # What is fixed follows no shape.
    fixed = given.text("status", "variable")[:1].lower() == "f"
    return {
        **_place(given),
        **(dict.fromkeys(("daily", "yearly"), "") if fixed else {}),
        "balanced": given.flag("balanced", False),
        "model": _GENERATOR_MODELS.get(model, "constant_power"),
        "p_kw": kw,
        "q_kvar": kvar,
        "rating_kva": given.number("mva", nan) * 1e3 if "mva" in given else rating,
        "subtransient_x_pu": given.number("xdpp", nan),
    }


def pv_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a PV system."""
    given = Given(item, context)
    panel = given.number("pmpp", 500.0)
    irradiance = given.number("irradiance", 1.0)
    rating = given.number("kva", 500.0)
    derating = 1.0
    if given.text("p-tcurve"):
        derating = curve_at(
            given.text("p-tcurve"), given.number("temperature", 25.0), context, item
        )
    efficiency = 1.0
    if given.text("effcurve") and rating > 0.0:
        loading = panel * irradiance * derating / rating
        efficiency = curve_at(given.text("effcurve"), loading, context, item)
    if given.whole("model", 1) != 1:
        context.journal.add(
            "warning", f"PV system '{item.name}' is read as constant power", given.where("model")
        )
    set_by = [prop for prop, _, _ in item.said if prop in ("pf", "kvar")]
    if given.number("%pmpp", 100.0) != 100.0:
        panel *= given.number("%pmpp", 100.0) / 100.0
    _settings_left_out(given)
    return {
        **_place(given),
        "balanced": given.flag("balanced", False),
        "panel_kw": panel,
        "irradiance_pu": irradiance,
        "rating_kva": rating,
        "power_factor": given.number("pf", 1.0),
        "set_kvar": given.number("kvar", 0.0) if set_by and set_by[-1] == "kvar" else nan,
        "q_max_kvar": given.number("kvarmax", nan),
        "q_min_kvar": -given.number("kvarmaxabs", given.number("kvarmax", nan)),
        "priority": _priority(given),
        "efficiency_pu": efficiency,
        "temperature_factor_pu": derating,
        "cut_in_pct": given.number("%cutin", 20.0),
        "cut_out_pct": given.number("%cutout", 20.0),
    }


def _priority(given: Given) -> str:
    if given.flag("wattpriority"):
        return "active"
    return "power_factor" if given.flag("pfpriority") else "reactive"


def storage_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a storage."""
    given = Given(item, context)
    rated = given.number("kwrated", 25.0)
    capacity = given.number("kwhrated", 50.0)
    stored = capacity * given.number("%stored", 100.0) / 100.0
    last = [prop for prop, _, _ in item.said if prop in ("kwhstored", "%stored")]
    if last and last[-1] == "kwhstored":
        stored = given.number("kwhstored", capacity)
    idling = given.number("%idlingkw", 1.0)
    empty = stored <= capacity * given.number("%reserve", 20.0) / 100.0
    state, power = _state(given, rated, idling, empty=empty, full=stored >= capacity)
    kvar = given.number("kvar", 0.0)
    set_by = [prop for prop, _, _ in item.said if prop in ("pf", "kvar")]
    if set_by and set_by[-1] == "pf":
        kvar = _reactive(power, given.number("pf", 1.0))
    rating = given.number("kva", rated)
    power, kvar = _within_rating(given, power, kvar, rating, idling=state == "idling")
    _settings_left_out(given)
    return {
        **_place(given),
        "balanced": given.flag("balanced", False),
        "state": state,
        "p_kw": power,
        "q_kvar": kvar,
        "rating_kva": rating,
        "rating_kw": rated,
        "capacity_kwh": capacity,
        "stored_kwh": stored,
        "reserve_pct": given.number("%reserve", 20.0),
        "charge_efficiency_pct": given.number("%effcharge", 90.0),
        "discharge_efficiency_pct": given.number("%effdischarge", 90.0),
        "idling_pct": idling,
    }


def _within_rating(
    given: Given, kw: float, kvar: float, rating_kva: float, *, idling: bool
) -> tuple[float, float]:
    """What an inverter gives of what is asked: reactive power first unless it is told otherwise."""
    # The language's limit of reactive power stays at its default unless a rating is said.
    limit = given.number("kva", _DEFAULT_KVAR_LIMIT)
    limit = given.number("kvarmax", limit)
    least = given.number("kvarmaxabs", limit)
    within = max(min(kvar, limit), -least)
    asked = hypot(kw, kvar)
    if given.flag("pfpriority") and asked > 0.0 and not idling:
        share = min(rating_kva / asked, 1.0, within / kvar if kvar else 1.0)
        return kw * share, kvar * share
    kvar = within
    if hypot(kw, kvar) <= rating_kva:
        return kw, kvar
    if given.flag("wattpriority") or idling:
        kw = copysign(min(abs(kw), rating_kva), kw)
        return kw, copysign(sqrt(rating_kva**2 - kw**2), kvar)
    kvar = copysign(min(abs(kvar), rating_kva), kvar)
    return copysign(sqrt(rating_kva**2 - kvar**2), kw), kvar


_DEFAULT_KVAR_LIMIT = 25.0


def _state(
    given: Given, rated: float, idling_pct: float, *, empty: bool, full: bool
) -> tuple[str, float]:
    """What the storage does, and its power, positive when it discharges.

    One that idles still draws its own losses; one that is down to its reserve or full idles.
    """
    state, power = _asked_state(given, rated)
    if state == ("discharging" if empty else "charging" if full else ""):
        state = "idling"
    return state, -rated * idling_pct / 100.0 if state == "idling" else power


def _asked_state(given: Given, rated: float) -> tuple[str, float]:
    said = [prop for prop, _, _ in given.item.said if prop in ("state", "kw")]
    if said and said[-1] == "kw":
        power = given.number("kw", 0.0)
        if power == 0.0:
            return "idling", 0.0
        return ("discharging" if power > 0.0 else "charging"), power
    word = given.text("state", "idling")[:1].lower()
    if word == "d":
        return "discharging", rated * given.number("%discharge", 100.0) / 100.0
    if word == "c":
        return "charging", -rated * given.number("%charge", 100.0) / 100.0
    return "idling", 0.0


_LEFT_OUT = {
    "limitcurrent": "its current is not limited at low voltage",
    "varfollowinverter": "reactive power does not stop with the inverter",
    "effcurve": "its efficiency is that of charging and discharging",
}
"""Settings of inverters that the grid does not hold, and what is taken instead."""


def _settings_left_out(given: Given) -> None:
    for prop, instead in _LEFT_OUT.items():
        if prop == "effcurve" and given.item.kind == "pvsystem":
            continue
        if prop in given and given.text(prop)[:1].lower() not in ("n", "f"):
            given.context.journal.count(
                "warning",
                f"{given.item.kind}s with {prop}, which is left out ({instead})",
                given.item.name,
            )
