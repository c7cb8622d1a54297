"""What does line-drop compensation give? Hours of a year on one feeder, with it and without it.

Without it the regulators keep their set points, and hold them at their own terminals.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import gridmend as gm
from gridmend.model.series import Series
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from gridmend.runtime.shape import residential_shape

asked = argparse.ArgumentParser(description=__doc__)
asked.add_argument("--hours", type=int, default=744, help="how many; 8760 is a year (default 744)")
asked.add_argument(
    "--out", type=Path, default=Path("line_drop.svg"), help="the picture: .svg, .png or .pdf"
)
given = asked.parse_args()
if given.hours < 24:
    asked.error(f"{given.hours} hours are less than a day: ask for 24 or more")
if given.out.suffix not in (".svg", ".png", ".pdf") or not given.out.parent.is_dir():
    asked.error(f"{given.out} is no picture that can be written: name a .svg in a folder there is")

compensated = gm.read("ieee123")
controls = compensated.tap_controls
for setting in ("ldc_r_v", "ldc_x_v"):
    controls = controls.with_column(setting, np.zeros(len(controls)))
bare = compensated.with_tables(tap_controls=controls)

# An assumed year: a residential day, a fifth more in mid-winter than in mid-summer, 5 % of noise.
hour = np.arange(given.hours)
season = 0.9 + 0.1 * np.cos(2 * np.pi * hour / 8760)
demand = residential_shape(24)[hour % 24] * season
series = Series.scaled(gm.Snapshot.normal(compensated), demand)
series = series.with_noise(np.random.default_rng(1), 0.05)

found: dict[str, SeriesFlow] = {}
print(f"{compensated.name}, {given.hours} hours")
print(f"{'':18}{'lowest':>8}{'highest':>9}{'losses':>10}{'tap':>12}{'customer-hours':>19}")
print(f"{'':18}{'pu':>8}{'pu':>9}{'kWh':>10}{'operations':>12}{'outside 0.95-1.05':>19}")
for name, grid in (("with compensation", compensated), ("without", bare)):
    flow = solve_series(Network.of(grid), series)
    found[name] = flow
    print(
        f"{name:<18}{np.nanmin(flow.v_min_pu):8.4f}{np.nanmax(flow.v_max_pu):9.4f}"
        f"{np.nansum(flow.loss_kw):10,.0f}{flow.tap_operations.sum():12,}"
        f"{np.nansum(flow.customers_outside):19,.0f}"
    )
    if not flow.converged.all():
        print(f"  {(~flow.converged).sum()} hours did not converge and are left out")

figure = Figure(figsize=(9, 4.5), layout="constrained")
voltage, taps = figure.subplots(2, 1, sharex=True)
# Lines of more than two months are drawn day by day, each with its lowest and highest hour.
step = 24 if given.hours > 1440 else 1
count = given.hours // step * step
day = hour[:count:step] / 24
for name, flow in found.items():
    lowest = flow.v_min_pu[:count].reshape(-1, step).min(axis=1)
    highest = flow.v_max_pu[:count].reshape(-1, step).max(axis=1)
    (line,) = voltage.plot(day, lowest, linewidth=0.9, label=name)
    voltage.plot(day, highest, linewidth=0.9, color=line.get_color(), alpha=0.5)
    taps.plot(hour / 24, np.cumsum(flow.tap_operations), linewidth=1.2, color=line.get_color())
for limit_pu in (0.95, 1.05):
    voltage.axhline(limit_pu, color="0.6", linewidth=0.8, linestyle=":")
voltage.set_ylabel("lowest (dark) and\nhighest voltage [pu]")
figure.legend(loc="outside upper right", frameon=False, ncols=2)
taps.set_ylabel("tap operations\nsince the start")
taps.set_xlabel("day")
taps.set_xlim(0, given.hours / 24)
figure.savefig(given.out)
print(f"picture: {given.out}")
