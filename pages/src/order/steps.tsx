// The steps of a plan or an order, each with its reason and what stands after it.
import type { OrderStep, PlanStep } from "../wire/answers";
import { choose } from "../map/marks";
import { number, percent, perUnit, plural, shortName, words } from "../part/format";

const MARKS: Record<string, string> = { done: "✓", "under way": "▶", next: "▷", waits: "○", "given up": "✕" };

const POWERS = new Set(["set_power", "limit"]);

function Act(props: { action: string; device: string; phases?: string; value?: number | null }) {
  return (
    <span>
      <b>{words(props.action)}</b>{" "}
      <button class="plain" data-test="step-device" onClick={() => choose(props.device, true)}>
        {shortName(props.device)}
      </button>
      {props.phases && ` ${props.phases.includes(" ") ? "phases" : "phase"} ${props.phases}`}
      {props.value !== null && props.value !== undefined && ` to ${number(props.value)}${POWERS.has(props.action) ? " kW" : ""}`}
    </span>
  );
}

export function PlanSteps(props: { steps: PlanStep[] }) {
  return (
    <ol data-test="plan-steps">
      {props.steps.map((step) => (
        <li key={step.number} class="step" data-allowed={step.allowed ? "yes" : "no"}>
          <span class="soft">{step.number}</span>
          <Act action={step.action} device={step.device} phases={step.phases} />
          <span class="soft right">{step.customers ? `+${plural(step.customers, "customer")}` : ""}</span>
          <p class="why">
            {step.why}.{" "}
            {step.v_min_pu !== null && (
              <span class="together">
                Then least {perUnit(step.v_min_pu)} pu, most loaded {percent(step.loading_max_pct)}.
              </span>
            )}
            {!step.allowed && <b> Refused.</b>}
          </p>
        </li>
      ))}
    </ol>
  );
}

export function OrderSteps(props: { steps: OrderStep[] }) {
  return (
    <ol data-test="order-steps">
      {props.steps.map((step) => (
        <li key={step.number} class="step" data-state={step.state} data-test="order-step">
          <span class="mark" aria-hidden="true">
            {MARKS[step.state] ?? "○"}
          </span>
          <Act action={step.action} device={step.device} phases={step.phases} value={step.value} />
          <span class="soft right">{step.state}</span>
          <p class="why">{step.why}</p>
        </li>
      ))}
    </ol>
  );
}
