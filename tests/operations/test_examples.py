"""The networks that ship can be read, solved and traced to their source."""

from __future__ import annotations

import pytest

from gridmend.formats.examples import FOLDER, examples
from gridmend.formats.read import read
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network

NAMES = ("ckt5", "ieee123", "ieee13", "ieee34", "ieee37", "ieee8500", "ieee8500x3")


def test_the_networks_ship_with_licence_and_source() -> None:
    found = {example.name: example for example in examples()}
    assert tuple(sorted(found)) == NAMES
    for example in found.values():
        assert example.title
        assert example.source
        assert example.licence.startswith("BSD-3-Clause")
        assert example.buses > 0
        assert example.customers > 0
        assert "Electric Power Research Institute" in (example.path / "LICENSE.txt").read_text()
        assert "changed or assumed" in (example.path / "SOURCE.md").read_text()


def test_no_example_names_the_machine_it_was_made_on() -> None:
    for file in FOLDER.rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            assert not any(word in text for word in ("/home/", "/work/", "C:\\")), file


@pytest.mark.parametrize("name", NAMES)
def test_every_example_has_a_solution_as_built(name: str) -> None:
    grid = read(name)
    flow = Network.of(grid).solve(Snapshot.normal(grid), controls="static")
    assert flow.converged
