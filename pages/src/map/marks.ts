// What is chosen and traced on the map.
import { signal } from "@preact/signals";
import { get } from "../wire/http";
import type { Trace } from "../wire/answers";
import { names, paddedTo, picture } from "../state/live";
import { note, noteProblem } from "../state/notes";
import { replayed } from "../state/replay";

export const CHOSEN = 1;
export const TRACED = 2;

/** The key of the device at hand. */
export const chosen = signal<string | null>(null);
export const traced = signal<(Trace & { key: string; direction: "up" | "down" }) | null>(null);
/** Counts wishes to have the chosen element in view. */
export const shown = signal(0);

const rows = new Map<string, number>();
let rowsOf: string[] = [];

/** The row of a key in the geometry; -1 where it has none. */
export function rowOf(key: string): number {
  if (rowsOf !== names.peek()) {
    rows.clear();
    rowsOf = names.peek();
    for (let i = rowsOf.length - 1; i >= 0; i--) rows.set(rowsOf[i]!, i);
  }
  return rows.get(key) ?? -1;
}

export function choose(key: string | null, inView = false): void {
  chosen.value = key;
  if (inView) shown.value += 1;
}

export async function trace(direction: "up" | "down"): Promise<void> {
  const key = chosen.peek();
  if (!key) return;
  if (replayed.peek() !== null) {
    note("A trace follows the network of now: it is not part of a replay.", "info");
    return;
  }
  const held = traced.peek();
  if (held?.key === key && held.direction === direction) {
    traced.value = null;
    return;
  }
  try {
    const found = await get<Trace>(`/network/trace?key=${encodeURIComponent(key)}&direction=${direction}`);
    traced.value = { ...found, key, direction };
  } catch (error) {
    noteProblem(error);
  }
}

/** The marks of every element, for the layer. */
export function marksNow(): Uint8Array {
  const marks = new Uint8Array(paddedTo(picture.value?.geometry.n ?? 0));
  for (const row of traced.value?.elements ?? []) marks[row]! |= TRACED;
  const row = chosen.value ? rowOf(chosen.value) : -1;
  if (row >= 0) marks[row]! |= CHOSEN;
  return marks;
}
