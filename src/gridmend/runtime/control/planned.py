"""A planned job in the control room: its sheet as two orders, and the work of people between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.plan import MOVES, Action, Refusal, Step
from gridmend.model.situation import ANYWHERE, ORDER_ENDED, OrderState
from gridmend.operations.switching_orders.request import Kind
from gridmend.operations.switching_orders.sheet import BEFORE, Line, Sheet
from gridmend.runtime.control import orders
from gridmend.runtime.control.authority import authorise_loop
from gridmend.runtime.control.kernel import Answer, Kernel
from gridmend.runtime.control.readback import settle
from gridmend.runtime.control.work import work


@dataclass(frozen=True, slots=True)
class Job:
    """A sheet that is being carried out.

    What devices do before the work is the order `there`, what they do after it the order `back`;
    empty where there is none. The tags, grounds and clearances between are the work of people,
    under marks that begin with the job's `name`. `done` lines are done, and `waiting` is the
    command of a ground that a crew was sent for and has not spoken of.
    """

    name: str
    sheet: Sheet
    there: str
    back: str
    done: int = 0
    waiting: str = ""

    @property
    def line(self) -> Line | None:
        """The line that is next; None where all are done."""
        lines = self.sheet.lines
        return lines[self.done] if self.done < len(lines) else None

    @property
    def order(self) -> str:
        """The order that is due now: empty where neither has a step left here."""
        line = self.line
        return "" if line is None else self.there if line.phase in BEFORE else self.back


def request(kernel: Kernel, sheet: Sheet, by: By, *, area: str = ANYWHERE) -> Job:
    """Write both orders of a sheet as drafts; an emergency says why in the journal.

    Raises `GridmendError` for a sheet that cannot be carried out, and as `orders.write`.
    """
    if not sheet.feasible:
        raise GridmendError(
            f"the sheet cannot be carried out: {sheet.problem}", mend="draft it again"
        )
    for steps in (sheet.moves_there, sheet.moves_back):
        orders.within(kernel, steps, area)
    name = f"j{kernel.sequence + 1}"
    asked = sheet.request
    kind = "emergency" if asked.kind is Kind.EMERGENCY else "work"
    text = f"job {name}: {kind} on {', '.join(asked.elements)}, {asked.reason or 'no reason given'}"
    kernel.say("note", by, text=f"{text}; sheet {sheet.digest}")
    there, back = (
        orders.write(kernel, steps, by, area=area, order=f"{name}-{end}") if steps else ""
        for steps, end in ((sheet.moves_there, "there"), (sheet.moves_back, "back"))
    )
    return Job(name, sheet, there, back)


def authorise_loops(
    kernel: Kernel, job: Job, by: By, *, lasts: timedelta = timedelta(minutes=15)
) -> tuple[str, ...]:
    """Give the leave for every loop that the order that is due will close; the devices.

    The study needs it as the step does, and it ends by itself. Raises as `authorise_loop`.
    """
    sources = [f"source.{name}" for name in kernel.grid.sources]
    due = job.line.phase in BEFORE if job.line is not None else False
    found = dict.fromkeys(
        line.device for line in job.sheet.lines if line.loop and (line.phase in BEFORE) is due
    )
    for device in found:
        authorise_loop(kernel, device, sources, by, until=kernel.now() + lasts)
    return tuple(found)


def study(kernel: Kernel, job: Job, by: By) -> Answer:
    """Study the order that is due: the one there at first, the one back once all tags are off."""
    return orders.study(kernel, _due(job), by)


def approve(kernel: Kernel, job: Job, by: By) -> Answer:
    """Approve the order that is due; the kernel wants another person than its authors."""
    return orders.approve(kernel, _due(job), by)


def issue(kernel: Kernel, job: Job, by: By) -> Answer:
    """Let the order that is due be carried out."""
    return orders.issue(kernel, _due(job), by)


def advance(kernel: Kernel, job: Job, by: By) -> tuple[Job, Answer]:
    """Carry out the next line: operate, tag, ground, clear, or write down what a person says.

    The line is done where the answer is allowed, but for a ground, which waits for `seen`, and for
    a step whose outcome is not known yet: ask again once it has been settled. Raises
    `GridmendError` where no line is left.
    """
    job = caught_up(kernel, job)
    line = job.line
    if line is None:
        raise GridmendError(f"the job {job.name} has no line left")
    if job.waiting:
        why = f"line {line.number} waits for the crew's word on {line.device}"
        return job, kernel.refuse(
            by, [Refusal("order", line.number, line.device, why)], command=job.waiting
        )
    if line.step is None:
        return _said(kernel, job, line, by)
    if line.step.action in MOVES:
        answer = orders.step(kernel, job.order, by)
        return caught_up(kernel, job), answer
    answer = work(kernel, _marked(job, line.step), by)
    if not answer.allowed:
        return job, answer
    if line.step.action in (Action.GROUND, Action.UNGROUND):
        return replace(job, waiting=answer.id), answer
    return replace(job, done=job.done + 1), answer


def seen(kernel: Kernel, job: Job, by: By, *, done: bool = True, why: str = "") -> Job:
    """Say what became of the ground that a crew was sent for; the line is repeated where it was
    not done. Raises `GridmendError` where none is waited for."""
    if not job.waiting:
        raise GridmendError(f"the job {job.name} waits for nobody's word")
    settle(kernel, job.waiting, by, done=done, why=why or "the crew has seen it")
    return replace(job, waiting="", done=job.done + 1 if done else job.done)


def caught_up(kernel: Kernel, job: Job) -> Job:
    """The job with every step counted that the kernel has confirmed since."""
    while (line := job.line) is not None and line.step and line.step.action in MOVES:
        order = kernel.situation.orders.get(job.order)
        before = sum(
            1
            for other in job.sheet.lines[: job.done]
            if other.step
            and other.step.action in MOVES
            and (other.phase in BEFORE) is (line.phase in BEFORE)
        )
        if order is None or order.done <= before:
            break
        job = replace(job, done=job.done + 1)
    return job


def give_up(kernel: Kernel, job: Job, by: By, *, why: str) -> tuple[Step, ...]:
    """Abort both orders; the steps that undo what was moved, to be written as an order.

    What people placed stands until they take it away. Raises `GridmendError` where a step has no
    opposite.
    """
    there = kernel.situation.orders.get(job.there)
    undo = orders.way_back(kernel, job.there) if there is not None and there.done else ()
    for order in (job.there, job.back):
        found = kernel.situation.orders.get(order)
        if found is not None and found.state not in ORDER_ENDED:
            orders.abort(kernel, order, by, why=why)
    back = kernel.situation.orders.get(job.back)
    is_back = back is not None and back.state is OrderState.COMPLETED
    return () if is_back else undo


def _due(job: Job) -> str:
    if not job.order:
        raise GridmendError(f"the job {job.name} has no order that is due")
    return job.order


def _said(kernel: Kernel, job: Job, line: Line, by: By) -> tuple[Job, Answer]:
    """Write down what a person did or saw: a test, the work."""
    if by.is_automatic or not by.principal:
        why = f"only a person can say that '{line.what}' is done"
        refusal = Refusal("autonomy", line.number, line.device, why)
        return job, kernel.refuse(by, [refusal], command=job.name)
    text = f"job {job.name}, line {line.number}: {line.what} {line.device}, done"
    kernel.say("note", by, text=text)
    return replace(job, done=job.done + 1), Answer(id=job.name)


def _marked(job: Job, step: Step) -> Step:
    """The step under a mark of this job, which no other job bears."""
    return replace(step, mark=f"{job.name}-{step.mark}")
