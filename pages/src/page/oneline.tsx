// One-line diagrams of feeders and substations, laid out by the server.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import type { OneLine, Substation } from "../wire/diagram";
import { asProblem, get, type Problem } from "../wire/http";
import { isStale, network, picture } from "../state/live";
import { replayed } from "../state/replay";
import { go, route } from "../state/route";
import { clock, shortName, zoneShort } from "../part/format";
import { figures, forgetFigures, readFigures } from "../oneline/figures";
import { Sheet } from "../oneline/sheet";

const AGAIN_MS = 2000;
const LEAST_ZOOM = 0.25;
const STEP = 1.25;

const told = signal<OneLine | null>(null);
const stations = signal<Substation[]>([]);
const problem = signal<Problem | null>(null);
const zoom = signal(1);

type What = OneLine["what"];
const pathOf = (what: What, name: string): string => `/network/${what === "feeder" ? "oneline" : "substations"}/${encodeURIComponent(name)}`;

/** What the address names: `feeder/123`, `substation/150`, or the name of a feeder alone. */
function wanted(): { what: What; name: string } {
  const { rest } = route.value;
  const [what, ...name] = rest.split("/");
  if ((what === "feeder" || what === "substation") && name.length) return { what, name: name.join("/") };
  return { what: "feeder", name: rest || (network.value?.feeders[0] ?? "") };
}

async function read(what: What, name: string): Promise<void> {
  try {
    told.value = await get<OneLine>(pathOf(what, name));
    problem.value = null;
  } catch (error) {
    told.value = null;
    problem.value = asProblem(error);
  }
}

async function list(): Promise<void> {
  try {
    stations.value = await get<Substation[]>("/network/substations");
  } catch (error) {
    problem.value = asProblem(error);
  }
}

export default function OneLinePage() {
  const { what, name } = wanted();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => void list(), [picture.value]);
  useEffect(() => {
    forgetFigures();
    if (name) void read(what, name);
    if (box.current) box.current.scrollTo(0, 0);
  }, [what, name, picture.value]);
  const isNow = replayed.value === null;
  useEffect(() => {
    if (!name || !isNow) return forgetFigures();
    const again = (): void => {
      if (!document.hidden && !isStale.peek()) void readFigures(pathOf(what, name));
    };
    again();
    const timer = setInterval(again, AGAIN_MS);
    return () => clearInterval(timer);
  }, [what, name, isNow, picture.value]);
  const diagram = told.value?.what === what && told.value.name.toLowerCase() === name.toLowerCase() ? told.value : null;
  const whole = (): void => {
    if (!box.current || !diagram) return;
    const { clientWidth, clientHeight } = box.current;
    zoom.value = Math.max(LEAST_ZOOM, Math.min(1, clientWidth / diagram.width, clientHeight / diagram.height));
  };
  return (
    <div class="page">
      <header>
        <h1>One-line</h1>
        {diagram && <Beside diagram={diagram} />}
        <div class="row" role="group" aria-label="Diagram size">
          <button aria-label="Smaller" title="Smaller" data-test="oneline-smaller" disabled={zoom.value <= LEAST_ZOOM} onClick={() => (zoom.value = Math.max(LEAST_ZOOM, zoom.value / STEP))}>
            −
          </button>
          <button title="Full size" data-test="oneline-full" onClick={() => (zoom.value = 1)}>
            {Math.round(100 * zoom.value)} %
          </button>
          <button aria-label="Larger" title="Larger" data-test="oneline-larger" disabled={zoom.value >= 2} onClick={() => (zoom.value = Math.min(2, zoom.value * STEP))}>
            +
          </button>
          <button title="The whole diagram" data-test="oneline-whole" onClick={whole}>
            Whole
          </button>
        </div>
        <label class="row">
          Show
          <select value={`${what}/${name}`} data-test="oneline-feeder" onChange={(event) => go("oneline", event.currentTarget.value)}>
            <optgroup label="Substations">
              {stations.value.map((each) => (
                <option key={each.name} value={`substation/${each.name}`}>
                  {each.name}
                </option>
              ))}
            </optgroup>
            <optgroup label="Feeders">
              {(network.value?.feeders ?? []).map((each) => (
                <option key={each} value={`feeder/${each}`}>
                  {shortName(each)}
                </option>
              ))}
            </optgroup>
          </select>
        </label>
      </header>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      <div ref={box} class="oneline" tabIndex={0} role="group" aria-label="Diagram" data-test="oneline">
        {diagram && <Sheet diagram={diagram} zoom={zoom.value} />}
      </div>
      <Said />
    </div>
  );
}

/** The diagrams that go with this one. */
function Beside({ diagram }: { diagram: OneLine }) {
  const link = (to: string, text: string) => (
    <a key={to} href={`#/oneline/${encodeURIComponent(to)}`} data-test="oneline-beside">
      {text}
    </a>
  );
  if (diagram.what === "substation") return diagram.feeders.length ? <p class="row soft">Feeders {diagram.feeders.map((each) => link(`feeder/${each}`, shortName(each)))}</p> : <p class="soft">feeds no feeder</p>;
  return diagram.substation ? <p class="row soft">Substation {link(`substation/${diagram.substation}`, diagram.substation)}</p> : null;
}

/** Of when the figures are, and how far they may be believed. */
function Said() {
  const now = figures.value;
  if (replayed.value !== null) return <p class="soft">Positions as recorded; currents, powers and voltages of that time are not kept.</p>;
  if (!now) return <p class="soft">No figures.</p>;
  if (!now.converged)
    return (
      <p class="warn" role="status">
        The power flow did not converge: currents, powers and voltages are not known.
      </p>
    );
  const time = Date.parse(now.time);
  return (
    <p class="soft" data-test="oneline-said">
      Currents, powers and voltages are calculated, {clock(now.time)} {zoneShort(time)}. Taps and capacitors as the calculation has them.
    </p>
  );
}
