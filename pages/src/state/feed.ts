// What is read again when the server says that it changed: alarms, outages, plans, orders.
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Alarms, Area, FaultPlans, Order, Outage, Overview } from "../wire/answers";
import type { Panels } from "../wire/past";
import { replayed, then } from "./replay";
import { API, asProblem, get, type Problem } from "../wire/http";

export interface Feed<T> {
  /** What is shown: of now, or of the time that is replayed. */
  data: ReadonlySignal<T | null>;
  problem: ReadonlySignal<Problem | null>;
  /** What is so now, whatever is shown. */
  now: Signal<T | null>;
  read: () => Promise<void>;
}

/** One reading at a time; what is asked for meanwhile is one more reading after it. */
function feed<T>(path: string, name: Exclude<keyof Panels, "time" | "recorded_at" | "unsure">): Feed<T> {
  const now = signal<T | null>(null);
  const failed = signal<Problem | null>(null);
  const data = computed(() => (replayed.value === null ? now.value : ((then.value?.[name] as T | null | undefined) ?? null)));
  const problem = computed(() => (replayed.value === null ? failed.value : null));
  let running: Promise<void> | null = null;
  let isWanted = false;
  const once = async (): Promise<void> => {
    try {
      now.value = await get<T>(path);
      failed.value = null;
    } catch (error) {
      failed.value = asProblem(error);
    }
  };
  const read = async (): Promise<void> => {
    if (running) {
      isWanted = true;
      return running;
    }
    running = once();
    await running;
    running = null;
    if (isWanted) {
      isWanted = false;
      await read();
    }
  };
  return { data, problem, now, read };
}

export const overview = feed<Overview>("/overview", "overview");
export const alarms = feed<Alarms>("/alarms", "alarms");
export const outages = feed<Outage[]>("/outages", "outages");
export const plans = feed<FaultPlans[]>("/plans", "plans");
export const orders = feed<Order[]>("/orders", "orders");
export const areas = feed<Area[]>("/areas", "areas");
export const isListening = signal(false);

const BY_EVENT: Record<string, Feed<unknown>> = { alarms, outages, plans, orders, authority: areas };

/** Reads everything once, then what the server's events name. */
export function listen(): void {
  const all = [overview, alarms, outages, plans, orders, areas];
  const readAll = (): void => all.forEach((each) => void each.read());
  readAll();
  const source = new EventSource(`${API}/stream`);
  source.onopen = () => {
    // Whatever was told while it was closed is not told again.
    if (!isListening.peek()) readAll();
    isListening.value = true;
  };
  source.onerror = () => {
    isListening.value = false;
    // A browser gives up for good on an answer that is not a stream, such as 503 or 429.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS);
  };
  source.addEventListener("overview", (event) => {
    const told = JSON.parse((event as MessageEvent<string>).data) as Partial<Overview>;
    if (told.customers === undefined) void overview.read();
    else overview.now.value = told as Overview;
  });
  for (const [name, each] of Object.entries(BY_EVENT)) source.addEventListener(name, () => void each.read());
}

const LISTEN_AGAIN_MS = 5_000;
