// Replay: the network as it was, with one scrubber; and never taken for now.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { readHead, readPayload, StateStore } from "../wire/frame";
import { asProblem, get, getBinary, type Problem } from "../wire/http";
import type { JournalEntry } from "../wire/answers";
import { mode, paddedTo, picture, setMode } from "../state/live";
import { replayed } from "../state/replay";
import { replayStore } from "../map/replayed";
import { NetworkMap } from "../map/map";
import { dateAndTime, words } from "../part/format";

interface Span {
  start: string | null;
  end: string | null;
}

const STEPS = 1000;
const PLAY_MS = 1000;
/** How far a second of playing goes [s]. */
const PACE_S = 60;
const ENTRIES_A_READ = 1000;
const READS_MOST = 5;

const span = signal<[number, number] | null>(null);
const problem = signal<Problem | null>(null);
const isPlaying = signal(false);
const told = signal<JournalEntry[]>([]);
let wanted = 0;

async function readSpan(): Promise<void> {
  try {
    const found = await get<Span>("/replay/span");
    if (!found.start || !found.end) return;
    span.value = [Date.parse(found.start), Date.parse(found.end)];
    if (replayed.peek() === null) replayed.value = Date.parse(found.end);
    let read: JournalEntry[] = [];
    for (let k = 0; k < READS_MOST; k++) {
      const more = await get<JournalEntry[]>(`/journal?after=${read.at(-1)?.sequence ?? 0}&limit=${ENTRIES_A_READ}`);
      read = [...read, ...more];
      told.value = read;
      if (more.length < ENTRIES_A_READ) break;
    }
  } catch (error) {
    problem.value = asProblem(error);
  }
}

/** Reads the state of a time; of several asked for in haste only the last is shown. */
async function show(time: number): Promise<void> {
  const held = picture.peek();
  if (!held) return;
  const mine = ++wanted;
  try {
    const query = new URLSearchParams({ time: new Date(time).toISOString(), mode: mode.peek() });
    const frame = await getBinary(`/replay?${query.toString()}`);
    const head = readHead(frame);
    const plain = await readPayload(frame, head);
    if (mine !== wanted) return;
    const store = new StateStore(held.geometry.n, held.geometry.revision, paddedTo(held.geometry.n));
    if (head.n !== store.n) throw new Error("the network was another one then");
    store.apply(head, plain);
    replayStore.value = store;
    problem.value = null;
  } catch (error) {
    if (mine === wanted) problem.value = asProblem(error);
  }
}

export default function ReplayPage() {
  const now = replayed.value;
  useEffect(() => {
    void readSpan();
    // What was calculated then is not kept: positions tell what was energised.
    const before = mode.peek();
    setMode("energised");
    // Leaving the page is going back to live.
    return () => {
      setMode(before);
      replayed.value = null;
      replayStore.value = null;
      isPlaying.value = false;
    };
  }, []);
  useEffect(() => {
    if (now !== null) void show(now);
  }, [now, mode.value, picture.value]);
  useEffect(() => {
    if (!isPlaying.value) return;
    const timer = setInterval(() => {
      const end = span.peek()?.[1] ?? 0;
      replayed.value = Math.min(end, (replayed.peek() ?? 0) + PACE_S * 1000);
      if (replayed.peek() === end) isPlaying.value = false;
    }, PLAY_MS);
    return () => clearInterval(timer);
  }, [isPlaying.value]);
  if (!picture.value) return <p class="waiting">Reading the network …</p>;
  return (
    <div class="room">
      <NetworkMap isReplay />
      <section class="list" aria-label="Replay">
        <Scrubber />
        {problem.value && (
          <p class="bad" role="alert">
            {problem.value.message}
          </p>
        )}
        <Before time={now ?? 0} />
      </section>
    </div>
  );
}

function Scrubber() {
  const [start, end] = span.value ?? [0, 0];
  const now = replayed.value ?? end;
  if (!span.value) return <p class="waiting">Nothing is recorded to replay yet.</p>;
  const share = end > start ? (now - start) / (end - start) : 1;
  return (
    <header class="scrubber">
      <button data-test="replay-play" aria-pressed={isPlaying.value} onClick={() => (isPlaying.value = !isPlaying.value)}>
        {isPlaying.value ? "Stop" : "Play"}
      </button>
      <span class="soft">{dateAndTime(start)}</span>
      <input type="range" min={0} max={STEPS} value={Math.round(share * STEPS)} aria-label="Time that is shown" aria-valuetext={dateAndTime(now)} data-test="replay-time" onInput={(event) => (replayed.value = start + ((end - start) * Number(event.currentTarget.value)) / STEPS)} />
      <span class="soft">{dateAndTime(end)}</span>
      <b data-test="replay-now">{dateAndTime(now)}</b>
    </header>
  );
}

function Before({ time }: { time: number }) {
  const until = told.value.filter((each) => Date.parse(each.time) <= time).slice(-40).reverse();
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="What had happened">
      <table>
        <tbody>
          {until.map((each) => (
            <tr key={each.sequence}>
              <td>{dateAndTime(each.time)}</td>
              <td>{words(each.kind)}</td>
              <td>{each.source}</td>
              <td>{String(each.payload?.device ?? each.payload?.element ?? "")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
