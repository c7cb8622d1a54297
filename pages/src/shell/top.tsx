// The bar at the top: figures of the whole network, alarm counts, the clock.
import { alarms, overview } from "../state/feed";
import { clockMs, isStale, network } from "../state/live";
import { replayed } from "../state/replay";
import { limitsOf } from "../map/palette";
import { clock, dateAndTime, number, perUnit, power, zoneShort } from "../part/format";
import { Priority, PRIORITIES } from "../part/priority";

export function Top() {
  const state = replayed.value !== null ? "replay" : isStale.value ? "stale" : clockMs.value ? "live" : "opening";
  const shownMs = clockMs.value;
  const words = { replay: "NOT LIVE", stale: "STALE", live: "LIVE", opening: "OPENING" }[state];
  return (
    <header class="top" data-stale={state === "live" ? "no" : "yes"}>
      <span class="brand">Gridmend</span>
      <span class="chip" data-state={state} data-test="feed-state">
        {words}
      </span>
      <Figures />
      <Counts />
      <div class="clock" data-test="clock" title={shownMs ? dateAndTime(shownMs) : ""}>
        {shownMs ? clock(shownMs) : "–"} <small>{zoneShort(shownMs)}</small>
      </div>
    </header>
  );
}

function Figures() {
  const told = overview.data.value;
  const limits = limitsOf(network.value?.limits);
  const low = told?.v_min_pu ?? null;
  const high = told?.v_max_pu ?? null;
  return (
    <div class="figures" data-test="figures">
      <Figure name="Load" value={power(told?.load_kw)} test="load" />
      <Figure name="DER output" value={power(told?.der_kw)} test="der" minor />
      <Figure
        name={`Customers out of ${number(told?.customers)}`}
        value={number(told?.customers_out)}
        tone={told && told.customers_out > 0 ? "bad" : ""}
        test="customers-out"
      />
      <Figure
        name="Critical out"
        value={number(told?.critical_out)}
        tone={told && told.critical_out > 0 ? "bad" : ""}
        test="critical-out"
        minor
      />
      <Figure
        name={told?.worst_bus ? `Voltage least, at ${told.worst_bus}` : "Voltage least"}
        value={low === null ? "–" : `${perUnit(low)} pu${low < limits.vLow ? " low" : ""}`}
        tone={low !== null && low < limits.vLow ? "low" : ""}
        test="v-min"
      />
      <Figure
        name="Voltage most"
        value={high === null ? "–" : `${perUnit(high)} pu${high > limits.vHigh ? " high" : ""}`}
        tone={high !== null && high > limits.vHigh ? "high" : ""}
        test="v-max"
        minor
      />
      <Figure name="Losses" value={power(told?.loss_kw)} test="loss" minor />
      <Figure name="Devices heard" value={told?.devices ? `${number(told.devices - told.stale)} of ${number(told.devices)}` : "–"} test="heard" minor />
    </div>
  );
}

function Figure(props: { name: string; value: string; tone?: string; test: string; minor?: boolean }) {
  return (
    <div class={props.minor ? "figure minor" : "figure"} data-tone={props.tone ?? ""} data-test={`figure-${props.test}`}>
      <span>{props.name}</span>
      <b>{props.value}</b>
    </div>
  );
}

function Counts() {
  const told = overview.data.value?.alarms ?? {};
  const waiting = overview.data.value?.unacknowledged ?? alarms.data.value?.alarms.filter((a) => a.state === "unacknowledged").length ?? 0;
  return (
    <div class="counts" aria-label="Alarms by priority" role="group">
      {PRIORITIES.map((priority) => {
        const count = told[String(priority)] ?? 0;
        return (
          <a key={priority} class="count" href="#/alarms" data-none={count ? "no" : "yes"} data-test={`alarm-count-${priority}`} title={`Priority ${priority}: ${count}`}>
            <Priority level={priority} quiet={!count} />
            {number(count)}
          </a>
        );
      })}
      <span class="count" data-none={waiting ? "no" : "yes"} data-test="alarm-unacknowledged" title="Not yet acknowledged">
        &nbsp;{number(waiting)} new
      </span>
    </div>
  );
}
