// Figures, times and units as people read them; what is not known is a dash.
import { units, zone, type Units, type Zone } from "../state/settings";
import { session } from "../state/session";

export const NONE = "–";
const KM_PER_MILE = 1.609344;
const F_PER_C = 1.8;

export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replaceAll(",", "\u202f");
}

/** A power [kW] in kW or MW. */
export function power(kw: number | null | undefined): string {
  if (kw === null || kw === undefined || !Number.isFinite(kw)) return NONE;
  return Math.abs(kw) >= 10_000 ? `${number(kw / 1000, 1)} MW` : `${number(kw, Math.abs(kw) < 10 ? 1 : 0)} kW`;
}

export const perUnit = (value: number | null | undefined): string => number(value, 3);
export const percent = (value: number | null | undefined, digits = 0): string =>
  value === null || value === undefined ? NONE : `${number(value, digits)} %`;
/** A chance of 0 to 1. */
export const chance = (value: number | null | undefined): string =>
  value === null || value === undefined ? NONE : percent(100 * value);

/** A length [m] in the units that are set. */
export function length(metres: number | null | undefined, as: Units = units.value): string {
  if (metres === null || metres === undefined) return NONE;
  return as === "us" ? `${number(metres / (KM_PER_MILE * 1000), 2)} mi` : `${number(metres / 1000, 2)} km`;
}

/** A temperature [°C] in the units that are set. */
export function temperature(celsius: number | null | undefined, as: Units = units.value): string {
  if (celsius === null || celsius === undefined) return NONE;
  return as === "us" ? `${number(celsius * F_PER_C + 32)} °F` : `${number(celsius)} °C`;
}

/** The IANA name of the zone that times are shown in. */
export function zoneName(as: Zone = zone.value): string {
  if (as === "utc") return "UTC";
  if (as === "browser") return Intl.DateTimeFormat().resolvedOptions().timeZone;
  return session.value?.server.zone ?? "UTC";
}

const made = new Map<string, Intl.DateTimeFormat>();
function format(kind: "clock" | "day" | "both"): Intl.DateTimeFormat {
  const name = zoneName();
  const key = `${kind} ${name}`;
  const held = made.get(key);
  if (held) return held;
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  const day = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  const options = kind === "clock" ? clock : kind === "day" ? day : { ...day, ...clock };
  let result: Intl.DateTimeFormat;
  try {
    result = new Intl.DateTimeFormat("en-CA", { ...options, timeZone: name });
  } catch {
    result = new Intl.DateTimeFormat("en-CA", { ...options, timeZone: "UTC" });
  }
  made.set(key, result);
  return result;
}

const asDate = (time: string | number | null | undefined): Date | null => {
  if (time === null || time === undefined || time === "") return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** The time of day. */
export function clock(time: string | number | null | undefined): string {
  const date = asDate(time);
  return date ? format("clock").format(date) : NONE;
}

export function dateAndTime(time: string | number | null | undefined): string {
  const date = asDate(time);
  return date ? format("both").format(date).replace(",", "") : NONE;
}

/** The time of day, with the date where it is another than that of `near`. */
export function clockNear(time: string | null | undefined, near: number): string {
  const date = asDate(time);
  if (!date) return NONE;
  const isSame = format("day").format(date) === format("day").format(new Date(near));
  return isSame ? clock(time) : dateAndTime(time);
}

/** The short name of the zone at a time, such as `CET`. */
export function zoneShort(time: number): string {
  try {
    const parts = new Intl.DateTimeFormat("en", { timeZone: zoneName(), timeZoneName: "short" }).formatToParts(time);
    return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
  } catch {
    return "UTC";
  }
}

/** An age [s] in the largest unit that says it well. */
export function age(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  if (seconds < 10) return `${number(seconds, 1)} s`;
  if (seconds < 120) return `${number(seconds)} s`;
  if (seconds < 7200) return `${number(seconds / 60)} min`;
  return `${number(seconds / 3600, 1)} h`;
}

/** `line.l52` is shown as `l52`; the kind stands beside it. */
export const shortName = (key: string): string => key.slice(key.indexOf(".") + 1);

const FIGURES: Record<string, string> = {
  load_kw: "Load",
  source_kw: "From sources",
  loss_kw: "Losses",
  der_kw: "DER output",
  customers_out: "Customers out",
  critical_out: "Critical customers out",
  v_min_pu: "Lowest voltage",
  v_max_pu: "Highest voltage",
  unacknowledged: "Alarms not acknowledged",
  stale: "Devices not heard in time",
};
const ENDINGS: [string, string][] = [[".i_a", "current"], [".v_pu", "voltage"], [".p_kw", "power"]];

/** A figure that has a trend, in words. */
export function trendName(name: string): string {
  const ending = ENDINGS.find(([end]) => name.endsWith(end));
  return FIGURES[name] ?? (ending ? `${shortName(name.slice(0, -ending[0].length))} ${ending[1]}` : words(name));
}

export const words = (text: string): string => text.replaceAll("_", " ");
export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;
