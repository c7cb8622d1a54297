// The state of a time that is replayed, for the map.
import { signal } from "@preact/signals";
import type { StateStore } from "../wire/frame";

export const replayStore = signal<StateStore | null>(null);
