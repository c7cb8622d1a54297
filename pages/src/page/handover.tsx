// The hand-over of a shift: who has the say where, what is left to the next, and the offers.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { areas } from "../state/feed";
import { may, session } from "../state/session";
import { tried } from "../state/notes";
import { asProblem, get, post, put, remove, type Problem } from "../wire/http";
import type { HandOver, ModeRow } from "../wire/answers";
import { ask } from "../part/reason";
import { number, words } from "../part/format";

const told = signal<HandOver | null>(null);
const modes = signal<ModeRow[]>([]);
const problem = signal<Problem | null>(null);
const MODES = ["off", "advise", "approve", "automatic", "restore only"];

async function read(): Promise<void> {
  try {
    [told.value, modes.value] = await Promise.all([get<HandOver>("/handover"), get<ModeRow[]>("/applications")]);
    problem.value = null;
  } catch (error) {
    problem.value = asProblem(error);
  }
}

async function change(work: () => Promise<unknown>, done: string): Promise<void> {
  await tried(work, done);
  await Promise.all([read(), areas.read()]);
}

const named = (area: string): string => encodeURIComponent(area || "-");

export default function HandOverPage() {
  useEffect(() => void read(), []);
  return (
    <div class="page">
      <header>
        <h1>Authority and hand-over</h1>
        <button class="no-print" data-test="handover-print" onClick={() => print()}>
          Print
        </button>
      </header>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      <div class="columns">
        <Authority />
        <Offer />
        <Applications />
        {told.value && <Business business={told.value.business} />}
      </div>
    </div>
  );
}

function Authority() {
  const me = session.value?.user?.name;
  const held = areas.data.value ?? [];
  return (
    <section class="card stack" aria-label="Authority">
      <h2>Who has the say</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Area</th>
            <th scope="col" class="number">
              Devices
            </th>
            <th scope="col">Held by</th>
            <th scope="col">
              <span class="unseen">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {held.map((each) => (
            <tr key={each.area} data-test="area">
              <td>{each.area || "everywhere else"}</td>
              <td class="number">{number(each.devices)}</td>
              <td>{each.holder || "nobody"}</td>
              <td class="number">
                {each.holder === me ? (
                  <button data-test="authority-back" onClick={() => void change(() => remove(`/areas/${named(each.area)}/authority`), "Given back")}>
                    Give back
                  </button>
                ) : (
                  <button data-test="authority-take" disabled={!may("take_authority", each.area)} onClick={() => void change(() => post(`/areas/${named(each.area)}/authority`), "You have the say")}>
                    Take
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Offer() {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [to, note] = [String(form.get("to") ?? ""), String(form.get("note") ?? "")];
    void change(() => post("/handover", { to, note }), `Offered to ${to}`);
  };
  const offers = told.value?.offers ?? [];
  return (
    <section class="card stack" aria-label="Hand-over">
      <h2>Hand the shift over</h2>
      <form class="stack" onSubmit={submit}>
        <label class="field">
          <span>To</span>
          <input name="to" required autocomplete="off" data-test="offer-to" />
        </label>
        <label class="field">
          <span>Note: what the next should know</span>
          <textarea name="note" required maxLength={2000} data-test="offer-note" />
        </label>
        <button type="submit" class="main" disabled={!may("take_authority")} data-test="offer">
          Offer
        </button>
      </form>
      {offers.map((each) => (
        <div key={String(each.id)} class="spread" data-test="offered">
          <span>
            {String(each.from ?? each.by ?? "")} → {String(each.to ?? "")}: {String(each.note ?? "")}
          </span>
          {each.to === session.value?.user?.name && (
            <button class="main" data-test="accept" onClick={() => void change(() => post(`/handover/${encodeURIComponent(String(each.id))}/accept`), "The shift is yours")}>
              Accept
            </button>
          )}
        </div>
      ))}
    </section>
  );
}

function Applications() {
  const kill = async (): Promise<void> => {
    const sure = await ask({ title: "Stop every application", text: "Nothing is operated by any application until they are let go on.", act: "Stop all", needsReason: false });
    if (sure) await change(() => post("/applications/kill", {}), "Every application is stopped");
  };
  const isKilled = modes.value.some((each) => each.killed);
  return (
    <section class="card stack" aria-label="Applications">
      <div class="spread">
        <h2>What applications may do</h2>
        {isKilled ? (
          <button class="main" data-test="revive" disabled={!may("set_modes")} onClick={() => void change(() => post("/applications/revive", {}), "Applications may act again")}>
            Let them go on
          </button>
        ) : (
          <button data-test="kill" disabled={!may("kill")} onClick={() => void kill()}>
            Stop all
          </button>
        )}
      </div>
      {modes.value.map((each) => (
        <label key={each.application + each.area} class="spread" data-test="application">
          <span>
            {words(each.application)} <span class="soft">{each.area || "everywhere"}</span> {each.killed && <span class="tag loud">stopped</span>}
          </span>
          <select value={each.mode} disabled={!may("set_modes", each.area)} data-test="application-mode" onChange={(event) => void change(() => put(`/applications/${encodeURIComponent(each.application)}/mode`, { mode: event.currentTarget.value, area: each.area }), "Set")}>
            {MODES.map((mode) => (
              <option key={mode} value={mode}>
                {mode}
              </option>
            ))}
          </select>
        </label>
      ))}
    </section>
  );
}

/** Whatever one shift leaves to the next, as the room tells it. */
/** What is left, as people say it. */
const LEFT: Record<string, string> = {
  orders: "Orders",
  tags: "Tags",
  grounds: "Earths",
  clearances: "Clearances",
  pending: "Commands without an answer",
  faults: "Faults known or suspected",
  loops: "Loops that are closed",
  locked_out: "Locked out by protection",
  unknown: "Positions not known",
  killed: "Areas where applications are stopped",
  crews: "Crews",
};

function Business(props: { business: Record<string, unknown> }) {
  let { business } = props;
  while (isTable(business.business)) business = business.business;
  return (
    <section class="card stack" aria-label="Left to the next shift">
      <h2>Left to the next shift</h2>
      {Object.entries(business).map(([name, value]) => (
        <div key={name}>
          <h3>{LEFT[name] ?? words(name)}</h3>
          <Told value={value} />
        </div>
      ))}
    </section>
  );
}

const isTable = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function Told({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (!value.length) return <p class="soft">none</p>;
    return (
      <ul>
        {value.map((each, i) => (
          <li key={i}>
            <Told value={each} />
          </li>
        ))}
      </ul>
    );
  }
  if (isTable(value)) {
    const told = Object.entries(value);
    if (!told.length) return <p class="soft">none</p>;
    return (
      <ul>
        {told.map(([key, each]) => (
          <li key={key} class="wrap">
            {words(key)}: {typeof each === "object" ? JSON.stringify(each) : words(String(each))}
          </li>
        ))}
      </ul>
    );
  }
  return <span>{String(value ?? "–")}</span>;
}
