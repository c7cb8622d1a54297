"""A sheet kept with its names as parameters, to be used for other elements and feeders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gridmend.interlock.check import Bench
from gridmend.interlock.electric import Solver
from gridmend.interlock.limits import Limits
from gridmend.interlock.move import By
from gridmend.model.command import step_as_json, step_of
from gridmend.model.customers import customer_counts
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError, nearest
from gridmend.model.grid import Grid
from gridmend.model.plan import AT_BUSES, Action, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.switching_orders.digest import digest_of
from gridmend.operations.switching_orders.forecast import Forecast
from gridmend.operations.switching_orders.judging import judged
from gridmend.operations.switching_orders.lines import Durations, placed, timed
from gridmend.operations.switching_orders.request import Request, checked
from gridmend.operations.switching_orders.sheet import BEFORE, Line, Phase, Sheet
from gridmend.operations.switching_orders.walk import walk_of
from gridmend.powerflow.network import Network

FORM = 1
LINES_MOST = 2_000
_AFTER = (Phase.GIVE_BACK, Phase.RESTORE)
_NAME = re.compile(r"\{(\w+)\}")


def template_of(sheet: Sheet, title: str = "") -> dict[str, Any]:
    """A feasible sheet as plain values, every name a parameter with the name it had.

    Raises `GridmendError` for a sheet that cannot be carried out.
    """
    if not sheet.feasible:
        raise GridmendError(
            f"the sheet is not feasible: {sheet.problem}", mend="keep one that can be carried out"
        )
    names: dict[str, str] = {}
    for element in sheet.request.elements:
        names.setdefault(element, f"element_{len(names) + 1}")
    parameters = {key: name for name, key in names.items()}
    for line in sheet.lines:
        if line.step is None:
            continue
        known = _plain(line.step.device) if line.step.action in AT_BUSES else line.step.device
        if known not in names:
            kind = "bus" if line.step.action in AT_BUSES else "device"
            key = f"{kind}_{1 + sum(k.startswith(kind) for k in parameters)}"
            names[known], parameters[key] = key, known
    lines = [_kept(line, names) for line in sheet.lines]
    return {
        "template": FORM, "title": title or f"work on {', '.join(sheet.request.elements)}",
        "parameters": parameters, "lines": lines,
    }  # fmt: skip


def applied(
    template: Mapping[str, Any],
    grid: Grid,
    demand: Snapshot | Series,
    request: Request,
    names: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
    durations: Durations | None = None,
    limits: Limits | None = None,
    cold: ColdLoad | None = None,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
) -> Sheet:
    """A template with other names, judged line by line as a sheet that was drafted.

    The request's elements take the place of the template's in their order; `names` are what the
    other parameters stand for, and one that is left out keeps the name it has.

    Raises `GridmendError` for a template that is none, a parameter that it does not have, and a
    name that the grid does not have.
    """
    request = checked(request, grid, now)
    values = _values(template, request, names or {})
    lines = list(_lines(template, values, request))
    _check_devices(grid, lines, values)
    tagged = [ln.step.device for ln in lines if ln.step and ln.step.action is Action.TAG]
    rows = [grid.switches.row(name) for name in tagged if name in grid.switches]
    lines = timed(grid, request, placed(grid, request, lines, rows), durations or Durations())
    forecast = Forecast(demand)
    _ = forecast.during(request.begin, request.end)
    bench = Bench.of(grid, network=network, topology=topology, limits=limits)
    by = By(request.who.strip(), "study")
    walk = walk_of(bench, forecast, request.begin, by=by, loops=request.loops, cold=cold)
    sheet = Sheet(
        network=grid.name, request=request, lines=(), demand=forecast.words(cold),
        customers=int(customer_counts(grid).sum()),
        digest=digest_of(grid, demand, request, durations, limits, cold),
        points=tuple(name for name in tagged if name in grid.switches),
        ders=tuple(name for name in tagged if name not in grid.switches),
        grounds=tuple(
            _plain(ln.step.device) for ln in lines if ln.step and ln.step.action is Action.GROUND
        ),
        notes=(f"drawn from the template '{template.get('title', '')}'",),
    )  # fmt: skip
    found, _ = judged(sheet, walk, lines)
    return replace(found, zone=found.zone or _zone(found, bench))


def _zone(sheet: Sheet, bench: Bench) -> tuple[str, ...]:
    """Buses that the points part from the rest, around every bus that is cleared."""
    topology, grid = bench.site.topology, bench.site.grid
    bits = Snapshot.normal(grid).open_phases * 0
    for name in sheet.points:
        bits[grid.switches.row(name)] = bench.site.mask[grid.switches.row(name)]
    piece, _ = topology.pieces_at(bits)
    cleared = [
        grid.buses.row(_plain(line.step.device))
        for line in sheet.lines
        if line.step and line.step.action is Action.CLEAR
    ]
    inside = [piece == piece[bus] for bus in cleared]
    return tuple(str(b) for k, b in enumerate(grid.buses["name"]) if any(one[k] for one in inside))


def _kept(line: Line, names: Mapping[str, str]) -> dict[str, Any]:
    """A line with parameters for names; what it says of this network's figures is left out."""
    kept: dict[str, Any] = {
        "phase": line.phase.value, "action": line.what,
        "device": _named(line.device, names), "why": _worded(line.why, names),
    }  # fmt: skip
    if line.step is not None:
        step = step_as_json(line.step)
        device = _plain(line.step.device) if line.step.action in AT_BUSES else line.step.device
        step["device"] = f"{{{names[device]}}}"
        step.pop("why", None)
        if line.what == "free":
            step.pop("value", None)
        kept["step"] = step
    return kept


def _named(device: str, names: Mapping[str, str]) -> str:
    known = names.get(device)
    if known is not None:
        return f"{{{known}}}"
    bus = names.get(_plain(device))
    return f"bus.{{{bus}}}" if bus and device.startswith("bus.") else _worded(device, names)


def _worded(text: str, names: Mapping[str, str]) -> str:
    """A sentence with parameters where names stand as words of their own."""
    if not names:
        return text
    longest = sorted(names, key=len, reverse=True)
    known = "|".join(re.escape(name) for name in longest)
    return re.sub(rf"(?<![\w.]){'(' + known + ')'}(?![\w.])", lambda m: f"{{{names[m[1]]}}}", text)


def _values(
    template: Mapping[str, Any], request: Request, names: Mapping[str, str]
) -> dict[str, str]:
    """What every parameter stands for."""
    parameters: Any = template.get("parameters")
    ok = template.get("template") == FORM and isinstance(parameters, Mapping)
    if not ok or not all(isinstance(v, str) for v in parameters.values()):
        raise GridmendError(
            "this is no template of a switching order", where="template",
            mend="give a file that --save-template wrote",
        )  # fmt: skip
    values = {str(key): value for key, value in parameters.items()}
    for key in names:
        if key not in values:
            mend = nearest(key, values) or f"its parameters are {', '.join(values)}"
            raise GridmendError(f"the template has no parameter '{key}'", where=key, mend=mend)
    elements = [key for key in values if key.startswith("element_")]
    if len(elements) != len(request.elements):
        raise GridmendError(
            f"the template is for {len(elements)} elements and {len(request.elements)} are named",
            where="template", mend="name as many",
        )  # fmt: skip
    return {**values, **dict(zip(elements, request.elements, strict=True)), **names}


def _lines(
    template: Mapping[str, Any], values: Mapping[str, str], request: Request
) -> Iterator[Line]:
    """The lines with names for parameters; `GridmendError` for one that is none."""
    listed: Any = template.get("lines")
    if not isinstance(listed, list) or not 0 < len(listed) <= LINES_MOST:
        raise GridmendError("the template has no lines", where="template", mend="save it again")
    for number, raw in enumerate(listed, 1):
        try:
            step: Step | None = None
            if raw.get("step") is not None:
                filled = {**raw["step"], "device": _filled(raw["step"]["device"], values)}
                is_free = raw["action"] == "free"
                step = step_of({**filled, "value": None} if is_free else filled)
            why = _filled(raw.get("why", ""), values)
            phase, what = Phase(raw["phase"]), str(raw["action"])
            if phase is Phase.WORK and request.reason:
                why = request.reason
            device = _filled(raw["device"], values)
        except (AttributeError, KeyError, TypeError, ValueError, GridmendError) as problem:
            said = f"it has no {problem}" if isinstance(problem, KeyError) else str(problem)
            raise GridmendError(
                f"line {number} of the template is none: {said}", where="template",
                mend="give a file that --save-template wrote",
            ) from None  # fmt: skip
        step = replace(step, why=why) if step is not None else None
        yield Line(number, phase, what, device, why, request.begin, step=step)


def _filled(text: Any, values: Mapping[str, str]) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a text")
    return _NAME.sub(lambda m: values[m[1]] if m[1] in values else m[0], text)


def _check_devices(grid: Grid, lines: list[Line], values: Mapping[str, str]) -> None:
    """Raise `GridmendError` for a parameter that names nothing in the grid."""
    for line in lines:
        if line.step is None:
            continue
        try:
            subject(grid, line.step)
        except GridmendError as problem:
            keys = [key for key, name in values.items() if name == line.step.device]
            raise GridmendError(
                problem.what, where=keys[0] if keys else "template",
                mend=problem.mend or "say what it stands for, with --set",
            ) from None  # fmt: skip
    stage = [(line.phase not in BEFORE) + (line.phase in _AFTER) for line in lines]
    if stage != sorted(stage) or stage.count(1) != 1 or 2 not in stage:
        raise GridmendError(
            "the template does not go from its moves over one line of work to the way back",
            where="template", mend="give a file that --save-template wrote",
        )  # fmt: skip


def _plain(bus: str) -> str:
    return bus.removeprefix("bus.")
