"""Journals of runs that keep every rule, written by hand for the second checker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from gridmend.model.grid import Grid
from gridmend.model.table import Table
from tests.interlock.handwriting import Log
from tests.interlock.networks import network, ring


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
