"""Capacitors, reactors and standing faults."""

from __future__ import annotations

from math import nan, pi, sqrt
from typing import Any

import numpy as np

from gridmend.formats.opendss.arrays import Numbers
from gridmend.formats.opendss.given import Context, Given, frozen
from gridmend.formats.opendss.loads import check_delta, conductors_of
from gridmend.formats.opendss.nodes import Terminal
from gridmend.formats.opendss.store import Item

MAXIMUM_STEPS = 1000


def _ends(given: Given, phases: int, *, delta: bool) -> tuple[Terminal, Terminal]:
    conductors = conductors_of(phases, delta=True) if delta else phases
    first = given.terminal("bus1", phases, conductors)
    if delta:
        return first, Terminal(first.bus, (0,) * conductors)
    return first, given.other_end(first, phases)


def _places(context: Context, ends: tuple[Terminal, Terminal]) -> dict[str, Any]:
    terminals = context.terminals
    return {
        "bus1": terminals.written(ends[0]),
        "phases1": terminals.words(ends[0]),
        "bus2": terminals.written(ends[1]),
        "phases2": terminals.words(ends[1]),
    }


def ends_of(item: Item, context: Context) -> tuple[Terminal, Terminal]:
    """The two ends of a capacitor, reactor or fault."""
    given = Given(item, context)
    phases = given.phases(1 if item.kind == "fault" else 3)
    return _ends(given, phases, delta=item.kind != "fault" and given.delta())


def _last_of(item: Item, kinds: dict[str, str], default: str) -> str:
    said = [kinds[prop] for prop, _, _ in item.said if prop in kinds]
    return said[-1] if said else default


def capacitor_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a capacitor."""
    given = Given(item, context)
    phases, delta = given.phases(), given.delta()
    check_delta(given, phases, delta=delta)
    kv = given.number("kv", 12.47)
    kvar = _step_kvar(given, kv=kv, phases=phases, delta=delta)
    on = _steps_on(given, len(kvar))
    for prop in ("r", "xl"):
        values = given.vector(prop)
        if values is not None and np.any(values):
            context.journal.add(
                "error",
                f"capacitor '{item.name}' has a series impedance ({prop})",
                given.where(prop),
            )
    return {
        "name": item.name,
        **_places(context, _ends(given, phases, delta=delta)),
        "connection": "delta" if delta else "wye",
        "kv": kv,
        "step_kvar": kvar,
        "steps_on": on,
        "in_service": item.enabled and not item.opened,
    }


def _step_kvar(given: Given, *, kv: float, phases: int, delta: bool) -> Numbers:
    """The rated power of each step, following the order in which steps and ratings are said."""
    across = kv / sqrt(3.0) if phases > 1 and not delta else kv
    by_farad = 2.0 * pi * given.context.frequency_hz * 1e-3 * across**2 * phases
    kvar = np.array([1200.0])
    for prop, _, where in given.item.said:
        if prop == "numsteps":
            steps = given.whole("numsteps", 1, low=1, high=MAXIMUM_STEPS)
            if len(kvar) == 1:
                kvar = np.full(steps, float(kvar[0]) / steps)
            else:
                kvar = np.concatenate([kvar, np.zeros(steps)])[:steps]
        elif prop in ("kvar", "cuf"):
            found = given.vector(prop)
            if found is None or not len(found):
                continue
            values = found * by_farad if prop == "cuf" else found
            if len(values) == 1 and len(kvar) > 1:
                given.context.journal.add(
                    "warning",
                    f"capacitor '{given.item.name}': one {prop} after numsteps rates each step",
                    where,
                    "give one number for each step",
                )
                values = np.full(len(kvar), float(values[0]))
            kvar = np.concatenate([values, np.zeros(len(kvar))])[: len(kvar)]
        elif prop == "cmatrix":
            given.context.journal.add(
                "error", f"capacitor '{given.item.name}' is given by a matrix", where
            )
    return kvar


def _steps_on(given: Given, steps: int) -> int:
    states = given.vector("states")
    if states is None:
        return steps
    flags = [state > 0.5 for state in states[:steps]]
    on = sum(flags)
    if not all(flags[:on]):
        given.context.journal.add(
            "warning",
            f"capacitor '{given.item.name}' has later steps on before earlier ones",
            given.where("states"),
            "steps are taken to switch on in order",
        )
    return on


_REACTOR_KINDS = {
    "kvar": "ohms",
    "x": "ohms",
    "z": "ohms",
    "lmh": "ohms",
    "rmatrix": "matrix",
    "xmatrix": "matrix",
    "z1": "sequence",
    "z2": "sequence",
    "z0": "sequence",
}


def reactor_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a reactor."""
    given = Given(item, context)
    phases, delta = given.phases(), given.delta()
    check_delta(given, phases, delta=delta)
    r, x = _reactor_ohms(given, phases, delta=delta)
    for prop in ("rcurve", "lcurve"):
        if prop in given:
            context.journal.add(
                "note", f"reactor '{item.name}': {prop} is left out", given.where(prop)
            )
    return {
        "name": item.name,
        **_places(context, _ends(given, phases, delta=delta)),
        "connection": "delta" if delta else "wye",
        "r_ohm": frozen(r),
        "x_ohm": frozen(x),
        "parallel_r_ohm": given.number("rp", nan) or nan,
        "rating_a": given.number("normamps", nan),
        "emergency_rating_a": given.number("emergamps", nan),
        "in_service": item.enabled and not item.opened,
    }


def _reactor_ohms(given: Given, phases: int, *, delta: bool) -> tuple[Numbers, Numbers]:
    base_hz = given.number("basefreq", given.item.base_hz)
    scale = given.context.frequency_hz / base_hz if base_hz > 0.0 else 1.0
    kind = _last_of(given.item, _REACTOR_KINDS, "ohms")
    eye = np.eye(phases)
    if kind == "matrix":
        r, x = given.matrix("rmatrix", phases), given.matrix("xmatrix", phases)
        zero = np.zeros((phases, phases))
        r, x = zero if r is None else r, (zero if x is None else x) * scale
        return _in_parallel(given, r, x) if given.flag("parallel") else (r, x)
    if kind == "sequence":
        z1, z0 = _pair(given, "z1"), _pair(given, "z0")
        z0 = z1 if z0 is None else z0
        if z1 is None or z0 is None:
            return np.zeros((phases, phases)), np.zeros((phases, phases))
        if "z2" in given and _pair(given, "z2") != z1:
            given.context.journal.add(
                "error", f"reactor '{given.item.name}' differs by sequence", given.where("z2")
            )
        mutual = (z0 - z1) / 3.0
        r = np.full((phases, phases), mutual.real) + eye * z1.real
        x = np.full((phases, phases), mutual.imag) + eye * z1.imag
        return r, x * scale
    kv, kvar = given.number("kv", 12.47), given.number("kvar", 100.0)
    across = kv / sqrt(3.0) if phases > 1 and not delta else kv
    rated = across**2 * 1e3 * phases / kvar if kvar else 0.0
    r, x = _series(given, base_hz, rated)
    return eye * r, eye * (x * scale)


def _series(given: Given, base_hz: float, rated: float) -> tuple[float, float]:
    """Resistance and reactance in series; the reactance of the rating unless said after it."""
    r, x = 0.0, rated
    for prop, _, _ in given.item.said:
        if prop == "r":
            r = given.number("r", 0.0)
        elif prop == "kvar":
            x = rated
        elif prop == "x":
            x = given.number("x", 0.0)
        elif prop == "lmh":
            x = given.number("lmh", 0.0) * 1e-3 * 2.0 * pi * base_hz
        elif prop == "z" and (z := _pair(given, "z")) is not None:
            r, x = z.real, z.imag
    return r, x


def _in_parallel(given: Given, r: Numbers, x: Numbers) -> tuple[Numbers, Numbers]:
    """A matrix of resistances beside a matrix of reactances, as one in series."""
    try:
        g, b = np.linalg.inv(r), np.linalg.inv(x)
        # (G - jB)^-1 = (G + B G^-1 B)^-1 (1 + j B G^-1), in real arithmetic.
        real: Numbers = np.asarray(np.linalg.inv(g + b @ r @ b), np.float64)
        return real, real @ b @ r
    except np.linalg.LinAlgError:
        given.context.journal.add(
            "error",
            f"reactor '{given.item.name}' in parallel has a matrix without inverse",
            given.where("parallel"),
        )
        return r, x


def _pair(given: Given, prop: str) -> complex | None:
    values = given.vector(prop)
    if values is None or len(values) != 2:
        return None
    return complex(values[0], values[1])


def fault_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a fault that stands in the model."""
    given = Given(item, context)
    phases = given.phases(1)
    if "gmatrix" in given:
        context.journal.add(
            "error", f"fault '{item.name}' is given by a matrix", given.where("gmatrix")
        )
    return {
        "name": item.name,
        **_places(context, _ends(given, phases, delta=False)),
        "r_ohm": given.number("r", 0.0001),
        "in_service": item.enabled and not item.opened,
    }
