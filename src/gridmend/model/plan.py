"""What is proposed, how it is judged, and what came of it: Plan, Step, Verdict, Outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What a step does."""

    OPEN = "open"
    CLOSE = "close"
    SET_TAP = "set_tap"
    SET_CAPACITOR = "set_capacitor"
    SET_POWER = "set_power"
    """Power of a DER [kW]."""
    LIMIT = "limit"
    """The most that a DER may give [kW]."""
    TAG = "tag"
    UNTAG = "untag"
    GROUND = "ground"
    """Earth a bus for work; the device is the bus."""
    UNGROUND = "unground"
    CLEAR = "clear"
    """Put the dead zone around a bus under clearance; the device is the bus."""
    RELEASE = "release"


SWITCHING = (Action.OPEN, Action.CLOSE)
POWERS = (Action.SET_POWER, Action.LIMIT)
MOVES = (*SWITCHING, Action.SET_TAP, Action.SET_CAPACITOR, *POWERS)
"""Actions that a device carries out; the others are work on the network."""
AT_BUSES = (Action.GROUND, Action.UNGROUND, Action.CLEAR, Action.RELEASE)
"""Actions whose device is a bus."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command to one device, with its reason and what it is predicted to do."""

    action: Action
    device: str
    why: str
    value: float | None = None
    mark: str = ""
    """Name of the tag, ground or clearance that is placed or lifted."""
    kind: str = ""
    """Kind of the tag: `hold` or `hot_line`."""
    phases: str = ""
    """The poles of a switch that move, as `b c`, where not all of them do: kept in lower case and
    in the order of the alphabet, each once; empty for all."""
    customers: int = 0
    """Customers that this step brings back."""
    v_min_pu: float | None = None
    loading_max_pct: float | None = None

    def __post_init__(self) -> None:
        words = sorted(set(self.phases.lower().replace(",", " ").split()))
        object.__setattr__(self, "phases", " ".join(words))

    def __str__(self) -> str:
        poles = self.phases.split()
        named = f" phase{'s' * (len(poles) > 1)} {' '.join(poles)}" if poles else ""
        return f"{self.action} {self.device}{named}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that forbids a step, with the device and the evidence."""

    rule: str
    step: int
    device: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement of a plan, step by step."""

    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()
    """Ratings that the judgement would have needed and that are unknown."""

    @property
    def allowed(self) -> bool:
        """Whether no step is refused."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Given:
    """What a resource in island mode gives: the most [kW], and in all [kWh]."""

    device: str
    peak_kw: float
    used_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """How a plan fares until the repair, by forecast demand and with what loads draw that come
    back; minutes count from the fault."""

    until_min: float
    step_min: tuple[float, ...] = ()
    """When each step is done."""
    times: int = 0
    """Times at which its states were judged."""
    v_min_pu: float | None = None
    v_min_at_min: float | None = None
    loading_max_pct: float | None = None
    loading_at_min: float | None = None
    most_loaded: str = ""
    pickup_kw: float = 0.0
    """The most that is drawn beyond the usual demand."""
    given: tuple[Given, ...] = ()
    """By resources in island mode."""


@dataclass(frozen=True, slots=True)
class Island:
    """A part that a plan has a resource carry by itself: it is off again before the network feeds
    it. `used_kwh` is what that takes until `until_min`; None where nothing looks ahead."""

    source: str
    """The source that stands for the resource, and is connected."""
    resource: str
    customers: int
    power_kw: float
    """What the resource may give."""
    energy_kwh: float | None
    """What it holds above its reserve; None where nothing bounds it."""
    peak_kw: float
    used_kwh: float | None = None
    until_min: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps that heal something; it does not act by itself.

    Customers count those behind loads: out by the fault, restorable by any switching at
    all, restored by this plan, and of these the ones restored through a tie; moved are those
    who had supply and are without it between two steps, while they go over to another feeder.
    Critical ones are those that the grid's `customers` call so. `by_hand` are the steps that a
    crew takes; voltage, loading and losses are of the final state at the demand of the start, and
    `ahead` tells of what follows, where that was asked for.
    """

    fault: str
    steps: tuple[Step, ...]
    verdict: Verdict
    customers_out: int = 0
    customers_restorable: int = 0
    customers_restored: int = 0
    customers_restored_by_tie: int = 0
    customers_moved: int = 0
    load_kw_restored: float = 0.0
    v_min_pu: float | None = None
    loading_max_pct: float | None = None
    gap_pct: float | None = None
    seconds: float = 0.0
    left_out: tuple[str, ...] = ()
    """Who stays out, and why, a sentence each."""
    notes: tuple[str, ...] = ()
    """What a reader should know before the plan: what was taken for granted about protection."""
    critical_out: int = 0
    critical_restored: int = 0
    by_hand: int = 0
    loss_kw: float | None = None
    ahead: Ahead | None = None
    islands: tuple[Island, ...] = ()
    phases: str = ""
    """The phases that are faulted, as `a`, where the others stay as they are; else all."""

    @property
    def faulted(self) -> str:
        """The fault in words, with its phases where not all are."""
        return f"{self.fault}, phase {self.phases}" if self.phases else self.fault

    def __str__(self) -> str:
        lines = [f"fault on {self.faulted}: {self.customers_out:,} customers out"]
        for number, step in enumerate(self.steps, 1):
            lines.append(f"  {number}. {step}: {step.why}{_predicted(step)}")
        lines.append(
            f"  restores {self.customers_restored:,} of {self.customers_restorable:,} restorable"
            f" customers, {self.customers_restored_by_tie:,} through ties"
        )
        if self.customers_moved:
            moved = f"{self.customers_moved:,} customers"
            lines.append(f"  moves {moved} to another feeder, each without supply for a moment")
        lines += [f"  island: {island_text(one)}" for one in self.islands]
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  stays out: {reason}" for reason in self.left_out]
        lines += [f"  refused: {r.rule}, {r.device}: {r.why}" for r in self.verdict.refusals]
        return "\n".join(lines)


def island_text(one: Island) -> str:
    """What an island is, in words."""
    carried = f"{one.resource} carries {one.customers:,} customers"
    energy = one.energy_kwh
    if one.until_min is None:
        told = f"{carried}, {one.peak_kw:.0f} of {one.power_kw:.0f} kW"
        if energy is None:
            return told
        hours = energy / one.peak_kw if one.peak_kw > 0 else float("inf")
        return f"{told}; its {energy:.0f} kWh last {hours:.1f} h at this demand"
    told = f"{carried} until the repair, at most {one.peak_kw:.0f} of {one.power_kw:.0f} kW"
    if energy is None or one.used_kwh is None:
        return told
    return f"{told}, {one.used_kwh:.0f} of {energy:.0f} kWh"


def _predicted(step: Step) -> str:
    """What a step is predicted to lead to, where anything is energised."""
    if step.v_min_pu is None:
        return ""
    loading = step.loading_max_pct
    carried = f", {loading:.0f} % loading" if loading is not None else ""
    return f" (lowest {step.v_min_pu:.4f} pu{carried})"


class OutcomeState(StrEnum):
    """What became of a command."""

    CONFIRMED = "confirmed"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step, as the field reports it."""

    step: Step
    state: OutcomeState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """A limit that is not kept, at a place."""

    limit: str
    element: str
    value: float
    bound: float

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "limit": self.limit,
            "element": self.element,
            "value": self.value,
            "bound": self.bound,
        }
