"""The kinds of event: what each means and what its payload must hold, declared once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event

Types = type | tuple[type, ...]
_NUMBER = (int, float)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: `needs` are the keys of its payload with their types.

    What an event says may stand under a name until another of the kind takes its place, or until
    an event of the kind that `ends` it: `named_by` are the keys that hold this name.
    """

    name: str
    meaning: str
    needs: tuple[tuple[str, Types], ...] = ()
    named_by: tuple[str, ...] = ()
    ends: str = ""


def _kind(name: str, meaning: str, **needs: Types) -> Kind:
    return Kind(name, meaning, tuple(needs.items()))


def _standing(name: str, meaning: str, **needs: Types) -> Kind:
    """A kind that stands under the first key that it needs."""
    return replace(_kind(name, meaning, **needs), named_by=tuple(needs)[:1])


def _ending(name: str, ends: str, meaning: str, **needs: Types) -> Kind:
    """A kind that ends what stands under the first key that it needs."""
    return replace(_standing(name, meaning, **needs), ends=ends)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # What the field says.
        _kind("status", "position of a switch or source; `quality` good unless given",
              device=str, position=str),
        _kind("switched", "a device has carried out a step", device=str, action=str),
        _kind("tapped", "a regulator stands at a step", device=str, step=int),
        _kind("banked", "a capacitor has so many steps on", device=str, steps_on=int),
        _kind("power", "what a DER gives [kW]", device=str, p_kw=_NUMBER),
        _standing("tripped", "protection opened a device", device=str),
        _ending("lockout_reset", "tripped", "a lock-out was reset at the device", device=str),
        _kind("scanned", "devices answered a scan: their positions are fresh", devices=list),
        _standing("fault_suspected", "an element may be faulted", element=str),
        _ending("repaired", "fault_suspected", "a fault is mended", element=str),
        # What instruments, customers and crews say.
        _kind("fault_indicated", "an indicator saw the current of a fault pass",
              device=str, phases=list),
        _kind("meter_gasped", "a meter lost its supply", meter=str),
        _kind("meter_returned", "a meter has its supply back", meter=str),
        _kind("meter_pinged", "a meter was asked and `answered`, with `v_pu`, or not in time",
              meter=str, answered=bool),
        _kind("voltage_sagged", "what a meter saw on each phase while a fault stood",
              bus=str, v_pu=dict),
        _kind("customer_called", "a customer said something", customer=str, text=str),
        _kind("crew_said", "a crew said what it does", crew=str, job=str, text=str),
        _kind("time_estimated", "when a job is expected to end, as said at a `stage` of it",
              job=str, end_utc=str),
        # Work on the network.
        _standing("tag_placed", "a tag hangs on a device",
                  tag=str, device=str, kind=str, holder=str),
        _ending("tag_lifted", "tag_placed", "a tag is gone", tag=str),
        _kind("tag_handed_over", "a tag has another holder; two people signed",
              tag=str, to=str, by=str, witness=str),
        _standing("ground_placed", "a bus is earthed", ground=str, bus=str, holder=str),
        _ending("ground_removed", "ground_placed", "an earth is gone", ground=str),
        _standing("clearance_issued", "buses are under clearance",
                  clearance=str, holder=str, buses=list),
        _ending("clearance_released", "clearance_issued", "a clearance has ended", clearance=str),
        _standing("crew_at", "where a crew is", crew=str, place=str),
        # Commands.
        _standing("selected", "a device is picked to be operated once",
                  select=str, step=dict, principal=str, login=str, epoch=int),
        _ending("select_cancelled", "selected", "a select is void", select=str),
        _standing("commanded", "a command is about to be sent: written before its frame",
                  command=str, step=dict, principal=str, login=str, area=str, epoch=int,
                  issued_utc=str, world=str),
        _kind("outcome", "what became of a command: confirmed, failed or in_doubt",
              command=str, state=str),
        _standing("flow_recorded", "the power flow on which a command was judged",
                  command=str, converged=bool, worse=list),
        _kind("refused", "a command was refused, with rule and reason", command=str, rules=list),
        # Authority.
        _kind("area_defined", "which devices lie in an area", area=str, devices=list),
        _standing("authority_granted", "who has the say in an area from now on",
                  area=str, holder=str, epoch=int),
        replace(_kind("mode_set", "what an application may do by itself",
                      application=str, area=str, mode=str, by=str),
                named_by=("application", "area")),
        _standing("killed", "nothing automatic may act in an area", area=str, by=str),
        _ending("revived", "killed", "applications may act again in an area", area=str, by=str),
        _standing("leave_given", "what an application may do without asking",
                  leave=str, by=str, application=str, area=str, steps_most=int, expires_utc=str),
        _ending("leave_withdrawn", "leave_given", "a leave has ended", leave=str),
        _standing("loop_authorised", "a loop may be closed at a device for a while",
                  device=str, sources=list, by=str, expires_utc=str),
        _ending("loop_outlived", "loop_authorised", "a leave ended and its device is still closed",
                device=str),
        _ending("loop_ended", "loop_authorised", "a loop is open again elsewhere", device=str),
        _standing("sync_checked", "what was measured across an open device",
                  device=str, dv_pu=_NUMBER, dangle_deg=_NUMBER, df_hz=_NUMBER, phasing_known=bool),
        # Switching orders.
        _standing("order_written", "an order is drafted or edited: approval is void",
                  order=str, author=str, area=str, steps=list),
        _standing("order_studied", "every step of an order was judged from these positions",
                  order=str, by=str, positions=str),
        _standing("order_approved", "a second person approves an order", order=str, by=str),
        _standing("order_issued", "an order may be carried out", order=str, by=str),
        _standing("order_suspended", "an order rests", order=str, why=str),
        _standing("order_aborted", "an order is given up", order=str, by=str),
        # What the outage desk tells.
        _kind("outage_predicted", "a device has probably operated: who is out by it",
              device=str, probability=_NUMBER, customers=int),
        _kind("restoration_estimated", "when those out behind a device are likely to be back",
              device=str, stage=str, early_utc=str, late_utc=str),
        _kind("restoration_verified", "how many customers behind a device are known to be back",
              device=str, back=int, out=int, unknown=int),
        # Corrections of the interruption ledger: nothing there is taken out or changed.
        _kind("interruption_denied", "a customer, called back, was never out in an interruption",
              interruption=str, customer=str, by=str),
        _kind("interruption_blamed", "what caused an interruption, and whether it was `planned`",
              interruption=str, cause=str, by=str),
        _kind("interruption_merged", "an interruption is a part of another",
              interruption=str, into=str, by=str),
        # Alarms: of a flow or a situation, and what people say to any of them.
        _standing("alarm_raised", "a condition is out of order for longer than its delay",
                  alarm=str, condition=str, device=str),
        _ending("alarm_cleared", "alarm_raised", "it is in order again", alarm=str),
        _standing("alarm_acknowledged", "somebody has seen an alarm", alarm=str, by=str),
        _standing("alarm_shelved", "somebody puts an alarm aside until a time, for a reason",
                  alarm=str, by=str, reason=str, until_utc=str),
        _ending("alarm_unshelved", "alarm_shelved", "an alarm is put aside no longer",
                alarm=str, by=str),
        # The rest is told and folds into nothing.
        _kind("plan_proposed", "an application proposes a plan"),
        _kind("plan_stopped", "a plan was given up"),
        _kind("arbitrated", "two applications wanted one device; one had it",
              device=str, winner=str, loser=str, why=str),
        _kind("application_cut_off", "an application did not answer in time", application=str),
        _kind("hand_over_offered", "a shift ends: what is open", by=str),
        _kind("hand_over_accepted", "the next shift has read it", offer=str, by=str),
        _kind("note", "a remark", text=str),
        _kind("field_restarted", "the simulated field began anew where its switches stood: what"
              " burned or was being mended there is lost", lost=list),
        _kind("speed_set", "how many times as fast as the clock time goes on the twin",
              by=str, before=_NUMBER, after=_NUMBER),
        _kind("fault_struck", "the twin broke something; the control room does not see it",
              element=str),
        _kind("step_checked", "a step of a run was followed by a power flow"),
        _kind("step_failed", "a device did not carry out a step"),
    )
}  # fmt: skip

FIELD = frozenset(
    ("status", "switched", "tapped", "banked", "power", "tripped", "lockout_reset", "scanned",
     "fault_suspected", "repaired", "fault_struck", "sync_checked", "crew_at", "note",
     "fault_indicated", "voltage_sagged", "meter_gasped", "meter_returned", "meter_pinged",
     "customer_called", "crew_said", "time_estimated", "step_checked", "step_failed")
)  # fmt: skip
"""The kinds that a field may say; the others are the control room's own."""


def wrong_with(event: Event) -> str:
    """What an event lacks to be read, in words; empty where nothing. Unknown kinds are read."""
    kind = KINDS.get(event.kind)
    if kind is None:
        return ""
    for key, types in kind.needs:
        value: Any = event.payload.get(key)
        is_flag = isinstance(value, bool)
        if not isinstance(value, types) or (is_flag and types is not bool):
            found = f"has {value!r} for" if key in event.payload else "lacks"
            return f"the event '{event.kind}' {found} '{key}'"
    return ""


def checked(event: Event) -> Event:
    """The event itself; `GridmendError` where its payload is not that of its kind."""
    problem = wrong_with(event)
    if problem:
        needs = ", ".join(key for key, _ in KINDS[event.kind].needs)
        raise GridmendError(
            problem, where=f"source {event.source}", mend=f"its payload must hold {needs}"
        )
    return event
