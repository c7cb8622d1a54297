"""Scenarios of every kind, for properties that hold for all of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import MappingProxyType

from hypothesis import strategies as st

from gridmend.twin.communications.links import KINDS, Link
from gridmend.twin.communications.paths import Outage
from gridmend.twin.inverters.standard import Category
from gridmend.twin.people.crew import SKILLS, Crew
from gridmend.twin.people.customers import Critical
from gridmend.twin.people.estimates import Estimates, Stage
from gridmend.twin.people.habits import Habits
from gridmend.twin.people.work import Pace
from gridmend.twin.scenario import happenings as h
from gridmend.twin.scenario import scenario as s
from gridmend.twin.scenario.changes import GridChanges, PvAdded
from gridmend.twin.scenario.expectations import Expectation
from gridmend.twin.telemetry.indicators import Indicating
from gridmend.twin.telemetry.meters import Metering
from gridmend.twin.telemetry.points import Class
from gridmend.twin.telemetry.scan import Scanning
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.climate import HeatWave, OrdinaryDay
from gridmend.twin.weather.fragility import Curve, Fragility
from gridmend.twin.weather.storms import Storm

ODD = (
    "no",
    "17:30",
    "null",
    "~",
    "1e5",
    "# a",
    "a: b",
    "- x",
    "it's",
    "é\u00fc",
    "true",
    "<<",
    "1",
)
names = st.one_of(
    st.sampled_from(ODD),
    st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable() and text.strip()),
)
shares = st.floats(0, 1)
times = st.floats(-1e8, 1e8)
later = st.floats(0, 1e6)
above_0 = st.floats(0.001, 1e6)
maybe = st.none()


def many(of: st.SearchStrategy, most: int = 2) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.lists(of, max_size=most).map(tuple)


def by_name(of: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.dictionaries(names, of, max_size=2).map(MappingProxyType)


phases = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(tuple)
storms = st.builds(
    Storm, names, later, x_m=times, y_m=times, radius_m=above_0,
    width_m=st.one_of(maybe, above_0, st.just(math.inf)), growth_s=st.floats(1, 1e5),
    gust_m_per_s=later, heading_deg=times, ice_stays_h=above_0,
)  # fmt: skip
waves = st.builds(HeatWave, names, later, st.floats(1e5, 1e6), st.floats(0, 40), later.map(
    lambda ramp_s: min(ramp_s, 4e4)))  # fmt: skip
skies = st.builds(
    s.Sky, many(storms), many(waves), st.builds(OrdinaryDay, times, later, later),
    st.builds(Fragility, later, ice=st.builds(Curve, above_0, above_0), shielded=shares),
    st.booleans(), many(st.sampled_from(list(Cause))), st.floats(0, 1e6),
    st.one_of(maybe, st.floats(0, 1e5)), by_name(st.floats(0, 1000)),
)  # fmt: skip
equipped = st.builds(
    s.Equipped, st.one_of(st.sampled_from(["all", "remote", "none"]), many(names)),
    st.builds(Indicating, above_0, shares, shares), later,
)  # fmt: skip
telemetry = st.builds(
    s.Telemetry, st.builds(Scanning, st.floats(0.01, 1e4), st.integers(1, 1000)),
    st.builds(Class, later, later, later), equipped,
    st.builds(Metering, st.floats(1, 1e5), later, shares),
)  # fmt: skip
links = st.builds(
    Link.of_kind, names, st.sampled_from(KINDS), latency_s=later, loss=shares, bus=names,
    most_in_flight=st.integers(1, 10_000),
)  # fmt: skip
some_links = st.lists(names, min_size=1, max_size=4, unique=True).map(tuple)
ways = st.lists(
    st.builds(s.Way, names, some_links, st.integers(0, 1000)), max_size=3, unique_by=lambda w: w.of
).map(tuple)
outages = st.builds(
    lambda link, start_s, more_s: Outage(link, start_s, start_s + more_s), names, later, above_0
)
telecoms = st.builds(s.Telecoms, many(links), ways, many(outages))
crews = st.builds(
    Crew, names, names, st.lists(st.sampled_from(SKILLS), min_size=1, unique=True).map(tuple),
    times, times, times, times,
)  # fmt: skip
pairs = st.tuples(st.floats(-5, 5), st.floats(0, 5))
spreads = st.tuples(above_0, st.floats(0, 5))
people = st.builds(
    s.People, many(crews),
    st.builds(Habits, call_share=st.tuples(shares, shares, shares), repeats_most=st.integers(0, 9)),
    many(names), many(st.builds(Critical, names, st.integers(1, 9), later)),
    st.builds(Estimates, st.fixed_dictionaries({k: st.tuples(pairs, pairs) for k in Stage})),
    st.builds(Pace, detour=st.floats(1, 5), repair=by_name(st.tuples(spreads, spreads))),
)  # fmt: skip
growths = many(st.builds(h.Growth, later, phases))
happenings = st.one_of(
    st.builds(h.FaultStrikes, times, names, phases, shares, later, st.booleans(), st.booleans(),
              names, growths),
    st.builds(h.LinkFails, times, names, st.floats(0.1, 1e5)),
    st.builds(h.DeviceSticks, times, names),
    st.builds(h.DeviceFreed, times, names),
    st.builds(h.DeviceMoves, times, st.sampled_from(["open", "close"]), names),
    st.builds(h.DemandTurns, times, st.floats(0, 1000), st.one_of(maybe, st.floats(0.1, 1e5))),
    st.builds(h.SunTurns, times, shares, st.one_of(maybe, st.floats(0.1, 1e5))),
)  # fmt: skip
numbers = st.one_of(maybe, st.floats(allow_nan=False, allow_infinity=False))
multipliers = st.lists(st.floats(0, 1000), min_size=1, max_size=5).map(tuple)
suns = st.lists(shares, min_size=1, max_size=5).map(tuple)
scenarios = st.builds(
    s.Scenario, names, names,
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),
    st.one_of(names, st.just(""), st.just("two\nlines: of text\n")), st.floats(0.1, 8784),
    st.integers(0, 2**63 - 1), st.sampled_from(["crew", "healing"]), st.one_of(maybe, above_0),
    st.builds(GridChanges, many(st.builds(PvAdded, names, phases, above_0, above_0,
                                          st.floats(-1, 1)))),
    st.builds(s.Demand, st.one_of(st.just("residential"), multipliers,
                                  st.builds(s.ShapeFiles, names, names)),
              st.floats(0, 1000), st.floats(0.1, 1440),
              many(st.builds(s.Surge, times, times, st.floats(0, 1000))), st.booleans()),
    st.builds(s.Sun, st.one_of(st.just("clear"), suns), shares),
    skies, telemetry, telecoms, people,
    st.builds(s.Der, st.one_of(maybe, st.sampled_from(list(Category))),
              by_name(st.sampled_from(list(Category)))),
    many(names), many(happenings, 3), st.builds(s.Realism, *[st.booleans()] * 15),
    many(st.builds(Expectation, names, numbers, numbers, numbers, many(names))),
)  # fmt: skip
