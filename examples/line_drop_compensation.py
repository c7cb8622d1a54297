"""What does line-drop compensation give? Hours of a year on one feeder, with it and without it.

Run it with how many hours (8760 is a year) and the picture's name:
    python examples/line_drop_compensation.py 744 line_drop.svg
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gridmend as gm
from gridmend.model.series import Series
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from gridmend.runtime.shape import residential_shape

hours = int(sys.argv[1]) if len(sys.argv) > 1 else 744
picture = sys.argv[2] if len(sys.argv) > 2 else "line_drop.svg"

compensated = gm.read("ieee123")
controls = compensated.tap_controls
for setting in ("ldc_r_v", "ldc_x_v"):
    controls = controls.with_column(setting, np.zeros(len(controls)))
bare = compensated.with_tables(tap_controls=controls)

# An assumed year: a residential day, a fifth more in mid-winter than in mid-summer, 5 % of noise.
hour = np.arange(hours)
season = 0.9 + 0.1 * np.cos(2 * np.pi * hour / 8760)
demand = residential_shape(24)[hour % 24] * season
series = Series.scaled(gm.Snapshot.normal(compensated), demand)
series = series.with_noise(np.random.default_rng(1), 0.05)

found: dict[str, SeriesFlow] = {}
print(f"{compensated.name}, {hours} hours{'':24}lowest  highest   losses   tap      customer-hours")
print(f"{'':38}pu       pu        kWh   operations  outside 0.95-1.05")
for name, grid in (("with compensation", compensated), ("without", bare)):
    flow = solve_series(Network.of(grid), series)
    found[name] = flow
    print(
        f"{name:<34}{np.nanmin(flow.v_min_pu):8.4f} {np.nanmax(flow.v_max_pu):8.4f}"
        f" {np.nansum(flow.loss_kw):9,.0f} {flow.tap_operations.sum():9,}"
        f" {np.nansum(flow.customers_outside):12,.0f}"
    )

figure = Figure(figsize=(9, 4.5), layout="constrained")
voltage, taps = figure.subplots(2, 1, sharex=True)
for name, flow in found.items():
    (line,) = voltage.plot(hour, flow.v_min_pu, linewidth=0.9, label=name)
    voltage.plot(hour, flow.v_max_pu, linewidth=0.9, color=line.get_color(), alpha=0.5)
    taps.plot(hour, np.cumsum(flow.tap_operations), linewidth=1.2, color=line.get_color())
for limit_pu in (0.95, 1.05):
    voltage.axhline(limit_pu, color="0.6", linewidth=0.8, linestyle=":")
voltage.set_ylabel("lowest, highest pu")
figure.legend(loc="outside upper right", frameon=False, ncols=2)
taps.set_ylabel("tap operations so far")
taps.set_xlabel("hour")
figure.savefig(picture)
print(f"picture: {picture}")
