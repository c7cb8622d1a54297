// What the colours and shapes of the map mean, with the limits.
import { useEffect, useRef } from "preact/hooks";
import { mode, network, picture } from "../state/live";
import { colours } from "../part/colours";
import { legend } from "../state/settings";
import { shortName } from "../part/format";
import { colourOf, HIGHEST, limitsOf, LOADING_STEP_PCT, V_LEAST_PU, V_STEP_PU, type Limits } from "./palette";

interface Scale {
  title: string;
  note: string;
  from: number;
  to: number;
  ticks: { at: number; text: string }[];
}

function scaleOf(limits: Limits): Scale | null {
  const v = (pu: number) => (pu - V_LEAST_PU) / V_STEP_PU;
  if (mode.value === "voltage")
    return {
      title: "Voltage, pu",
      note: "grey = inside limits",
      from: v(0.88),
      to: v(1.1),
      ticks: [0.88, limits.vLow, limits.vHigh, 1.1].map((pu) => ({ at: v(pu), text: pu.toFixed(3).replace(/0$/, "") })),
    };
  if (mode.value === "loading")
    return {
      title: "Loading, % of normal rating",
      note: "grey = inside limits",
      from: 0,
      to: 160 / LOADING_STEP_PCT,
      ticks: [0, limits.loadingPct, 160].map((pct) => ({ at: pct / LOADING_STEP_PCT, text: `${pct}` })),
    };
  if (mode.value === "der")
    return {
      title: "DER output, % of rating",
      note: "",
      from: 25,
      to: 225,
      ticks: [
        { at: 25, text: "−100 charging" },
        { at: 125, text: "0" },
        { at: 225, text: "100" },
      ],
    };
  return null;
}

export function Legend() {
  const limits = limitsOf(network.value?.limits);
  const scale = scaleOf(limits);
  return (
    <div class="legend" data-test="legend">
      {scale ? <Ramp scale={scale} limits={limits} /> : <Names />}
      <details open={legend.value === "open"} onToggle={(event) => (legend.value = event.currentTarget.open ? "open" : "closed")}>
        <summary data-test="legend-signs">What the signs mean</summary>
        <ul class="signs">
        <Sign text="de-energised" line="5 4" thin />
        <Sign text="old or unknown" line="1.5 3" />
        <Sign text="some phases dead" line="9 3" />
        <Sign text="open" shape="open" />
        <Sign text="closed" shape="closed" />
        <Sign text="not in normal position" shape="ring" />
        <Sign text="earthed" shape="earth" />
        <Sign text="tagged" shape="flag" />
        <Sign text="fault" shape="cross" />
        </ul>
      </details>
    </div>
  );
}

function Ramp({ scale, limits }: { scale: Scale; limits: Limits }) {
  const bar = useRef<HTMLCanvasElement>(null);
  const now = colours();
  const which = mode.value;
  useEffect(() => {
    const context = bar.current?.getContext("2d");
    if (!context || !bar.current) return;
    for (let x = 0; x < bar.current.width; x++) {
      const value = Math.round(scale.from + ((scale.to - scale.from) * x) / bar.current.width);
      context.fillStyle = `rgb(${colourOf(which, Math.min(HIGHEST, Math.max(0, value)), now, limits)[0].join()})`;
      context.fillRect(x, 0, 1, bar.current.height);
    }
  });
  return (
    <>
      <b>{scale.title}</b> <span class="soft">{scale.note}</span>
      <canvas ref={bar} class="bar" width={280} height={10} aria-hidden="true" />
      <div class="ticks">
        {scale.ticks.map((tick) => (
          <span key={tick.at} ref={(at) => at?.style.setProperty("left", `${(100 * (tick.at - scale.from)) / (scale.to - scale.from)}%`)}>
            {tick.text}
          </span>
        ))}
      </div>
    </>
  );
}

function Names() {
  const now = colours();
  const which = mode.value;
  if (which === "hosting") return <p>Hosting capacity arrives with its issue: nothing is coloured yet.</p>;
  const swatches: [string, string][] =
    which === "phase"
      ? [["a", now.phases[0]], ["b", now.phases[1]], ["c", now.phases[2]], ["a b c", now.normal]]
      : which === "feeder"
        ? (picture.value?.geometry.feeders ?? []).slice(0, 8).map((name, i) => [shortName(name), now.feeders[i % now.feeders.length]!])
        : [["energised", now.normal], ["some phases dead", now.low]];
  return (
    <>
      <b>{which === "phase" ? "Energised phases" : which === "feeder" ? "Fed by feeder" : "Energised"}</b>
      <ul class="signs">
        {swatches.map(([name, colour]) => (
          <li key={name}>
            <span class="swatch" ref={(at) => at?.style.setProperty("background", colour)} />
            {name}
          </li>
        ))}
      </ul>
    </>
  );
}

function Sign(props: { text: string; line?: string; thin?: boolean; shape?: "open" | "closed" | "ring" | "earth" | "flag" | "cross" }) {
  const ink = "var(--text)";
  return (
    <li>
      <svg viewBox="0 0 26 16" aria-hidden="true" fill="none" stroke={ink} stroke-width="1.4">
        {props.line && <path d="M1 8h24" stroke-dasharray={props.line} stroke-width={props.thin ? 1.2 : 2} />}
        {props.shape && props.shape !== "earth" && props.shape !== "cross" && <path d="M1 8h24" stroke="var(--normal)" />}
        {props.shape === "open" && <path d="M9 4h8v8H9z" fill="var(--ground)" />}
        {(props.shape === "closed" || props.shape === "flag") && <path d="M9 4h8v8H9z" fill={ink} />}
        {props.shape === "ring" && <path d="M10 5h6v6h-6zM13 0l8 8-8 8-8-8z" fill="var(--ground)" stroke="var(--accent)" />}
        {props.shape === "earth" && <path d="M6 5h14M9 9h8M12 13h2M13 0v5" />}
        {props.shape === "flag" && <path d="M17 8V0h7v5h-7" fill={ink} />}
        {props.shape === "cross" && <path d="M7 2l12 12M19 2L7 14" stroke="var(--p1)" stroke-width="2.5" />}
      </svg>
      {props.text}
    </li>
  );
}

