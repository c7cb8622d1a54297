// Restoration: candidate plans side by side; one is approved, watched, and can be stopped.
import { signal } from "@preact/signals";
import { orders, outages, plans } from "../state/feed";
import { may } from "../state/session";
import { note, tried } from "../state/notes";
import { post } from "../wire/http";
import type { FaultPlans, Order, Plan } from "../wire/answers";
import { OrderActs } from "../order/acts";
import { OrderSteps, PlanSteps } from "../order/steps";
import { dateAndTime, number, percent, perUnit, plural, power, shortName, words } from "../part/format";

const isPlanning = signal("");

async function planFor(fault: string): Promise<void> {
  isPlanning.value = fault;
  await tried(() => post("/plans", { fault }), "Planned anew");
  isPlanning.value = "";
  await plans.read();
}

async function take(plan: Plan): Promise<void> {
  await tried(async () => {
    const order = await post<Order>(`/plans/${encodeURIComponent(plan.id)}/order`);
    note(`Order ${order.id} is written`, "good", "Another person approves it.");
  });
  await Promise.all([orders.read(), plans.read()]);
}

export default function RestorationPage() {
  const told = [...(plans.data.value ?? [])].sort((a, b) => b.made.localeCompare(a.made));
  const planned = new Set(told.map((each) => each.device || each.fault));
  const others = (outages.data.value ?? []).filter((each) => !each.over && !planned.has(each.device) && each.device);
  return (
    <div class="page">
      <header>
        <h1>Restoration</h1>
      </header>
      {plans.problem.value && <p class="bad">The plans may be old: {plans.problem.value.message}</p>}
      {others.map((each) => (
        <p key={each.id} class="warn spread">
          <span>
            {shortName(each.device)}: {plural(each.customers, "customer")} out, no plan yet.
          </span>
          <button data-test="plan-now" disabled={!may("write_orders") || isPlanning.value !== ""} onClick={() => void planFor(each.device)}>
            {isPlanning.value === each.device ? "Planning …" : "Plan now"}
          </button>
        </p>
      ))}
      {plans.data.value && !told.length && (
        <p class="card" data-test="no-plans">
          No plans. Where a fault is located, plans stand here side by side.
        </p>
      )}
      {told.map((each) => (
        <Fault key={each.id} fault={each} />
      ))}
    </div>
  );
}

function Fault({ fault }: { fault: FaultPlans }) {
  const order = fault.order ? (orders.data.value ?? []).find((each) => each.id === fault.order) : undefined;
  const isOver = order && ["completed", "aborted"].includes(order.state);
  return (
    <section class="stack" data-test="fault" aria-label={`Plans for ${fault.fault}`}>
      <div class="spread">
        <h2>
          Fault at {shortName(fault.fault)}
          {fault.planned_for ? `, in one section with ${shortName(fault.planned_for)}` : ""}
          {fault.device ? `, cleared by ${shortName(fault.device)}` : ""}{" "}
          <span class="soft">
            planned {dateAndTime(fault.made)}, {plural(fault.plans.length, "candidate")}
          </span>
        </h2>
        <button class="no-print" data-test="plan-again" disabled={!may("write_orders") || isPlanning.value !== ""} onClick={() => void planFor(fault.fault)}>
          {isPlanning.value === fault.fault ? "Planning …" : "Plan again"}
        </button>
      </div>
      {fault.waits_for_approval && order && !isOver && (
        <p class="warn" role="status" data-test="waits">
          <b>Order {shortName(order.id)} waits for a person's approval.</b> Nothing is operated before.
        </p>
      )}
      {fault.outcome && <p class="warn">{fault.outcome}</p>}
      <div class="fault" data-watched={order ? "yes" : "no"}>
      {order && <Watched order={order} />}
      <div class="plans" tabIndex={0} role="group" aria-label="Candidate plans">
        {fault.plans.map((plan, i) => (
          <Candidate key={plan.id} plan={plan} best={i === 0} hasOrder={order !== undefined && !isOver} />
        ))}
      </div>
      </div>
    </section>
  );
}

function Watched({ order }: { order: Order }) {
  return (
    <article class="card now stack" data-test="watched" data-state={order.state}>
      <div class="spread">
        <h2>
          {order.title} <span class="soft">{order.id}</span>
        </h2>
        <span class="tag" data-test="watched-state">
          {words(order.state)}, {order.done} of {order.steps.length} steps
        </span>
      </div>
      <p class="soft">
        Written by {order.application || order.author}
        {order.approver ? `, approved by ${order.approver}` : ""}. {order.why}
      </p>
      <OrderActs order={order} />
      <OrderSteps steps={order.steps} />
    </article>
  );
}

function Candidate(props: { plan: Plan; best: boolean; hasOrder: boolean }) {
  const { plan } = props;
  return (
    <article class={props.best ? "card plan stack now" : "card plan stack"} data-test="plan" aria-label={`Plan ${plan.rank}`}>
      <div class="spread">
        <h2>Plan {plan.rank}</h2>
        {plan.allowed ? <span class="tag">allowed by every rule</span> : <span class="tag loud">refused</span>}
      </div>
      <dl class="facts">
        <dt>Customers restored</dt>
        <dd>
          {number(plan.customers_restored)} of {number(plan.customers_out)}
        </dd>
        <dt>Restorable by any switching</dt>
        <dd>{number(plan.customers_restorable)}</dd>
        <dt>Critical restored</dt>
        <dd>{number(plan.critical_restored)}</dd>
        <dt>Load restored</dt>
        <dd>{power(plan.load_kw_restored)}</dd>
        <dt>Operations</dt>
        <dd>{number(plan.operations)}</dd>
        <dt>Least voltage</dt>
        <dd>{perUnit(plan.v_min_pu)} pu</dd>
        <dt>Most loading</dt>
        <dd>{percent(plan.loading_max_pct)}</dd>
        <dt>Losses</dt>
        <dd>{power(plan.loss_kw)}</dd>
        <dt>From the best possible, at most</dt>
        <dd>{percent(plan.gap_pct, 1)}</dd>
      </dl>
      {plan.refusals.map((each) => (
        <p key={each.rule + each.device} class="bad">
          <b>{each.rule}</b> {shortName(each.device)}: {each.why}
        </p>
      ))}
      <PlanSteps steps={plan.steps} />
      <div class="row no-print">
        <button data-test="plan-order" class={props.best && !props.hasOrder ? "main" : ""} disabled={!plan.allowed || !may("write_orders")} onClick={() => void take(plan)}>
          Make it an order
        </button>
      </div>
    </article>
  );
}
