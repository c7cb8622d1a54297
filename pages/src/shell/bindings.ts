// What each key does, as it is listed; pages add what only they do.
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Key {
  keys: string;
  does: string;
}

export const KEYS: Key[] = [
  { keys: "Ctrl K", does: "Search a device or bus" },
  { keys: "?", does: "These keys" },
  { keys: "1 … 7", does: "Map: energised, voltage, loading, phase, DER, hosting, feeder" },
  { keys: "+ −", does: "Map: nearer, farther" },
  { keys: "← ↑ ↓ →", does: "Map: move" },
  { keys: "0", does: "Map: whole network" },
  { keys: "n", does: "Map: next device that is not normal" },
  { keys: "[ ]", does: "Map: neighbour of the device at hand" },
  { keys: "v", does: "Bring the device at hand into view" },
  { keys: "t", does: "Trace downstream" },
  { keys: "Shift T", does: "Trace upstream" },
  { keys: "e", does: "Device: go to its panel" },
  { keys: "Esc", does: "Cancel, close, let go" },
  { keys: "j k", does: "List: next, previous row" },
  { keys: "a", does: "Alarm: acknowledge the chosen ones" },
  { keys: "Shift A", does: "Alarm: acknowledge all that are listed" },
  { keys: "s", does: "Alarm: shelve the chosen one" },
  { keys: ", .", does: "Replay: mark before, next mark" },
  { keys: "Home End", does: "Replay: its beginning, its end" },
  { keys: "d", does: "Dark or light" },
  { keys: "w", does: "Wall: the map alone" },
];

type Doing = () => void;

/** What pages do on keys; the last that came takes the key. */
const doing = new Map<string, Doing[]>();

/** Takes keys until what is returned is called. */
export function onKeys(wanted: Record<string, Doing>): () => void {
  for (const [key, act] of Object.entries(wanted)) doing.set(key, [...(doing.get(key) ?? []), act]);
  return () => {
    for (const [key, act] of Object.entries(wanted)) {
      const left = (doing.get(key) ?? []).filter((each) => each !== act);
      if (left.length) doing.set(key, left);
      else doing.delete(key);
    }
  };
}

/** A part's keys, its own before anyone sees the part: what is seen is what a key does. */
export function useKeys(wanted: Record<string, Doing> | null, inputs: unknown[]): void {
  useLayoutEffect(() => (wanted ? onKeys(wanted) : undefined), inputs);
}

/** Does what a key is for; whether there was anything. */
export function press(key: string): boolean {
  const act = doing.get(key)?.at(-1);
  act?.();
  return act !== undefined;
}

export const isSearchOpen = signal(false);
