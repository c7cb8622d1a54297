"""OpenDSS's losses of a balanced network of branches, straight from the tables' rows."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from dss import DSS


def losses_kw(branches: Path, open_branches: Collection[str]) -> float:
    """Losses [kW] of `X_branch.csv` with `X_bus.csv` beside it, some branches open.

    Nothing of the project takes part: rows go to OpenDSS as lines and loads. Raises
    `RuntimeError` where it does not converge.
    """
    buses = Path(str(branches).replace("_branch.csv", "_bus.csv"))
    with buses.open() as bus_file, branches.open() as branch_file:
        bus_rows, branch_rows = list(csv.DictReader(bus_file)), list(csv.DictReader(branch_file))
    DSS.AllowForms = False
    lines = ["clear"]
    sources = [row for row in bus_rows if float(row["source"])]
    for at, row in enumerate(sources):
        made = "new circuit.c" if at == 0 else f"new vsource.s{at}"
        stiff = "z1=(0, 1e-6) z0=(0, 1e-6)"
        lines.append(f"{made} bus1=b{row['bus']} basekv={row['base_kv']} pu=1 phases=3 {stiff}")
    for row in branch_rows:
        if row["branch"] not in open_branches:
            r, x = row["r_ohm"], row["x_ohm"]
            lines.append(
                f"new line.l{row['branch']} bus1=b{row['from_bus']} bus2=b{row['to_bus']} phases=3"
                f" length=1 units=none r1={r} x1={x} r0={r} x0={x} c1=0 c0=0"
            )
    for row in bus_rows:
        if float(row["p_kw"]) or float(row["q_kvar"]):
            lines.append(
                f"new load.d{row['bus']} bus1=b{row['bus']} phases=3 conn=wye kv={row['base_kv']}"
                f" kw={row['p_kw']} kvar={row['q_kvar']} model=1 vminpu=0.3 vmaxpu=2"
            )
    lines += [f"set voltagebases=[{sources[0]['base_kv']}]", "calcvoltagebases"]
    lines += ["set controlmode=off algorithm=newton tolerance=1e-10 maxiterations=500"]
    for line in lines:
        DSS.Text.Command = line
    DSS.ActiveCircuit.Solution.Solve()
    if not DSS.ActiveCircuit.Solution.Converged:
        raise RuntimeError("OpenDSS did not converge")
    return float(DSS.ActiveCircuit.Losses[0]) / 1e3
