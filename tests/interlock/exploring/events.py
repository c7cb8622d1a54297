"""What befalls a network: the field, the clock, people who give leave, approve, hand over."""

from __future__ import annotations

from datetime import datetime, timedelta

from gridmend.model.command import step_as_json
from gridmend.model.plan import Action, Step
from tests.interlock.exploring.world import World

AREAS = ("", "west")


class Life(World):
    """A world in which things happen."""

    strict = True
    """Whether a command that is accepted and not legal is a violation by itself."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.marks = self.serial = 0
        self.epochs = dict.fromkeys(AREAS, 1)
        self.late: list[tuple[str, str, datetime]] = []
        west = sorted(self.plant.switches)[: len(self.plant.switches) // 3]
        self.say("area_defined", area="west", devices=west)
        for area in AREAS:
            self.say("authority_granted", area=area, holder="ann", epoch=1)
            self.say("mode_set", application="flisr", area=area, mode="automatic", by="ann")
        self.happenings = (
            (self.settles, 45), (self.carries_out, 10), (self.scans, 18), (self.doubts, 4),
            (self.trip, 5), (self.reports_late, 4), (self.waits, 10), (self.resets, 3),
            (self.fault, 2), (self.says_who, 2), (self.hands_over, 2), (self.orders, 8),
            (self.autonomy, 3),
        )  # fmt: skip
        self.kinds = [h for h, _ in self.happenings]
        self.chances = [c for _, c in self.happenings]
        self.scans()

    def befalls(self) -> None:
        """One thing happens, and a moment passes."""
        self.passes(self.rng.random() * 0.6)
        self.rng.choices(self.kinds, self.chances)[0]()

    def carries_out(self) -> None:
        """A command takes effect, and nobody hears of it yet."""
        able = [g for g in self.going if not g.done and not g.void]
        if able:
            self.carry_out(self.rng.choice(able))

    def settles(self) -> None:
        """A command has an outcome: with a report, or by word alone; or it is in doubt."""
        if not self.going:
            return
        one, chance = self.rng.choice(self.going), self.rng.random()
        if chance < 0.15:
            self.ends(one, "in_doubt")
            return
        if not one.done and not one.void and chance < 0.85:
            self.carry_out(one)
        if not one.done:
            self.ends(one, "failed")
            return
        if chance < 0.92:
            self.tells(one)
        self.ends(one, "confirmed")

    def scans(self) -> None:
        """All remote devices answer, or some; sources too."""
        part = 1.0 if self.rng.random() < 0.8 else 0.5
        remote = [d for d in sorted(self.plant.remote) if self.rng.random() < part]
        for device in remote:
            is_open = self.word(device) == "open"
            seen = self.situation.snapshot.is_open(self.room.grid, device)
            row = self.room.grid.switches.row(device)
            if is_open != seen or not self.situation.position_known[row]:
                self.reports(device)
        self.say("scanned", devices=remote)
        for source in self.plant.sources:
            if self.rng.random() < 0.3:
                self.reports(source)

    def doubts(self) -> None:
        """A report of bad quality."""
        device = self.rng.choice(sorted(self.plant.switches))
        word = self.rng.choice(("open", "closed"))
        self.say("status", device=device, position=word, quality="bad")

    def trip(self) -> None:
        """Protection opens a device or a source, heard of or not."""
        able = sorted(self.truth.closed & self.plant.remote) + sorted(self.truth.on)
        if able:
            self.trips(self.rng.choice(able), is_heard=self.rng.random() < 0.5)

    def reports_late(self) -> None:
        """A report is taken now and heard later, with the time at which it was true."""
        if self.late and self.rng.random() < 0.6:
            device, word, then = self.late.pop(self.rng.randrange(len(self.late)))
            self.say("status", device=device, position=word, measured_utc=then.isoformat())
        else:
            device = self.rng.choice(sorted(self.plant.switches))
            self.late.append((device, self.word(device), self.now))

    def waits(self) -> None:
        """Time passes: a little, or so much that everything is stale or worn no more."""
        chance = self.rng.random()
        self.passes(
            self.rng.random() * 3 if chance < 0.6 else self.rng.choice((6.0, 35.0, 320.0, 700.0))
        )
        self.going_old()
        if chance > 0.1:
            self.scans()

    def going_old(self) -> None:
        """A frame as old as a command may become is not sent any more."""
        for one in self.going:
            if (self.now - one.command.issued_utc).total_seconds() > 120:
                one.void = True

    def resets(self) -> None:
        """A lock-out is reset."""
        self.say("lockout_reset", device=self.rng.choice(sorted(self.plant.switches)))

    def fault(self) -> None:
        """An element may be faulted, or is mended."""
        line = self.rng.choice(sorted(self.plant.lines))
        kind = "fault_suspected" if self.rng.random() < 0.3 else "repaired"
        self.say(kind, element=line)
        if kind == "repaired":
            for one in self.going:
                one.sent.faults -= {line}

    def says_who(self) -> None:
        """Authority is taken over: the epoch rises."""
        area = self.rng.choice(AREAS)
        if self.rng.random() < 0.3:
            self.epochs[area] += 1
        holder = "ann" if self.rng.random() < 0.95 else "bob"
        self.say("authority_granted", area=area, holder=holder, epoch=self.epochs[area])

    def hands_over(self) -> None:
        """A tag gets another holder, if two people sign."""
        if not self.situation.tags:
            return
        tag = self.rng.choice(sorted(self.situation.tags))
        to, by, witness = (self.rng.choice(("ann", "bob")) for _ in range(3))
        self.say("tag_handed_over", tag=tag, to=to, by=by, witness=witness)
        now = self.situation.tags.get(tag)
        self.truth_of_tag(tag, now.holder if now else "", signed=by != witness)

    def truth_of_tag(self, name: str, holder: str, *, signed: bool) -> None:
        """Who really holds a tag once a hand-over was written."""
        from dataclasses import replace

        for tag in self.truth.tags:
            if tag[0] == name and holder != tag[3]:
                if not signed:
                    self.wrong(f"the tag {name} was handed over by one alone")
                rest = self.truth.tags - {tag}
                self.truth = replace(self.truth, tags=rest | {(*tag[:3], holder)})

    def orders(self) -> None:
        """An order is written, studied, approved and issued; now and then something is left out."""
        rng = self.rng
        self.serial += 1
        name, author = f"o{self.serial}", rng.choice(("flisr", "flisr", "bob"))
        steps = [self.a_step() for _ in range(rng.randint(1, 2))]
        area = self.situation.area_of(self.room.key(steps[0]))
        self.say("order_written", order=name, author=author, area=area,
                 application="flisr" if author == "flisr" else "",
                 steps=[step_as_json(step) for step in steps])  # fmt: skip
        leave = f"l{self.serial}"
        approver = rng.choice(("ann", "ann", f"leave:{leave}", author))
        if approver.startswith("leave"):
            expires = self.now + timedelta(seconds=rng.choice((5, 300)))
            self.say("leave_given", leave=leave, by=rng.choice(("ann", "ann", "ann", "")),
                     application="flisr", area=rng.choice((area, area, "east")),
                     steps_most=rng.choice((1, 2, 2)), expires_utc=expires.isoformat())  # fmt: skip
        for kind, more in (
            ("studied", {"by": author, "positions": "p"}), ("approved", {"by": approver}),
            ("issued", {"by": "ann"}),
        ):  # fmt: skip
            if rng.random() < 0.95:
                self.say(f"order_{kind}", order=name, **more)
        if rng.random() < 0.1:
            self.say("leave_withdrawn", leave=leave)

    def autonomy(self) -> None:
        """What the application may do is set, or it is stopped."""
        rng, area = self.rng, self.rng.choice(AREAS)
        if rng.random() < 0.3:
            self.say(rng.choice(("killed", "revived", "revived")), area=area, by="ann")
            return
        mode = rng.choice(("off", "advise", "approve", "automatic", "automatic", "automatic"))
        self.say("mode_set", application="flisr", area=area, mode=mode, by="ann")

    def leave_for(self, device: str) -> None:
        """A loop at a device is authorised, mostly as it should be."""
        rng = self.rng
        sources = [*self.plant.sources] if rng.random() < 0.9 else [*self.plant.sources][:1]
        expires = self.now + timedelta(seconds=rng.choice((300, 300, 300, 1000, -5)))
        by = "boss" if rng.random() < 0.95 else ""
        self.say("loop_authorised", device=device, sources=sources, by=by,
                 expires_utc=expires.isoformat())  # fmt: skip

    def check_across(self, device: str) -> None:
        """The voltage across a device is measured: far apart unless both sides are live."""
        rng = self.rng
        is_closed = self.word(device) == "closed"
        both = is_closed or self.joins(device, self.truth.closed)
        parts = self.plant.parts(self.truth.closed)
        one, other = self.plant.ends(device)
        is_good = (both or parts[one] == parts[other]) and rng.random() < 0.85
        self.say("sync_checked", device=device, dv_pu=0.0 if is_good else 1.0,
                 dangle_deg=rng.choice((0.0, 5.0, -9.0)), df_hz=0.01,
                 phasing_known=rng.random() < 0.97)  # fmt: skip
        if rng.random() < 0.1:
            self.passes(6.0)

    def a_step(self) -> Step:
        """Anything that might be asked of the network."""
        return Step(Action.OPEN, next(iter(self.plant.switches)), "")
