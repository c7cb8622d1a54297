// Operating a device: select, look ahead, operate, and the read-back.
import { useEffect } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import type { Device, LookAhead, Operated, Selected } from "../wire/answers";
import { asProblem, post, remove, type Problem } from "../wire/http";
import { ageS, clockMs, isStale, timeS } from "../state/live";
import { areas } from "../state/feed";
import { tried } from "../state/notes";
import { may, session } from "../state/session";
import { useKeys } from "../shell/bindings";
import { clock, number, percent, perUnit, plural, shortName } from "../part/format";

interface Operation {
  key: string;
  action: "open" | "close";
  select: string;
  expiresMs: number;
  ahead: LookAhead;
  /** The page's own id of the command: asked again with it, nothing is done twice. */
  command: string;
  stage: "selected" | "sent" | "over";
  answer: Operated | null;
  problem: Problem | null;
}

/** One operation at a time at one screen. */
export const operation = signal<Operation | null>(null);
const refused = signal<Problem | null>(null);
const isBusy = signal(false);

/** What is left of the select [s], by the clock of the network as last told. */
const leftS = computed(() => {
  const now = operation.value;
  if (!now || !timeS.value) return 0;
  const speed = session.value?.server.speed ?? 1;
  return (now.expiresMs - clockMs.value) / 1000 / Math.max(speed, 0.1) - (ageS.value ?? 0);
});

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function select(key: string, action: "open" | "close", reason: string): Promise<void> {
  refused.value = null;
  isBusy.value = true;
  try {
    const told = await post<Selected>(`/devices/${encodeURIComponent(key)}/select`, { action, reason });
    operation.value = {
      key,
      action,
      select: told.select,
      expiresMs: Date.parse(told.expires),
      ahead: told.look_ahead,
      command: newId(),
      stage: "selected",
      answer: null,
      problem: null,
    };
    requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-test=operate]")?.focus());
  } catch (error) {
    refused.value = asProblem(error);
  }
  isBusy.value = false;
}

async function operate(): Promise<void> {
  const now = operation.peek();
  if (!now || isBusy.peek()) return;
  isBusy.value = true;
  operation.value = { ...now, stage: "sent", problem: null };
  try {
    const answer = await post<Operated>(`/selects/${encodeURIComponent(now.select)}/operate`, { command: now.command });
    operation.value = { ...now, stage: "over", answer };
  } catch (error) {
    // Not answered is not refused: it may have been done. Asking again is safe.
    operation.value = { ...now, stage: "over", problem: asProblem(error) };
  }
  isBusy.value = false;
}

async function cancel(): Promise<void> {
  const now = operation.peek();
  operation.value = null;
  if (now?.stage === "selected") await remove(`/selects/${encodeURIComponent(now.select)}`).catch(() => undefined);
}

export function Operate({ device, again }: { device: Device; again: () => void }) {
  const now = operation.value?.key === device.key ? operation.value : null;
  useEffect(() => {
    refused.value = null;
    // Whoever goes to another device lets go of this one.
    return () => void (operation.peek()?.key === device.key && operation.peek()?.stage === "selected" && cancel());
  }, [device.key]);
  useKeys(now ? { Escape: () => void cancel() } : null, [now !== null]);
  return (
    <div class="operate" data-test="operation">
      <ol class="stages" aria-label="Stages">
        <li data-done="yes" aria-current={!now ? "step" : undefined}>
          1 Select
        </li>
        <li data-done={now ? "yes" : "no"} aria-current={now?.stage === "selected" ? "step" : undefined}>
          2 Check
        </li>
        <li data-done={now && now.stage !== "selected" ? "yes" : "no"} aria-current={now && now.stage !== "selected" ? "step" : undefined}>
          3 Operate
        </li>
      </ol>
      {now ? <Under now={now} again={again} /> : <Begin device={device} />}
      {refused.value && !now && <Refused problem={refused.value} />}
    </div>
  );
}

function Begin({ device }: { device: Device }) {
  if (!may("operate", device.area)) return <p class="soft">You have no leave to operate here.</p>;
  const say = whoHasTheSay(device.area);
  if (say) return <Take holder={say} area={device.area ?? ""} />;
  const wanted = device.position === "closed" ? "open" : "close";
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const action = event.submitter?.getAttribute("value") === "close" ? "close" : "open";
    void select(device.key, action, String(new FormData(form).get("reason") ?? ""));
  };
  const both = device.position_known ? [wanted] : ["open", "close"];
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>Reason</span>
        <input name="reason" required maxLength={300} autocomplete="off" data-test="operate-reason" />
      </label>
      <div class="row">
        {both.map((action) => (
          <button key={action} class="main" value={action} disabled={isBusy.value || isStale.value} data-test={`select-${action}`}>
            Select to {action}
          </button>
        ))}
      </div>
      {isStale.value && <p class="soft">No live data: nothing can be selected.</p>}
    </form>
  );
}

/** Who has the say over an area, where it is somebody else. */
function whoHasTheSay(area: string | null): string {
  const told = areas.data.value ?? [];
  const held = told.find((each) => each.area === (area ?? "")) ?? told.find((each) => each.area === "");
  return held && held.holder !== session.value?.user?.name ? held.holder || "nobody" : "";
}

function Take(props: { holder: string; area: string }) {
  const take = async (): Promise<void> => {
    await tried(() => post(`/areas/${encodeURIComponent(props.area || "-")}/authority`), "You have the say");
    await areas.read();
  };
  return (
    <div class="stack">
      <p>
        <b>{props.holder}</b> has the say {props.area ? `in ${props.area}` : "here"}. Whoever operates takes it first.
      </p>
      <button class="main" disabled={!may("take_authority", props.area)} data-test="take-authority" onClick={() => void take()}>
        Take authority
      </button>
    </div>
  );
}

function Under({ now, again }: { now: Operation; again: () => void }) {
  const left = Math.max(0, Math.ceil(leftS.value));
  const isGone = now.stage === "selected" && left <= 0;
  const close = (): void => {
    operation.value = null;
    again();
  };
  if (now.stage !== "selected") return <Result now={now} close={close} />;
  return (
    <>
      <Ahead ahead={now.ahead} action={now.action} />
      <p aria-live="off" data-test="select-left">
        {isGone ? "The select has run out: nothing was operated." : <>Locked to you, to {clock(now.expiresMs)}: <b>{left} s</b> left.</>}
      </p>
      <div class="two">
        <button data-test="operate-cancel" onClick={() => void cancel()}>
          Cancel <kbd>Esc</kbd>
        </button>
        <button class="act" data-test="operate" disabled={isGone || !now.ahead.allowed || isStale.value || isBusy.value} onClick={() => void operate()}>
          Operate: {now.action.toUpperCase()}
        </button>
      </div>
    </>
  );
}

function Ahead({ ahead, action }: { ahead: LookAhead; action: string }) {
  return (
    <div class="stack" data-test="look-ahead">
      <p>
        Look-ahead: {action === "open" ? "opening" : "closing"} takes <b>{plural(ahead.customers_out, "customer")}</b> out and brings{" "}
        <b>{number(ahead.customers_restored)}</b> back.{" "}
        {ahead.converged ? (
          <>
            Least voltage after it {perUnit(ahead.v_min_pu)} pu, most loading {percent(ahead.loading_max_pct)}.
          </>
        ) : (
          "The power flow after it does not converge: voltages and loadings are not known."
        )}
      </p>
      {ahead.unknown.length > 0 && <p class="warn">Rating not known: {ahead.unknown.map(shortName).join(", ")}</p>}
      {ahead.refusals.map((each) => (
        <p key={each.rule + each.device} class="bad" data-test="refusal">
          <b>{each.rule}</b> {shortName(each.device)}: {each.why}
        </p>
      ))}
    </div>
  );
}

function Result({ now, close }: { now: Operation; close: () => void }) {
  const { answer, problem } = now;
  if (now.stage === "sent") return <p role="status">Sent; waiting for the read-back …</p>;
  const inDoubt = answer?.outcome === "in_doubt" || problem?.status === 0 || (problem && problem.status >= 500);
  return (
    <div class="stack" role="status" data-test="operated" data-outcome={answer?.outcome ?? (inDoubt ? "in_doubt" : "refused")}>
      {answer && (
        <p class={answer.outcome === "confirmed" ? "fine" : "bad"}>
          <b>{answer.outcome === "confirmed" ? "Confirmed by read-back" : answer.outcome === "failed" ? "Failed" : "In doubt"}</b> {answer.detail}
        </p>
      )}
      {problem && <Refused problem={problem} />}
      <div class="two">
        <button data-test="operate-done" onClick={close}>
          Close
        </button>
        {inDoubt && (
          <button class="main" data-test="operate-again" onClick={() => void operate()}>
            Ask again (does nothing twice)
          </button>
        )}
      </div>
    </div>
  );
}

function Refused({ problem }: { problem: Problem }) {
  return (
    <div class="bad" role="alert" data-test="refused">
      <p>{problem.message}</p>
      {problem.refusals.map((each) => (
        <p key={each.rule + each.device}>
          <b>{each.rule}</b> {shortName(each.device)}: {each.why}
        </p>
      ))}
      {problem.mend && <p class="soft">{problem.mend}</p>}
    </div>
  );
}
