"""A random walk of everything at once: commands with every flaw, orders, the field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gridmend.interlock.admission import admit
from gridmend.interlock.check import forbidden
from gridmend.interlock.move import By, Move
from gridmend.interlock.standing import after, standing
from gridmend.model.command import Command, step_as_json
from gridmend.model.command import World as Realm
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Step
from gridmend.model.situation import OrderState
from oracles.switching import Known, Sent, why_illegal, why_inadmissible
from tests.interlock.exploring.events import Life
from tests.interlock.exploring.judging import POLICY
from tests.interlock.exploring.world import Going

STEPS_EACH = 2000
"""Steps before another network is taken."""
ACTIONS = {
    Action.OPEN: 22, Action.CLOSE: 30, Action.TAG: 12, Action.UNTAG: 8, Action.GROUND: 6,
    Action.UNGROUND: 4, Action.CLEAR: 6, Action.RELEASE: 4, Action.SET_POWER: 5, Action.LIMIT: 3,
}  # fmt: skip
LIVE = (OrderState.ISSUED, OrderState.IN_PROGRESS)
FLAWS = ("world", "age", "again", "epoch", "select", "area", "deed", "number")


@dataclass
class Tally:
    """What a walk came across."""

    steps: int = 0
    commands: int = 0
    legal: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Legal commands that were refused, by rule."""
    illegal: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count another walk too."""
        for name in ("steps", "commands", "legal", "accepted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused += other.refused
        self.illegal += other.illegal


def walked(first: int, steps: int) -> Tally:
    """So many steps over several networks, the first of them made from this seed."""
    tally, seed = Tally(), first
    while tally.steps < steps:
        tally.add(Walk(seed).walk(min(STEPS_EACH, steps - tally.steps)))
        seed += 1
    return tally


class Walk(Life):
    """One random network and what befalls it; raises `UnsafeError` at the first violation."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.tally = Tally()
        self.idle_flow = replace(self.room.flow, converged=False)
        self.actions, self.weights = list(ACTIONS), list(ACTIONS.values())

    def walk(self, steps: int) -> Tally:
        """So many steps."""
        for _ in range(steps):
            self.tally.steps += 1
            if self.rng.random() < 0.55:
                self.commands()
            else:
                self.befalls()
        return self.tally

    def commands(self) -> None:
        """Somebody gives a command, with a flaw now and then."""
        rng = self.rng
        flaw = rng.choice(FLAWS) if rng.random() < 0.12 else ""
        if flaw == "again" and self.given:
            self.judged(rng.choice(self.given))
            return
        live = [o for o in self.situation.orders.values() if o.state in LIVE or rng.random() < 0.02]
        order = rng.choice(live or [None])
        if order is not None and order.steps and rng.random() < 0.4:
            number = min(order.done + 1, len(order.steps))
            if flaw == "number":
                number = rng.randint(1, len(order.steps))
            step = order.steps[number - 1]
            more = {"order": order.id, "number": number, "application": order.application}
            who = order.application or "ann"
        else:
            step, more, who = self.a_step(), {}, "ann" if rng.random() < 0.93 else "bob"
            if flaw == "number":
                more = {"application": "flisr"}
        if flaw == "deed" and more.get("order"):
            step = self.a_step()
        self.judged(self.written(step, who, flaw, more))

    def a_step(self) -> Step:
        """Anything that might be asked of the network."""
        rng, s = self.rng, self.situation
        action = rng.choices(self.actions, self.weights)[0]
        if action in SWITCHING:
            names = [*self.plant.switches] * 4 + [*self.plant.sources]
            return Step(action, rng.choice(names), "")
        if action in POWERS and self.plant.der:
            return Step(
                action, rng.choice([*self.plant.der]), "", value=float(rng.randint(0, 9)) * 60
            )
        if action is Action.UNTAG and s.tags:
            tag = rng.choice(list(s.tags.values()))
            return Step(action, tag.device, "", mark=tag.id)
        if action is Action.UNGROUND and s.grounds:
            ground = rng.choice(list(s.grounds.values()))
            return Step(action, ground.bus, "", mark=ground.id)
        if action is Action.RELEASE and s.clearances:
            zone = rng.choice(list(s.clearances.values()))
            return Step(action, zone.buses[0], "", mark=zone.id)
        self.marks += 1
        if action in (Action.GROUND, Action.CLEAR):
            return Step(action, rng.choice(sorted(self.plant.buses)), "", mark=f"w{self.marks}")
        kind = "hold" if rng.random() < 0.8 else "hot_line"
        names = [d for d in self.plant.switches if d not in self.truth.closed] or [
            *self.plant.switches
        ]
        names += [
            *self.plant.switches,
            *self.plant.der,
            *(self.plant.sources.keys() - self.truth.on),
        ]
        return Step(Action.TAG, rng.choice(sorted(names)), "", mark=f"w{self.marks}", kind=kind)

    def written(self, step: Step, who: str, flaw: str, more: dict[str, Any]) -> Command:
        """A command with its select, and what joining needs, mostly."""
        rng, key = self.rng, self.room.key(step)
        area = self.situation.area_of(key)
        epoch = self.epochs[area] - (flaw == "epoch")
        self.serial += 1
        command = Command(
            f"k{self.serial}", step, who, "desk", "east" if flaw == "area" else area, epoch,
            self.now - timedelta(seconds=40 if flaw == "age" else rng.choice((0, 0, 1, 5))),
            world=Realm.TRAINING if flaw == "world" else Realm.LIVE,
            select=f"x{self.serial}", **more,
        )  # fmt: skip
        if step.action is Action.CLOSE and rng.random() < 0.4:
            self.leave_for(key)
        if step.action is Action.CLOSE and rng.random() < 0.4:
            self.check_across(key)
        if step.action in MOVES and flaw != "select":
            other = self.a_step() if flaw == "deed" else step
            if other.action in MOVES:
                self.say("selected", select=command.select, step=step_as_json(other),
                         principal=who, login="desk", epoch=epoch)  # fmt: skip
            if rng.random() < 0.1:
                self.passes(rng.choice((0.5, 3.0, 12.0)))
        return command

    def judged(self, command: Command) -> None:
        """The interlock and the oracle judge; what is accepted is on its way."""
        self.tally.commands += 1
        step, key, s = command.step, self.room.key(command.step), self.situation
        now_s, automatic = self.now.timestamp(), bool(command.application)
        converged = self.rng.random() > 0.03
        told = [r.rule for r in admit(command, self.room.grid, s, now_s, world=Realm.LIVE)]
        before = standing(self.room.site, s, now_s, POLICY)
        then = after(step, before, command.principal)
        by = By(command.principal, command.login, command.application)
        flow = self.room.flow if converged else self.idle_flow
        move = Move(step, key, before, then, by, POLICY, flow, s, now_s)
        told += [rule for rule, _ in forbidden(move)]
        self.looks(move, told)
        known = self.known(converged=converged)
        change_kw = 0.0
        if step.action in POWERS:
            change_kw = then.snapshot.power_kw(self.room.grid, key)
            change_kw -= before.snapshot.power_kw(self.room.grid, key)
        illegal = why_inadmissible(command, key, s, now_s) or why_illegal(
            self.plant, known, step, key, command.principal, automatic=automatic,
            change_kw=change_kw,
        )  # fmt: skip
        self.tally.legal += illegal is None
        self.tally.accepted += not told
        if illegal is not None:
            self.tally.illegal[illegal.partition(":")[0]] += 1
        elif told:
            self.tally.refused[told[0]] += 1
        if not told and illegal is not None and self.strict:
            self.wrong(f"accepted {step.action} {step.device} {step.mark}: {illegal}")
        if not told:
            zone = frozenset(before.zone(step.device)) if step.action is Action.CLEAR else None
            self.accepted(command, key, known, zone)

    def looks(self, move: Move, told: list[str]) -> None:
        """What a test may do with a move that was judged."""

    def accepted(
        self, command: Command, key: str, known: Known, zone: frozenset[str] | None
    ) -> None:
        """A command is written and on its way."""
        self.given = [*self.given[-20:], command]
        more = {"buses": sorted(zone)} if zone else {}
        self.say("commanded", **command.as_json(), **more)
        loop, check = known.loops.get(key), known.syncs.get(key)
        closes = command.step.action is Action.CLOSE
        leave = loop is not None and bool(loop.by) and 0 < loop.expires_s - known.now_s <= 900
        as_heard = self.unheard_of(known)
        excused = self.joins(key, self.truth.closed) and not self.joins(key, as_heard.closed)
        if closes and leave:
            for one in self.going:
                one.sent.covered |= {key}
        sent = Sent(
            command.id, key, closes, leave and closes,
            closes and check is not None and 0 <= known.now_s - check.at_s <= 5
            and abs(check.dv_pu) <= 0.03 and abs(check.dangle_deg) <= 10 and check.phasing_known,
            excused=excused, faults=frozenset(known.faults) - self.cut_off(as_heard),
        )  # fmt: skip
        self.going.append(Going(command, key, sent, zone or frozenset()))
