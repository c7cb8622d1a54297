"""Plants with PV systems on roofs, for the tests of what DER do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.agenda import Agenda
from gridmend.twin.guards import Guards
from gridmend.twin.inverters.settings import EnterService, Settings
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.resources import Resources
from gridmend.twin.world import World

PV_KW = 300.0
NEAR = Short("line.L1", ("a", "b", "c"), 0.0, share=0.0)
"""A fault beside the breaker of the ring, without resistance."""
DELAY_S, RAMP_S, UV2_S = 300.0, 300.0, 2.0
"""Defaults of category III by hand: to enter service, to climb, to trip below 0.5 pu."""
NO_RAMP = replace(Settings.of("III"), enter_service=EnterService(ramp_s=0.0))


def with_roof(grid: Grid, bus: str, *more: str, kv: float, kw: float = PV_KW) -> Grid:
    """A grid with PV systems of three phases, named for their buses; the first is `roof`."""
    row = {"phases": "a b c g", "kv": kv, "panel_kw": kw, "irradiance_pu": 1.0, "rating_kva": kw}
    names = {"Roof": bus} | {f"Roof_{other}": other for other in more}
    rows = [{"name": name, "bus": at, **row} for name, at in names.items()]
    return grid.with_rows("pv_systems", *rows)


def plant_of(grid: Grid, resources: Callable[[Network], Resources | None] = Resources.of) -> Plant:
    network = Network.of(grid)
    world = World.of(network, Series.scaled(Snapshot.normal(grid), [1.0] * 8, step_s=900.0))
    guards = Guards.of(network, world.topology, world.flow)
    return Plant(Agenda(), world, guards, resources(network))


def of_category(category: str | Settings) -> Callable[[Network], Resources]:
    return partial(Resources.of, default=category)


def do(plant: Plant, at_s: float, action: Action, device: str, value: float | None = None) -> None:
    plant.agenda.run_to(at_s)
    assert plant.operate(Step(action, device, "", value=value)).state is not OutcomeState.FAILED


def sag(plant: Plant, short: Short, from_s: float, to_s: float) -> None:
    """A fault that somebody takes away before protection acts."""
    plant.agenda.run_to(from_s)
    number = plant.strike(Fault(short))
    plant.agenda.run_to(to_s)
    plant.repair(number)


def deeds(plant: Plant, key: str = "pv_system.roof") -> list[tuple[float, str]]:
    """What a resource did, as the plant tells it."""
    told = [h for h in plant.happened if h.payload.get("device") == key]
    return [(round(h.time_s, 3), h.kind.removeprefix("der_")) for h in told]


def pv_kw(plant: Plant) -> float:
    """What the flow of now says that all PV systems give."""
    return -float(plant.world.flow.power_kva("pv_systems").real.sum())


class Meter:
    """Energy that flowed out of PV systems, from the flow of each instant."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.kws, self.p_kw, self.since_s = plant, 0.0, pv_kw(plant), plant.now_s
        plant.watchers.append(self.read)

    def read(self, now_s: float, flow: Flow) -> None:
        self.kws += self.p_kw * (now_s - self.since_s)
        self.p_kw, self.since_s = -float(flow.power_kva("pv_systems").real.sum()), now_s

    def kwh(self) -> float:
        self.read(self.plant.now_s, self.plant.world.flow)
        return self.kws / 3600
