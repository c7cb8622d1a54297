"""How reliable a network is: failures, hours out and energy, by load, element and cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.planning.reliability.effects import effects, planned_by
from gridmend.planning.reliability.modes import Modes, failure_modes
from gridmend.planning.reliability.settings import Settings
from gridmend.planning.reliability.totals import Shares, by_load, shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS_A_YEAR = 8760.0
METHOD = "failure modes and effects, one failure at a time"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is to be expected in a mean year.

    [loads]: `loads` names, `customers`, `average_kw`; `per_year` sustained interruptions, `u_h`
    hours out, `momentary_per_year`. `shares` [modes] is what each failure mode contributes.
    """

    loads: tuple[str, ...]
    customers: Ints
    average_kw: Floats
    per_year: Floats
    u_h: Floats
    momentary_per_year: Floats
    modes: Modes
    shares: Shares
    settings: Settings
    assumed: tuple[str, ...]

    @property
    def customer_count(self) -> int:
        """Customers behind all loads."""
        return int(self.customers.sum())

    @property
    def saifi(self) -> float:
        """Sustained interruptions of a mean customer [1/yr]."""
        return float(self.per_year @ self.customers) / self.customer_count

    @property
    def saidi_h(self) -> float:
        """Hours in which a mean customer is out [h/yr]."""
        return float(self.u_h @ self.customers) / self.customer_count

    @property
    def caidi_h(self) -> float:
        """Mean length of an interruption [h]; nan where there is none."""
        return self.saidi_h / self.saifi if self.saifi > 0 else float("nan")

    @property
    def asai(self) -> float:
        """Share of the year in which a mean customer has supply."""
        return 1 - self.saidi_h / HOURS_A_YEAR

    @property
    def maifi(self) -> float:
        """Momentary interruptions of a mean customer [1/yr]."""
        return float(self.momentary_per_year @ self.customers) / self.customer_count

    @property
    def ens_mwh(self) -> float:
        """Energy not supplied in sustained interruptions [MWh/yr]."""
        return float(self.u_h @ self.average_kw) / 1000

    @property
    def r_h(self) -> Floats:
        """[loads] mean length of an interruption [h]; nan where there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.per_year > 0, self.u_h / self.per_year, np.nan)

    @property
    def by_cause(self) -> Shares:
        """[causes] what each class of causes contributes."""
        return self.shares.summed(self.modes.cause, len(self.modes.causes))

    @property
    def by_element(self) -> Shares:
        """[elements] what the failures of each element contribute."""
        return self.shares.summed(self.modes.element, len(self.modes.elements))


def predict(
    grid: Grid,
    settings: Settings | None = None,
    *,
    snapshot: Snapshot | None = None,
    topology: Topology | None = None,
) -> Prediction:
    """Predict interruptions, hours out and energy not supplied in a mean year.

    Each failure mode, one at a time: protection trips, the zone is isolated, what switches reach
    comes back by itself, from the control room or by hand, the rest by repair. A load's failures
    [1/yr] and hours out [h/yr] add up over modes; no two failures overlap, as is usual where
    hours out are few in 8760. An interruption up to `momentary_min` counts in MAIFI alone.

    Parameters
    ----------
    snapshot
        Positions and demand before the failures; normal ones unless given.

    Raises
    ------
    GridError
        Where there are no customers, nothing can fail, or failure data cannot be meant.

    Source: R. Billinton, R. Allan, Reliability Evaluation of Power Systems, chapter 7 (radial
    systems with transferable loads). Checked against the published indices of the Roy Billinton
    test system's bus 2, against hand calculations, and against a sequential simulation.
    """
    settings = settings or Settings()
    topology = topology or Topology.of(grid)
    before = snapshot or Snapshot.normal(grid)
    customers = np.where(grid.loads.flags("in_service"), customer_counts(grid), 0)
    _refuse_nobody(grid, customers)
    modes = failure_modes(grid, settings)
    if not len(modes.elements):
        mend = "give failures_per_year or failures_per_km_year above 0 for what is in service"
        raise GridError("nothing in the grid can fail", where="failures", mend=mend)
    planned = planned_by(topology, before) if settings.transfers == "checked" else None
    found = effects(topology, before, modes, settings, planned=planned)
    average_kw, demand = _average_kw(grid, before, settings)
    per_year, u_h, momentary = by_load(found, modes, settings)
    each = shares(found, modes, settings, customers=customers, average_kw=average_kw)
    dead = ~topology.supplied(topology.energised(before)) & (customers > 0)
    return Prediction(
        loads=tuple(grid.loads.texts("name")),
        customers=customers,
        average_kw=average_kw,
        per_year=per_year,
        u_h=u_h,
        momentary_per_year=momentary,
        modes=modes,
        shares=each,
        settings=settings,
        assumed=(
            *modes.assumed,
            *_told(settings),
            demand,
            *found.notes,
            *_unfused(grid),
            *_dead(grid, dead),
        ),
    )


def _refuse_nobody(grid: Grid, customers: Ints) -> None:
    if (customers < 0).any():
        name = grid.loads["name"][int(np.argmin(customers))]
        raise GridError(f"load '{name}' has fewer than 0 customers", mend="give 0 or more")
    if not customers.sum():
        mend = "give customers in loads, or rows in customers"
        raise GridError("nobody is served: the grid has no customers", where="loads", mend=mend)


def _average_kw(grid: Grid, before: Snapshot, settings: Settings) -> tuple[Floats, str]:
    """[loads] average demand, and how it was found."""
    mean = np.ones(len(grid.loads))
    shapes = {
        name.lower(): float(np.mean(values))
        for name, values, actual in zip(
            grid.shapes, grid.shapes.vectors("p_pu"), grid.shapes.flags("actual"), strict=True
        )
        if len(values) and not actual
    }
    own = zip(grid.loads.texts("yearly"), grid.loads.texts("daily"), strict=True)
    named = [(yearly or daily).lower() for yearly, daily in own]
    for row, name in enumerate(named):
        mean[row] = shapes.get(name, 1.0)
    shaped = sum(name in shapes for name in named)
    what = f"average demand is {settings.load_factor:g} times the model's"
    if shaped:
        what += f", times the mean of its shape for {shaped:,} of {len(mean):,} loads"
    return before.load_kw * mean * settings.load_factor, what


def _told(settings: Settings) -> tuple[str, ...]:
    """The settings as sentences."""
    transfers = {
        "assumed": "ties are taken to have room and voltage for what they reach",
        "checked": "what ties reach is within limits by a switching plan for each failure, at the "
        "model's demand",
        "none": "no tie is closed",
    }[settings.transfers]
    fuses = "are saved by the device before them" if settings.fuse_saving else "blow"
    return (
        f"switching takes {settings.switching_h:g} h by hand and {settings.remote_min:g} min from "
        f"the control room; up to {settings.momentary_min:g} min is momentary",
        transfers,
        f"protection and switches always work; on temporary faults fuses {fuses}, and breakers and "
        "reclosers reclose unless their settings say otherwise",
        *(
            ("a distribution transformer with no switch behind it has a fuse of its own",)
            if settings.transformer_fuses
            else ()
        ),
    )


def _unfused(grid: Grid) -> tuple[str, ...]:
    """A word of caution where every lateral's fault trips a feeder."""
    if not len(grid.lines) or "fuse" in grid.switches["kind"]:
        return ()
    return (
        "the model has no fuse on any lateral: a fault anywhere trips what protects the feeder, "
        "which overstates interruptions where laterals are fused",
    )


def _dead(grid: Grid, dead: NDArray[np.bool_]) -> tuple[str, ...]:
    if not dead.any():
        return ()
    rows = np.flatnonzero(dead).tolist()
    names = ", ".join(str(grid.loads["name"][k]) for k in rows[:8])
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return (f"without supply before any failure, and counted as never interrupted: {names}{more}",)
