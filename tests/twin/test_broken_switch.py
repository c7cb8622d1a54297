"""A switch that is itself faulted does not do what it is told, until it is mended."""

from __future__ import annotations

import gridmend
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.agenda import Agenda
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.world import World


def _plant() -> Plant:
    network = Network.of(gridmend.read("ieee123"))
    series = Series.scaled(Snapshot.normal(network.grid), [1.0] * 8, step_s=900.0)
    world = World.of(network, series)
    return Plant(Agenda(), world, Guards.of(network, world.topology, world.flow))


def test_a_switch_with_a_permanent_fault_does_not_open_until_it_is_mended() -> None:
    plant = _plant()
    number = plant.strike(Fault(Short("switch.Sw3", ("a", "b", "c"))))
    plant.agenda.run_to(600.0)
    outcome = plant.operate(Step(Action.OPEN, "Sw3", ""))
    assert outcome.state is OutcomeState.IN_DOUBT
    assert plant.happened[-1].kind == "stuck"
    row = plant.world.grid.switches.row("Sw3")
    assert not plant.world.snapshot.open_phases[row]
    plant.repair(number)
    assert plant.operate(Step(Action.OPEN, "Sw3", "")).state is not OutcomeState.FAILED
    plant.agenda.run_to(700.0)
    assert plant.world.snapshot.open_phases[row]


def test_its_neighbours_do_what_they_are_told() -> None:
    plant = _plant()
    plant.strike(Fault(Short("switch.Sw3", ("a", "b", "c"))))
    plant.agenda.run_to(600.0)
    plant.operate(Step(Action.OPEN, "Sw2", ""))
    plant.agenda.run_to(700.0)
    assert plant.world.snapshot.open_phases[plant.world.grid.switches.row("Sw2")]
