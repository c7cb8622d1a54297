// What is read again when the server says that it changed: alarms, outages, plans, orders.
import { signal, type Signal } from "@preact/signals";
import type { Alarms, Area, FaultPlans, Order, Outage, Overview } from "../wire/answers";
import { API, asProblem, get, type Problem } from "../wire/http";

export interface Feed<T> {
  data: Signal<T | null>;
  problem: Signal<Problem | null>;
  read: () => Promise<void>;
}

/** One reading at a time; what is asked for meanwhile is one more reading after it. */
function feed<T>(path: string): Feed<T> {
  const data = signal<T | null>(null);
  const problem = signal<Problem | null>(null);
  let running: Promise<void> | null = null;
  let isWanted = false;
  const once = async (): Promise<void> => {
    try {
      data.value = await get<T>(path);
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
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
  return { data, problem, read };
}

export const overview = feed<Overview>("/overview");
export const alarms = feed<Alarms>("/alarms");
export const outages = feed<Outage[]>("/outages");
export const plans = feed<FaultPlans[]>("/plans");
export const orders = feed<Order[]>("/orders");
export const areas = feed<Area[]>("/areas");
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
    else overview.data.value = told as Overview;
  });
  for (const [name, each] of Object.entries(BY_EVENT)) source.addEventListener(name, () => void each.read());
}

const LISTEN_AGAIN_MS = 5_000;
