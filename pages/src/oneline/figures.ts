// What flows in the diagram that is shown, read again while the feed goes on.
import { signal } from "@preact/signals";
import type { OneLineFigures } from "../wire/diagram";
import { get } from "../wire/http";
import { FLAG } from "../wire/frame";
import { NONE, number, power } from "../part/format";

export type DeviceFigures = OneLineFigures["devices"][number];
export type PieceFigures = OneLineFigures["pieces"][number];

/** Null where nothing is known: not read yet, not answered, or of another time than now. */
export const figures = signal<OneLineFigures | null>(null);
let asking = "";

/** Reads the figures of a diagram; of two diagrams asked for in haste the last one counts. */
export async function readFigures(path: string): Promise<void> {
  if (asking === path) return;
  asking = path;
  try {
    const found = await get<OneLineFigures>(`${path}/figures`);
    if (asking === path) figures.value = found;
  } catch {
    // The feed says that it is lost; figures of before would be taken for those of now.
    if (asking === path) figures.value = null;
  } finally {
    if (asking === path) asking = "";
  }
}

/** Lets go of what was read, as another diagram is shown. */
export function forgetFigures(): void {
  asking = "";
  figures.value = null;
}

const LEAST_KW = 0.05;

/** A current, a power, and which way it flows; a dash where the position itself is not known. */
export function flowOf(told: DeviceFigures | undefined, flags: number, isLevel: boolean): string {
  if (!told || told.i_a === null || told.p_kw === null || flags & FLAG.unsure) return NONE;
  const arrow = Math.abs(told.p_kw) < LEAST_KW ? "" : isLevel ? (told.p_kw > 0 ? " →" : " ←") : told.p_kw > 0 ? " ↓" : " ↑";
  return `${number(told.i_a, told.i_a < 10 ? 1 : 0)} A  ${power(Math.abs(told.p_kw))}${arrow}`;
}

/** What a capacitor gives. */
export function givenOf(told: DeviceFigures | undefined): string {
  if (!told || told.i_a === null || told.q_kvar === null) return NONE;
  return `${number(told.i_a, told.i_a < 10 ? 1 : 0)} A  ${number(Math.abs(told.q_kvar))} kvar`;
}

/** Where the taps of a regulator or the steps of a capacitor stand; empty where it has none. */
export function setOf(told: DeviceFigures | undefined): string {
  if (!told) return "";
  if (told.taps.length) return `tap ${told.taps.map((tap) => (tap > 0 ? `+${tap}` : `${tap}`.replace("-", "−"))).join(" / ")}`;
  if (told.steps_on !== null && told.steps !== null) return told.steps > 1 ? `${told.steps_on} of ${told.steps} steps on` : told.steps_on ? "on" : "off";
  return "";
}
