from __future__ import annotations

from dataclasses import replace

import pytest

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin.inverters.changes import Deed
from gridmend.twin.inverters.fleet import der_of
from gridmend.twin.inverters.settings import EnterService, FrequencyTrip, Settings, VoltageTrip
from gridmend.twin.streams import Streams


@pytest.fixture
def sunny(ring: Grid) -> Grid:
    """The ring with a generator, two roofs, one of them switched off, and two batteries."""
    place = {"phases": "a b c g", "kv": 12.47}
    grid = ring.with_rows("generators", {"name": "G1", "bus": "a", "p_kw": 50.0, **place})
    roof = {"panel_kw": 5.0, "rating_kva": 6.0, **place}
    grid = grid.with_rows(
        "pv_systems",
        {"name": "Roof", "bus": "c", **roof},
        {"name": "Old", "bus": "c", "in_service": False, **roof},
    )
    cell = {"rating_kw": 900.0, "rating_kva": 900.0, "capacity_kwh": 10.0, "stored_kwh": 5.0}
    return grid.with_rows(
        "storages",
        {"name": "Former", "bus": "e", "grid_forming": True, **cell, **place},
        {"name": "Cell", "bus": "f", **cell, **place},
    )


def test_every_resource_in_service_is_there_with_the_category_of_its_kind(sunny: Grid) -> None:
    fleet = der_of(sunny)
    assert fleet.names == ("generator.G1", "pv_system.Roof", "storage.Former", "storage.Cell")
    assert [each.category.value for each in fleet.settings] == ["I", "III", "III", "III"]
    assert fleet.buses == ("a", "c", "e", "f")
    assert fleet.forming.tolist() == [False, False, True, False]
    assert fleet.rating_kva.tolist()[1:] == [6.0, 900.0, 900.0]
    assert fleet.findings() == ()


def test_settings_are_given_by_name_and_by_default(sunny: Grid) -> None:
    own = replace(Settings.of("II"), uv1=VoltageTrip(0.8, 5.0))
    fleet = der_of(sunny, {"pv_system.roof": own, "CELL": "I"}, default="II")
    assert [each.category.value for each in fleet.settings] == ["II", "II", "II", "I"]
    assert fleet.settings[1] is own


def test_the_machine_of_a_grid_exempts_who_forms_it(sunny: Grid) -> None:
    machine = der_of(sunny).machine()
    machine.see(0.0, [1.0] * 4, 60.0, True, [True] * 4)
    done = machine.act(2.0)
    assert [machine.names[k] for k in done.of(Deed.TRIPPED)] == [
        "generator.G1", "pv_system.Roof", "storage.Cell",
    ]  # fmt: skip


def test_findings_name_the_resource(sunny: Grid) -> None:
    window = EnterService(ramp_s=0, random_s=300)
    odd = replace(Settings.of("II"), ov1=VoltageTrip(1.25, 2.0))
    calm = replace(Settings.of("II"), enter_service=window)
    fleet = der_of(sunny, {"roof": odd, "cell": calm})
    found = fleet.findings()
    assert [(f.where.split(";")[0], f.what.split(" ")[0]) for f in found] == [
        ("pv_system.Roof", "ov1.v_pu"), ("storage.Cell", "a"),
    ]  # fmt: skip
    assert "500 kVA" in found[1].what
    assert len(fleet.machine(Streams(1)).names) == 4


def test_what_is_no_resource_is_refused(sunny: Grid) -> None:
    with pytest.raises(GridError, match="no distributed resource"):
        der_of(sunny, {"line.L1": "II"})
    with pytest.raises(GridError, match="no element 'Rouf'"):
        der_of(sunny, {"Rouf": "II"})
    with pytest.raises(GridError, match="twice"):
        der_of(sunny, {"roof": "II", "pv_system.Roof": "I"})


def test_a_grid_of_fifty_hertz_needs_settings_of_its_own(sunny: Grid) -> None:
    grid = replace(sunny, frequency_hz=50.0)
    with pytest.raises(GridError, match=r"'generator\.G1' would trip at 50 Hz"):
        der_of(grid)
    own = replace(
        Settings.of("II"),
        of2=FrequencyTrip(52.0, 0.16),
        of1=FrequencyTrip(51.5, 300),
        uf1=FrequencyTrip(47.5, 300),
        uf2=FrequencyTrip(47.0, 0.16),
        enter_service=EnterService(f_low_hz=49.5, f_high_hz=50.1),
    )
    assert len(der_of(grid, default=own)) == 4


def test_a_grid_without_resources_has_an_empty_fleet(ring: Grid) -> None:
    fleet = der_of(ring)
    assert len(fleet) == 0
    assert len(fleet.machine().names) == 0
