import math

import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.twin.weather.assets import Assets
from gridmend.twin.weather.storms import Storm


@pytest.fixture(scope="session")
def grid() -> Grid:
    return read("ieee123")


@pytest.fixture(scope="session")
def assets(grid: Grid) -> Assets:
    return Assets.of(grid)


@pytest.fixture(scope="session")
def front(assets: Assets) -> Storm:
    """A front from the west that is over the middle of the network at noon."""
    x_m, y_m = assets.centre
    return Storm(
        "front",
        start_s=9 * 3600,
        x_m=x_m,
        y_m=y_m,
        radius_m=15_000,
        width_m=math.inf,
        speed_m_per_s=8,
        heading_deg=90,
        gust_m_per_s=45,
        lightning_per_km2_h=2.0,
        ice_mm_per_h=30.0,
    )
