// The colours that mean something, by theme. They are chosen so that voltages, alarms and what is
// stale stay apart for people without red or green cones; a test computes how far apart.
import { effect } from "@preact/signals";
import { isOnPaper, theme, type Theme } from "../state/settings";

export interface Colours {
  /** Of what is inside its limits. */
  normal: string;
  low: string;
  high: string;
  /** Alarms of priority 1 to 4. */
  p1: string;
  p2: string;
  p3: string;
  p4: string;
  stale: string;
  dead: string;
  ground: string;
  text: string;
  trace: string;
  /** The action at hand, and a position that is not the normal one. */
  accent: string;
  phases: [string, string, string];
  feeders: string[];
}

export const COLOURS: Record<Theme, Colours> = {
  dark: {
    normal: "#67707b",
    low: "#edc6ad",
    high: "#4d91eb",
    p1: "#f57973",
    p2: "#fc831f",
    p3: "#fdf16c",
    p4: "#ebc4fe",
    stale: "#a8a6af",
    dead: "#8b949e",
    ground: "#1b2024",
    text: "#eef1f4",
    trace: "#eef1f4",
    accent: "#8ab8ff",
    phases: ["#e8a33d", "#5aa9e6", "#b7e07a"],
    feeders: ["#5aa9e6", "#e8a33d", "#8fd694", "#d69ae0", "#e6e07a", "#6fd3d0", "#e89aa4", "#b0b7c0"],
  },
  light: {
    normal: "#7c848e",
    low: "#c17641",
    high: "#0a7ebc",
    p1: "#a42536",
    p2: "#a44e00",
    p3: "#424100",
    p4: "#742a9e",
    stale: "#565667",
    dead: "#4b535b",
    ground: "#eef1f3",
    text: "#14181c",
    trace: "#14181c",
    accent: "#0b57b0",
    phases: ["#a85a00", "#1767c2", "#3d7a1f"],
    feeders: ["#1767c2", "#a85a00", "#2f7d4f", "#8e2fa8", "#6b6100", "#0d7377", "#a8324a", "#4b535b"],
  },
};

const PAPER: Colours = { ...COLOURS.light, ground: "#ffffff" };

export const colours = (): Colours => (isOnPaper.value ? PAPER : COLOURS[theme.value]);

/** Hands the colours on to the style sheet. */
effect(() => {
  const root = document.documentElement.style;
  const now = colours();
  for (const name of ["low", "high", "p1", "p2", "p3", "p4", "stale", "normal", "accent", "ground"] as const)
    root.setProperty(`--${name}`, now[name]);
});

export type Rgb = [number, number, number];

export const rgb = (hex: string): Rgb => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as Rgb;

export const mix = (from: Rgb, to: Rgb, share: number): Rgb =>
  from.map((value, i) => Math.round(value + (to[i]! - value) * share)) as Rgb;
