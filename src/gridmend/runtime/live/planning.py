"""Plans that a person asks for, kept by their ids, and the orders that they become."""

from __future__ import annotations

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.grid import SINGULAR
from gridmend.model.plan import Plan
from gridmend.model.situation import ORDER_ENDED
from gridmend.operations.restoration import propose
from gridmend.runtime.control import orders
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.onward import footing
from gridmend.runtime.exercise.pursuing import unlocking
from gridmend.runtime.live import drafts
from gridmend.runtime.live.rows import FaultPlans, PlanRow
from gridmend.runtime.live.shown import bare
from gridmend.runtime.live.views import Views

ASKED_MOST = 50
"""Asked plans that are kept."""
PLANS_MOST = 3
SOLVES_MOST, SECONDS_MOST = 300, 5.0
"""Power flows and time that one question may take: the room waits for it."""


def ask(views: Views, fault: str, by: By) -> FaultPlans:
    """Candidate plans for a fault, the best first, from what stands now.

    Where healing has a case for it, they heal that case as it stands; else they say what would be
    done were it to strike now. Raises `GridError` for an element that is not there.
    """
    course = views.course
    room, kernel = course.room, course.room.kernel
    table, row = kernel.grid.find(fault)
    element = f"{SINGULAR[table]}.{kernel.grid.table(table)['name'][row]}"
    room.refresh()
    start = footing(kernel.bench, kernel.situation, kernel.now_s)
    case = _case_of(views, element)
    others = [one.elements[0] for one in case.suspects] if case else []
    with room.planning():
        proposal = propose(
            kernel.grid,
            case.before if case else kernel.situation.snapshot,
            element,
            also=[other for other in others if other != element],
            banned=start.banned,
            now=start.now if case else None,
            seconds_limit=SECONDS_MOST,
            solves_limit=SOLVES_MOST,
            plans_most=PLANS_MOST,
            network=kernel.bench.solver,
            topology=kernel.bench.site.topology,
            gauge=kernel.bench.gauge,
        )
    number = kernel.say(
        "plan_proposed", by, fault=element, steps=len(proposal.plans[0].steps), asked=True,
        allowed=proposal.plans[0].verdict.allowed, plans=len(proposal.plans),
        customers=proposal.plans[0].customers_restored,
    )  # fmt: skip
    rows = tuple(
        PlanRow(f"p{number}-{rank}", rank, bare(plan))
        for rank, plan in enumerate(proposal.plans, 1)
    )
    device = case.device if case else ""
    found = FaultPlans(f"p{number}", element, device, room.now(), rows)
    views.asked = [*views.asked, found][-ASKED_MOST:]
    return found


def find(views: Views, id: str) -> tuple[FaultPlans, Plan]:
    """A plan of the view by its id; `GridmendError` where it is not kept any more."""
    for one in (*views.asked, *views.healing()):
        for row in one.plans:
            if row.id == id:
                return one, row.plan
    raise GridmendError(f"there is no plan '{id}'", mend="ask for plans of the fault again")


def order_of(views: Views, id: str, by: By) -> str:
    """The order of a plan, written and studied; where healing wrote one that lives, that one.

    What takes lock-outs away stands before the steps of the plan. Raises `GridmendError` for a plan
    without steps.
    """
    kernel = views.course.room.kernel
    owner, plan = find(views, id)
    living = kernel.situation.orders.get(owner.order)
    if living is not None and living.state not in ORDER_ENDED:
        return living.id
    if not plan.steps:
        raise GridmendError(f"the plan '{id}' has no step", mend="there is nothing to switch")
    drafts.make_room(kernel, views.chronicle, by)
    views.course.room.refresh()
    steps = [*unlocking(views.course.room, plan.steps), *plan.steps]
    order = orders.write(kernel, steps, by, title=f"restore after {plan.fault}")
    orders.study(kernel, order, by)
    views.ordered(id, order)
    return order


def _case_of(views: Views, element: str) -> Case | None:
    """The newest case of healing that suspects an element, or a section with it. A switch lies in
    no section: it is of the case that suspects what it feeds."""
    healing = views.course.healing
    for case in reversed(healing.cases if healing is not None else []):
        suspected = {e.lower() for one in case.suspects for e in one.elements}
        suspected |= {f"switch.{one.behind.lower()}" for one in case.suspects}
        if element.lower() in suspected:
            return case
    return None
