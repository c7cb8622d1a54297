// Trends: what was measured or calculated, over time.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import uPlot from "uplot";
import { colours } from "../part/colours";
import { clock, dateAndTime, number, shortName, trendName, zoneName } from "../part/format";
import { isOnPaper, theme, zone } from "../state/settings";
import { route } from "../state/route";
import { clockMs } from "../state/live";
import { replayed } from "../state/replay";
import { asProblem, get, type Problem } from "../wire/http";
import type { Trends } from "../wire/answers";

const SPANS_H = [1, 6, 24];
const SERIES_MOST = 8;
const AGAIN_MS = 30_000;
const SAMPLE_MS = 60_000;
/** As wide as a sheet of A4 leaves. */
const PAPER_PX = 640;

const told = signal<Trends | null>(null);
/** What has a trend, with its unit. */
const known = signal<Record<string, string>>({});
const problem = signal<Problem | null>(null);
const picked = signal<string[]>(["load_kw", "source_kw"]);
const spanH = signal(6);

async function readKnown(): Promise<void> {
  try {
    known.value = (await get<Trends>("/trends")).known ?? {};
  } catch (error) {
    problem.value = asProblem(error);
  }
}

async function read(): Promise<void> {
  const end = clockMs.peek() || Date.now();
  const start = end - spanH.peek() * 3_600_000;
  const query = new URLSearchParams({ names: picked.peek().join(","), start: new Date(start).toISOString(), end: new Date(end).toISOString() });
  try {
    told.value = await get<Trends>(`/trends?${query.toString()}`);
    problem.value = null;
  } catch (error) {
    problem.value = asProblem(error);
  }
}

export default function TrendsPage() {
  const device = route.value.rest;
  useEffect(() => void readKnown(), []);
  useEffect(() => {
    const of = Object.keys(known.value).filter((name) => name.startsWith(`${shortName(device)}.`) || name.startsWith(`${device}.`));
    if (device && of.length) picked.value = of.slice(0, SERIES_MOST);
  }, [device, known.value]);
  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [picked.value.join(), spanH.value, replayed.value === null ? 0 : Math.floor(replayed.value / SAMPLE_MS)]);
  const toggle = (name: string): void => {
    const held = picked.value;
    picked.value = held.includes(name) ? held.filter((each) => each !== name) : [...held, name].slice(-SERIES_MOST);
  };
  return (
    <div class="page">
      <header>
        <h1>Trends</h1>
        <div class="row" role="group" aria-label="How far back">
          {SPANS_H.map((span) => (
            <button key={span} aria-pressed={spanH.value === span} data-test={`span-${span}`} onClick={() => (spanH.value = span)}>
              {span} h
            </button>
          ))}
        </div>
      </header>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      {told.value && <Charts trends={told.value} />}
      <fieldset class="card no-print">
        <legend>Figures (at most {SERIES_MOST})</legend>
        <div class="tracks" tabIndex={0} role="group" aria-label="Figures that have a trend">
          {Object.entries(known.value).map(([name, unit]) => (
            <label key={name} class="row">
              <input type="checkbox" checked={picked.value.includes(name)} data-test="trend-pick" onChange={() => toggle(name)} />
              {trendName(name)} <span class="soft">{unit}</span>
            </label>
          ))}
        </div>
      </fieldset>
    </div>
  );
}

/** One chart a unit, so that no two scales are read as one. */
function Charts({ trends }: { trends: Trends }) {
  const byUnit = new Map<string, string[]>();
  for (const name of Object.keys(trends.series)) {
    const unit = trends.units[name] ?? "";
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), name]);
  }
  if (!trends.times.length) return <p class="card">Nothing is recorded in this time yet: one sample a minute is kept.</p>;
  return (
    <>
      {[...byUnit].map(([unit, of]) => (
        <Chart key={`${unit} ${of.join()} ${theme.value} ${zone.value} ${isOnPaper.value}`} unit={unit} of={of} trends={trends} />
      ))}
    </>
  );
}

function Chart(props: { unit: string; of: string[]; trends: Trends }) {
  const at = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const { unit, of, trends } = props;
  const data: uPlot.AlignedData = [trends.times.map((time) => Date.parse(time) / 1000), ...of.map((name) => trends.series[name] ?? [])];
  // Before the next painting, as a printer waits for no other.
  useLayoutEffect(() => {
    if (!at.current) return;
    const style = getComputedStyle(document.documentElement);
    const soft = style.getPropertyValue("--soft");
    const line = style.getPropertyValue("--line");
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    const inks = colours().feeders;
    plot.current = new uPlot(
      {
        width: isOnPaper.peek() ? PAPER_PX : at.current.clientWidth,
        height: 300,
        tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zoneName()),
        cursor: { drag: { x: true, y: false } },
        axes: [{ ...axis, space: 80, values: (_: uPlot, splits: number[]) => splits.map((time) => clock(time * 1000)) }, { ...axis, label: unit, size: 70, values: (_, splits) => splits.map((value) => number(value, Math.abs(value) < 10 ? 2 : 0)) }],
        series: [
          { value: (_: uPlot, time: number | null) => (time === null ? "–" : dateAndTime(time * 1000)) },
          ...of.map((name, i) => ({
            label: trendName(name),
            stroke: inks[i % inks.length],
            width: 2,
            dash: i < inks.length / 2 ? undefined : [6, 4],
            spanGaps: false,
            value: (_: uPlot, value: number | null) => (value === null ? "–" : number(value, Math.abs(value) < 10 ? 3 : 0)),
          })),
        ],
      },
      data,
      at.current,
    );
    const sized = new ResizeObserver(() => at.current && plot.current?.setSize({ width: at.current.clientWidth, height: 300 }));
    if (!isOnPaper.peek()) sized.observe(at.current);
    return () => {
      sized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [trends]);
  return <figure ref={at} class="card chart" aria-label={`${of.map(trendName).join(", ")} in ${unit}`} data-test="chart" />;
}
