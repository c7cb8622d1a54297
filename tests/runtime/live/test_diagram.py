"""Diagrams of a room against what the room says of each device, and laid out without a flaw."""

from __future__ import annotations

from typing import Any

import pytest

import gridmend
from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.runtime.live import Live
from gridmend.runtime.live.oneline.diagram import Diagrams
from tests.runtime.live.conftest import ANNA, Clock, Rooms

NAMES = ["ieee34", "ieee123", "ieee8500", "ieee8500x3"]


@pytest.fixture
def live(rooms: Rooms) -> Live:
    return rooms.open()


def drawn(live: Live) -> list[dict[str, Any]]:
    """Every diagram of a room."""

    def all_of(diagrams: Diagrams) -> list[dict[str, Any]]:
        stations = [diagrams.station(one["name"]) for one in diagrams.listed()]
        return [*stations, *(diagrams.feeder(name) for name in live.geometry.feeders)]

    return live.ask(lambda desk: all_of(desk.diagrams))


def joined(diagram: dict[str, Any]) -> None:
    """Whether pieces are there and told apart, and all devices are drawn between them."""
    pieces = {node["id"]: (node["x"], node["y"]) for node in diagram["nodes"]}
    assert len(pieces) == len(diagram["nodes"]) == len(set(pieces.values()))
    keys = [edge["key"] for edge in diagram["edges"]]
    beside = [key for edge in diagram["edges"] for key in edge["beside"]]
    assert len({*keys, *beside}) == len(keys) + len(beside)
    below = [edge["to"] for edge in diagram["edges"]]
    assert len(below) == len(set(below)), "a piece is reached by one way"
    for edge in diagram["edges"]:
        assert {edge["from"], edge["to"]} <= pieces.keys()
    for stub in diagram["stubs"]:
        assert stub["at"] in pieces and (not stub["target"] or stub["target"] in pieces)


@pytest.mark.parametrize("name", NAMES)
def test_every_diagram_of_an_example_is_joined_and_leads_where_there_is_something(
    name: str,
) -> None:
    live = Live.open(gridmend.read(name), "sqlite://", clock=Clock())
    try:
        diagrams = drawn(live)
        known = {(one["what"], one["name"]) for one in diagrams}
        for one in diagrams:
            joined(one)
            assert one["width"] > 0 and one["height"] > 0
            ties = [tie for node in one["nodes"] for tie in node["ties"]]
            for end in (*one["stubs"], *ties):
                assert not end["feeder"] or ("feeder", end["feeder"]) in known
                assert not end["substation"] or ("substation", end["substation"]) in known
            for bay in (node for node in one["nodes"] if node["kind"] == "bay"):
                assert all(("feeder", feeder) in known for feeder in bay["feeders"])
    finally:
        live.stop()


def test_a_feeder_shows_every_switch_of_it_and_all_its_customers(live: Live) -> None:
    found = live.ask(lambda desk: desk.diagrams.feeder("123"))
    joined(found)
    shown = {one["key"] for one in (*found["edges"], *found["stubs"])}
    assert {name.lower() for name in live.grid.switches} <= shown
    assert sum(node["customers"] for node in found["nodes"]) == live.grid.customer_count()
    assert found["substation"] == "150"
    sw9 = next(one for one in found["stubs"] if one["key"] == "sw9")
    assert (sw9["substation"], sw9["feeder"]) == ("neighbour_251", "")
    sw8 = [one for one in found["stubs"] if one["key"] == "sw8"]
    assert {one["target"] for one in sw8} == {one["at"] for one in sw8} and len(sw8) == 2


def test_what_is_not_there_is_told_with_the_nearest_name(live: Live) -> None:
    with pytest.raises(GridmendError, match="no feeder 'no such'"):
        live.ask(lambda desk: desk.diagrams.feeder("no such"))
    with pytest.raises(GridmendError, match="no substation '123'"):
        live.ask(lambda desk: desk.diagrams.station("123"))


def test_figures_are_those_of_the_panel_of_each_device(live: Live) -> None:
    told = live.ask(lambda desk: desk.diagrams.feeder_figures("123"))
    assert told["converged"] and told["source"] == "calculated"
    beside = {edge["key"]: edge["beside"] for edge in
              live.ask(lambda desk: desk.diagrams.feeder("123"))["edges"]}  # fmt: skip
    seen = 0
    for one in told["devices"]:
        keys = [one["key"], *beside.get(one["key"], [])]
        panel = [live.ask(lambda desk, key=key: desk.element(key)) for key in keys]
        amps = [a for p in panel for a in p["i_a"].values()]
        # A transformer is not the same at its other end, and a tie is seen from both.
        if one["key"].startswith(("transformer.", "capacitor.")) or not amps:
            continue
        seen += 1
        assert one["i_a"] == pytest.approx(max(amps), rel=1e-3, abs=1e-6)
        assert abs(one["p_kw"]) == pytest.approx(abs(sum(p["p_kw"] for p in panel)), rel=1e-3,
                                                 abs=1e-3)  # fmt: skip
    assert seen >= 10
    # The head gives what the feeder takes.
    head = next(one for one in told["devices"] if one["key"] == "sw1")
    overview = live.view.overview
    assert head["p_kw"] == pytest.approx(overview.source_kw, rel=0.01)
    lowest = min(one["v_min_pu"] for one in told["pieces"] if one["v_min_pu"] is not None)
    assert overview.v_min_pu is not None and lowest <= overview.v_min_pu + 1e-9


def test_taps_and_capacitors_stand_as_the_calculation_has_them(live: Live) -> None:
    told = live.ask(lambda desk: desk.diagrams.feeder_figures("123"))
    flow = live._course.room.kernel.flow()
    positions = flow.snapshot.positions(live.grid)
    by_key = {one["key"]: one for one in told["devices"]}
    taps = by_key["transformer.reg4a"]["taps"]
    names = {str(t).lower(): c for c, t in zip(live.grid.tap_controls["name"],
                                               live.grid.tap_controls["transformer"],
                                               strict=True)}  # fmt: skip
    assert taps == [positions["taps"][names[f"reg4{phase}"]] for phase in "abc"]
    capacitor = str(live.grid.capacitors["name"][0])
    shown = by_key[f"capacitor.{capacitor.lower()}"]
    assert (shown["steps_on"], shown["steps"]) == (positions["capacitors"][capacitor], 1)


def test_a_bay_tells_who_is_out_behind_it(rooms: Rooms, live: Live) -> None:
    live.ask(lambda desk: desk.take_authority("", ANNA))
    picked = live.ask(lambda desk: desk.select(Step(Action.OPEN, "sw3", "for work"), ANNA, "work"))
    live.ask(lambda desk: desk.operate(picked.answer.id, ANNA, "command-1"))
    rooms.run(live, 20)
    told = live.ask(lambda desk: desk.diagrams.station_figures("150"))
    bay = told["pieces"][-1]
    assert bay["customers"] == int(customer_counts(live.grid).sum())
    assert bay["customers_out"] == live.view.overview.customers_out > 0
    assert bay["energised"] and bay["v_min_pu"] == pytest.approx(live.view.overview.v_min_pu)
    feeder = live.ask(lambda desk: desk.diagrams.feeder_figures("123"))
    dark = [one for one in feeder["pieces"] if not one["energised"]]
    assert dark and all(one["v_min_pu"] is None for one in dark)
    assert sum(one["customers_out"] for one in dark) == bay["customers_out"]


def test_a_tie_tells_its_power_from_the_side_it_is_drawn_at(rooms: Rooms, live: Live) -> None:
    live.ask(lambda desk: desk.take_authority("", ANNA))
    for k, (action, key) in enumerate(((Action.OPEN, "sw3"), (Action.CLOSE, "sw7"))):
        step = Step(action, key, "for work")
        picked = live.ask(lambda desk, step=step: desk.select(step, ANNA, "work"))
        assert picked.answer.allowed, picked.answer
        answer = live.ask(
            lambda desk, p=picked, k=k: desk.operate(p.answer.id, ANNA, f"command-{k}")
        )
        assert answer.allowed, answer
        rooms.run(live, 20)
    told = live.ask(lambda desk: desk.diagrams.feeder_figures("123"))
    ends = [one["p_kw"] for one in told["devices"] if one["key"] == "sw7"]
    assert len(ends) == 2 and max(ends) > 100
    assert sum(ends) == pytest.approx(0.0, abs=1.0)


def test_a_diagram_is_made_once_and_few_are_kept(live: Live) -> None:
    first = live.ask(lambda desk: desk.diagrams.feeder("123"))
    assert live.ask(lambda desk: desk.diagrams.feeder("123")) is first
