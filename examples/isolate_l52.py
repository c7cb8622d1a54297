"""An operator isolates line L52 of the IEEE 123 feeder and clears it; nothing can energise it then.

Every way to lead to it from a source is tried, by the operator, by a colleague and by an
application, and each is refused by the rule that forbids it. Runs on a field in memory.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

import gridmend as gm
from gridmend.adapters.memory import MemoryAdapter
from gridmend.interlock.move import By
from gridmend.model.plan import Action
from gridmend.model.situation import Mode
from gridmend.runtime.control import Answer, operate, orders, select, settle
from gridmend.runtime.control.authority import give_leave, set_mode, take_authority
from gridmend.runtime.control.opening import open_room
from gridmend.runtime.control.work import hand_over_tag, work
from gridmend.runtime.journal import Journal

ANN, BOB = By("ann", "desk1"), By("bob", "desk2")
FLISR = By("flisr", "kernel", "flisr")

grid = gm.read("ieee123")
clock = [datetime(2026, 7, 15, 9, tzinfo=UTC)]
field = MemoryAdapter(grid, now=lambda: clock[0])
journal = Journal.memory()
room = open_room(grid, field, journal, now=lambda: clock[0])


def wait(seconds: float) -> None:
    """Time goes on, and the field is scanned."""
    clock[0] += timedelta(seconds=seconds)
    field.scan()
    room.take_in()


def say(who: By, what: str, answer: Answer | None = None) -> None:
    """One line of the transcript, and what came of it."""
    print(f"{clock[0]:%H:%M:%S}  {who.application or who.principal:<6} {what}")
    if answer is not None:
        rules = dict.fromkeys(f"{r.rule}: {r.why}" for r in answer.refusals)
        for told in [f"REFUSED  {rule}" for rule in rules] or [str(answer)]:
            print(f"                   {told}")


def do(who: By, action: Action, device: str) -> None:
    """Select and operate."""
    wait(2)
    step = gm.Step(action, device, why="")
    answer = select(room, step, who)
    if answer.allowed:
        answer = operate(room, step, who, select=answer.id)
    say(who, f"{action} {device}", answer)


def mark(who: By, action: Action, device: str, name: str) -> Answer:
    """Place or lift a tag, a ground or a clearance."""
    wait(2)
    answer = work(room, gm.Step(action, device, why="", mark=name), who)
    say(who, f"{action} {device} {name}", answer)
    return answer


print("Isolating L52\n")
wait(0)
take_authority(room, "", ANN)
site, switches = room.bench.site, grid.switches["name"]
zone = sorted(site.around(site.topology.nodes_of("line.L52")))
apart = np.zeros(len(switches), np.uint8)
apart[zone] = site.mask[zone]
fed = site.topology.reached(site.topology.conducting(apart), site.feed_node)
leads = [row for row in zone if fed[np.concatenate(site.ends[row])].any()]
around = [str(switches[row]) for row in leads]
closed = [name for name in around if not room.situation.snapshot.is_open(grid, name)]
say(ANN, f"has authority; L52 lies between {', '.join(str(switches[row]) for row in zone)}")
for row in sorted(set(zone) - set(leads)):
    print(f"           {switches[row]} leads to nothing that could feed it")

steps = [gm.Step(Action.OPEN, name, why="isolates L52") for name in reversed(closed)]
order = orders.write(room, steps, BOB)
say(BOB, f"writes {order}: open {', '.join(step.device for step in steps)}")
say(BOB, f"studies {order}", orders.study(room, order, BOB))
say(BOB, f"approves {order}", orders.approve(room, order, BOB))
say(ANN, f"approves {order}", orders.approve(room, order, ANN))
say(ANN, f"issues {order}", orders.issue(room, order, ANN))
for step in steps:
    wait(2)
    say(ANN, f"carries out {step.action} {step.device}", orders.step(room, order, ANN))
print(f"           {order} is {room.situation.orders[order].state}")

mark(ANN, Action.CLEAR, "52", "C1")
for number, name in enumerate(around, 1):
    mark(ANN, Action.TAG, name, f"T{number}")
mark(ANN, Action.CLEAR, "52", "C1")
ground = mark(ANN, Action.GROUND, "52", "G1")
wait(60)
say(ANN, "hears from the crew: G1 is placed", settle(room, ground.id, ANN, done=True, why="crew"))
buses = room.situation.clearances["C1"].buses
print(f"           C1 covers {len(buses)} buses: {', '.join(buses)}")

print("\nEvery way to energise it\n")
for name in around:
    do(ANN, Action.CLOSE, name)
do(BOB, Action.CLOSE, around[0])
for number, name in enumerate(around, 1):
    mark(ANN, Action.UNTAG, name, f"T{number}")
mark(BOB, Action.UNTAG, around[0], "T1")
say(BOB, "signs T1 over to himself, alone", hand_over_tag(room, "T1", BOB, to="bob", witness="bob"))
mark(BOB, Action.RELEASE, "52", "C1")
mark(ANN, Action.RELEASE, "52", "C1")
set_mode(room, "flisr", Mode.AUTOMATIC, ANN)
give_leave(room, "flisr", ANN, steps_most=5, lasts=timedelta(hours=1))
for name in around:
    wait(2)
    healing = orders.write(room, [gm.Step(Action.CLOSE, name, why="restores")], FLISR)
    say(FLISR, f"studies {healing}: close {name}", orders.study(room, healing, FLISR))
say(ANN, "hands T1 over to bob, with cy", hand_over_tag(room, "T1", ANN, to="bob", witness="cy"))
mark(BOB, Action.UNTAG, around[0], "T1")

print("\nThe way back\n")
gone = mark(ANN, Action.UNGROUND, "52", "G1")
wait(60)
say(ANN, "hears from the crew: G1 is gone", settle(room, gone.id, ANN, done=True, why="crew"))
mark(ANN, Action.RELEASE, "52", "C1")
mark(BOB, Action.UNTAG, around[0], "T1")
for number, name in enumerate(around[1:], 2):
    mark(ANN, Action.UNTAG, name, f"T{number}")
for name in closed:
    do(ANN, Action.CLOSE, name)
found = journal.verify()
print(f"\n{found.entries} entries in the journal, chain and signatures hold: {found.ok}")
