// What the server answers, as the pages read it.
import type { Refusal } from "./http";

export interface Overview {
  time: string;
  number: number;
  sequence: number;
  load_kw: number | null;
  source_kw: number | null;
  loss_kw: number | null;
  der_kw: number | null;
  customers: number;
  customers_out: number;
  critical_out: number;
  v_min_pu: number | null;
  v_max_pu: number | null;
  worst_bus: string | null;
  converged: boolean;
  alarms: Record<string, number>;
  unacknowledged: number;
  stale: number;
  devices: number;
  data_age_s: number | null;
  /** What is stale, unknown or not solved, in words. */
  unsure?: string[];
}

export interface Network {
  name: string;
  revision: number;
  elements: number;
  buses: number;
  customers: number;
  feeders: string[];
  substations: string[];
  kinds: string[];
  limits: Record<string, number>;
  modes: { number: number; name: string; meaning: string; zero: number; step: number; unit: string }[];
}

type ByPhase = Partial<Record<"a" | "b" | "c", number | null>>;

export interface Device {
  key: string;
  kind: string;
  index: number;
  bus1: string;
  bus2: string;
  phases: string;
  feeder: string | null;
  area: string | null;
  position: "open" | "closed" | null;
  normal: "open" | "closed" | null;
  position_known: boolean;
  remote: boolean;
  heard_age_s: number | null;
  locked_out: boolean;
  /** Of a line. */
  length_m?: number | null;
  rating_a: number | null;
  i_a: ByPhase | null;
  p_kw: number | null;
  q_kvar: number | null;
  loading_pct: number | null;
  v_pu: ByPhase | null;
  source: "calculated" | "measured";
  converged: boolean;
  customers_downstream: number | null;
  tags: { id: string; kind: string; holder: string; reason?: string }[];
  grounds: { id: string; bus?: string; holder?: string; reason?: string }[];
  selected_by: string | null;
  faulted: boolean;
}

export interface Found {
  key: string;
  kind: string;
  name: string;
  index: number;
  x: number;
  y: number;
}

export interface Trace {
  elements: number[];
  customers: number;
  load_kw: number | null;
}

export interface Alarm {
  id: string;
  priority: 1 | 2 | 3 | 4;
  condition: string;
  device: string;
  what: string;
  value: number | null;
  limit: number | null;
  unit: string | null;
  area: string | null;
  raised: string;
  cleared: string | null;
  state: "unacknowledged" | "acknowledged" | "returned" | "shelved" | "suppressed";
  acknowledged_by: string | null;
  /** What an operator does about it. */
  answer?: string;
  shelved_until: string | null;
  shelved_reason: string | null;
  group: string | null;
  count: number;
  /** How often it was raised. */
  times?: number;
}

export interface Alarms {
  alarms: Alarm[];
  flood: boolean;
  rate: { per_10_min: number; target: number };
}

export interface LookAhead {
  allowed: boolean;
  refusals: Refusal[];
  unknown: string[];
  converged: boolean;
  customers_out: number;
  customers_restored: number;
  v_min_pu: number | null;
  loading_max_pct: number | null;
}

export interface Selected {
  select: string;
  expires: string;
  look_ahead: LookAhead;
}

export interface Operated {
  command: string;
  outcome: "confirmed" | "failed" | "in_doubt";
  detail: string;
}

export interface Outage {
  id: string;
  device: string;
  chance: number | null;
  candidates: { device: string; chance: number }[];
  customers: number;
  critical: number;
  began: string;
  stage: string;
  cause: string | null;
  back_by: { median: string; low: string; high: string; confidence_pct: number } | null;
  crews: string[];
  calls: number;
  pings: { asked: number; silent: number; answered: number } | null;
  nested_in: string | null;
  over: string | null;
}

export interface PlanStep {
  number: number;
  action: string;
  device: string;
  /** The poles that move, as "a b", where not all do. */
  phases?: string;
  why: string;
  customers: number;
  v_min_pu: number | null;
  loading_max_pct: number | null;
  allowed: boolean;
}

export interface Plan {
  id: string;
  rank: number;
  customers_out: number;
  customers_restored: number;
  customers_restorable: number;
  load_kw_restored: number | null;
  critical_restored: number;
  operations: number;
  loss_kw: number | null;
  v_min_pu: number | null;
  loading_max_pct: number | null;
  gap_pct: number | null;
  allowed: boolean;
  refusals: Refusal[];
  steps: PlanStep[];
}

export interface FaultPlans {
  id: string;
  fault: string;
  /** Another element of its section, for which it was planned. */
  planned_for?: string;
  device?: string;
  made: string;
  plans: Plan[];
  order: string | null;
  waits_for_approval: boolean;
  outcome?: string;
}

export interface OrderStep {
  number: number;
  action: string;
  device: string;
  /** The poles that move, as "a b", where not all do. */
  phases?: string;
  value?: number | null;
  why: string;
  state: string;
}

export interface Order {
  id: string;
  title: string;
  author: string;
  approver: string | null;
  application: string | null;
  area: string | null;
  state: string;
  done: number;
  steps: OrderStep[];
  why: string | null;
  version: string;
  refusals?: Refusal[];
}

export interface Area {
  area: string;
  devices: number;
  holder: string | null;
  epoch: number;
}

export interface JournalEntry {
  sequence: number;
  time: string;
  source: string;
  cause: string;
  kind: string;
  payload: Record<string, unknown>;
  hash: string;
}

export interface Verified {
  ok: boolean;
  entries: number;
  flaws: { sequence: number | null; what: string; mend: string }[];
}

export interface Trends {
  times: string[];
  series: Record<string, (number | null)[]>;
  units: Record<string, string>;
  known?: Record<string, string>;
}

export interface Account {
  name: string;
  shown: string;
  is_active: boolean;
  must_change_password: boolean;
  grants: { role: string; area: string }[];
}

export interface PendingGrant {
  name: string;
  grant: { role: string; area: string };
  by: string;
}

export interface HandOver {
  offers: Record<string, unknown>[];
  business: Record<string, unknown>;
}

export interface ModeRow {
  application: string;
  area: string;
  mode: string;
  killed: boolean;
}
