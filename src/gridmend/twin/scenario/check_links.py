"""Checks of a scenario's communications: links, what feeds them, and who uses which."""

from __future__ import annotations

from collections.abc import Mapping

from gridmend.model.errors import GridmendError, nearest
from gridmend.twin.communications.paths import Path
from gridmend.twin.endpoints import GROUPS
from gridmend.twin.scenario.findings import Checking
from gridmend.twin.scenario.scenario import Way
from gridmend.twin.scenario.ways import endpoints_of, without_way

_NAMED_MOST = 3


def check_links(check: Checking) -> None:
    """All that is wrong with links, ways, planned outages and indicators."""
    telecoms, buses = check.scenario.communications, check.grid.buses
    names = [link.name for link in telecoms.links]
    for k, link in enumerate(telecoms.links):
        key = f"communications.links[{k}]"
        if link.name in names[:k]:
            check.error(key, f"two links are called '{link.name}'", "give each its own name")
        if link.bus and link.bus.lower() not in buses.index:
            mend = nearest(link.bus, buses) or "name a bus of the grid"
            what = f"link '{link.name}' is fed from bus '{link.bus}', which is not there"
            check.error(f"{key}.bus", what, mend)
    for k, outage in enumerate(telecoms.outages):
        key = f"communications.outages[{k}]"
        if outage.link not in names:
            check.error(key, f"there is no link '{outage.link}'", _links(outage.link, names))
        if outage.start_s >= check.scenario.end_s:
            check.warn(key, "the outage begins after the run", "let it begin within the run")
    if not names:
        check.error("communications.links", "there is no link", "add one, such as a fibre")
    _check_switches(check)
    try:
        endpoints = endpoints_of(check.grid, check.scenario.telemetry.indicators)
    except GridmendError:
        return
    _check_ways(check, names, endpoints)


def _check_switches(check: Checking) -> None:
    """Indicators stand at switches that are there, each once."""
    at, switches = check.scenario.telemetry.indicators.at, check.grid.switches
    seen: set[str] = set()
    for k, name in enumerate(at if isinstance(at, tuple) else ()):
        key, folded = f"telemetry.indicators.at[{k}]", name.lower().removeprefix("switch.")
        row = switches.index.get(folded)
        if row is None:
            mend = nearest(name, switches) or "name a switch of the grid"
            check.error(key, f"there is no switch '{name}'", mend)
        elif not switches.flags("in_service")[row]:
            check.error(key, f"switch '{name}' is not in service", "name one that is")
        if folded in seen:
            check.error(key, f"'{name}' is named twice", "name each switch once")
        seen.add(folded)


def _check_ways(
    check: Checking, names: list[str], endpoints: Mapping[str, tuple[str, ...]]
) -> None:
    telecoms = check.scenario.communications
    known = {name for group in endpoints.values() for name in group}
    seen: set[str] = set()
    for way in telecoms.ways:
        key = f"communications.ways.{way.of}"
        if way.of not in GROUPS and way.of.lower() not in known:
            mend = nearest(way.of, [*GROUPS, *known]) or f"name {', '.join(GROUPS)} or an endpoint"
            check.error(key, f"there is no endpoint '{way.of}'", mend)
        if way.of.lower() in seen:
            check.error(key, f"'{way.of}' has two ways", "leave one")
        seen.add(way.of.lower())
        _check_way(check, way, key, names)
    for group, members in endpoints.items():
        lacking = without_way(telecoms, group, members)
        if lacking:
            few = ", ".join(lacking[:_NAMED_MOST])
            more = f" and {len(lacking) - _NAMED_MOST} more" * (len(lacking) > _NAMED_MOST)
            what = f"nothing says over which links {few}{more} speak"
            check.error("communications.ways", what, f"add `{group}: [link, …]`")


def _check_way(check: Checking, way: Way, key: str, names: list[str]) -> None:
    for link in way.links:
        if link not in names:
            check.error(key, f"there is no link '{link}'", _links(link, names))
    with check.at(key):
        Path(way.of, way.links, way.store)


def _links(link: str, names: list[str]) -> str:
    return nearest(link, names) or f"the links are {', '.join(names) or 'none'}"
