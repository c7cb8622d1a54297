from datetime import UTC, datetime, timedelta, timezone

import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.twin.field import Field, FieldAdapter

NOW = datetime(2026, 7, 15, 17, 30, tzinfo=UTC)


def _field(grid: Grid) -> Field:
    return Field(Topology.of(grid), Snapshot.normal(grid))


def _step(action: Action, device: str) -> Step:
    return Step(action, device, why="a test")


def test_the_nearest_upstream_breaker_trips_and_locks_out(ring: Grid) -> None:
    field, events = _field(ring).strike("L2", time_utc=NOW, cause="test")
    assert [event.kind for event in events] == ["fault_struck", "tripped"]
    assert events[1].payload["device"] == "CB"
    assert field.locked_out == ("CB",)
    assert field.snapshot.is_open(ring, "CB")


def test_a_recloser_closer_to_the_fault_trips_instead_of_the_breaker(ring: Grid) -> None:
    grid = ring.with_changed("S1", kind="recloser")
    field, events = _field(grid).strike("L3", time_utc=NOW, cause="test")
    assert events[-1].payload["device"] == "S1"
    assert not field.snapshot.is_open(grid, "CB")


def test_a_switch_that_clears_no_fault_is_passed_over(ring: Grid) -> None:
    _, events = _field(ring).strike("L3", time_utc=NOW, cause="test")
    assert events[-1].payload["device"] == "CB"


def test_the_source_trips_where_nothing_parts_it_from_the_fault(ring: Grid) -> None:
    field, events = _field(ring).strike("CB", time_utc=NOW, cause="test")
    assert events[-1].payload["device"] == "grid"
    assert not field.snapshot.source_on.any()


def test_a_fault_fed_from_both_sides_trips_both(ring: Grid) -> None:
    grid = ring.with_changed("S1", kind="recloser").with_changed("T", kind="recloser")
    closed = Snapshot.normal(grid).with_switch(grid, "T", is_open=False)
    field, events = Field(Topology.of(grid), closed).strike("L2", time_utc=NOW, cause="test")
    tripped = {event.payload["device"] for event in events if event.kind == "tripped"}
    assert tripped == {"S1", "T"}
    assert not field.snapshot.is_open(grid, "CB")


def test_a_fault_on_a_dead_line_trips_nothing(ring: Grid) -> None:
    dead = Snapshot.normal(ring).with_switch(ring, "CB", is_open=True)
    _, events = Field(Topology.of(ring), dead).strike("L2", time_utc=NOW, cause="test")
    assert [event.kind for event in events] == ["fault_struck"]


def test_closing_onto_the_fault_trips_again_and_the_outcome_is_a_failure(ring: Grid) -> None:
    field, _ = _field(ring).strike("L2", time_utc=NOW, cause="test")
    field, outcome, events = field.operate(_step(Action.CLOSE, "CB"), time_utc=NOW, cause="test")
    assert outcome.state is OutcomeState.FAILED
    assert [event.kind for event in events] == ["switched", "tripped"]
    assert field.snapshot.is_open(ring, "CB")


def test_an_isolated_fault_lets_the_breaker_close(ring: Grid) -> None:
    field, _ = _field(ring).strike("L2", time_utc=NOW, cause="test")
    for action, device in ((Action.OPEN, "S1"), (Action.OPEN, "S2"), (Action.CLOSE, "CB"),
                           (Action.CLOSE, "T")):  # fmt: skip
        field, outcome, _ = field.operate(_step(action, device), time_utc=NOW, cause="test")
        assert outcome.state is OutcomeState.CONFIRMED
    live = Topology.of(ring).energised_buses(field.snapshot)
    dead = {name for name, is_live in zip(ring.buses["name"], live, strict=True) if not is_live}
    assert dead == {"b", "c"}


def test_a_repaired_fault_may_be_closed_upon(ring: Grid) -> None:
    field, _ = _field(ring).strike("L2", time_utc=NOW, cause="test")
    field, events = field.repair("L2", time_utc=NOW, cause="crew")
    assert [event.kind for event in events] == ["repaired"]
    assert field.locked_out == ()
    field, outcome, _ = field.operate(_step(Action.CLOSE, "CB"), time_utc=NOW, cause="test")
    assert outcome.state is OutcomeState.CONFIRMED


def test_a_step_to_a_device_that_is_not_there_fails_and_changes_nothing(ring: Grid) -> None:
    field = _field(ring)
    after, outcome, events = field.operate(_step(Action.OPEN, "S9"), time_utc=NOW, cause="test")
    assert outcome.state is OutcomeState.FAILED
    assert after is field
    assert events[0].kind == "step_failed"


def test_a_line_is_not_a_switch(ring: Grid) -> None:
    _, outcome, _ = _field(ring).operate(_step(Action.OPEN, "line.L1"), time_utc=NOW, cause="test")
    assert outcome.state is OutcomeState.FAILED
    assert "not a switch" in outcome.detail


def test_a_fault_on_a_load_is_refused(ring: Grid) -> None:
    with pytest.raises(GridError, match="load 'Da'"):
        _field(ring).strike("load.Da", time_utc=NOW, cause="test")


def test_equal_inputs_give_equal_bytes(ring: Grid) -> None:
    def run() -> str:
        adapter = FieldAdapter(_field(ring), now=lambda: NOW, cause="test")
        adapter.field, events = adapter.field.strike("L2", time_utc=NOW, cause="test")
        adapter.carry_out(_step(Action.OPEN, "S1"))
        adapter.carry_out(_step(Action.CLOSE, "CB"))
        return "\n".join(event.as_line() for event in (*events, *adapter.events()))

    assert run() == run()


def test_the_field_that_was_struck_is_left_as_it_was(ring: Grid) -> None:
    field = _field(ring)
    before = field.snapshot.open_phases.copy()
    field.strike("L2", time_utc=NOW, cause="test")
    assert (field.snapshot.open_phases == before).all()
    assert field.faulted == ()


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))])
def test_an_event_outside_utc_is_refused(zone: timezone | None) -> None:
    with pytest.raises(GridmendError, match="not UTC"):
        Event(NOW.replace(tzinfo=zone), "field", "test", "tripped", {})


def test_an_events_payload_cannot_be_changed() -> None:
    given = {"device": "CB"}
    event = Event(NOW, "field", "test", "tripped", given)
    given["device"] = "other"
    assert event.payload["device"] == "CB"
    with pytest.raises(TypeError):
        event.payload["device"] = "other"  # type: ignore[index]


def _branches(grid: Grid) -> list[str]:
    tables = (grid.lines, grid.switches, grid.transformers)
    return [f"{table.schema.row}.{name}" for table in tables for name in table]


def test_what_trips_clears_the_fault_and_is_no_more_than_needed() -> None:
    grid = read("ieee123")
    field = _field(grid)
    for fault in _branches(grid):
        nodes = field.topology.nodes_of(fault)
        after, events = field.strike(fault, time_utc=NOW, cause="test")
        assert not field.topology.energised(after.snapshot)[nodes].any(), fault
        for event in events[1:]:
            device = str(event.payload["device"])
            if device in grid.sources:
                without = after.snapshot.with_source(grid, device, is_on=True)
            else:
                without = after.snapshot.with_switch(grid, device, is_open=False)
            assert field.topology.energised(without)[nodes].any(), (fault, device)
