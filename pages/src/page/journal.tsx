// The journal: what happened, by whom and why; and whether its chain is whole.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { route } from "../state/route";
import { asProblem, get, type Problem } from "../wire/http";
import { overview } from "../state/feed";
import { replayed } from "../state/replay";
import type { JournalEntry, Verified } from "../wire/answers";
import { dateAndTime, number, plural, words } from "../part/format";

const PAGE = 100;
const entries = signal<JournalEntry[] | null>(null);
const problem = signal<Problem | null>(null);
const verified = signal<Verified | null>(null);
const isVerifying = signal(false);
const kind = signal("");
const device = signal("");
/** Entries after this one are shown; null is the newest. */
const after = signal<number | null>(null);

async function read(): Promise<void> {
  const newest = Math.max(0, (overview.data.peek()?.sequence ?? 0) - PAGE);
  const from = after.peek() ?? (kind.peek() || device.peek() ? 0 : newest);
  const query = new URLSearchParams({ after: String(from), limit: String(PAGE) });
  if (kind.peek()) query.set("kind", kind.peek());
  if (device.peek()) query.set("device", device.peek());
  try {
    entries.value = await get<JournalEntry[]>(`/journal?${query.toString()}`);
    problem.value = null;
  } catch (error) {
    problem.value = asProblem(error);
  }
}

async function verify(): Promise<void> {
  isVerifying.value = true;
  try {
    verified.value = await get<Verified>("/journal/verify");
  } catch (error) {
    problem.value = asProblem(error);
  }
  isVerifying.value = false;
}

export default function JournalPage() {
  const wanted = route.value.rest;
  useEffect(() => {
    device.value = wanted;
    after.value = null;
    void read();
  }, [wanted]);
  // In a replay, what was written until then.
  const untilMs = replayed.value;
  useEffect(() => {
    if (untilMs !== null && after.peek() === null) void read();
  }, [untilMs === null ? 0 : overview.data.value?.sequence]);
  const told = (entries.value ?? []).filter((each) => untilMs === null || Date.parse(each.time) <= untilMs);
  const first = told[0]?.sequence ?? 0;
  const last = told.at(-1)?.sequence ?? 0;
  const turn = (from: number | null): void => {
    after.value = from;
    void read();
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    kind.value = String(form.get("kind") ?? "").trim();
    device.value = String(form.get("device") ?? "").trim();
    turn(null);
  };
  return (
    <div class="page">
      <header>
        <h1>Journal</h1>
        <button class="no-print" data-test="verify" disabled={isVerifying.value} onClick={() => void verify()}>
          {isVerifying.value ? "Reading the whole chain …" : "Verify the chain"}
        </button>
      </header>
      {verified.value && <Chain verified={verified.value} />}
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      <form class="row no-print" onSubmit={submit}>
        <label class="field">
          <span>Kind</span>
          <input name="kind" defaultValue={kind.value} data-test="journal-kind" />
        </label>
        <label class="field">
          <span>Device</span>
          <input name="device" key={wanted} defaultValue={wanted || device.value} data-test="journal-device" />
        </label>
        <button type="submit" data-test="journal-find">
          Find
        </button>
        <button type="button" data-test="journal-earlier" disabled={first <= 1} onClick={() => turn(Math.max(0, first - PAGE - 1))}>
          ← Earlier
        </button>
        <button type="button" data-test="journal-later" disabled={!told.length} onClick={() => turn(last)}>
          Later →
        </button>
        <button type="button" data-test="journal-newest" onClick={() => turn(null)}>
          Newest
        </button>
      </form>
      <div class="card scroll" tabIndex={0} role="group" aria-label="Entries">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                No.
              </th>
              <th scope="col">Time</th>
              <th scope="col">What</th>
              <th scope="col">Said by</th>
              <th scope="col">Says</th>
            </tr>
          </thead>
          <tbody>
            {told.map((each) => (
              <tr key={each.sequence} data-test="entry">
                <td class="number mono">{each.sequence}</td>
                <td class="together">{dateAndTime(each.time)}</td>
                <td>{words(each.kind)}</td>
                <td>{each.source}</td>
                <td class="wrap mono">{says(each.payload)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {entries.value && !told.length && <p class="waiting">Nothing more.</p>}
      </div>
    </div>
  );
}

const TEXT_MOST = 240;

function says(payload: Record<string, unknown>): string {
  const text = Object.entries(payload ?? {})
    .map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(" · ");
  return text.length > TEXT_MOST ? `${text.slice(0, TEXT_MOST)} …` : text;
}

function Chain({ verified: told }: { verified: Verified }) {
  return (
    <div class={told.ok ? "fine" : "bad"} role="status" data-test="verified" data-ok={told.ok ? "yes" : "no"}>
      <b>{told.ok ? "The chain is whole" : "The chain is broken"}</b>: {plural(told.entries, "entry", "entries")} read.
      {told.flaws.map((each) => (
        <p key={`${each.sequence} ${each.what}`}>
          {each.sequence === null ? "" : `No. ${number(each.sequence)}: `}
          {each.what} <span class="soft">{each.mend}</span>
        </p>
      ))}
    </div>
  );
}
