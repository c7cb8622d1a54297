// The replay of the whole shell: entering it, going to a time, playing, and going back to live.
import { batch, computed, effect, signal } from "@preact/signals";
import type { Mark, Panels, Span } from "../wire/past";
import { FLAG, readHead, readPayload, StateStore, UNKNOWN } from "../wire/frame";
import { asProblem, frozen, get, getBinary, type Problem } from "../wire/http";
import { clockMs, mode, paddedTo, picture, showStore } from "./live";
import { note } from "./notes";
import { isOnly, replayed, then, WHY } from "./replay";
import { session } from "./session";

/** Seconds of the replay in a second of the screen. */
export const PACES = [1, 10, 60, 600] as const;
export const STEP_MS = 10_000;
const TICK_MS = 500;
const AGAIN_MS = 30_000;

export const span = signal<Span | null>(null);
export const pace = signal<number>(60);
export const isPlaying = signal(false);
export const problem = signal<Problem | null>(null);
export const startMs = computed(() => (span.value?.start ? Date.parse(span.value.start) : 0));
export const endMs = computed(() => (span.value?.end ? Date.parse(span.value.end) : 0));
export const marks = computed<Mark[]>(() => span.value?.marks ?? []);

let timer = 0;
let again = 0;
let isLoading = false;
let isWanted = false;

/** Shows the past from now on; back to live at once where there is none. */
export async function enter(): Promise<void> {
  if (isOnly.peek() ? span.peek() : replayed.peek() !== null) return;
  batch(() => {
    frozen.value = WHY;
    then.value = null;
    replayed.value ??= clockMs.peek() || Date.now();
  });
  showUnknown();
  try {
    span.value = await get<Span>("/replay/span");
    // A room goes on while its past is looked at.
    if (!isOnly.peek()) again = window.setInterval(() => void readSpan(), AGAIN_MS);
    if (!span.value.start || !span.value.end) throw new Error("Nothing is recorded to replay yet.");
    seek(isOnly.peek() ? startMs.peek() : endMs.peek());
  } catch (error) {
    problem.value = asProblem(error);
    if (isOnly.peek()) return;
    leave();
    note(problem.value.message || "Nothing is recorded to replay yet.", "bad");
  }
}

async function readSpan(): Promise<void> {
  try {
    span.value = await get<Span>("/replay/span");
  } catch {
    // What was read before holds; the next time tells more.
  }
}

/** Back to now. */
export function leave(): void {
  if (replayed.peek() === null || isOnly.peek()) return;
  stop();
  clearInterval(again);
  batch(() => {
    frozen.value = "";
    replayed.value = null;
    then.value = null;
    problem.value = null;
  });
  showStore(null);
  note("Live again: what is shown is of now.", "info");
}

/** Goes to a time within what is recorded. */
export function seek(ms: number): void {
  if (replayed.peek() === null) return;
  replayed.value = Math.round(Math.min(endMs.peek(), Math.max(startMs.peek(), ms)));
  void load();
}

/** Goes to the next mark, or the one before. */
export function stepMark(by: 1 | -1): void {
  const now = replayed.peek() ?? 0;
  const times = marks.peek().map((each) => Date.parse(each.time));
  const next = by > 0 ? times.find((each) => each > now) : times.findLast((each) => each < now);
  seek(next ?? (by > 0 ? endMs.peek() : startMs.peek()));
}

export function play(): void {
  if (replayed.peek() === null || isPlaying.peek()) return;
  if (replayed.peek() === endMs.peek()) seek(startMs.peek());
  isPlaying.value = true;
  timer = window.setInterval(() => {
    seek((replayed.peek() ?? 0) + pace.peek() * TICK_MS);
    if (replayed.peek() === endMs.peek()) stop();
  }, TICK_MS);
}

export function stop(): void {
  clearInterval(timer);
  isPlaying.value = false;
}

/** Reads what was shown; of several times asked for in haste only the last is read. */
async function load(): Promise<void> {
  if (isLoading) {
    isWanted = true;
    return;
  }
  isLoading = true;
  do {
    isWanted = false;
    await read();
  } while (isWanted && replayed.peek() !== null);
  isLoading = false;
}

async function read(): Promise<void> {
  const time = replayed.peek();
  const held = picture.peek();
  const asked = mode.peek();
  if (time === null || !held) return;
  const query = `time=${encodeURIComponent(new Date(time).toISOString())}`;
  try {
    const [panels, frame] = await Promise.all([get<Panels>(`/replay/panels?${query}`), getBinary(`/replay?${query}&mode=${asked}`)]);
    const head = readHead(frame);
    const plain = await readPayload(frame, head);
    if (replayed.peek() === null || asked !== mode.peek()) return;
    const store = new StateStore(held.geometry.n, held.geometry.revision, paddedTo(held.geometry.n));
    if (head.n !== store.n) throw new Error("The network was another one then, and is not shown.");
    store.apply(head, plain);
    batch(() => {
      then.value = panels;
      problem.value = null;
      showStore(store);
    });
  } catch (error) {
    if (replayed.peek() === null) return;
    batch(() => {
      then.value = null;
      problem.value = asProblem(error);
    });
    showUnknown();
  }
}

/** Nothing is known yet of the time that is asked for: never leave now in its place. */
function showUnknown(): void {
  const held = picture.peek();
  if (!held) return;
  const store = new StateStore(held.geometry.n, held.geometry.revision, paddedTo(held.geometry.n));
  store.values.fill(UNKNOWN, 0, store.n);
  store.flags.fill(FLAG.unsure, 0, store.n);
  showStore(store);
}

effect(() => {
  void [mode.value, picture.value];
  if (replayed.peek() !== null && span.peek()) void load();
});
// Who has to log in again does so live.
effect(() => {
  if (session.value && !session.value.user && replayed.peek() !== null) leave();
});
