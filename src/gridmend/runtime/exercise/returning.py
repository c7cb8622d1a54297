"""Back to normal: once a fault is repaired, the operator closes what it took out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from gridmend.interlock.check import judge
from gridmend.model.event import Event
from gridmend.model.plan import Action, OutcomeState, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control import Answer
from gridmend.runtime.control.authority import authorise_loop
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.onward import footing
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.normal import Loops, sources_at, steps_to_normal
from gridmend.twin.agenda import not_before_s

TRANSFER_S = 30.0
"""Time from switch to switch when a tie's customers go back to their own feeder."""
AGAIN_S = 120.0
"""Time after which the way back is looked for anew, where a step was not carried out."""
AGAIN_MOST_S = 1800.0
TRIES_MOST = 60
"""How often the way back is looked for after one repair."""
CHECK_S = 2.0
"""How long a check of synchronism is waited for."""
LOOP_S = 120.0
"""How long the operator lets a loop through one source stand, while its tie opens."""


@dataclass
class Returning:
    """The operator, who hears of repairs and of patrols that found nothing.

    `normal` are the positions to come back to. Where a loop may be closed for a moment, a feeder
    takes over before its tie lets go. With `loops` the operator signs each loop through one source;
    one between sources needs somebody's leave, or `joins_sources` for the operator to sign it, and
    a check of synchronism, for which `synchrocheck` asks at a switch: it tells when the answer
    arrives [s]. No tie lets go of anybody before all that brings them back is allowed. What is
    refused, as more is broken behind it, is left for the next repair; what a crew does by hand is
    seen when it is done.
    """

    room: Room
    normal: Snapshot
    loops: bool = True
    joins_sources: bool = False
    synchrocheck: Callable[[str], float] | None = None
    _radial: bool = False
    """Whether a loop was refused or did not open again: ties let go first from here on."""
    _standing: tuple[str, str] | None = None
    """The feeder and the tie of a loop that was closed and did not open."""
    _locked: set[str] = field(default_factory=set[str])
    _due_s: float = math.inf
    _steps: list[Step] = field(default_factory=list[Step])
    _tries: int = 0
    _refused: bool = False
    """Whether a step of the present way back was refused, so that it is looked for once more."""

    def hear(self, event: Event, before: Snapshot) -> None:
        """A repair begins the way back; sources that lock out are remembered."""
        device = str(event.payload.get("device", "")).lower()
        if event.kind == "tripped" and event.payload.get("locked_out"):
            self._locked.add(device)
        elif event.kind == "lockout_reset":
            self._locked.discard(device)
        if event.kind == "repaired" and event.source != SOURCE:
            self.begin()

    def begin(self) -> None:
        """Find the way back now."""
        self._due_s, self._steps, self._tries = self.room.agenda.now_s, [], 0
        self._radial = not self.loops

    def due_s(self) -> float:
        """When the next step is due [s]."""
        return self._due_s

    def act(self) -> None:
        """Find the way back, or take its next steps; wait where somebody else has authority."""
        self.room.refresh()
        if self.room.holder():
            self._due_s = self.room.agenda.now_s + AGAIN_S
            return
        if self._standing is not None:
            self._tries += 1
            self._let_go(*self._standing)
            return
        if not self._steps and not self._find():
            return
        looped = ""
        while self._steps:
            step = self._steps.pop(0)
            if not looped and self._leaves_dark(step):
                self._again()
                return
            loop = self._loop(step)
            answer = self._command(step, loop)
            self._refused |= bool(answer.refusals)
            failed = bool(answer.refusals) if answer.outcome is None else not _is_done(answer)
            if failed and (loop or looped):
                self._radial = True
                self._standing = (looped, step.device) if looped else None
                self._again()
                return
            if failed and answer.outcome is not None:
                self._again()
                return
            if looped:
                self.room.kernel.say("loop_ended", self.room.operator, device=looped)
            lets_go = bool(self._steps) and self._steps[0].action is Action.OPEN
            looped = step.device if loop and lets_go else ""
            if self._steps and step.action is Action.OPEN and not self._is_acknowledged(step):
                self._due_s = self.room.agenda.now_s + TRANSFER_S
                return
        self._due_s = math.inf
        if self._refused and not self.room.kernel.situation.faults:
            self._again()

    def _loop(self, step: Step) -> frozenset[str]:
        """The sources of the loop that a step would close; empty where it closes none."""
        kernel = self.room.kernel
        if step.action is not Action.CLOSE or step.device not in kernel.grid.switches:
            return frozenset()
        topology = kernel.bench.site.topology
        one, other = sources_at(topology, kernel.situation.snapshot, step.device)
        return one | other if one and other else frozenset()

    def _command(self, step: Step, loop: frozenset[str]) -> Answer:
        """Have a step carried out; a loop is signed where the operator may, and checked."""
        kernel, agenda = self.room.kernel, self.room.agenda
        if loop and not self._radial and (self.joins_sources or len(loop) == 1):
            until = kernel.now() + timedelta(seconds=LOOP_S)
            authorise_loop(kernel, step.device, sorted(loop), self.room.operator, until=until)
        if len(loop) > 1 and not self._radial and self.synchrocheck is not None:
            arrives_s = self.synchrocheck(step.device)
            agenda.run_to(min(max(agenda.now_s, not_before_s(arrives_s)), agenda.now_s + CHECK_S))
        return self.room.command(step)

    def _let_go(self, feeder: str, tie: str) -> None:
        """A tie did not let go of a loop: once it is known to be closed, its feeder lets go."""
        kernel = self.room.kernel
        self._again()
        if kernel.grid.key(tie) in kernel.situation.busy:
            return
        self._standing = None
        if not kernel.situation.snapshot.is_open(kernel.grid, tie):
            why = f"{tie} did not let go: the loop opens here again"
            self.room.command(Step(Action.OPEN, feeder, why))

    def _again(self) -> None:
        """Look for the way anew later, the later the more often it failed."""
        wait_s = min(AGAIN_S * 2 ** min(self._tries - 1, 10), AGAIN_MOST_S)
        self._steps, self._due_s = [], self.room.agenda.now_s + wait_s

    def _find(self) -> bool:
        """The steps that are left, lock-outs taken away first; False where there are none."""
        kernel = self.room.kernel
        self._tries += 1
        self._refused = False
        situation, topology = kernel.situation, kernel.bench.site.topology
        loops = None if self._radial else self._loops()
        steps = steps_to_normal(
            topology, situation.snapshot, self.normal, loops=loops, faults=situation.faults
        )
        if steps and self._tries > TRIES_MOST:
            kernel.say(
                "plan_stopped", self.room.operator, device="", why="the way back to normal failed"
            )
            steps = ()
        switches = kernel.grid.switches
        for step in steps:
            row = switches.index.get(step.device.lower())
            is_locked = f"source.{step.device}".lower() in self._locked
            is_locked = is_locked if row is None else bool(situation.locked_out[row])
            if step.action is Action.CLOSE and is_locked:
                why = "takes the lock-out away: the fault is repaired"
                self._steps.append(Step(Action.OPEN, step.device, why, phases=step.phases))
            self._steps.append(step)
        if not self._steps:
            self._due_s = math.inf
        return bool(self._steps)

    def _loops(self) -> Loops:
        """Where a loop may be closed now."""
        kernel = self.room.kernel
        situation, now_s = kernel.situation, kernel.now_s
        switches = kernel.grid.switches
        banned = set(footing(kernel.bench, situation, now_s).banned)
        names, remote = switches.texts("name"), switches.flags("remote")
        usable = {n.lower() for n, is_remote in zip(names, remote, strict=True) if is_remote}
        across = {
            key: frozenset(f"source.{name.lower().rpartition('.')[2]}" for name in leave.sources)
            for key, leave in situation.loops.items()
            if leave.expires_s > now_s
        }
        if self.joins_sources:
            every = frozenset(f"source.{name}".lower() for name in kernel.grid.sources)
            across = dict.fromkeys(usable, every)
        return Loops(kernel.bench, usable - banned, across)

    def _leaves_dark(self, step: Step) -> bool:
        """Whether a tie would let go of somebody whom no step that follows may bring back."""
        if step.action is not Action.OPEN or self._is_acknowledged(step):
            return False
        kernel, topology = self.room.kernel, self.room.kernel.bench.site.topology
        judged = judge(
            Plan("", (step, *self._steps), Verdict()), kernel.bench, kernel.situation,
            kernel.now(), by=self.room.operator, flow=kernel.flow(),
        )  # fmt: skip
        now, then = (topology.energised(judged.flows[k].snapshot) for k in (0, -1))
        return bool((topology.supplied(now) & ~topology.supplied(then)).any())

    def _is_acknowledged(self, step: Step) -> bool:
        """Whether an opening only took a lock-out away: its device closes next."""
        return bool(self._steps) and self._steps[0].device == step.device


def _is_done(answer: Answer) -> bool:
    return answer.outcome is not None and answer.outcome.state is OutcomeState.CONFIRMED
