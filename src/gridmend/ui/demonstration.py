"""The demonstration: a quiet day, then the same day with a fault, by crew alone and healed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from gridmend.interlock.limits import Limits
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.runtime.day import Day, Fault, Restoration, run_day
from gridmend.twin.strikes import bolted
from gridmend.ui import screen
from gridmend.ui.model_input import find_faulted
from gridmend.ui.picture import save_healing

AT = "17:30"
REPAIR_MIN = 180.0


@dataclass(frozen=True, eq=False)
class Demonstration:
    """Three days of the example network, and the pictures of the last."""

    quiet: Day
    by_crew: Day
    healed: Day
    pictures: tuple[Path, ...]
    seconds: float

    @property
    def plan(self) -> Plan | None:
        """The plan that healed, where one was proposed."""
        return self.healed.plans[0] if self.healed.plans else None

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        low = self.quiet.lowest_voltage()
        plan, fault = self.plan, self.healed.fault
        return {
            "grid": self.quiet.grid.name,
            "fault": fault.line if fault else "",
            "quiet": {
                "steps": len(self.quiet.times),
                "converged_steps": int(self.quiet.converged.sum()),
                "v_min_pu": low.v_pu,
                "worst_bus": low.bus,
                "energy_kwh": self.quiet.energy_kwh,
                "loss_kwh": self.quiet.loss_kwh,
                "tap_operations": int(self.quiet.tap_operations.sum()),
            },
            "steps": [
                {
                    "action": s.action.value,
                    "device": s.device,
                    "why": s.why,
                    "customers": s.customers,
                }
                for s in (plan.steps if plan else ())
            ],
            "customers_out": plan.customers_out if plan else 0,
            "customers_restorable": plan.customers_restorable if plan else 0,
            "customers_restored": plan.customers_restored if plan else 0,
            "customers_restored_by_tie": plan.customers_restored_by_tie if plan else 0,
            "left_out": list(plan.left_out) if plan else [],
            "notes": list(plan.notes) if plan else [],
            "customer_minutes": {
                "crew": self.by_crew.customer_minutes,
                "plan": self.healed.customer_minutes,
            },
            "saidi_min": {"crew": self.by_crew.saidi_min, "plan": self.healed.saidi_min},
            "events": [event.as_json() for event in self.healed.events],
            "pictures": [str(path) for path in self.pictures],
            "seconds": self.seconds,
        }


def run_demonstration(grid: Grid, line: str, folder: Path) -> Demonstration:
    """Run the three days and save the picture; says on standard error what it is doing."""
    begun = perf_counter()
    find_faulted(grid, line)
    bolted(grid, line)
    fault = Fault(line=line, at=AT, repair_min=REPAIR_MIN)
    screen.say("a quiet day, quarter-hour by quarter-hour (the first run also compiles) …")
    quiet = run_day(grid)
    screen.say(f"the same day with a fault on {line} at {AT}, mended by the crew alone …")
    by_crew = run_day(grid, fault=fault)
    screen.say("and healed by switching …")
    healed = run_day(grid, fault=fault, restoration=Restoration())
    folder.mkdir(exist_ok=True)
    screen.say("drawing …")
    pictures = tuple(save_healing(healed, folder))
    return Demonstration(quiet, by_crew, healed, pictures, perf_counter() - begun)


def show_demonstration(found: Demonstration) -> None:
    """Print the story: the quiet day, the plan with its reasons, and what it was worth."""
    quiet = found.quiet
    screen.show(
        f"{quiet.grid.name}: {len(quiet.grid.buses)} buses,"
        f" {quiet.grid.customer_count():,} customers,"
        f" {len(quiet.grid.switches)} switches",
        "",
        f"Quiet day: {int(quiet.converged.sum())} of {len(quiet.times)} quarter-hours solved,"
        f" {quiet.energy_kwh:,.0f} kWh served,"
        f" {quiet.loss_kwh:,.0f} kWh lost,"
        f" {quiet.tap_operations.sum()} tap operations;",
        f"  lowest voltage {quiet.lowest_voltage()}",
        "",
    )
    _show_fault(found)
    _show_worth(found)
    screen.show("", *(f"picture: {path}" for path in found.pictures))
    screen.show(f"took {found.seconds:.1f} s")


def _show_fault(found: Demonstration) -> None:
    plan = found.plan
    fault = found.healed.fault
    assert fault is not None
    screen.show(f"{fault.at} permanent fault on {fault.line}")
    screen.show(*_heard(found.healed.events))
    if plan is None:
        return
    screen.show(f"  {plan.customers_out:,} customers are out")
    screen.show(*(f"  note: {note}" for note in plan.notes), "")
    if not plan.customers_restorable:
        screen.show("No switch can heal this fault:")
    elif not plan.customers_restored:
        screen.show("No switching brings anybody back within the limits:")
    elif not plan.verdict.allowed:
        screen.show("The plan is refused and not carried out:")
        screen.show(*(f"  {r.rule}, {r.device}: {r.why}" for r in plan.verdict.refusals))
    else:
        _show_steps(found, plan)
    screen.show(*(f"  stays out: {reason}" for reason in plan.left_out), "")


def _heard(events: Sequence[Event]) -> list[str]:
    """What the control room heard of the fault, up to where it took it to be."""
    trips = sorted((e for e in events if e.kind == "tripped"), key=lambda e: e.time_utc)
    lines = [
        f"  {e.time_utc:%H:%M:%S}  {e.payload['device']} "
        + ("locks out" if e.payload["locked_out"] else "trips")
        for e in trips
    ]
    suspected = next((e for e in events if e.kind == "fault_suspected"), None)
    if suspected is None:
        return lines
    seen = [e for e in events if e.kind == "fault_indicated" and e.time_utc < suspected.time_utc]
    flags = ", ".join(dict.fromkeys(str(e.payload["device"]) for e in seen))
    at, behind = f"  {suspected.time_utc:%H:%M:%S}", suspected.payload["behind"]
    if flags:
        lines.append(f"{at}  it has passed the indicators at {flags}")
    return [*lines, f"{at}  so it is in the section behind {behind}"]


def _show_steps(found: Demonstration, plan: Plan) -> None:
    """Each command with its reason, when it was done, and what the power flow then found."""
    repaired = next((e.time_utc for e in found.healed.events if e.kind == "repaired"), None)
    checked = [e for e in found.healed.events if e.kind == "step_checked"]
    planned = {(step.action.value, step.device.lower()): step for step in plan.steps}
    rows: list[tuple[str, ...]] = []
    for number, event in enumerate(checked, 1):
        if repaired is not None and event.time_utc >= repaired:
            break
        said = event.payload
        step = planned.get((said["action"], said["device"].lower()))
        rows.append(
            (
                f"{number}.",
                f"{event.time_utc:%H:%M:%S}",
                f"{said['action']} {said['device']}",
                f"{said['customers_out']:,}",
                screen.number(said["v_min_pu"], ".4f"),
                screen.number(step.loading_max_pct, ".0f") if step else "–",
                step.why if step else "takes its lock-out away: the fault is beyond it",
            )
        )
    headings = ("", "at", "step", "out", "min pu", "load %", "why")
    screen.show(screen.table("The plan, each step checked by power flow", headings, rows))
    limits = Limits()
    screen.show(
        f"  kept: {limits.v_low_pu}–{limits.v_high_pu} pu at every load (ANSI C84.1 range B),"
        f" {limits.loading_pct:.0f} % of every known emergency rating",
        f"  {plan.customers_restored:,} of {plan.customers_restorable:,} restorable customers have"
        f" supply again, {plan.customers_restored_by_tie:,} of them through ties",
    )


def _show_worth(found: Demonstration) -> None:
    customers = found.quiet.grid.customer_count()
    rows = [
        (
            name,
            f"{day.indices.saifi * customers:,.0f}",
            f"{day.indices.maifi * customers:,.0f}",
            f"{day.customer_minutes:,.0f}",
            f"{day.saidi_min:.2f}",
        )
        for name, day in (("crew alone", found.by_crew), ("healed by switching", found.healed))
    ]
    headings = ("", "out > 5 min", "interruptions ≤ 5 min", "customer-minutes", "SAIDI min")
    screen.show(
        screen.table(f"What it is worth: repair takes {REPAIR_MIN:.0f} min", headings, rows),
        "crew alone: nobody behind the tripped device is switched back before the repair",
        *_way_back(found),
    )


def _way_back(found: Demonstration) -> list[str]:
    """Who is out for a moment when the switches go back to normal after the repair."""
    repaired = [e.time_utc for e in found.healed.events if e.kind == "repaired"]
    again = [i for i in found.healed.interruptions if repaired and i.start >= repaired[0]]
    if not again:
        return []
    customers = sum(piece.customers for piece in again)
    longest = max(60 * piece.duration_min for piece in again)
    return [
        f"back to normal: after the repair {customers:,} customers are out once more for"
        f" {longest:.0f} s, while their tie lets go before their feeder takes over"
    ]
