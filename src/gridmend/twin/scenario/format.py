"""The format of scenarios: which keys there are, and what each may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gridmend.model.errors import nearest
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage
from gridmend.twin.people.crew import SKILLS, Crew
from gridmend.twin.people.habits import Habits
from gridmend.twin.people.work import Pace
from gridmend.twin.scenario import happenings as h
from gridmend.twin.scenario import scenario as s
from gridmend.twin.scenario.changes import GridChanges, PvAdded
from gridmend.twin.scenario.expectations import Expectation
from gridmend.twin.scenario.forms import (
    BAD,
    Choice,
    Form,
    Instant,
    Number,
    Reading,
    Text,
    Time,
    Whole,
    Words,
)
from gridmend.twin.scenario.records import ByKey, Either, Key, Many, Record, record
from gridmend.twin.scenario.tree import Items, Node, Pairs, Scalar, kind_of
from gridmend.twin.weather.climate import HeatWave
from gridmend.twin.weather.storms import Storm

HOURS_MOST = 24.0 * 366
"""A run lasts no longer: a year."""
NAME = Text(120)
PHASES = Words(("a", "b", "c", "s1", "s2"))
_TIMES = Number(0.0, 1000.0)
_MINUTES = Number(above=0.0, most=60.0 * HOURS_MOST)
_POSITIVE = Number(above=0.0, most=1e9)


@dataclass(frozen=True, slots=True)
class Happenings:
    """One thing that happens: a map with `at` or `after`, and with one of the `kinds`."""

    kinds: tuple[tuple[str, type[Any], Record], ...]

    def read(self, node: Node, at: str, reading: Reading) -> Any:
        names = [name for name, _, _ in self.kinds]
        if not isinstance(node, Pairs):
            mend = f"give at, and one of {', '.join(names)}"
            return reading.refuse(f"{kind_of(node)} stands where a map should", at, node, mend)
        given = {key.text: (key, value) for key, value in node.pairs}
        at_s = self._time(given, node, at, reading)
        found = [kind for kind in self.kinds if kind[0] in given]
        if len(found) != 1:
            said = " and ".join(name for name, _, _ in found) or "nothing"
            what = f"{said} happens, and it should be one thing"
            near = [mend for key in given if key not in names and (mend := nearest(key, names))]
            one_of = f"give one of {', '.join(names)}"
            return reading.refuse(what, at, node, near[0] if near and not found else one_of)
        name, cls, form = found[0]
        rest = tuple(pair for pair in node.pairs if pair[0].text not in ("at", "after"))
        extra = {"at_s": 0.0 if at_s is BAD else at_s}
        if cls is h.FaultStrikes:
            for key in (key for key, _ in rest if key.text != name):
                what = f"there is no key '{key.text[:60]}' beside a fault"
                reading.refuse(what, f"{at}.{key.text}", key, "put it into the map of the fault")
            value = form.read(given[name][1], f"{at}.{name}", reading, **extra)
        else:
            value = form.read(Pairs(rest, node.line), at, reading, **extra)
        return BAD if at_s is BAD else value

    def plain(self, value: Any) -> dict[str, Any]:
        name, cls, form = next(kind for kind in self.kinds if isinstance(value, kind[1]))
        written = form.plain(value)
        own = {name: written} if cls is h.FaultStrikes else written
        return {"at": Time().plain(value.at_s), **own}

    def _time(
        self, given: dict[str, tuple[Scalar, Node]], node: Node, at: str, reading: Reading
    ) -> Any:
        keys = [key for key in ("at", "after") if key in given]
        if len(keys) != 1:
            what = "both at and after say when" if keys else "nothing says when it happens"
            mend = 'give at: "17:30", or after: 90 min from the start'
            return reading.refuse(what, at, node, mend)
        key, value = given[keys[0]]
        reading.lines[f"{at}.at"] = key.line
        return Time(after=keys[0] == "after").read(value, f"{at}.{keys[0]}", reading)


@dataclass(frozen=True, slots=True)
class Ways:
    """Who uses which links: a map from endpoints to lists of links, or to links and a store."""

    of: Record

    def read(self, node: Node, at: str, reading: Reading) -> Any:
        if not isinstance(node, Pairs):
            mend = "give `rtus: [link, …]` and so on"
            return reading.refuse(f"{kind_of(node)} stands where a map should", at, node, mend)
        found: list[Any] = []
        for key, value in node.pairs:
            path = f"{at}.{key.text}"
            reading.lines[path] = key.line
            is_list = isinstance(value, Items)
            links = Scalar("links", value.line)
            whole = Pairs(((links, value),), value.line) if is_list else value
            name = NAME.read(key, path, reading)
            found.append(self.of.read(whole, path, reading, of=name))
        return BAD if BAD in found else tuple(found)

    def plain(self, value: Any) -> dict[str, Any]:
        found = {way.of: self.of.plain(way) for way in value}
        return {of: way["links"] if set(way) == {"links"} else way for of, way in found.items()}


def _fault(form: Form) -> Record:
    growth = record(h.Growth, {"after_s": ("after", Time(after=True)), "phases": form})
    shares = {"share": Number(0.0, 1.0), "r_ohm": Number(0.0, 1e6)}
    forms = {"element": NAME, "phases": form, "cause": NAME, "grows": Many(growth), **shares}
    return record(h.FaultStrikes, forms, without=("at_s",))


def _happenings() -> Happenings:
    turn = {"lasts_min": _MINUTES}
    rows: tuple[tuple[str, type[Any], dict[str, Any]], ...] = (
        ("link", h.LinkFails, {"link": NAME, "down_min": _MINUTES}),
        ("stuck", h.DeviceSticks, {"device": ("stuck", NAME)}),
        ("freed", h.DeviceFreed, {"device": ("freed", NAME)}),
        ("switch", h.DeviceMoves, {"action": ("switch", None), "device": NAME}),
        ("demand", h.DemandTurns, {"scale": ("demand", _TIMES), **turn}),
        ("sun", h.SunTurns, {"scale": ("sun", Number(0.0, 1.0)), **turn}),
    )
    plain = [(name, cls, record(cls, forms, without=("at_s",))) for name, cls, forms in rows]
    return Happenings((("fault", h.FaultStrikes, _fault(PHASES)), *plain))


def _demand() -> Record:
    span = {"start_s": ("start", Time()), "end_s": ("end", Time()), "scale": _TIMES}
    files = record(s.ShapeFiles, {"shapes": Text(1000), "map": Text(1000)})
    shape = Either(Choice(("residential",)), Many(Number(0.0, 1000.0), least=1), files)
    forms = {
        "shape": shape,
        "scale": _TIMES,
        "step_min": Number(above=0.0, most=1440.0),
        "surges": Many(record(s.Surge, span)),
    }
    return record(s.Demand, forms)


def _sky() -> Record:
    start = {"start_s": ("start", Time()), "name": NAME}
    storm = record(Storm, {**start, "width_m": Number(above=0.0, endless=True)})
    forms = {
        "storms": Many(storm),
        "heat_waves": Many(record(HeatWave, start)),
        "faults_times": Number(0.0, 1e6),
        "faults_expected": Number(0.0, 1e5),
        "vegetation": ByKey(NAME, Number(0.0, 1000.0)),
    }
    return record(s.Sky, forms)


def _telemetry() -> Record:
    at = Either(Choice(("all", "remote", "none")), Many(NAME))
    equipped = record(s.Equipped, {"at": at, "report_s": Number(0.0, 1e6)}, inline=("settings",))
    return record(s.Telemetry, {"indicators": equipped}, inline=("scanning", "instruments"))


def _telecoms() -> Record:
    link = record(
        Link, {"name": NAME}, make=Link.of_kind, base=lambda one: Link.of_kind(one.name, one.kind)
    )
    # What a kind has of its own is no requirement of the file.
    link = Record(link.cls, tuple(_optional(k) for k in link.keys), link.make, link.base)
    outage = record(Outage, {"link": NAME, "start_s": ("start", Time()), "end_s": ("end", Time())})
    way = record(s.Way, {"store": Whole(0, 100_000)}, without=("of",))
    forms = {"links": Many(link), "ways": Ways(way), "outages": Many(outage)}
    return record(s.Telecoms, forms)


def _optional(key: Key) -> Key:
    return replace(key, is_required=key.field in ("name", "kind"))


def _people() -> Record:
    crew = record(Crew, {"name": NAME, "truck": NAME, "skills": Words(SKILLS)})
    forms = {
        "crews": Many(crew),
        "habits": record(Habits, without=("clock_h",)),
        "pace": record(Pace, without=("clock_h",)),
        "commercial": Many(NAME),
    }
    return record(s.People, forms)


def _expect() -> Record:
    return record(Expectation, {"measure": NAME, "is_": ("is", None), "has": Many(NAME)})


def _changes() -> Record:
    forms = {
        "bus": NAME,
        "name": NAME,
        "phases": PHASES,
        "panel_kw": _POSITIVE,
        "rating_kva": _POSITIVE,
        "power_factor": Number(-1.0, 1.0),
    }
    return record(GridChanges, {"pv": Many(record(PvAdded, forms))})


def _scenario() -> Record:
    share = Number(0.0, 1.0)
    forms = {
        "name": NAME,
        "grid": Text(1000),
        "start": Instant(),
        "about": Text(5000, least=0, lines=True),
        "hours": Number(above=0.0, most=HOURS_MOST),
        "seed": Whole(0, 2**63 - 1),
        "metres_per_unit": Number(above=0.0, most=1e6),
        "grid_changes": _changes(),
        "demand": _demand(),
        "sun": record(s.Sun, {"shape": Either(Choice(("clear",)), Many(share, 1)), "scale": share}),
        "weather": _sky(),
        "telemetry": _telemetry(),
        "communications": _telecoms(),
        "people": _people(),
        "der": record(s.Der),
        "stuck": Many(NAME),
        "happenings": Many(_happenings()),
        "expect": Many(_expect()),
    }
    return record(s.Scenario, forms, without=("source",))


SCENARIO = _scenario()
"""The form of a whole scenario."""
