// Reports: outages over a time, and the day's operations; as page, table and print.
import { signal } from "@preact/signals";
import { clockMs } from "../state/live";
import { may, session } from "../state/session";

const FORMATS = [
  ["html", "Page"],
  ["csv", "Table (CSV)"],
  ["pdf", "Print (PDF)"],
] as const;
const day = signal("");
const start = signal("");
const end = signal("");

/** The date at a time, as `2026-07-15`. */
const isoDay = (ms: number, timeZone = "UTC"): string => new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone }).format(ms || Date.now());

export default function ReportsPage() {
  const today = isoDay(clockMs.value);
  const zone = session.value?.server.zone ?? "UTC";
  const thisDay = day.value || isoDay(clockMs.value, zone);
  const [from, to] = [start.value || today, end.value || isoDay((clockMs.value || Date.now()) + 86_400_000)];
  if (!may("report"))
    return (
      <div class="page">
        <h1>Reports</h1>
        <p class="card">You have no leave to read reports.</p>
      </div>
    );
  return (
    <div class="page">
      <header>
        <h1>Reports</h1>
      </header>
      <div class="columns">
        <section class="card stack" aria-label="Outage report">
          <h2>Outages</h2>
          <p class="soft">Every interruption in a time, with the indices of IEEE 1366, and where each figure comes from.</p>
          <div class="row">
            <label class="field">
              <span>From (UTC)</span>
              <input type="date" value={from} data-test="report-start" onInput={(event) => (start.value = event.currentTarget.value)} />
            </label>
            <label class="field">
              <span>To (UTC)</span>
              <input type="date" value={to} data-test="report-end" onInput={(event) => (end.value = event.currentTarget.value)} />
            </label>
          </div>
          <Links path="outages" query={`start=${from}T00:00:00Z&end=${to}T00:00:00Z`} />
        </section>
        <section class="card stack" aria-label="Daily operations report">
          <h2>Daily operations</h2>
          <p class="soft">What was switched, tagged, alarmed and handed over in a day.</p>
          <label class="field">
            <span>Day ({zone})</span>
            <input type="date" value={thisDay} data-test="report-day" onInput={(event) => (day.value = event.currentTarget.value)} />
          </label>
          <Links path="daily" query={`day=${thisDay}`} />
        </section>
      </div>
    </div>
  );
}

const Links = (props: { path: string; query: string }) => (
  <div class="row">
    {FORMATS.map(([format, name]) => (
      <a key={format} class="button" href={`api/v1/reports/${props.path}.${format}?${props.query}`} target="_blank" rel="noopener" data-test={`report-${props.path}-${format}`}>
        {name}
      </a>
    ))}
  </div>
);
