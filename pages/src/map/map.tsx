// The network on the screen: draws it, moves about it, picks from it.
import { useEffect, useRef } from "preact/hooks";
import { effect, signal } from "@preact/signals";
import { MODES, type Mode } from "../wire/frame";
import { clockMs, isStale, mode, picture, setMode } from "../state/live";
import { replayed } from "../state/replay";
import { isOnPaper } from "../state/settings";
import { isSearchOpen, onKeys } from "../shell/bindings";
import { dateAndTime, power, plural, shortName } from "../part/format";
import { choose, chosen, trace, traced } from "./marks";
import { Legend } from "./legend";
import { Stage } from "./stage";
import { neighbour, nextNotNormal } from "./walk";

const MODE_NAMES: Record<Mode, string> = {
  energised: "Energised",
  voltage: "Voltage",
  loading: "Loading",
  phase: "Phase",
  der: "DER",
  hosting: "Hosting",
  feeder: "Feeder",
};
const PAN_PX = 60;
const ZOOM = 1.35;
const hover = signal<{ key: string; x: number; y: number } | null>(null);
const failed = signal("");

export function NetworkMap() {
  const net = useRef<HTMLCanvasElement>(null);
  const text = useRef<HTMLCanvasElement>(null);
  const paper = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const held = picture.value;
  useEffect(() => {
    if (!net.current || !text.current || !held) return;
    try {
      stage.current = new Stage(net.current, text.current, held);
      failed.value = "";
    } catch (error) {
      failed.value = String(error);
      return;
    }
    const release = stage.current.attach({
      onPick: (key) => choose(key),
      onHover: (key, x, y) => {
        hover.value = key ? { key, x, y } : null;
      },
    });
    const letKeysGo = onKeys(keysOf(stage.current));
    const letPaperGo = effect(() => {
      if (isOnPaper.value && paper.current) stage.current?.copyTo(paper.current);
    });
    return () => {
      letKeysGo();
      letPaperGo();
      release();
      stage.current = null;
    };
  }, [held]);
  return (
    <section class={isStale.value ? "map stale" : "map"} aria-label="Map" data-test="map">
      <canvas ref={net} class="net" tabIndex={0} role="img" aria-label={`Network map, coloured by ${MODE_NAMES[mode.value]}. Search with Ctrl K; n goes to the next device that is not normal.`} data-test="map-canvas" />
      <canvas ref={text} class="names" aria-hidden="true" />
      <p class="on-paper" data-test="paper-title">
        {MODE_NAMES[mode.value]}, {dateAndTime(replayed.value ?? clockMs.value)}
      </p>
      <canvas ref={paper} class="on-paper" aria-hidden="true" data-test="map-paper" />
      <Modes />
      <Tools stage={() => stage.current} />
      <Legend />
      <Traced />
      {hover.value && (
        <div class="tag" ref={(at) => place(at)} data-test="hover">
          {shortName(hover.value.key)}
        </div>
      )}
      {failed.value && (
        <p class="bad" role="alert">
          The map cannot be drawn: {failed.value}. Everything else works; devices are found with Ctrl K.
        </p>
      )}
    </section>
  );
}

// Set by script, as the page's policy allows no style in its markup.
function place(at: HTMLElement | null): void {
  if (!at || !hover.value) return;
  Object.assign(at.style, { position: "absolute", left: `${hover.value.x + 14}px`, top: `${hover.value.y + 10}px`, background: "var(--panel)", pointerEvents: "none" });
}

function keysOf(stage: Stage): Record<string, () => void> {
  const keys: Record<string, () => void> = {
    "+": () => stage.zoom(ZOOM),
    "=": () => stage.zoom(ZOOM),
    "-": () => stage.zoom(1 / ZOOM),
    "0": () => stage.fit(),
    ArrowLeft: () => stage.pan(PAN_PX, 0),
    ArrowRight: () => stage.pan(-PAN_PX, 0),
    ArrowUp: () => stage.pan(0, PAN_PX),
    ArrowDown: () => stage.pan(0, -PAN_PX),
    v: () => chosen.peek() && choose(chosen.peek(), true),
    n: () => nextNotNormal(),
    "]": () => neighbour(1),
    "[": () => neighbour(-1),
    t: () => void trace("down"),
    T: () => void trace("up"),
    Escape: () => {
      if (traced.peek()) traced.value = null;
      else choose(null);
    },
  };
  MODES.forEach((each, i) => {
    keys[String(i + 1)] = () => setMode(each);
  });
  return keys;
}

function Modes() {
  const move = (event: KeyboardEvent, i: number): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.stopPropagation();
    event.preventDefault();
    const next = MODES[(i + step + MODES.length) % MODES.length]!;
    setMode(next);
    document.querySelector<HTMLElement>(`[data-test=mode-${next}]`)?.focus();
  };
  return (
    <div class="modes" role="radiogroup" aria-label="Coloured by">
      {MODES.map((each, i) => (
        <button key={each} role="radio" aria-checked={mode.value === each} tabIndex={mode.value === each ? 0 : -1} data-test={`mode-${each}`} onClick={() => setMode(each)} onKeyDown={(event) => move(event, i)}>
          {MODE_NAMES[each]}
        </button>
      ))}
    </div>
  );
}

function Tools(props: { stage: () => Stage | null }) {
  return (
    <div class="tools">
      <button aria-label="Search a device or bus" title="Search (Ctrl K)" data-test="open-search" onClick={() => (isSearchOpen.value = true)}>
        ⌕
      </button>
      <button aria-label="Nearer" title="Nearer (+)" data-test="zoom-in" onClick={() => props.stage()?.zoom(ZOOM)}>
        +
      </button>
      <button aria-label="Farther" title="Farther (−)" data-test="zoom-out" onClick={() => props.stage()?.zoom(1 / ZOOM)}>
        −
      </button>
      <button aria-label="Whole network" title="Whole network (0)" data-test="fit" onClick={() => props.stage()?.fit()}>
        ⤢
      </button>
    </div>
  );
}

function Traced() {
  const found = traced.value;
  if (!found) return null;
  return (
    <div class="traced card" role="status" data-test="traced">
      <b>
        {found.direction === "down" ? "Downstream" : "Upstream"} of {shortName(found.key)}
      </b>
      <p>
        {plural(found.elements.length, "element")} · {plural(found.customers, "customer")} · {power(found.load_kw)}{" "}
        <button class="plain" data-test="trace-clear" onClick={() => (traced.value = null)}>
          Clear
        </button>
      </p>
    </div>
  );
}
