"""Operating a device for a person: select, look ahead, operate once, and work on the network."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from gridmend.interlock.check import judge
from gridmend.interlock.move import By
from gridmend.model.customers import customer_counts
from gridmend.model.deed import carried_out
from gridmend.model.errors import GridmendError
from gridmend.model.plan import MOVES, Action, Outcome, OutcomeState, Plan, Refusal, Step, Verdict
from gridmend.model.situation import Situation
from gridmend.runtime.control import Answer, operate, select
from gridmend.runtime.control.work import work
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.live.rows import LookAhead, Selected

A_PERSON = By("somebody", "desk")
"""By whom a look ahead is judged where nobody is named."""
LOOKED_MOST = 20_000
"""Entries among which the outcome of a command in doubt is looked for."""
ANSWERS_MOST = 1000
"""Commands of which the answer is remembered, so that asking again does nothing again."""
REASON_MOST = 500
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{5,63}")


def reasoned(reason: str, what: str) -> str:
    """A reason that was given; `GridmendError` without one, or for a long story."""
    found = reason.strip()
    if not found or len(found) > REASON_MOST:
        raise GridmendError(
            f"{what} needs a reason" if not found else f"the reason has {len(found)} letters",
            where="reason",
            mend=f"say why in up to {REASON_MOST} letters",
        )
    return found


def look_ahead(room: Room, step: Step, by: By | None = None) -> LookAhead:
    """What a step would lead to from what stands; nothing is recorded."""
    room.refresh()
    kernel = room.kernel
    situation, bench = kernel.situation, kernel.bench
    if step.action not in MOVES:
        raise GridmendError(f"'{step.action}' moves nothing", mend="look ahead at an operation")
    after = carried_out(step, kernel.grid, situation.snapshot)
    plan = Plan("", (step,), Verdict())
    found = judge(plan, bench, situation, kernel.now(), by=by or A_PERSON, flow=kernel.flow())
    verdict, flow = found.verdict, found.flows[-1]
    if len(found.flows) == 1:
        # A rule refused it before anything was solved; it is shown all the same what it would do.
        flow = bench.solver.solve(after, controls="static", near=found.flows[0])
    reading = bench.reader.read(flow)
    is_shown = flow.converged and bool(flow.energised.any())
    topology = bench.site.topology
    was = topology.supplied(topology.energised(situation.snapshot))
    then = topology.supplied(topology.energised(after))
    counts = customer_counts(kernel.grid)
    return LookAhead(
        allowed=verdict.allowed,
        refusals=verdict.refusals,
        unknown=verdict.unknown,
        converged=flow.converged,
        customers_out=int(counts[was & ~then].sum()),
        customers_restored=int(counts[then & ~was].sum()),
        v_min_pu=reading.v_min_pu if is_shown else None,
        loading_max_pct=reading.loading_max_pct if is_shown else None,
    )


@dataclass
class Operating:
    """Select, operate and work, with the answers of late commands."""

    room: Room
    _answers: OrderedDict[str, Answer] = field(default_factory=OrderedDict[str, Answer])
    _given: dict[str, int] = field(default_factory=dict[str, int])
    """The last entry before each of these commands."""

    def select(self, step: Step, by: By, reason: str) -> Selected:
        """Pick a device, and look ahead; the reason goes with the step."""
        kernel = self.room.kernel
        step = replace(step, why=reasoned(reason, f"to {step.action} {step.device}"))
        ahead = look_ahead(self.room, step, by)
        answer = select(kernel, step, by)
        if answer.refusals:
            ahead = replace(ahead, allowed=False, refusals=answer.refusals)
        expires = kernel.now() + timedelta(seconds=kernel.bench.policy.select_s)
        return Selected(answer, expires, ahead)

    def operate(self, name: str, by: By, command: str) -> Answer:
        """Carry out what was selected under the client's own id; asked again, the same answer."""
        kernel, room = self.room.kernel, self.room
        if not _COMMAND.fullmatch(command):
            raise GridmendError(
                f"'{command[:70]}' is no id of a command", where="command",
                mend="make one of 6 to 64 letters, digits, dots and dashes for each command",
            )  # fmt: skip
        # The room numbers its own commands c1, c2, …: nobody's id may be one of those.
        id = f"{by.principal}:{command}"
        if id in self._answers:
            return self._settled(id)
        picked = kernel.situation.selects.get(name)
        room.refresh()
        if picked is None or picked.principal != by.principal:
            why = f"there is no select '{name}' of {by.principal}"
            return kernel.refuse(by, [Refusal("select before operate", 0, name, why)], command=id)
        since = kernel.sequence
        answer = room.awaited(picked.step, operate(kernel, picked.step, by, select=name, id=id))
        if answer.allowed:
            room.note_of(picked.step, answer)
        self._answers[id], self._given[id] = answer, since
        while len(self._answers) > ANSWERS_MOST:
            del self._given[self._answers.popitem(last=False)[0]]
        return answer

    def _settled(self, id: str) -> Answer:
        """The answer of a command that was given before, as the journal has settled it since."""
        answer = self._answers[id]
        outcome = answer.outcome
        if outcome is None or outcome.state is not OutcomeState.IN_DOUBT:
            return answer
        since, head = self._given[id], self.room.kernel.sequence
        for entry in self.room.journal.read(since, min(since + LOOKED_MOST, head)):
            said = entry.event.payload
            if entry.event.kind == "outcome" and said.get("command") == id:
                state, detail = OutcomeState(said["state"]), str(said.get("detail", ""))
                answer = replace(answer, outcome=Outcome(outcome.step, state, detail))
        self._answers[id] = answer
        return answer

    def cancel(self, name: str, by: By) -> None:
        """Give a select back, by whoever has it or has authority there."""
        kernel = self.room.kernel
        picked = kernel.situation.selects.get(name)
        if picked is None:
            raise GridmendError(f"there is no select '{name}'", mend="it may have run out")
        if picked.principal != by.principal:
            raise GridmendError(
                f"the select '{name}' is {picked.principal}'s, not {by.principal}'s"
            )
        kernel.say("select_cancelled", by, select=name)

    def tag(self, device: str, kind: str, by: By, reason: str) -> Answer:
        """Hang a tag."""
        if kind not in ("hold", "hot_line"):
            raise GridmendError(f"there is no tag of kind '{kind}'", mend="give hold or hot_line")
        why = reasoned(reason, "a tag")
        self.room.refresh()
        mark = f"t{self.room.kernel.sequence + 1}"
        return work(self.room.kernel, Step(Action.TAG, device, why, mark=mark, kind=kind), by)

    def untag(self, tag: str, by: By, reason: str) -> Answer:
        """Take a tag off."""
        found = self.room.kernel.situation.tags.get(tag)
        if found is None:
            raise GridmendError(f"there is no tag '{tag}'", mend="look at the device again")
        self.room.refresh()
        return work(self.room.kernel, Step(Action.UNTAG, found.device, reason, mark=tag), by)

    def ground(self, bus: str, by: By, reason: str) -> Answer:
        """Send a crew to earth a bus."""
        mark = f"g{self.room.kernel.sequence + 1}"
        step = Step(Action.GROUND, bus, reasoned(reason, "an earth"), mark=mark)
        self.room.refresh()
        return work(self.room.kernel, step, by)

    def unground(self, ground: str, by: By, reason: str) -> Answer:
        """Send a crew to take an earth away."""
        found = self.room.kernel.situation.grounds.get(ground)
        if found is None:
            raise GridmendError(f"there is no earth '{ground}'", mend="look at the bus again")
        self.room.refresh()
        return work(self.room.kernel, Step(Action.UNGROUND, found.bus, reason, mark=ground), by)


def selected_by(situation: Situation, key: str, now_s: float, select_s: float) -> str:
    """Who has a device picked; empty where nobody has."""
    held = (
        one.principal
        for one in situation.selects.values()
        if one.key == key and now_s - one.at_s <= select_s
    )
    return next(held, "")


def finite(value: float) -> float | None:
    """A number that is known, else None."""
    return float(value) if np.isfinite(value) else None
