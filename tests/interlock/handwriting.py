"""A journal that is written by hand: selects, commands, what the field says, outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gridmend.model.command import Command, step_as_json
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Action, Step

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
