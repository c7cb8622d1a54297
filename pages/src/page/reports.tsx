// Reports: outages over a time, and the day's operations; as page, table and print.
import { signal } from "@preact/signals";
import { clockMs } from "../state/live";
import { may } from "../state/session";

const FORMATS = [
  ["html", "Page"],
  ["csv", "Table (CSV)"],
  ["pdf", "Print (PDF)"],
] as const;
const day = signal("");
const start = signal("");
const end = signal("");

const isoDay = (ms: number): string => new Date(ms || Date.now()).toISOString().slice(0, 10);

export default function ReportsPage() {
  const today = isoDay(clockMs.value);
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
            <span>Day</span>
            <input type="date" value={day.value || today} data-test="report-day" onInput={(event) => (day.value = event.currentTarget.value)} />
          </label>
          <Links path="daily" query={`day=${day.value || today}`} />
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
