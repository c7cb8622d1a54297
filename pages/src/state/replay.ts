// The time that is replayed, where one is, and what the panels showed then: nothing on the screen is live.
import { computed, effect, signal } from "@preact/signals";
import { frozen } from "../wire/http";
import type { Panels } from "../wire/past";
import { session } from "./session";

export const WHY = "This is a replay: nothing can be changed in the past";

/** [ms since 1970]; null where the screen shows now. */
export const replayed = signal<number | null>(null);
/** What was shown at that time; null while it is read, and where it cannot be. */
export const then = signal<Panels | null>(null);
/** The server has nothing but a recording: it is asked for nothing of now, and there is no live to go back to. */
export const isOnly = computed(() => session.value?.server.is_replay ?? false);

// From the first word of such a server on the screen is of the past.
effect(() => {
  if (!isOnly.value || replayed.peek() !== null) return;
  frozen.value = WHY;
  replayed.value = Date.parse(session.peek()?.server.time ?? "") || Date.now();
});
