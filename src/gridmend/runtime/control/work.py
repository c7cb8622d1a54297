"""Work on the network: tags, clearances and grounds, by people."""

from __future__ import annotations

from gridmend.interlock.check import judge
from gridmend.interlock.move import By
from gridmend.interlock.standing import standing
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Plan, Refusal, Step, Verdict
from gridmend.runtime.control.commands import admit_here, command_here
from gridmend.runtime.control.kernel import Answer, Kernel

_PLACES = (Action.TAG, Action.GROUND, Action.CLEAR)


def work(kernel: Kernel, step: Step, by: By, *, epoch: int | None = None) -> Answer:
    """Place or lift a tag, a ground or a clearance.

    Tags and clearances stand when this returns. A ground is ordered: it binds at once, and
    `settle` says when the crew has placed or removed it. Placing takes authority over the area;
    lifting takes being its holder. Raises `GridmendError` for an operation of a device.
    """
    if step.action not in (*_PLACES, Action.UNTAG, Action.UNGROUND, Action.RELEASE):
        raise GridmendError(f"'{step.action}' is operated, not worked", mend="select and operate")
    kernel.take_in()
    if step.action is Action.UNTAG and _is_lost(kernel, step, by):
        kernel.say("tag_lifted", by, tag=step.mark, by=by.principal)
        return Answer(id=step.mark)
    command = command_here(kernel, step, by, select="", epoch=epoch)
    refusals = [] if by.principal else [Refusal("tags", 1, step.device, "nobody signs it")]
    if by.is_automatic:
        refusals.append(Refusal("autonomy", 1, step.device, "work on the network is for people"))
    if step.action in _PLACES:
        refusals += admit_here(kernel, command)
    plan = Plan("", (step,), Verdict())
    now = kernel.now()
    refusals += judge(
        plan, kernel.bench, kernel.situation, now, by=by, flow=kernel.flow()
    ).verdict.refusals
    if refusals:
        return kernel.refuse(by, refusals, command=command.id)
    if step.action in (Action.GROUND, Action.UNGROUND):
        kernel.record([kernel.event("commanded", by, **command.as_json())], once=(command.id,))
        return Answer(id=command.id)
    _placed(kernel, step, by)
    return Answer(id=step.mark)


def hand_over_tag(kernel: Kernel, tag: str, by: By, *, to: str, witness: str) -> Answer:
    """Give a tag another holder, signed by two people neither of whom is an application."""
    found = kernel.situation.tags.get(tag)
    device = found.device if found is not None else tag
    why = ""
    if found is None:
        why = f"there is no tag {tag}"
    elif by.is_automatic or not by.principal or not witness or not to:
        why = "a hand-over names its new holder and is signed by two people"
    elif by.principal == witness:
        why = f"{witness} cannot witness what {witness} signs"
    if why:
        return kernel.refuse(by, [Refusal("tags", 1, device, why)], command=tag)
    kernel.say("tag_handed_over", by, tag=tag, to=to, by=by.principal, witness=witness)
    return Answer(id=tag)


def _is_lost(kernel: Kernel, step: Step, by: By) -> bool:
    """Whether a tag hangs on a device that the model has no more; its holder may take it off."""
    tag = kernel.situation.tags.get(step.mark)
    if tag is None or tag.holder != by.principal or tag.device != step.device.lower():
        return False
    try:
        subject(kernel.grid, step)
    except GridmendError:
        return True
    return False


def _placed(kernel: Kernel, step: Step, by: By) -> None:
    """Record what now hangs, is cleared or has gone."""
    who = by.principal
    if step.action is Action.TAG:
        kernel.say("tag_placed", by, tag=step.mark, device=subject(kernel.grid, step),
                   kind=step.kind or "hold", holder=who,
                   **({"reason": step.why} if step.why else {}))  # fmt: skip
    elif step.action is Action.UNTAG:
        kernel.say("tag_lifted", by, tag=step.mark, by=who,
                   **({"reason": step.why} if step.why else {}))  # fmt: skip
    elif step.action is Action.RELEASE:
        kernel.say("clearance_released", by, clearance=step.mark, by=who)
    else:
        stands = standing(kernel.bench.site, kernel.situation, kernel.now_s, kernel.bench.policy)
        zone = list(stands.zone(subject(kernel.grid, step)))
        kernel.say("clearance_issued", by, clearance=step.mark, holder=who, buses=zone)
