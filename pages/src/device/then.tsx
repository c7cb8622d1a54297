// The device at hand at the time that is replayed: what its signs on the map told, and nothing else.
import { FLAG, UNKNOWN } from "../wire/frame";
import { frames, mode, names, picture } from "../state/live";
import { choose, rowOf } from "../map/marks";
import { isSwitching, kindName } from "../map/kinds";
import { LOADING_STEP_PCT, V_LEAST_PU, V_STEP_PU } from "../map/palette";
import { percent, perUnit, shortName } from "../part/format";

/** What the value of an element tells in the mode that is shown; null where it is no figure. */
function figureOf(value: number): [string, string] | null {
  if (mode.value === "voltage") return ["Voltage", value === UNKNOWN ? "not known" : `${perUnit(V_LEAST_PU + V_STEP_PU * value)} pu`];
  if (mode.value === "loading") return ["Loading", value === UNKNOWN ? "not known" : percent(LOADING_STEP_PCT * value)];
  return null;
}

export function DeviceThen({ device }: { device: string }) {
  void [frames.value, names.value];
  const held = picture.value;
  const row = rowOf(device);
  const flags = row < 0 ? FLAG.unsure : (held?.store.flags[row] ?? FLAG.unsure);
  const value = row < 0 ? UNKNOWN : (held?.store.values[row] ?? UNKNOWN);
  const kind = row < 0 ? "" : (held?.geometry.kinds[held.geometry.kind[row]!] ?? "");
  const isUnsure = (flags & FLAG.unsure) !== 0;
  const figure = figureOf(value);
  const marks = [flags & FLAG.notNormal && "not in its normal position", flags & FLAG.tagged && "tagged", flags & FLAG.grounded && "earthed", flags & FLAG.fault && "fault known or suspected"].filter(Boolean);
  return (
    <section class="stack" data-test="device-then">
      <div class="head">
        <h2 tabIndex={-1} data-test="device-title" class="wrap">
          {kindName(kind)} {shortName(device)}
        </h2>
        <button class="plain" aria-label="Let go of this device" data-test="device-close" onClick={() => choose(null)}>
          ✕
        </button>
      </div>
      <dl class="facts">
        {isSwitching(kind) && (
          <>
            <dt>Position</dt>
            <dd data-test="device-position">{isUnsure ? "not known" : flags & FLAG.open ? "open" : "closed"}</dd>
          </>
        )}
        <dt>Supply</dt>
        <dd data-test="device-supply">{isUnsure ? "not known" : flags & FLAG.dead ? "de-energised" : flags & FLAG.partly ? "some phases dead" : "energised"}</dd>
        {figure && (
          <>
            <dt>{figure[0]} (calculated)</dt>
            <dd>{figure[1]}</dd>
          </>
        )}
        {marks.length > 0 && (
          <>
            <dt>Marks</dt>
            <dd>{marks.join(", ")}</dd>
          </>
        )}
      </dl>
      <p class="soft">Currents, powers and who held the device are not recorded.</p>
    </section>
  );
}
