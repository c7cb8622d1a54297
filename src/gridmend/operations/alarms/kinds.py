"""The rationalisation of alarms: each kind with its consequence, time to respond and answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Consequence(IntEnum):
    """What happens where nobody answers."""

    MINOR = 1
    MAJOR = 2
    SEVERE = 3


SOON_MIN, LATER_MIN = 5.0, 30.0
"""Times to respond that part the columns of the matrix [min]."""

_PRIORITY = {
    Consequence.SEVERE: (1, 2, 3),
    Consequence.MAJOR: (2, 3, 4),
    Consequence.MINOR: (3, 4, 4),
}
"""Priority by consequence, for an answer within 5 min, within 30 min, and later."""


def priority_of(consequence: Consequence, respond_min: float) -> int:
    """The priority, 1 to 4, of a consequence that comes if nobody answers in a time [min]."""
    column = 0 if respond_min <= SOON_MIN else 1 if respond_min <= LATER_MIN else 2
    return _PRIORITY[consequence][column]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alarm.

    Kinds of one `family` take each other's place on a device: the worse one stands. A kind that
    `stands` waits for its clearing; the others are told once and only want to be acknowledged.
    A condition is raised once it is beyond its limit for `on_s`, and cleared once it is out of the
    dead band (in the unit of its value) for `off_s`.
    """

    name: str
    family: str
    what: str
    consequence: Consequence
    respond_min: float
    answer: str
    raised_by: str
    cleared_by: str = ""
    stands: bool = True
    dead_band: float = 0.0
    on_s: float = 0.0
    off_s: float = 0.0
    rank: int = 0
    """Within its family; the higher is the worse."""
    is_of_fault: bool = False
    """Whether it belongs to the group of the fault that brought it."""
    rests_at_work: bool = False
    """Whether it is suppressed while its device is tagged for work."""

    @property
    def priority(self) -> int:
        """By consequence and time to respond."""
        return priority_of(self.consequence, self.respond_min)


_MINOR, _MAJOR, _SEVERE = Consequence.MINOR, Consequence.MAJOR, Consequence.SEVERE

_FAULTS = (
    Kind("locked_out", "trip", "tripped and locked out", _SEVERE, 5,
         "find the fault, isolate it, restore the rest",
         "`tripped` with `locked_out`", "reported closed; `lockout_reset` makes it `tripped`",
         rank=2, is_of_fault=True),
    Kind("tripped", "trip", "tripped", _MAJOR, 5,
         "watch whether it closes again; else as locked out",
         "`tripped`", "reported closed", rank=1, is_of_fault=True),
    Kind("outage_critical", "outage", "outage with critical customers", _SEVERE, 5,
         "tell the customers, send a crew, restore them first",
         "`outage_predicted` with `critical`", "`restoration_verified`: nobody out", rank=2,
         is_of_fault=True),
    Kind("outage", "outage", "outage", _SEVERE, 30,
         "send a crew, restore by switching",
         "`outage_predicted`", "`restoration_verified`: nobody out", rank=1, is_of_fault=True),
    Kind("fault_suspected", "fault", "fault suspected", _SEVERE, 30,
         "keep it dead until it is patrolled and mended",
         "`fault_suspected`", "`repaired`", is_of_fault=True),
    Kind("fault_indicated", "indication", "a fault's current passed", _MINOR, 30,
         "use it to place the fault",
         "`fault_indicated`", stands=False, is_of_fault=True),
    Kind("plan_stopped", "plan", "restoration was given up", _MAJOR, 30,
         "go on by hand", "`plan_stopped`", stands=False, is_of_fault=True),
)  # fmt: skip

_WORK = (
    Kind("clearance_energised", "clearance", "a bus under clearance is energised", _SEVERE, 1,
         "call the crew off, open the supply", "a situation with its topology",
         "the bus is dead, or the clearance released", rank=2),
    Kind("clearance_without_ground", "clearance", "a clearance stands without a ground", _SEVERE,
         5, "call the crew; ground, or release the clearance", "a situation",
         "a ground on one of its buses, or the clearance released", rank=1, on_s=300.0),
    Kind("loop_outlived", "loop", "a loop stands though the leave for it ended", _SEVERE, 10,
         "open the loop", "`loop_outlived`", "`loop_ended`, or reported open"),
)  # fmt: skip

_COMMANDS = (
    Kind("command_in_doubt", "command", "a command is in doubt", _SEVERE, 15,
         "have the device looked at, then settle the command",
         "`outcome` in doubt", "its next `outcome`"),
    Kind("command_failed", "failure", "a command failed", _MAJOR, 15,
         "look at the device; try another", "`outcome` failed", stands=False),
    Kind("refused", "refusal", "the interlock refused automation", _MAJOR, 30,
         "read the rule; act by hand", "`refused` to an application", stands=False),
    Kind("approval_waits", "approval", "an order of automation waits for approval", _SEVERE, 10,
         "approve the order, or abort it", "a situation: an application's order is studied",
         "the order is approved, rests or is gone", on_s=5.0),
    Kind("order_suspended", "order", "a switching order rests", _MAJOR, 30,
         "study it again, or abort it", "`order_suspended`",
         "`order_studied`, `order_aborted` or written anew"),
    Kind("application_cut_off", "application", "an application was cut off", _MAJOR, 15,
         "act by hand; set its mode once it is sound", "`application_cut_off`",
         "its next `mode_set` that is not off"),
    Kind("automation_stopped", "automation", "automation is stopped", _MINOR, 30,
         "act by hand", "`killed`", "`revived`"),
    Kind("authority_missing", "authority", "nobody has authority", _SEVERE, 10,
         "take authority", "a situation", "`authority_granted`", on_s=60.0),
)  # fmt: skip

_FIELD = (
    Kind("communication_lost", "communication", "not heard of", _MAJOR, 15,
         "take its position for unknown; have the link mended",
         "a situation: older than 60 s", "heard again", off_s=10.0, rests_at_work=True),
    Kind("position_unknown", "position", "its position is not known", _MAJOR, 15,
         "have it looked at before anything is switched there", "a situation",
         "a good report", on_s=10.0, off_s=2.0, rests_at_work=True),
)  # fmt: skip

_FLOW = (
    Kind("not_converged", "flow", "the power flow found no solution", _SEVERE, 15,
         "switch nothing by its figures; take back what was done last",
         "a flow", "a flow that converged", on_s=5.0, off_s=5.0),
    Kind("overload_emergency", "overload", "beyond its emergency rating", _SEVERE, 5,
         "move load, or shed it", "a flow", "5 % below, for 60 s",
         dead_band=5.0, on_s=10.0, off_s=60.0, rank=2),
    Kind("overload", "overload", "beyond its normal rating", _MAJOR, 30,
         "move load before the hours of an emergency are used up", "a flow",
         "5 % below, for 60 s", dead_band=5.0, on_s=30.0, off_s=60.0, rank=1),
    Kind("service_overload", "service", "service transformers or lines beyond their rating",
         _MINOR, 120, "have the load balanced or the unit changed", "a flow",
         "5 % below, for 60 s", dead_band=5.0, on_s=300.0, off_s=60.0),
    Kind("overvoltage_b", "overvoltage", "voltage above the wider range", _MAJOR, 5,
         "lower the tap, take capacitors off", "a flow", "0.003 pu inside, for 60 s",
         dead_band=0.003, on_s=10.0, off_s=60.0, rank=2),
    Kind("overvoltage_a", "overvoltage", "voltage above the normal range", _MINOR, 60,
         "lower the tap", "a flow", "0.003 pu inside, for 60 s",
         dead_band=0.003, on_s=60.0, off_s=60.0, rank=1),
    Kind("undervoltage_b", "undervoltage", "voltage below the wider range", _MAJOR, 30,
         "raise the tap, put capacitors on, move load", "a flow", "0.003 pu inside, for 60 s",
         dead_band=0.003, on_s=30.0, off_s=60.0, rank=2),
    Kind("undervoltage_a", "undervoltage", "voltage below the normal range", _MINOR, 60,
         "raise the tap", "a flow", "0.003 pu inside, for 60 s",
         dead_band=0.003, on_s=60.0, off_s=60.0, rank=1),
    Kind("reverse_flow", "reverse flow", "power flows into the source", _MAJOR, 30,
         "see that the protection there allows it; limit the DER", "a flow",
         "half of 2 % of the load, for 60 s", on_s=60.0, off_s=60.0),
)  # fmt: skip

_LIST = (
    Kind("list_full", "list", "more alarms than are listed", _SEVERE, 30,
         "work by the map and the outages; acknowledge what is old", "the 5,001st alarm",
         stands=False),
)  # fmt: skip

KINDS = MappingProxyType(
    {kind.name: kind for kind in (*_FAULTS, *_WORK, *_COMMANDS, *_FIELD, *_FLOW, *_LIST)}
)
"""Every kind of alarm by name: the one table, which docs/alarms.md prints."""


def table() -> str:
    """The table as docs/alarms.md prints it."""
    lines = [
        "| condition | priority | consequence | respond in | raised by | cleared by | answer |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in sorted(KINDS.values(), key=lambda kind: kind.priority):
        cleared = kind.cleared_by or "told once: acknowledge"
        delays = f", for {kind.on_s:g} s" if kind.on_s else ""
        lines.append(
            f"| `{kind.name}` {kind.what} | {kind.priority} | {kind.consequence.name.lower()}"
            f" | {kind.respond_min:g} min | {kind.raised_by}{delays} | {cleared} | {kind.answer} |"
        )
    return "\n".join(lines) + "\n"
