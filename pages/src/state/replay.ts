// The time that is replayed, where one is: then nothing on the screen is live.
import { signal } from "@preact/signals";

/** [ms since 1970]; null where the screen shows now. */
export const replayed = signal<number | null>(null);
