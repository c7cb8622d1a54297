"""What instruments say, made ready: what can be used as arrays, what cannot as findings."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.errors import Finding, GridError, nearest
from gridmend.operations.location.evidence import ANY, Evidence, Passage, Recording, Sag, Value
from gridmend.operations.location.model import Model, Seen, Side
from gridmend.operations.location.places import PHASES, End, end_of
from gridmend.operations.location.settings import Assumptions

_NO_LOAD_A = 1e-3
_NO_RISE = 1.02
"""Currents of a fault exceed the load before it by more than this on some phase."""


@dataclass(frozen=True, slots=True)
class Place:
    """A linear reading: a node's voltage, or a current into a conductor of an element's end."""

    label: str
    node: int
    device: End | None = None
    conductor: int = -1
    before: complex = 0j


@dataclass(frozen=True, slots=True)
class Reading:
    """One number read: the magnitude at place `first`, or its angle against that at `second`.

    Its variance is `error`² and (`floor` / magnitude)². One that `drops`, as a voltage does, has
    that of lines' own impedances too, in its share of the drop.
    """

    first: int
    value: float
    error: float
    floor: float
    second: int = -1
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """What a device says of some of its conductors [places]: that a current passed, or none."""

    passage: Passage
    phase: str
    places: tuple[int, ...]
    up: bool


@dataclass
class Watch:
    """All that can be used of some evidence; it grows while it is made, and is then only read."""

    places: list[Place] = field(default_factory=list[Place])
    readings: list[Reading] = field(default_factory=list[Reading])
    flag_places: list[Place] = field(default_factory=list[Place])
    flags: list[Flag] = field(default_factory=list[Flag])
    borders: list[End] = field(default_factory=list[End])
    findings: list[Finding] = field(default_factory=list[Finding])

    def warn(self, what: str, where: str, mend: str = "") -> None:
        """Add a finding."""
        self.findings.append(Finding("warning", what, where, mend))


def watch(evidence: Evidence, model: Model, assumed: Assumptions) -> Watch:
    """What can be used of the evidence, in an order of its own."""
    made = Watch()
    for recording in sorted(evidence.recordings, key=repr):
        end = _device(made, model, recording.device, "recording")
        if end is not None:
            made.borders.append(end)
            _record(made, model, recording, end, assumed)
    for sag in sorted(evidence.sags, key=repr):
        _meter(made, model, sag, assumed)
    for passage in sorted(evidence.passages, key=repr):
        end = _device(made, model, passage.device, "passage")
        if end is not None:
            made.borders.append(end)
            _passage(made, model, passage, end)
    return made


def seen(model: Model, side: Side, places: list[Place]) -> Seen:
    """What the model reads at some places, a fault on the line of the place itself included."""
    rows: list[tuple[Ints, Complexes, complex]] = []
    for place in places:
        if place.device is None:
            rows.append((np.array([place.node]), np.ones(1, complex), place.before))
        else:
            table, row, _ = place.device
            rows.append((*model.weights(side, table, row, place.conductor), place.before))
    found = model.seen(side, rows)
    lines = model.places
    for k, place in enumerate(places):
        if place.device is None or place.device[0] != "lines":
            continue
        for line in np.flatnonzero(lines.row == place.device[1]).tolist():
            near = (place.device[2] == 1) == bool(lines.first[line])
            end = 0 if near else 1
            for at in np.flatnonzero(model.built.ends.node[line, end] == place.node).tolist():
                # what a fault takes through this end is not what the whole line would pass on
                found.transfer[line, end, k, at] -= 1.0
    return found


def _device(made: Watch, model: Model, name: str, kind: str) -> End | None:
    """The end of an element that a device is at; a finding where it can say nothing."""
    try:
        end = end_of(model.network.grid, name)
    except GridError as problem:
        made.warn(f"{kind} of '{name}' is not used: {problem.what}", name, problem.mend)
        return None
    if model.network.primitives.place[end[0]][end[1]] < 0:
        made.warn(f"{kind} of '{name}' is not used: it is out of service", name)
        return None
    conductors = _conductors(model, end)
    if not any(model.flow.energised[node] for node, _ in conductors.values()):
        made.warn(
            f"{kind} of '{name}' is not used: it was de-energised before the fault", name,
            "give the positions that stood when the fault struck",
        )  # fmt: skip
        return None
    return end


def _conductors(model: Model, end: End) -> dict[str, tuple[int, int]]:
    """Of each phase at an end of an element, its node and its number among the conductors."""
    table, row, number = end
    terminals = model.network.terminals
    k = model.network.primitives.place[table][row]
    first = int(model.network.primitives.node_start[k])
    last = int(model.network.primitives.node_start[k + 1])
    found: dict[str, tuple[int, int]] = {}
    for at in range(first, last):
        if terminals.terminal[at] == number and terminals.node[at] >= 0:
            found.setdefault(str(terminals.phase[at]), (int(terminals.node[at]), at - first))
    return found


def _current_before(model: Model, end: End, conductor: int) -> complex:
    k = model.network.primitives.place[end[0]][end[1]]
    return complex(model.flow.i_a[int(model.network.primitives.node_start[k]) + conductor])


def _usable(made: Watch, label: str, values: Mapping[str, Value], known: Mapping[str, object],
            what: str) -> dict[str, Value]:  # fmt: skip
    """Values that can be; a finding for each that cannot."""
    found: dict[str, Value] = {}
    for phase, value in sorted(values.items()):
        where = f"{label}, phase {phase}"
        wrong = isinstance(value, complex) and not cmath.isfinite(value)
        wrong = wrong or not (isinstance(value, complex) or (math.isfinite(value) and value > 0))
        if phase not in known:
            made.warn(
                f"{what} of phase {phase} is not used: there is no such phase",
                where,
                f"its phases are {' '.join(known)}",
            )
        elif wrong or abs(value) == 0:
            made.warn(
                f"{what} of {value} is not used", where, "give a number above 0, or leave it out"
            )
        else:
            found[phase] = value
    return found


def _record(
    made: Watch, model: Model, recording: Recording, end: End, assumed: Assumptions
) -> None:
    """The readings of a relay."""
    conductors, name = _conductors(model, end), recording.device
    before = _usable(made, name, recording.before_a, conductors, "a load")
    current = _usable(made, name, recording.current_a, conductors, "a current")
    volts = _usable(made, name, recording.voltage_v, conductors, "a voltage")
    error = recording.error_pct / 100
    loads: dict[str, complex] = {}
    for phase, (_, conductor) in conductors.items():
        flowing = _current_before(model, end, conductor)
        if phase in before and abs(flowing) > _NO_LOAD_A:
            flowing *= abs(before[phase]) / abs(flowing)
        loads[phase] = flowing
    if current and all(abs(i) <= _NO_RISE * abs(loads[p]) for p, i in current.items()):
        made.warn(
            f"currents at {name} are not used: none is above the load before the fault", name,
            "give what was recorded while the fault stood, or the load as before_a",
        )  # fmt: skip
        current = {}
    at: dict[str, int] = {}
    for phase, value in volts.items():
        node = conductors[phase][0]
        at[phase] = len(made.places)
        floor = 0.2 * error * float(model.network.nodes.base_v[node])
        made.places.append(Place(name, node, before=complex(model.flow.v_v[node])))
        made.readings.append(Reading(at[phase], math.log(abs(value)), error, floor, drops=True))
    known = {p: 50 * error + _unknown_a(before, loads, p, assumed) for p in current}
    for phase, value in current.items():
        node, conductor = conductors[phase]
        here = len(made.places)
        made.places.append(Place(name, node, end, conductor, loads[phase]))
        made.readings.append(Reading(here, math.log(abs(value)), error, known[phase]))
        against = volts.get(phase)
        if isinstance(value, complex) and isinstance(against, complex):
            angle = cmath.phase(value / against)
            made.readings.append(Reading(here, angle, error, known[phase], at[phase]))


def _unknown_a(
    before: Mapping[str, Value], loads: Mapping[str, complex], phase: str, assumed: Assumptions
) -> float:
    """How far a load's current may be off [A]: more where the load was not recorded."""
    share = assumed.load_error * (1.0 if phase in before else 4.0)
    return share * abs(loads[phase])


def _meter(made: Watch, model: Model, sag: Sag, assumed: Assumptions) -> None:
    """The readings of a meter."""
    grid, nodes = model.network.grid, model.network.nodes
    row = grid.buses.index.get(sag.bus.lower())
    if row is None:
        mend = nearest(sag.bus, grid.buses) or "name a bus of the grid"
        made.warn(f"the meter at '{sag.bus}' is not used: there is no such bus", sag.bus, mend)
        return
    here = {
        str(nodes.phase[node]): int(node)
        for node in np.flatnonzero(nodes.bus == row)
        if model.flow.energised[node]
    }
    if not here:
        made.warn(f"the meter at '{sag.bus}' is not used: nothing feeds its bus", sag.bus)
        return
    for phase, v_pu in _usable(made, sag.bus, sag.v_pu, here, "a voltage").items():
        node = here[phase]
        base = float(nodes.base_v[node])
        error = math.hypot(sag.error_pct / 100, assumed.voltage_error)
        made.readings.append(
            Reading(len(made.places), math.log(abs(v_pu) * base), error, 0.005 * base, drops=True)
        )
        made.places.append(Place(sag.bus, node, before=complex(model.flow.v_v[node])))


def _passage(made: Watch, model: Model, passage: Passage, end: End) -> None:
    """The flags of an indicator, a trip or a counter."""
    conductors = {p: c for p, c in _conductors(model, end).items() if p in PHASES}
    for phase, state in sorted(passage.seen.items()):
        if state == "absent":
            continue
        if phase not in conductors and phase != ANY:
            made.warn(
                f"a flag of phase {phase} is not used: there is no such phase",
                passage.device,
                f"its phases are {' '.join(conductors)}",
            )
            continue
        if state == "failed":
            continue
        chosen = list(conductors) if phase == ANY else [phase]
        first = len(made.flag_places)
        for name in chosen:
            node, conductor = conductors[name]
            before = _current_before(model, end, conductor)
            made.flag_places.append(Place(passage.device, node, end, conductor, before))
        places = tuple(range(first, len(made.flag_places)))
        if places:
            made.flags.append(Flag(passage, phase, places, state == "flagged"))
