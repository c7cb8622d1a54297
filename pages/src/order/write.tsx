// Writing an order: its title, and its steps in the order in which they are taken.
import { useState } from "preact/hooks";
import { names } from "../state/live";
import { orders } from "../state/feed";
import { tried } from "../state/notes";
import { post, put } from "../wire/http";
import type { Order } from "../wire/answers";

export interface DraftStep {
  action: string;
  device: string;
  phases?: string;
  value: number | null;
  why: string;
}

export interface Draft {
  id: string | null;
  title: string;
  area: string;
  steps: DraftStep[];
}

const ACTIONS = ["open", "close", "tag", "untag", "ground", "unground", "clear", "release", "set_tap", "set_capacitor", "set_power", "limit"];
const WITH_VALUE = new Set(["set_tap", "set_capacitor", "set_power", "limit"]);
const WITH_PHASES = new Set(["open", "close"]);
const LISTED_MOST = 500;

export function Write(props: { draft: Draft; done: (id: string | null) => void }) {
  const [title, setTitle] = useState(props.draft.title);
  const [steps, setSteps] = useState<DraftStep[]>(props.draft.steps.length ? props.draft.steps : [{ action: "open", device: "", value: null, why: "" }]);
  const change = (at: number, with_: Partial<DraftStep>): void => setSteps(steps.map((step, i) => (i === at ? { ...step, ...with_ } : step)));
  const move = (at: number, by: number): void => {
    const next = [...steps];
    const [taken] = next.splice(at, 1);
    if (taken) next.splice(at + by, 0, taken);
    setSteps(next);
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { id, area } = props.draft;
    let made: Order | undefined;
    const done = await tried(async () => {
      made = id ? await put<Order>(`/orders/${encodeURIComponent(id)}`, { title, steps }) : await post<Order>("/orders", { title, area, steps });
    }, "The order is written");
    await orders.read();
    if (done) props.done(made?.id ?? null);
  };
  return (
    <form class="card stack" onSubmit={(event) => void submit(event)} data-test="order-write">
      <label class="field">
        <span>Title: what for</span>
        <input value={title} required maxLength={200} data-test="order-title" onInput={(event) => setTitle(event.currentTarget.value)} />
      </label>
      <datalist id="device-names">
        {names.value.slice(0, LISTED_MOST).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <ol class="stack">
        {steps.map((step, i) => (
          <li key={i} class="row" data-test="write-step">
            <span class="soft">{i + 1}</span>
            <select aria-label={`Step ${i + 1}: action`} value={step.action} data-test="write-action" onChange={(event) => change(i, { action: event.currentTarget.value })}>
              {ACTIONS.map((action) => (
                <option key={action} value={action}>
                  {action.replaceAll("_", " ")}
                </option>
              ))}
            </select>
            <input aria-label={`Step ${i + 1}: device or bus`} list="device-names" placeholder="device or bus" value={step.device} required data-test="write-device" onInput={(event) => change(i, { device: event.currentTarget.value })} />
            {WITH_PHASES.has(step.action) && <input aria-label={`Step ${i + 1}: phases, where not all move`} placeholder="phases" size={6} value={step.phases ?? ""} data-test="write-phases" onInput={(event) => change(i, { phases: event.currentTarget.value })} />}
            {WITH_VALUE.has(step.action) && <input type="number" step="any" aria-label={`Step ${i + 1}: value`} value={step.value ?? ""} data-test="write-value" onInput={(event) => change(i, { value: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })} />}
            <input aria-label={`Step ${i + 1}: why`} placeholder="why" value={step.why} data-test="write-why" onInput={(event) => change(i, { why: event.currentTarget.value })} />
            <button type="button" aria-label={`Step ${i + 1} earlier`} disabled={i === 0} data-test="write-earlier" onClick={() => move(i, -1)}>
              ↑
            </button>
            <button type="button" aria-label={`Step ${i + 1} later`} disabled={i === steps.length - 1} data-test="write-later" onClick={() => move(i, 1)}>
              ↓
            </button>
            <button type="button" aria-label={`Remove step ${i + 1}`} disabled={steps.length === 1} data-test="write-remove" onClick={() => setSteps(steps.filter((_, at) => at !== i))}>
              ✕
            </button>
          </li>
        ))}
      </ol>
      <div class="row">
        <button type="button" data-test="write-add" onClick={() => setSteps([...steps, { action: "close", device: "", value: null, why: "" }])}>
          Add a step
        </button>
        <button type="button" data-test="write-cancel" onClick={() => props.done(null)}>
          Cancel
        </button>
        <button type="submit" class="act" data-test="write-save">
          Write it
        </button>
      </div>
    </form>
  );
}
