// The time that is replayed, where one is, and what the panels showed then: nothing on the screen is live.
import { signal } from "@preact/signals";
import type { Panels } from "../wire/past";

/** [ms since 1970]; null where the screen shows now. */
export const replayed = signal<number | null>(null);
/** What was shown at that time; null while it is read, and where it cannot be. */
export const then = signal<Panels | null>(null);
