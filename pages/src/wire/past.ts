// What the server answers of a past time.
import type { Alarms, Area, FaultPlans, Order, Outage, Overview } from "./answers";

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
