// Short messages at the edge of the screen; errors stay until they are closed.
import { signal } from "@preact/signals";
import { asProblem } from "../wire/http";

export interface Note {
  id: number;
  tone: "info" | "good" | "bad";
  text: string;
  more: string;
}

const SHOWN_MOST = 4;
const GOOD_LASTS_MS = 5_000;
export const notes = signal<Note[]>([]);
let counted = 0;

export function note(text: string, tone: Note["tone"] = "good", more = ""): void {
  counted += 1;
  const id = counted;
  notes.value = [...notes.value, { id, tone, text, more }].slice(-SHOWN_MOST);
  if (tone !== "bad") setTimeout(() => drop(id), GOOD_LASTS_MS);
}

export function drop(id: number): void {
  notes.value = notes.value.filter((each) => each.id !== id);
}

/** Says what the server refused, by which rule, and how to mend it. */
export function noteProblem(error: unknown): void {
  const problem = asProblem(error);
  const refused = problem.refusals.map((each) => `${each.rule} (${each.device}): ${each.why}`);
  note(problem.message, "bad", [...refused, problem.mend].filter(Boolean).join(" · "));
}

/** Runs a change; true where it was done, a note where it was not. */
export async function tried(change: () => Promise<unknown>, done = ""): Promise<boolean> {
  try {
    await change();
    if (done) note(done);
    return true;
  } catch (error) {
    noteProblem(error);
    return false;
  }
}
