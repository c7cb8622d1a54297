// What colour each value of each mode has: one row of 256 a mode, and one of special colours.
import { MODES, UNKNOWN, type Mode } from "../wire/frame";
import { mix, rgb, type Colours, type Rgb } from "../part/colours";
import { PALETTE_ROWS } from "./layer";

/** Alpha tells the shader how loud a colour is: what is wrong is drawn wider and on top. */
const LOUD = 255;
const QUIET = 250;
const VALUES = 256;
export const HIGHEST = 250;
export const V_LEAST_PU = 0.8;
export const V_STEP_PU = 0.0016;
export const LOADING_STEP_PCT = 0.8;
export const DER_ZERO = 125;

export interface Limits {
  vLow: number;
  vHigh: number;
  vLowest: number;
  vHighest: number;
  loadingPct: number;
}

/** The limits of the network, with those of ANSI C84.1 range A and B where it names none. */
export function limitsOf(told: Record<string, number> | undefined): Limits {
  const limit = (name: string, otherwise: number): number => told?.[name] ?? otherwise;
  return {
    vLow: limit("v_low_pu", 0.95),
    vHigh: limit("v_high_pu", 1.05),
    vLowest: limit("v_emergency_low_pu", 0.917),
    vHighest: limit("v_emergency_high_pu", 1.058),
    loadingPct: limit("loading_high_pct", 100),
  };
}

export const voltageOf = (value: number): number => V_LEAST_PU + V_STEP_PU * value;
export const loadingOf = (value: number): number => LOADING_STEP_PCT * value;

/** The colours of all modes [PALETTE_ROWS x 256 RGBA]. */
export function paletteOf(now: Colours, limits: Limits): Uint8Array {
  const out = new Uint8Array(PALETTE_ROWS * VALUES * 4);
  MODES.forEach((mode, row) => {
    for (let value = 0; value < VALUES; value++) {
      const [colour, loud] = colourOf(mode, value, now, limits);
      out.set([...colour, loud ? LOUD : QUIET], (row * VALUES + value) * 4);
    }
  });
  const special = [now.dead, now.stale, now.text, now.trace, now.p1, now.ground, now.normal, now.accent, now.text];
  special.forEach((hex, k) => out.set([...rgb(hex), LOUD], (MODES.length * VALUES + k) * 4));
  return out;
}

/** The colour of a value, and whether it is outside what is normal. */
export function colourOf(mode: Mode, value: number, now: Colours, limits: Limits): [Rgb, boolean] {
  const normal = rgb(now.normal);
  const faint = mix(normal, rgb(now.ground), 0.45);
  if (value === UNKNOWN) return [faint, false];
  switch (mode) {
    case "energised":
      return value === 1 ? [normal, false] : value === 2 ? [rgb(now.low), true] : [rgb(now.dead), false];
    case "voltage":
      return voltage(voltageOf(value), now, limits);
    case "loading": {
      const over = (loadingOf(value) - limits.loadingPct) / 30;
      return over > 0 ? [mix(rgb(now.p2), rgb(now.p1), Math.min(1, over)), true] : [normal, false];
    }
    case "phase":
      return [phase(value, now), false];
    case "der": {
      const share = Math.min(1, Math.abs(value - DER_ZERO) / 100);
      if (share < 0.01) return [normal, false];
      return [mix(normal, rgb(value > DER_ZERO ? now.high : now.low), 0.35 + 0.65 * share), true];
    }
    case "hosting":
      return [normal, false];
    case "feeder":
      return [rgb(now.feeders[value % now.feeders.length]!), false];
  }
}

function voltage(v: number, now: Colours, limits: Limits): [Rgb, boolean] {
  const normal = rgb(now.normal);
  // Half a step of tolerance: a value at the limit is inside it.
  const slack = V_STEP_PU / 2;
  if (v < limits.vLow - slack) return [mix(normal, rgb(now.low), depth(limits.vLow - v, limits.vLow - limits.vLowest)), true];
  if (v > limits.vHigh + slack) return [mix(normal, rgb(now.high), depth(v - limits.vHigh, limits.vHighest - limits.vHigh)), true];
  return [normal, false];
}

/** The first step beyond a limit shows at once; the full colour is at the emergency limit. */
const depth = (beyond: number, span: number): number => 0.6 + 0.4 * Math.min(1, beyond / Math.max(span, 1e-6));

function phase(mask: number, now: Colours): Rgb {
  const [a, b, c] = now.phases.map(rgb) as [Rgb, Rgb, Rgb];
  switch (mask & 7) {
    case 1:
      return a;
    case 2:
      return b;
    case 4:
      return c;
    case 3:
      return mix(a, b, 0.5);
    case 6:
      return mix(b, c, 0.5);
    case 5:
      return mix(a, c, 0.5);
    default:
      return rgb(now.normal);
  }
}
