"""The gateway: it judges every frame again, by itself, and sends none twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmend.interlock.admission import admit
from gridmend.interlock.check import Bench, forbidden
from gridmend.interlock.move import By, Move
from gridmend.interlock.standing import after, standing
from gridmend.model.adapter import Adapter
from gridmend.model.command import Command
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import MOVES, Outcome, Refusal
from gridmend.model.situation import Situation
from gridmend.model.vocabulary import FIELD, KINDS
from gridmend.runtime.fold import Folding
from gridmend.runtime.gateway.frame import Frame, Verifier
from gridmend.runtime.gateway.sent import SENT, WITHDRAWN, Sent
from gridmend.runtime.log import Readable

FAIL_POINTS = ("gateway: judged", "gateway: marked", "gateway: sent")
"""Where a test may stop the process: before the id is used up, before and after the frame."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway says of a frame: refused, with the rules; else what the field answered."""

    refusals: tuple[Refusal, ...] = ()
    outcome: Outcome | None = None


class Gateway:
    """Holds the only hand on an adapter.

    A frame leaves where its signature is that of this world, its entry is in the journal, its id
    was never used, and the gateway's own copy of the rules allows it on what the journal and the
    field said up to then. `pause` is called at each of `FAIL_POINTS`.
    """

    def __init__(
        self,
        adapter: Adapter,
        journal: Readable,
        bench: Bench,
        *,
        verifier: Verifier,
        sent: Sent,
        now: Callable[[], datetime],
        pause: Callable[[str], None] | None = None,
        start: Situation | None = None,
    ) -> None:
        if adapter.world is not verifier.world:
            raise GridmendError(
                f"a gateway of world {verifier.world} cannot hold an adapter of {adapter.world}",
                mend="give the adapter of that world",
            )
        self._adapter, self._journal, self._bench = adapter, journal, bench
        self._verifier, self._sent, self._now = verifier, sent, now
        self._pause = pause or (lambda _: None)
        self._folding = Folding(bench.site.grid, start)
        self._read = start.sequence if start is not None else 0
        self._flow: dict[str, Any] = {}
        self._unread: list[Event] = []
        # A command whose entry is older than the gateway is not sent: it is withdrawn or in doubt.
        self._caught_up(None)

    def send(self, frame: Frame) -> Reply:
        """Have a frame carried out, or say which rules refuse it; nothing leaves then."""
        command = frame.command
        refusals = self._judged(frame)
        if refusals:
            return Reply(refusals)
        self._pause("gateway: judged")
        if not self._sent.mark(command.id, SENT, self._now().timestamp()):
            return Reply((_no(command, "at most once", "its id was used up before"),))
        self._pause("gateway: marked")
        outcome = self._adapter.carry_out(command.step)
        self._pause("gateway: sent")
        return Reply((), outcome)

    def withdraw(self, command: str) -> bool:
        """Make sure that a command is not sent any more; True where it may have been sent."""
        self._sent.mark(command, WITHDRAWN, self._now().timestamp())
        return self._sent.of(command) == SENT

    def events(self) -> tuple[Event, ...]:
        """What the field said since it was last asked."""
        self._collect()
        unread, self._unread = tuple(self._unread), []
        return unread

    def _collect(self) -> None:
        self._unread += [_the_fields(event) for event in self._adapter.events()]

    def _judged(self, frame: Frame) -> tuple[Refusal, ...]:
        command = frame.command
        if not self._verifier.holds(frame):
            why = f"it does not bear the signature of world {self._verifier.world}"
            return (_no(command, "worlds apart", why),)
        if command.step.action not in MOVES:
            return (_no(command, "capability", "no device carries that out"),)
        if frame.sequence <= self._read:
            why = f"its entry {frame.sequence} lies behind entry {self._read}"
            return (_no(command, "record first", why),)
        try:
            before, entry = self._caught_up(frame.sequence)
        except GridmendError as problem:
            return (_no(command, "record first", problem.what),)
        if entry is None or entry.kind != "commanded" or dict(entry.payload) != command.as_json():
            why = f"the journal's entry {frame.sequence} is not this command"
            return (_no(command, "record first", why),)
        if any(True for _ in self._journal.read(frame.sequence)):
            # The state before the entry is not what stands now: the frame was long on its way.
            return (_no(command, "record first", "the journal has gone on since its entry"),)
        return self._forbidden(command, before)

    def _caught_up(self, sequence: int | None) -> tuple[Situation, Event | None]:
        """The situation before an entry, and its event; the entry is folded afterwards."""
        entry: Event | None = None
        before: Situation | None = None
        for found in self._journal.read(self._read, sequence):
            if found.sequence == sequence:
                entry, before = found.event, self._folding.situation()
            elif found.event.kind == "flow_recorded":
                self._flow = dict(found.event.payload)
            self._folding.add(found.event, found.sequence)
            self._read = found.sequence
        return before or self._folding.situation(), entry

    def _forbidden(self, command: Command, before: Situation) -> tuple[Refusal, ...]:
        self._collect()
        seen = Folding(self._bench.site.grid, before)
        for event in self._unread:
            seen.add(event)
        situation = seen.situation()
        grid, now_s = self._bench.site.grid, self._now().timestamp()
        policy, world = self._bench.policy, self._verifier.world
        admission = admit(command, grid, situation, now_s, world=world, policy=policy)
        found = [_no(command, refusal.rule, refusal.why) for refusal in admission]
        by = By(command.principal, command.login, command.application)
        stands = standing(self._bench.site, situation, now_s, policy)
        recorded = self._flow if self._flow.get("command") == command.id else {}
        move = Move(
            command.step, subject(grid, command.step), stands,
            after(command.step, stands, command.principal), by, policy,
            situation=situation, now_s=now_s, carries_a=recorded.get("carries_a"),
        )  # fmt: skip
        found += [_no(command, rule, why) for rule, why in forbidden(move)]
        why = _unforeseen(recorded, move)
        return (*found, *([_no(command, "look-ahead", why)] if why else ()))


def _the_fields(event: Event) -> Event:
    """An event of the field; a note where it is not the field's to say, such as a lifted tag."""
    if event.kind in FIELD or event.kind not in KINDS:
        return event
    said = f"the field said '{event.kind}', which it may not: {dict(event.payload)!r}"[:500]
    text = said.encode("utf-8", "replace").decode()
    return Event(event.time_utc, "gateway", event.source, "note", {"text": text})


def _unforeseen(recorded: dict[str, Any], move: Move) -> str:
    """What the recorded flow lacks for a move to be carried out."""
    if not recorded:
        return "the journal holds no power flow for it"
    if recorded.get("worse"):
        return "the recorded power flow shows violations"
    if not recorded.get("converged") and not move.is_making_safe:
        return "the recorded power flow has not converged"
    return ""


def _no(command: Command, rule: str, why: str) -> Refusal:
    return Refusal(rule, command.number, command.step.device, f"{why} (gateway)")
