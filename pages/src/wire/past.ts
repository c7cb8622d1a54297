// What the server answers of a past time.
import type { Alarms, Area, Device, FaultPlans, Order, Outage, Overview } from "./answers";

export interface Mark {
  time: string;
  kind: string;
  text: string;
}

export interface Span {
  start: string | null;
  end: string | null;
  recorded_start: string | null;
  recorded_end: string | null;
  marks: Mark[];
  curve: { times: string[]; customers_out: (number | null)[] };
  unsure: string[];
}

/** What the panels showed at a time; null for what was not recorded. */
export interface Panels {
  time: string;
  recorded_at: string | null;
  overview: Overview | null;
  alarms: Alarms | null;
  outages: Outage[] | null;
  plans: FaultPlans[] | null;
  orders: Order[] | null;
  areas: Area[] | null;
  unsure: string[];
}

/** One device at a time; null for what was not recorded. */
export interface ElementThen {
  time: string;
  recorded_at: string | null;
  key: string;
  kind: string;
  position: "open" | "closed" | null;
  supply: string | null;
  live_phases: string | null;
  feeder: string | null;
  v_pu: number | null;
  loading_pct: number | null;
  i_a: number | null;
  rating_a: number | null;
  output_pct: number | null;
  beyond: boolean;
  not_normal: boolean | null;
  tagged: boolean | null;
  grounded: boolean | null;
  faulted: boolean | null;
  tags: Device["tags"] | null;
  grounds: Device["grounds"] | null;
  unsure: string[];
}
