// The one-line diagram of a feeder: drawn by the server's layout, coloured by the same state as the map.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import type { OneLine } from "../wire/answers";
import { FLAG } from "../wire/frame";
import { asProblem, get, type Problem } from "../wire/http";
import { frames, mode, network, picture } from "../state/live";
import { go, route } from "../state/route";
import { choose, chosen } from "../map/marks";
import { classOf, CLASS, kindName } from "../map/kinds";
import { colourOf, limitsOf } from "../map/palette";
import { colours } from "../part/colours";
import { shortName } from "../part/format";

const told = signal<OneLine | null>(null);
const problem = signal<Problem | null>(null);
const LEAST_STEP_X = 90;
const CHARACTER_X = 6.8;
const STEP_Y = 56;
const EDGE = 60;

async function read(feeder: string): Promise<void> {
  try {
    told.value = await get<OneLine>(`/network/oneline/${encodeURIComponent(feeder)}`);
    problem.value = null;
  } catch (error) {
    problem.value = asProblem(error);
  }
}

export default function OneLinePage() {
  const feeders = network.value?.feeders ?? [];
  const feeder = route.value.rest || feeders[0] || "";
  useEffect(() => {
    if (feeder) void read(feeder);
  }, [feeder]);
  return (
    <div class="page">
      <header>
        <h1>One-line</h1>
        <label class="row">
          Feeder
          <select value={feeder} data-test="oneline-feeder" onChange={(event) => go("oneline", event.currentTarget.value)}>
            {feeders.map((each) => (
              <option key={each} value={each}>
                {shortName(each)}
              </option>
            ))}
          </select>
        </label>
      </header>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      {told.value && <Diagram diagram={told.value} />}
    </div>
  );
}

/** Places the server's coordinates on a grid of their ranks, so that no two stand on each other. */
function placed(diagram: OneLine): { at: Map<string, [number, number]>; width: number; height: number } {
  const rank = (values: number[]): Map<number, number> => new Map([...new Set(values)].sort((a, b) => a - b).map((value, i) => [value, i]));
  const xs = rank(diagram.nodes.map((node) => node.x));
  const ys = rank(diagram.nodes.map((node) => node.y));
  const longest = Math.max(...diagram.nodes.map((node) => node.label.length), ...diagram.edges.map((edge) => edge.label.length));
  // Wide enough that no name runs into the next.
  const stepX = Math.max(LEAST_STEP_X, CHARACTER_X * longest + 14);
  const at = new Map(diagram.nodes.map((node) => [node.id, [EDGE + stepX * xs.get(node.x)!, EDGE + STEP_Y * ys.get(node.y)!] as [number, number]]));
  return { at, width: 2 * EDGE + stepX * Math.max(1, xs.size), height: 2 * EDGE + STEP_Y * Math.max(1, ys.size - 1) };
}

interface Run {
  edge: OneLine["edges"][number];
  /** How many more stand between the same two, as one regulator a phase. */
  others: number;
  /** Whether its far end is reached by another way: then it is drawn as a bow. */
  isTie: boolean;
}

function runsOf(diagram: OneLine): Run[] {
  const runs = new Map<string, Run>();
  const reached = new Set<string>();
  const x = new Map(diagram.nodes.map((node) => [node.id, node.x]));
  const span = (edge: Run["edge"]): number => Math.abs((x.get(edge.to) ?? 0) - (x.get(edge.from) ?? 0));
  const flags = picture.peek()?.store.flags;
  // Open where it normally is, or closed where it normally is not: a tie.
  const isOpen = (edge: Run["edge"]): number => {
    const now = flags?.[edge.index] ?? 0;
    return Number((now & FLAG.open) !== 0) ^ Number((now & FLAG.notNormal) !== 0);
  };
  // The usual and shortest way to a piece is drawn straight, and others to it as bows.
  const rank = (edge: Run["edge"]): number => isOpen(edge) * 1e6 + span(edge);
  for (const edge of [...diagram.edges].sort((a, b) => rank(a) - rank(b))) {
    const ends = `${edge.from} ${edge.to} ${edge.kind}`;
    const held = runs.get(ends);
    if (held) held.others += 1;
    else runs.set(ends, { edge, others: 0, isTie: reached.has(edge.to) });
    reached.add(edge.to);
  }
  return [...runs.values()];
}

/** The way of an edge up to its sign and after it, and where the sign stands. */
function wayOf(from: [number, number], to: [number, number], isTie: boolean): { halves: [string, string]; x: number; y: number } {
  const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  if (!isTie) return { halves: [`M${from[0]} ${from[1]}V${to[1]}H${x}`, `M${x} ${to[1]}H${to[0]}`], x, y: to[1] };
  const bow = 36;
  const [topX, topY] = [x + bow, y + bow * 1.4];
  const [midX, midY] = [(x + topX) / 2, (y + topY) / 2];
  const half = ([endX, endY]: [number, number]): string => `M${endX} ${endY}Q${(endX + topX) / 2} ${(endY + topY) / 2} ${midX} ${midY}`;
  return { halves: [half(from), half(to)], x: midX, y: midY };
}

/** Whether each piece is dead or not known, by its elements but open switches, which speak of both their sides. */
function flagsOf(diagram: OneLine): Map<string, number> {
  const pieces = new Map<string, number>();
  const held = picture.peek();
  if (!held) return pieces;
  const { bus1, bus2, n } = held.geometry;
  // A piece is named by the number of a bus of it.
  const wanted = new Set(diagram.nodes.map((node) => Number(node.id)));
  for (let row = 0; row < n; row++) {
    const now = held.store.flags[row]!;
    if (now & FLAG.open) continue;
    for (const bus of [bus1[row]!, bus2[row]!]) {
      if (!wanted.has(bus)) continue;
      const before = pieces.get(String(bus)) ?? FLAG.unsure;
      // Live where one of them is known to be; not known only where none is.
      pieces.set(String(bus), now & FLAG.unsure || !before ? before : now & FLAG.dead);
    }
  }
  return pieces;
}

function Diagram({ diagram }: { diagram: OneLine }) {
  // Drawn again with each frame, so that positions are those of now.
  void frames.value;
  const { at, width, height } = placed(diagram);
  const pieces = flagsOf(diagram);
  const sheet = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Begins at the supply, the leftmost.
    const [, y] = [...at.values()].reduce((first, each) => (each[0] < first[0] ? each : first), [Infinity, 0]);
    if (sheet.current) sheet.current.scrollTop = y - sheet.current.clientHeight / 2;
  }, [diagram]);
  return (
    <div ref={sheet} class="oneline" tabIndex={0} role="group" aria-label="Diagram" data-test="oneline">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {runsOf(diagram).map(({ edge, others, isTie }) => {
          const from = at.get(edge.from);
          const to = at.get(edge.to);
          return from && to ? <Edge key={edge.key} edge={edge} others={others} isTie={isTie} from={from} to={to} ends={[pieces.get(edge.from), pieces.get(edge.to)]} /> : null;
        })}
        {diagram.nodes.map((node) => {
          const [x, y] = at.get(node.id)!;
          return (
            <g key={node.id}>
              <circle class={node.kind === "bus" ? "mark" : "mark hollow"} cx={x} cy={y} r={node.kind === "bus" ? 2.5 : 6} />
              <text x={x + 6} y={y - 8}>
                {node.label}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function Edge(props: Run & { from: [number, number]; to: [number, number]; ends: [number | undefined, number | undefined] }) {
  const { edge, from, to } = props;
  const sheet = useRef<SVGGElement>(null);
  const store = picture.value?.store;
  const flags = store?.flags[edge.index] ?? FLAG.unsure;
  const ink = store ? colourOf(mode.value, store.values[edge.index] ?? 255, colours(), limitsOf(network.value?.limits))[0] : null;
  // Whatever else is at the end of an open switch says whether it is live; with nothing there, nothing feeds it.
  const isSplit = (flags & (FLAG.open | FLAG.unsure)) === FLAG.open;
  const halves = props.ends.map((end) => (isSplit && !(flags & FLAG.dead) ? (end ?? FLAG.dead) : flags));
  useEffect(() => {
    sheet.current?.querySelectorAll<SVGPathElement>(".edge").forEach((path, i) => {
      path.style.stroke = halves[i]! & (FLAG.dead | FLAG.unsure) || !ink ? "" : `rgb(${ink.join()})`;
    });
  });
  const isDeadHalf = !(flags & FLAG.dead) && halves.some((half) => half & FLAG.dead);
  const names = [flags & FLAG.dead && "de-energised", isDeadHalf && "de-energised on one side", flags & FLAG.open && "open", flags & FLAG.unsure && "not known", flags & FLAG.notNormal && "not in its normal position", flags & FLAG.tagged && "tagged", flags & FLAG.grounded && "earthed", flags & FLAG.fault && "fault"].filter(Boolean);
  const way = wayOf(from, to, props.isTie);
  const { x, y } = way;
  const take = (): void => {
    choose(edge.key, true);
    go("map");
  };
  // The words that are seen come first, as who speaks to the page says them.
  const seen = `${edge.label || shortName(edge.key)}${props.others ? ` +${props.others}` : ""}`;
  const label = `${seen} ${kindName(edge.kind)}${names.length ? `: ${names.join(", ")}` : ""}`;
  return (
    <g ref={sheet} data-key={edge.key} role="button" tabIndex={0} aria-label={label} data-test="oneline-edge" onClick={take} onKeyDown={(event) => event.key === "Enter" && take()}>
      <title>{label}</title>
      {way.halves.map((d, i) => (
        <path key={i} class={`edge ${halves[i]! & FLAG.dead ? "dead" : ""} ${halves[i]! & FLAG.unsure ? "unsure" : ""}`} d={d} />
      ))}
      <Mark kind={classOf(edge.kind)} flags={flags} x={x} y={y} isChosen={chosen.value === edge.key} />
      {classOf(edge.kind) !== CLASS.line && (
        <text x={x - 10} y={y + 22}>
          {seen}
        </text>
      )}
    </g>
  );
}

function Mark(props: { kind: number; flags: number; x: number; y: number; isChosen: boolean }) {
  const { kind, flags, x, y } = props;
  return (
    <>
      {flags & FLAG.notNormal ? <path class="ring" d={`M${x} ${y - 14}l14 14-14 14-14-14z`} /> : null}
      {props.isChosen ? <circle class="ring" cx={x} cy={y} r={16} /> : null}
      {kind === CLASS.switch && <rect class={flags & (FLAG.open | FLAG.unsure) ? "mark open" : "mark"} x={x - 6} y={y - 6} width={12} height={12} />}
      {kind === CLASS.transformer && (
        <>
          <circle class="mark hollow" cx={x - 4} cy={y} r={7} />
          <circle class="coil" cx={x + 4} cy={y} r={7} />
        </>
      )}
      {flags & FLAG.tagged ? <path class="mark" d={`M${x + 6} ${y - 6}v-12h9v7h-9`} /> : null}
      {flags & FLAG.grounded ? <path class="ring" d={`M${x} ${y + 6}v6m-8 0h16m-13 4h10m-7 4h4`} /> : null}
      {flags & FLAG.fault ? <path class="ring" d={`M${x - 9} ${y - 9}l18 18m0-18l-18 18`} /> : null}
    </>
  );
}
