// What the API answers of one-lines.

export interface Line {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** A device on a diagram; those beside it are drawn as one with it. */
export interface Drawn {
  key: string;
  kind: string;
  index: number;
  label: string;
  beside: string[];
}

export interface Placed extends Drawn {
  line: Line;
  sign: [number, number];
  text: [number, number];
  figures: [number, number];
}

/** Where a tie leads to: out of the diagram, or to another piece of it. */
export interface Leads {
  feeder: string;
  substation: string;
  other: string;
}

export interface OneLine {
  name: string;
  what: "feeder" | "substation";
  substation: string;
  feeders: string[];
  width: number;
  height: number;
  nodes: {
    id: string;
    x: number;
    y: number;
    label: string;
    kind: string;
    note: string;
    customers: number;
    bar: Line;
    rows: number;
    row_px: number;
    feeders: string[];
    ties: (Drawn & Leads & { x: number; y: number })[];
  }[];
  edges: (Placed & { from: string; to: string })[];
  stubs: (Placed & Leads & { at: string; target: string; beyond: string })[];
}

export interface OneLineFigures {
  time: string;
  converged: boolean;
  devices: { key: string; at: string; i_a: number | null; p_kw: number | null; q_kvar: number | null; taps: number[]; steps_on: number | null; steps: number | null }[];
  pieces: { id: string; v_min_pu: number | null; customers: number; customers_out: number; energised: boolean }[];
}

export interface Substation {
  name: string;
  feeders: string[];
}
