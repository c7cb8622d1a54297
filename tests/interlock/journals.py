"""Journals of runs that keep every rule, written by hand for the second checker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gridmend.model.command import Command, step_as_json
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Action, Step
from gridmend.model.table import Table
from tests.interlock.networks import network, ring

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
_WORD = {"open": "switched", "close": "switched", "set_power": "switched", "limit": "switched",
         "set_tap": "tapped", "set_capacitor": "banked"}  # fmt: skip


class Log:
    """A journal that is being written: time goes on with every entry, commands go by number."""

    def __init__(self, grid: Grid, area: str = "town") -> None:
        self.grid, self.area, self.time = grid, area, NOON
        self.events: list[Event] = []
        self.commands = 0
        devices = [*grid.switches, *(f"source.{n}" for n in grid.sources)]
        devices += [f"generator.{n}" for n in grid.generators]
        devices += [f"storage.{n}" for n in grid.storages]
        devices += [f"capacitor.{n}" for n in grid.capacitors]
        devices += [f"bus.{n}" for n in grid.buses]
        self.tell("area_defined", area=area, devices=devices)
        self.tell("authority_granted", area=area, holder="ann", epoch=3)

    def tell(self, kind: str, /, **payload: Any) -> None:
        """One more entry, a fifth of a second after the last."""
        self.time += timedelta(seconds=0.2)
        self.events.append(Event(self.time, "test", "by hand", kind, payload))

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def ago(self, seconds: float) -> str:
        return (self.time - timedelta(seconds=seconds)).isoformat()

    def scan(self) -> None:
        self.tell("scanned", devices=list(self.grid.switches))

    def select(self, step: Step, name: str, epoch: int = 3) -> None:
        asked = step_as_json(step)
        self.tell("selected", select=name, step=asked, principal="ann", login="desk", epoch=epoch)

    def command(
        self, step: Step, *, carries_a: float | None = 20.0, worse: tuple[str, ...] = (),
        converged: bool = True, **changes: Any,
    ) -> str:  # fmt: skip
        """A select where the step is an operation, the flow, and the command; its id."""
        self.commands += 1
        name = f"c{self.commands}"
        is_move = step.action in MOVES
        self.scan()
        if is_move:
            self.select(step, f"s{self.commands}")
            found = {"converged": converged, "worse": list(worse), "carries_a": carries_a}
            self.tell("flow_recorded", command=name, **found)
        made = Command(
            name, step, "ann", "desk", self.area, 3, self.time,
            select=f"s{self.commands}" if is_move else "",
        )  # fmt: skip
        self.tell("commanded", **replace(made, **changes).as_json())
        return name

    def done(self, step: Step, name: str) -> None:
        """What the field says of a command, and its outcome."""
        told: dict[str, Any] = {"device": step.device, "command": name}
        match _WORD.get(step.action):
            case "switched":
                value = {} if step.value is None else {"value": step.value}
                self.tell("switched", **told, action=step.action.value, **value)
            case "tapped":
                self.tell("tapped", **told, step=int(step.value or 0))
            case "banked":
                self.tell("banked", **told, steps_on=int(step.value or 0))
            case _:
                self.paper(step, name)
        self.tell("outcome", command=name, state="confirmed")

    def paper(self, step: Step, name: str) -> None:
        """The fact that follows a piece of work."""
        facts: dict[Action, Callable[[], None]] = {
            Action.TAG: lambda: self.tell(
                "tag_placed", tag=step.mark, device=step.device, kind=step.kind, holder="ann",
                command=name,
            ),
            Action.UNTAG: lambda: self.tell("tag_lifted", tag=step.mark, by="ann", command=name),
            Action.GROUND: lambda: self.tell(
                "ground_placed", ground=step.mark, bus=step.device, holder="ann", command=name
            ),
            Action.UNGROUND: lambda: self.tell(
                "ground_removed", ground=step.mark, by="ann", command=name
            ),
            Action.CLEAR: lambda: self.tell(
                "clearance_issued", clearance=step.mark, holder="ann", buses=["a", "b"],
                command=name,
            ),
            Action.RELEASE: lambda: self.tell(
                "clearance_released", clearance=step.mark, by="ann", command=name
            ),
        }  # fmt: skip
        facts[step.action]()

    def operate(self, action: str, device: str, value: float | None = None, **how: Any) -> str:
        """A whole operation, from the select to the outcome."""
        names = {key: how.pop(key) for key in ("mark", "kind") if key in how}
        step = Step(Action(action), device, "as the run wants it", value, **names)
        name = self.command(step, **how)
        self.done(step, name)
        return name

    def order(
        self, name: str, *steps: tuple[str, str], author: str = "ann", by: str = "bob",
        application: str = "",
    ) -> None:  # fmt: skip
        """A switching order, written, studied, approved and issued."""
        listed = [{"action": action, "device": device} for action, device in steps]
        told = {"order": name, "author": author, "area": self.area, "steps": listed}
        self.tell("order_written", **told, application=application)
        self.tell("order_studied", order=name, by=author, positions="as they stand")
        self.tell("order_approved", order=name, by=by)
        self.tell("order_issued", order=name, by="ann")

    def sync(self, device: str) -> None:
        found = {"dv_pu": 0.01, "dangle_deg": -4.0, "df_hz": 0.02, "phasing_known": True}
        self.tell("sync_checked", device=device, **found)


def plain() -> Grid:
    """The ring with loads alone, and a breaker with known ratings at its head."""
    return network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "alt"), "S4": ("d", "e")},
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "d", "e"],
        normally_open=["S3"],
        changes={
            "S1": {"interrupting_a": 600.0, "interrupts": "fault"},
            "S2": {"interrupting_a": 400.0},
            "S4": {"kind": "disconnect", "interrupts": "nothing"},
        },
    )


def banked() -> Grid:
    """The plain ring with a capacitor in two steps."""
    grid = plain()
    row = {"name": "K1", "bus1": "d", "phases1": "a b c", "bus2": "d", "phases2": "g g g",
           "kv": 12.47, "step_kvar": [100.0, 100.0], "steps_on": 0}  # fmt: skip
    return grid.with_tables(capacitors=Table.from_rows(grid.capacitors.schema, [row]))


def work_on_a_section() -> Log:
    """Isolated, tagged, cleared, earthed, worked on, and all of it back."""
    log = Log(ring())
    log.operate("open", "S2")
    log.operate("open", "S1")
    for device in ("S1", "S2", "storage.battery"):
        log.operate("tag", device, mark=f"T-{device}", kind="hold")
    log.operate("clear", "b", mark="C")
    log.operate("ground", "b", mark="G")
    log.tell("crew_at", crew="seven", place="b")
    log.wait(60)
    log.operate("unground", "b", mark="G")
    log.operate("release", "b", mark="C")
    log.tell("tag_handed_over", tag="T-S1", to="dan", by="ann", witness="dan")
    log.tell("tag_handed_over", tag="T-S1", to="ann", by="dan", witness="ann")
    for device in ("storage.battery", "S2", "S1"):
        log.operate("untag", device, mark=f"T-{device}")
    log.operate("close", "S1")
    log.sync("S2")
    log.operate("close", "S2")
    return log


def work_told_by_radio() -> Log:
    """The same on paper alone, as a crew reports it: nothing of it is commanded."""
    log = Log(ring())
    log.operate("open", "S2")
    log.operate("open", "S1")
    for device in ("S1", "S2", "storage.battery"):
        log.tell("tag_placed", tag=f"T-{device}", device=device, kind="hold", holder="ann")
    log.scan()
    log.tell("clearance_issued", clearance="C", holder="ann", buses=["a", "b"])
    log.tell("ground_placed", ground="G", bus="b", holder="ann")
    log.wait(60)
    log.scan()
    log.tell("ground_removed", ground="G", by="ann")
    log.tell("clearance_released", clearance="C", by="ann")
    for device in ("storage.battery", "S2", "S1"):
        log.tell("tag_lifted", tag=f"T-{device}", by="ann")
    log.operate("close", "S1")
    log.sync("S2")
    log.operate("close", "S2")
    return log


def order_of_two_people() -> Log:
    """A written order, approved by another, carried out in its turn."""
    log = Log(plain())
    steps = (("open", "S2"), ("close", "S3"), ("open", "S3"), ("close", "S2"))
    log.order("O", *steps)
    for number, (action, device) in enumerate(steps, 1):
        log.operate(action, device, order="O", number=number)
    return log


def application_under_a_leave() -> Log:
    """A fault in a section, healed by an application that a person gave leave."""
    log = Log(plain())
    log.tell("mode_set", application="heal", area="town", mode="automatic", by="ann")
    until = (log.time + timedelta(minutes=30)).isoformat()
    leave = {"by": "ann", "application": "heal", "area": "town", "steps_most": 3}
    log.tell("leave_given", leave="L", **leave, expires_utc=until)
    log.tell("fault_suspected", element="line.L1")
    log.tell("tripped", device="S1")
    steps = (("open", "S2"), ("close", "S3"))
    log.order("O", *steps, author="heal", by="leave:L", application="heal")
    for number, (action, device) in enumerate(steps, 1):
        log.operate(action, device, order="O", number=number, application="heal")
    return log


def application_with_a_persons_word() -> Log:
    """An application that asks: a person approves its order."""
    log = Log(plain())
    log.tell("mode_set", application="heal", area="town", mode="approve", by="ann")
    steps = (("open", "S2"), ("close", "S3"), ("open", "S3"), ("close", "S2"))
    log.order("O", *steps, author="heal", by="bob", application="heal")
    for number, (action, device) in enumerate(steps, 1):
        log.operate(action, device, order="O", number=number, application="heal")
    return log


def application_at_the_end() -> Log:
    """An application that parts what carries nothing, far from the source."""
    log = Log(plain())
    log.tell("mode_set", application="heal", area="town", mode="approve", by="ann")
    log.order("O", ("open", "S4"), author="heal", by="bob", application="heal")
    log.operate("open", "S4", order="O", number=1, application="heal", carries_a=0.0)
    return log


def application_opens_a_loop() -> Log:
    """Two sources tied by a person, and parted elsewhere by an application."""
    log = Log(plain())
    until = (log.time + timedelta(minutes=10)).isoformat()
    log.tell("loop_authorised", device="S3", sources=["north", "south"], by="ann",
             expires_utc=until)  # fmt: skip
    log.sync("S3")
    log.operate("close", "S3")
    log.tell("mode_set", application="heal", area="town", mode="approve", by="ann")
    log.order("O", ("open", "S1"), author="heal", by="bob", application="heal")
    log.operate("open", "S1", order="O", number=1, application="heal")
    return log


def islands_joined() -> Log:
    """An island that a generator holds, joined to a source and parted again."""
    log = Log(ring())
    log.operate("open", "S2")
    log.sync("S3")
    log.operate("close", "S3")
    log.operate("open", "S3")
    log.sync("S2")
    log.operate("close", "S2")
    return log


def loop_under_a_leave() -> Log:
    """Two sources tied for some minutes."""
    log = Log(ring())
    until = (log.time + timedelta(minutes=10)).isoformat()
    log.tell("loop_authorised", device="S3", sources=["north", "source.south"], by="ann",
             expires_utc=until)  # fmt: skip
    log.sync("S3")
    log.operate("close", "S3")
    log.operate("open", "S2")
    log.sync("S2")
    log.tell("loop_authorised", device="S2", sources=["north", "south"], by="ann",
             expires_utc=until)  # fmt: skip
    log.operate("close", "S2")
    log.operate("open", "S3")
    return log


def power_of_resources() -> Log:
    """DER set and limited, within a tenth of their feeder's rating a minute."""
    log = Log(ring())
    log.operate("set_power", "storage.battery", 400.0)
    log.operate("set_power", "generator.island", 300.0)
    log.wait(61)
    log.operate("limit", "storage.battery", 50.0)
    log.tell("power", device="storage.battery", p_kw=45.0)
    log.operate("set_power", "storage.battery", 500.0)
    return log


def banks_and_a_disconnect() -> Log:
    """A bank stepped, and a disconnect opened without load."""
    log = Log(banked())
    log.operate("set_capacitor", "K1", 1.0)
    log.operate("set_capacitor", "K1", 2.0)
    log.operate("open", "S4", carries_a=0.0)
    log.operate("close", "S4")
    return log


def fault_repaired() -> Log:
    """A breaker locked out by a fault, reset once that is mended."""
    log = Log(plain())
    log.tell("tripped", device="S1", locked_out=True)
    log.tell("fault_suspected", element="line.L1")
    log.operate("open", "S2", carries_a=None, converged=False)
    log.operate("close", "S3")
    log.tell("repaired", element="line.L1")
    log.tell("lockout_reset", device="S1")
    log.operate("close", "S1")
    log.operate("open", "S3")
    log.operate("close", "S2")
    return log


RUNS: tuple[Callable[[], Log], ...] = (
    work_on_a_section, work_told_by_radio, order_of_two_people, application_under_a_leave,
    application_with_a_persons_word, application_at_the_end, application_opens_a_loop,
    islands_joined, loop_under_a_leave, power_of_resources,
    banks_and_a_disconnect, fault_repaired,
)  # fmt: skip
"""Runs to which there is nothing to object."""
