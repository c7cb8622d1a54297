"""Select and operate: a command from wish to frame."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from gridmend.interlock.admission import admit
from gridmend.interlock.check import Judgement, judge
from gridmend.interlock.move import By
from gridmend.model.command import Command, step_as_json
from gridmend.model.deed import subject
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.plan import (
    Outcome,
    OutcomeState,
    Plan,
    Refusal,
    Step,
    Verdict,
)
from gridmend.runtime.control.intake import SCANNED_MOST
from gridmend.runtime.control.kernel import Answer, Kernel
from gridmend.runtime.control.readback import end, stands
from gridmend.runtime.journal import AlreadyRecorded


def select(
    kernel: Kernel,
    step: Step,
    by: By,
    *,
    epoch: int | None = None,
    order: str = "",
    number: int = 0,
) -> Answer:
    """Pick a device for one operation within `Policy.select_s`; `Answer.id` names the select.

    `epoch` is the authority under which the hand believes to act, the present one unless given.
    What would refuse the operation now is said now.
    """
    kernel.take_in()
    command = command_here(kernel, step, by, select="", epoch=epoch, order=order, number=number)
    refusals = [r for r in _refused(kernel, command) if r.rule != "select before operate"]
    if refusals:
        return kernel.refuse(by, refusals, command=command.id)
    name = f"s{kernel.sequence + 1}"
    kernel.say(
        "selected", by, select=name, step=step_as_json(step), principal=by.principal,
        login=by.login, epoch=command.epoch,
    )  # fmt: skip
    return Answer(id=name)


def operate(
    kernel: Kernel,
    step: Step,
    by: By,
    *,
    select: str,
    epoch: int | None = None,
    order: str = "",
    number: int = 0,
    id: str | None = None,
) -> Answer:
    """Have a selected step carried out, once: judged, recorded, sent, read back.

    `id` is the command's own where the caller wants to be able to ask again without doing it
    twice. The outcome is confirmed only where the device was read back; else the command stays
    pending, and `attend` settles it or says that it is in doubt.
    """
    kernel.take_in()
    command = command_here(
        kernel, step, by, select=select, epoch=epoch, order=order, number=number, id=id
    )
    refusals = list(admit_here(kernel, command))
    judgement = None
    if not refusals:
        judgement = _judged(kernel, command)
        refusals += judgement.verdict.refusals
    if refusals:
        return kernel.refuse(by, refusals, command=command.id)
    assert judgement is not None
    kernel.pause("kernel: judged")
    flow = kernel.event("flow_recorded", by, **_recorded(kernel, command, judgement))
    commanded = kernel.event("commanded", by, **command.as_json())
    evidence = _heard(kernel, command)
    try:
        sequence = kernel.record([*evidence, flow, commanded], once=(command.id,))
    except AlreadyRecorded as problem:
        twice = Refusal("at most once", number, step.device, problem.what)
        return kernel.refuse(by, [twice], command=command.id)
    kernel.pause("kernel: recorded")
    reply = kernel.gateway.send(kernel.signer.sign(command, sequence))
    kernel.pause("kernel: answered")
    unknown = judgement.verdict.unknown
    if reply.refusals:
        answer = kernel.refuse(by, reply.refusals, command=command.id)
        end(kernel, command, OutcomeState.FAILED, "the gateway refused it")
        return answer
    assert reply.outcome is not None
    kernel.take_in()
    kernel.pause("kernel: read back")
    outcome = _concluded(kernel, command, reply.outcome)
    kernel.pause("kernel: ended")
    return Answer((), command.id, outcome, unknown)


def admit_here(kernel: Kernel, command: Command) -> tuple[Refusal, ...]:
    """What the rules of admission say of a command now."""
    return admit(
        command, kernel.grid, kernel.situation, kernel.now_s,
        world=kernel.signer.world, policy=kernel.bench.policy,
    )  # fmt: skip


def command_here(
    kernel: Kernel,
    step: Step,
    by: By,
    *,
    select: str,
    epoch: int | None,
    order: str = "",
    number: int = 0,
    id: str | None = None,
) -> Command:
    """The command of a step as it would be given now."""
    area = kernel.situation.area_of(subject(kernel.grid, step))
    authority = kernel.situation.authorities.get(area)
    if epoch is None:
        epoch = authority.epoch if authority is not None else 0
    return Command(
        id=id or f"c{kernel.sequence + 1}", step=step, principal=by.principal, login=by.login,
        area=area, epoch=epoch, issued_utc=kernel.now(), world=kernel.signer.world,
        select=select, order=order, number=number, application=by.application,
    )  # fmt: skip


def _refused(kernel: Kernel, command: Command) -> list[Refusal]:
    found = list(admit_here(kernel, command))
    return [*found, *_judged(kernel, command).verdict.refusals]


def _judged(kernel: Kernel, command: Command) -> Judgement:
    by = By(command.principal, command.login, command.application)
    plan = Plan("", (command.step,), Verdict())
    return judge(plan, kernel.bench, kernel.situation, kernel.now(), by=by, flow=kernel.flow())


def _heard(kernel: Kernel, command: Command) -> list[Event]:
    """Which devices are freshly heard of, where only the historian knows: the judgement rests on
    them.

    All of them are named, since who judges again takes every other for doubtful, and as of when the
    oldest was heard.
    """
    if kernel.historian is None:
        return []
    situation, policy = kernel.situation, kernel.bench.policy
    rows = np.flatnonzero(kernel.now_s - situation.heard_s <= policy.fresh_s).tolist()
    if not rows:
        return []
    by = By(command.principal, command.login, command.application)
    oldest_s = min(float(situation.heard_s[row]) for row in rows)
    devices = [str(kernel.grid.switches["name"][row]) for row in rows]
    measured_utc = datetime.fromtimestamp(oldest_s, UTC).isoformat()
    return [
        kernel.event("scanned", by, devices=part, measured_utc=measured_utc)
        for part in (devices[k : k + SCANNED_MOST] for k in range(0, len(devices), SCANNED_MOST))
    ]


def _recorded(kernel: Kernel, command: Command, judgement: Judgement) -> dict[str, Any]:
    """What is written down of the flow on which a command was judged."""
    before = judgement.flows[0]
    carries_a = None
    row = kernel.grid.switches.index.get(subject(kernel.grid, command.step))
    if row is not None and before.converged:
        carried = before.i_a[before.terminals.of("switches", row)]
        carries_a = max((abs(complex(i)) for i in carried), default=0.0)
    topology = kernel.bench.site.topology

    def is_dead(flow: Flow) -> bool:
        return not topology.energised(flow.snapshot).any()

    lows = [reading.v_min_pu for reading in judgement.readings]
    return {
        "command": command.id,
        "converged": all(flow.converged or is_dead(flow) for flow in judgement.flows),
        "worse": [],
        "carries_a": carries_a,
        "v_min_pu": lows[-1],
        "loading_max_pct": judgement.readings[-1].loading_max_pct,
        "unknown": list(judgement.verdict.unknown),
    }


def _concluded(kernel: Kernel, command: Command, outcome: Outcome) -> Outcome:
    """Enter the outcome as far as the field's answer and the read-back agree on it."""
    pending = kernel.situation.pending[command.id]
    if outcome.state is OutcomeState.FAILED:
        end(kernel, command, OutcomeState.FAILED, outcome.detail)
        return outcome
    if stands(kernel, pending, answered=outcome.state is OutcomeState.CONFIRMED):
        end(kernel, command, OutcomeState.CONFIRMED, "read back")
        return Outcome(command.step, OutcomeState.CONFIRMED)
    detail = outcome.detail or "it was not read back yet"
    return Outcome(command.step, OutcomeState.IN_DOUBT, detail)
