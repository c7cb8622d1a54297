// The one scrubber of a replay: the time that is shown, how fast it goes on, and what happened when.
import { useEffect, useRef } from "preact/hooks";
import { replayed } from "../state/replay";
import { endMs, isPlaying, marks, PACES, pace, play, seek, span, startMs, STEP_MS, stepMark, stop } from "../state/replaying";
import { dateAndTime, number } from "../part/format";
import { useKeys } from "./bindings";

const WIDTH = 1000;
const HEIGHT = 30;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -60, PageUp: 60 };
const SHIFTED = 6;

export function Scrubber() {
  const bar = useRef<HTMLInputElement>(null);
  const isReady = span.value !== null;
  useEffect(() => bar.current?.focus(), [isReady]);
  useKeys(
    {
      ",": () => stepMark(-1),
      ".": () => stepMark(1),
      Home: () => seek(startMs.peek()),
      End: () => seek(endMs.peek()),
    },
    [],
  );
  const now = replayed.value ?? 0;
  if (!isReady) return <p class="scrubber soft">Reading what was recorded …</p>;
  const onKey = (event: KeyboardEvent): void => {
    const steps = STEPS[event.key];
    if (event.key === "Home") seek(startMs.peek());
    else if (event.key === "End") seek(endMs.peek());
    else if (steps !== undefined) seek((replayed.peek() ?? 0) + steps * STEP_MS * (event.shiftKey ? SHIFTED : 1));
    else return;
    event.preventDefault();
  };
  return (
    <div class="scrubber" role="group" aria-label="Replay" data-test="scrubber">
      <button data-test="mark-before" aria-label="Mark before" title="Mark before (,)" onClick={() => stepMark(-1)}>
        <Skip back />
      </button>
      <button data-test="replay-play" aria-pressed={isPlaying.value} onClick={() => (isPlaying.value ? stop() : play())}>
        {isPlaying.value ? "Stop" : "Play"}
      </button>
      <button data-test="mark-next" aria-label="Next mark" title="Next mark (.)" onClick={() => stepMark(1)}>
        <Skip />
      </button>
      <label>
        <span class="unseen">Pace</span>
        <select data-test="replay-pace" value={String(pace.value)} onChange={(event) => (pace.value = Number(event.currentTarget.value))}>
          {PACES.map((each) => (
            <option key={each} value={String(each)}>
              ×{each}
            </option>
          ))}
        </select>
      </label>
      <span class="soft together">{dateAndTime(startMs.value)}</span>
      <div class="track">
        <Curve />
        <input ref={bar} type="range" min={startMs.value} max={endMs.value} step={1} value={now} aria-label="Time that is shown" aria-valuetext={dateAndTime(now)} data-test="replay-time" onKeyDown={onKey} onInput={(event) => seek(Number(event.currentTarget.value))} />
      </div>
      <span class="soft together">{dateAndTime(endMs.value)}</span>
    </div>
  );
}

const Skip = ({ back }: { back?: boolean }) => (
  <svg class="skip" viewBox="0 0 16 16" aria-hidden="true">
    <path d={back ? "M3 2v12M14 2L5 8l9 6z" : "M13 2v12M2 2l9 6-9 6z"} />
  </svg>
);

/** Customers out over the time, with the marks; where nothing was recorded it is hatched. */
function Curve() {
  const told = span.value!.curve;
  const lasts = Math.max(1, endMs.value - startMs.value);
  const x = (time: string): number => (WIDTH * (Date.parse(time) - startMs.value)) / lasts;
  const most = Math.max(1, ...told.customers_out.map((each) => each ?? 0));
  const ends = told.times.map((_, i) => (i + 1 < told.times.length ? x(told.times[i + 1]!) : WIDTH));
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" data-test="replay-curve">
      <title>{`At most ${number(most)} customers out`}</title>
      {told.times.map((time, i) => {
        const out = told.customers_out[i];
        const left = x(time);
        if (out === null || out === undefined) return <rect key={time} class="gap" x={left} y={HEIGHT - 3} width={ends[i]! - left} height={3} />;
        const height = (HEIGHT * out) / most;
        return out ? <rect key={time} class="out" x={left} y={HEIGHT - height} width={Math.max(1, ends[i]! - left)} height={height} /> : null;
      })}
      {marks.value.map((each, i) => (
        <path key={i} class="mark" data-kind={each.kind} d={`M${x(each.time)} 0V${HEIGHT}`} />
      ))}
    </svg>
  );
}
