// The device at hand: what is known of it and since when, and what may be done to it.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import type { Device } from "../wire/answers";
import { asProblem, get, post, type Problem } from "../wire/http";
import { overview } from "../state/feed";
import { isStale } from "../state/live";
import { replayed } from "../state/replay";
import { may, session } from "../state/session";
import { tried } from "../state/notes";
import { go } from "../state/route";
import { useKeys } from "../shell/bindings";
import { choose, chosen, trace, traced } from "../map/marks";
import { isSwitching, kindName } from "../map/kinds";
import { age, length, NONE, number, perUnit, percent, plural, power, shortName } from "../part/format";
import { ask } from "../part/reason";
import { Operate, operation } from "./operate";
import { DeviceThen } from "./then";
import { Work } from "./work";

const told = signal<Device | null>(null);
const problem = signal<Problem | null>(null);

async function read(key: string): Promise<void> {
  try {
    const found = await get<Device>(`/network/elements/${encodeURIComponent(key)}`);
    told.value = found;
    problem.value = null;
    // An address may name a device in short; the map knows it by its key.
    if (found.key !== key && chosen.peek() === key) choose(found.key, true);
  } catch (error) {
    problem.value = asProblem(error);
  }
}

/** The device at hand, now or at the time that is replayed. */
export const DevicePanel = (props: { device: string }) => (replayed.value === null ? <DeviceNow device={props.device} /> : <DeviceThen device={props.device} />);

function DeviceNow(props: { device: string }) {
  const { device } = props;
  useEffect(() => void (told.value = null), [device]);
  useKeys({ e: () => document.querySelector<HTMLElement>("[data-test=device-title]")?.focus() }, [device]);
  // Read again with each picture of the network, at most once a second.
  useEffect(() => void read(device), [device, overview.data.value?.number]);
  const now = told.value?.key.toLowerCase() === device.toLowerCase() ? told.value : null;
  return (
    <div data-stale={isStale.value ? "yes" : "no"}>
      <section>
        <div class="head">
          <h2 tabIndex={-1} data-test="device-title" class="wrap">
            {now ? kindName(now.kind) : ""} {shortName(device)}
          </h2>
          <button class="plain" aria-label="Let go of this device" data-test="device-close" onClick={() => choose(null)}>
            ✕
          </button>
        </div>
        <p class="soft">{now ? [now.feeder && `feeder ${shortName(now.feeder)}`, now.area && `area ${now.area}`, `phases ${now.phases}`].filter(Boolean).join(" · ") : "reading …"}</p>
      </section>
      {problem.value && (
        <section>
          <p class="bad" role="alert">
            {problem.value.message}
          </p>
        </section>
      )}
      {now && (
        <>
          <section class="stack">
            <Marks device={now} />
            <Facts device={now} />
            <Traces />
          </section>
          {isSwitching(now.kind) && (
            <section>
              <Operate device={now} again={() => void read(device)} />
            </section>
          )}
          <section>
            <Work device={now} again={() => void read(device)} />
          </section>
          <section class="row">
            <Exercise device={now} again={() => void read(device)} />
            <button data-test="device-trends" onClick={() => go("trends", now.key)}>
              Trends
            </button>
            <button data-test="device-journal" onClick={() => go("journal", now.key)}>
              Journal
            </button>
          </section>
        </>
      )}
    </div>
  );
}

function Marks({ device }: { device: Device }) {
  const marks = [
    device.faulted && "fault known or suspected",
    device.locked_out && "locked out by protection",
    device.position && device.normal && device.position !== device.normal && `not in its normal position (${device.normal})`,
    !device.position_known && isSwitching(device.kind) && "position not known",
    device.selected_by && !operation.value && `selected by ${device.selected_by}`,
  ].filter((each): each is string => typeof each === "string" && each !== "");
  return marks.length ? (
    <p class="row" data-test="device-marks">
      {marks.map((each) => (
        <span key={each} class="tag loud">
          {each}
        </span>
      ))}
    </p>
  ) : null;
}

const PHASES = ["a", "b", "c"] as const;
const byPhase = (figures: Device["i_a"], shown: (value: number | null | undefined) => string, unit: string): string => {
  if (!figures) return NONE;
  const known = PHASES.filter((phase) => figures[phase] !== null && figures[phase] !== undefined);
  return known.length ? `${known.map((phase) => `${phase}\u00a0${shown(figures[phase])}`).join(" · ")}\u00a0${unit}` : NONE;
};

function Facts({ device }: { device: Device }) {
  const how = device.source === "measured" ? "measured" : "calculated";
  const heard = device.heard_age_s === null ? "not telemetered" : `heard ${age(device.heard_age_s)} ago`;
  return (
    <dl class="facts" data-test="device-facts">
      {isSwitching(device.kind) && (
        <>
          <dt>Position ({heard})</dt>
          <dd data-test="device-position">{device.position_known ? (device.position ?? NONE) : <span class="unknown">not known</span>}</dd>
          <dt>Operated</dt>
          <dd>{device.remote ? "remotely" : "by a crew, at the device"}</dd>
        </>
      )}
      <dt>Current ({how})</dt>
      <dd>{byPhase(device.i_a, (value) => number(value), "A")}</dd>
      <dt>Loading</dt>
      <dd>
        {percent(device.loading_pct)} of {device.rating_a === null ? "unknown rating" : `${number(device.rating_a)} A`}
      </dd>
      <dt>Power ({how})</dt>
      <dd>
        {power(device.p_kw)} · {number(device.q_kvar)} kvar
      </dd>
      <dt>Voltage ({how})</dt>
      <dd>{byPhase(device.v_pu, perUnit, "pu")}</dd>
      <dt>Downstream</dt>
      <dd>{device.customers_downstream === null ? NONE : plural(device.customers_downstream, "customer")}</dd>
      {typeof device.length_m === "number" && (
        <>
          <dt>Length</dt>
          <dd data-test="device-length">{length(device.length_m)}</dd>
        </>
      )}
      <dt>From / to</dt>
      <dd class="wrap">
        {device.bus1}
        {device.bus2 && device.bus2 !== device.bus1 ? ` → ${device.bus2}` : ""}
      </dd>
      {!device.converged && (
        <>
          <dt>Calculation</dt>
          <dd>did not converge</dd>
        </>
      )}
    </dl>
  );
}

const Traces = () => (
  <div class="row">
    <button data-test="trace-down" aria-pressed={traced.value?.direction === "down"} onClick={() => void trace("down")}>
      Trace down <kbd>t</kbd>
    </button>
    <button data-test="trace-up" aria-pressed={traced.value?.direction === "up"} onClick={() => void trace("up")}>
      Trace up <kbd>T</kbd>
    </button>
  </div>
);

/** Only where the field is simulated: strike it with a fault, or have it mended at once. */
function Exercise({ device, again }: { device: Device; again: () => void }) {
  if (!session.value?.demonstration || !may("study")) return null;
  const strike = async (): Promise<void> => {
    const sure = await ask({
      title: `Exercise: a fault on ${shortName(device.key)}`,
      text: "The simulated field is struck by a lasting fault of all phases. Protection, customers, crews and self-healing answer it.",
      act: "Strike",
      needsReason: false,
    });
    if (sure && (await tried(() => post("/exercise/faults", { element: device.key }), "The simulated field is struck"))) again();
  };
  return (
    <button data-test="strike" onClick={() => void strike()}>
      Exercise: fault here
    </button>
  );
}
