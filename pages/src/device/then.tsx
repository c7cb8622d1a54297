// The device at hand at the time that is replayed: what was recorded of it, and who held it by the journal.
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import type { ElementThen } from "../wire/past";
import { asProblem, get, type Problem } from "../wire/http";
import { then } from "../state/replay";
import { choose, chosen } from "../map/marks";
import { isSwitching, kindName } from "../map/kinds";
import { NONE, number, perUnit, percent, shortName } from "../part/format";

const told = signal<ElementThen | null>(null);
const problem = signal<Problem | null>(null);

async function read(device: string, time: string): Promise<void> {
  try {
    const found = await get<ElementThen>(`/replay/elements/${encodeURIComponent(device)}?time=${encodeURIComponent(time)}`);
    if (then.peek()?.time !== time) return;
    told.value = found;
    problem.value = null;
    if (found.key !== device && chosen.peek() === device) choose(found.key, true);
  } catch (error) {
    told.value = null;
    problem.value = asProblem(error);
  }
}

const NOT_KNOWN = "not known";

export function DeviceThen({ device }: { device: string }) {
  const time = then.value?.time;
  useEffect(() => {
    if (time) void read(device, time);
    else told.value = null;
  }, [device, time]);
  const was = told.value?.key === device && told.value.time === time ? told.value : null;
  const last = told.value?.key === device ? told.value : null;
  return (
    <section class="stack" data-test="device-then" data-time={was?.time ?? ""}>
      <div class="head">
        <h2 tabIndex={-1} data-test="device-title" class="wrap">
          {last ? kindName(last.kind) : ""} {shortName(device)}
        </h2>
        <button class="plain" aria-label="Let go of this device" data-test="device-close" onClick={() => choose(null)}>
          ✕
        </button>
      </div>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      {was ? <FactsThen was={was} /> : problem.value ? null : <p class="soft">{time ? "reading …" : "Nothing is known of this time."}</p>}
    </section>
  );
}

function FactsThen({ was }: { was: ElementThen }) {
  const marks = [was.not_normal && "not in its normal position", was.tagged && "tagged", was.grounded && "earthed", was.faulted && "fault known or suspected"].filter(Boolean);
  const beyond = was.beyond ? " or beyond" : "";
  return (
    <>
      <p class="soft">{[was.feeder ? `fed by ${shortName(was.feeder)}` : was.supply && "fed by none", was.live_phases && `live phases ${was.live_phases}`].filter(Boolean).join(" · ")}</p>
      <dl class="facts">
        {isSwitching(was.kind) && (
          <>
            <dt>Position</dt>
            <dd data-test="device-position">{was.position ?? NOT_KNOWN}</dd>
          </>
        )}
        <dt>Supply</dt>
        <dd data-test="device-supply">{was.supply ?? NOT_KNOWN}</dd>
        <dt>Current (calculated)</dt>
        <dd data-test="device-current">{was.i_a === null ? NONE : `${number(was.i_a, was.i_a < 10 ? 1 : 0)}\u00a0A${beyond}, in the most loaded phase`}</dd>
        <dt>Loading</dt>
        <dd>
          {percent(was.loading_pct)}
          {was.loading_pct !== null && beyond} of {was.rating_a === null ? "unknown rating" : `${number(was.rating_a)} A`}
        </dd>
        <dt>Voltage (calculated)</dt>
        <dd data-test="device-voltage">{was.v_pu === null ? NONE : `${perUnit(was.v_pu)}\u00a0pu${beyond}, furthest from nominal`}</dd>
        {was.output_pct !== null && (
          <>
            <dt>Output</dt>
            <dd>{percent(was.output_pct)} of its rating</dd>
          </>
        )}
        {marks.length > 0 && (
          <>
            <dt>Marks</dt>
            <dd>{marks.join(", ")}</dd>
          </>
        )}
        {[...(was.tags ?? []).map((tag) => ["Tag", tag] as const), ...(was.grounds ?? []).map((earth) => ["Earth", { ...earth, kind: earth.bus }] as const)].map(([what, one]) => (
          <Fragment key={one.id}>
            <dt>
              {what} {one.id}
            </dt>
            <dd data-test="device-held">
              {one.kind}, held by {one.holder || "nobody named"}
            </dd>
          </Fragment>
        ))}
      </dl>
      {was.unsure.map((each) => (
        <p key={each} class="soft">
          {each[0]?.toUpperCase()}
          {each.slice(1)}.
        </p>
      ))}
      <p class="soft">Figures are kept in steps of 0.8 % and 0.0016 pu; powers are not kept.</p>
    </>
  );
}
