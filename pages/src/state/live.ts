// What the feed says and how old it is: the picture of now, or of a time that is replayed.
import { computed, signal } from "@preact/signals";
import { readGeometry, type Geometry } from "../wire/geometry";
import { FrameReader, MODES, StateStore, type Head, type Mode } from "../wire/frame";
import { get, getBinary } from "../wire/http";
import { StateSocket } from "../wire/socket";
import type { Network } from "../wire/answers";
import { note } from "./notes";
import { isOnly, replayed } from "./replay";
import { loadSession, session } from "./session";

const STALE_AFTER_S = 2;
const TICK_MS = 250;
/** Textures of states are this wide; the store is padded to whole rows. */
export const ROW = 1024;

export interface Picture {
  geometry: Geometry;
  /** What is shown: the state of now, or of a time that is replayed. */
  store: StateStore;
}

export const mode = signal<Mode>("voltage");
export const picture = signal<Picture | null>(null);
export const network = signal<Network | null>(null);
export const names = signal<string[]>([]);
export const buses = signal<string[]>([]);
/** Counts frames that changed something. */
export const frames = signal(0);
/** Time of the picture [s since 1970], and when it came by the page's own clock [ms]. */
export const timeS = signal(0);
const beatAtMs = signal(0);
const nowMs = signal(performance.now());
export const isOpen = signal(false);

/** Age of the last word from the server [s]. */
export const ageS = computed(() => (beatAtMs.value ? Math.max(0, nowMs.value - beatAtMs.value) / 1000 : null));
/** Whether what is shown as now is old; what is shown of the past is not. */
export const isStale = computed(() => replayed.value === null && ageS.value !== null && ageS.value > STALE_AFTER_S);
/** The time that is shown [ms since 1970]: the clock of the network, which stands when the feed does, or of a replay. */
export const clockMs = computed(() => replayed.value ?? timeS.value * 1000);

/** Called with each new state and its store, outside the signals, for what draws it. */
const painters = new Set<(store: StateStore) => void>();
export function onFrame(paint: (store: StateStore) => void): () => void {
  painters.add(paint);
  return () => painters.delete(paint);
}

let socket: StateSocket | null = null;
let reader: FrameReader | null = null;
/** The state of now, kept up to date during a replay too. */
let liveStore: StateStore | null = null;

function paint(store: StateStore): void {
  frames.value += 1;
  for (const each of painters) each(store);
}

/** Shows a state of the past, or again that of now. */
export function showStore(store: StateStore | null): void {
  const held = picture.peek();
  const wanted = store ?? liveStore;
  if (!held || !wanted) return;
  held.store = wanted;
  paint(wanted);
}

export function paddedTo(n: number): number {
  return Math.max(1, Math.ceil(n / ROW)) * ROW;
}

/** Loads the network and opens the feed, where there is one. */
export async function begin(): Promise<void> {
  setInterval(() => {
    nowMs.value = performance.now();
  }, TICK_MS);
  await loadGeometry();
  if (isOnly.peek()) return;
  socket = new StateSocket(
    {
      onFrame: (frame) => void reader?.take(frame),
      onOpen: () => {
        isOpen.value = true;
      },
      onClose: () => {
        isOpen.value = false;
        // The next socket begins with a full frame, whatever was held.
        if (liveStore) liveStore.sequence = 0;
      },
    },
    mode.peek(),
  );
  socket.open();
}

async function loadGeometry(): Promise<void> {
  // Named by its revision, the browser keeps it for good.
  const of = `?revision=${session.peek()?.server.revision ?? 0}`;
  const [told, buffer, named] = await Promise.all([
    get<Network>("/network"),
    getBinary(`/network/geometry${of}`),
    get<{ elements: string[]; buses: string[] }>(`/network/names${of}`),
  ]);
  const geometry = readGeometry(buffer);
  const store = new StateStore(geometry.n, geometry.revision, paddedTo(geometry.n));
  liveStore = store;
  reader = new FrameReader(
    store,
    {
      onState: (head) => {
        if (replayed.peek() === null) paint(store);
        timeS.value = head.timeS;
      },
      onBeat: beat,
      onGap: () => socket?.resync(),
      onRevision: () => {
        note("The network model has changed: it is loaded anew.", "info");
        void loadSession().then(loadGeometry).then(() => socket?.resync());
      },
    },
    () => MODES.indexOf(mode.peek()),
  );
  network.value = told;
  names.value = named.elements;
  buses.value = named.buses;
  picture.value = { geometry, store };
}

function beat(head: Head): void {
  beatAtMs.value = performance.now();
  nowMs.value = performance.now();
  if (head.timeS > 0) timeS.value = head.timeS;
}

export function setMode(next: Mode): void {
  mode.value = next;
  socket?.setMode(next);
}
