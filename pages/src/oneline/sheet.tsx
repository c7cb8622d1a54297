// The sheet of a one-line diagram: places from the server, states from the same frames as the map.
import { useEffect, useRef } from "preact/hooks";
import type { Leads, OneLine, Placed } from "../wire/diagram";
import { FLAG } from "../wire/frame";
import { frames, isStale, mode, network, picture } from "../state/live";
import { go } from "../state/route";
import { choose, chosen } from "../map/marks";
import { CLASS, classOf, kindName } from "../map/kinds";
import { colourOf, limitsOf } from "../map/palette";
import { colours } from "../part/colours";
import { shortName } from "../part/format";
import { figures, flowOf, givenOf, setOf, type DeviceFigures, type PieceFigures } from "./figures";
import { Piece } from "./piece";
import { Mark, saying } from "./signs";

export interface Told {
  devices: Map<string, DeviceFigures>;
  pieces: Map<string, PieceFigures>;
}

/** Whether each piece is dead or not known, by its elements but open switches, which speak of both their sides. */
function flagsOf(diagram: OneLine, told: Told): Map<string, number> {
  const pieces = new Map<string, number>();
  for (const [id, piece] of told.pieces) pieces.set(id, piece.energised ? 0 : FLAG.dead);
  const held = picture.peek();
  if (!held) return pieces;
  const { bus1, bus2, n } = held.geometry;
  // A piece is named by the number of a bus of it.
  const wanted = new Set([...diagram.nodes.map((node) => Number(node.id)), ...diagram.stubs.filter((stub) => stub.beyond).map((stub) => Number(stub.beyond))]);
  const found = new Map<string, number>();
  for (let row = 0; row < n; row++) {
    const now = held.store.flags[row]!;
    if (now & FLAG.open) continue;
    for (const bus of [bus1[row]!, bus2[row]!]) {
      if (!wanted.has(bus)) continue;
      const before = found.get(String(bus)) ?? FLAG.unsure;
      // Live where one of them is known to be; not known only where none is.
      found.set(String(bus), now & FLAG.unsure || !before ? before : now & FLAG.dead);
    }
  }
  for (const [id, flags] of found) pieces.set(id, flags);
  return pieces;
}

export function Sheet({ diagram, zoom }: { diagram: OneLine; zoom: number }) {
  // Drawn again with each frame, so that positions are those of now.
  void frames.value;
  const told: Told = {
    devices: new Map((figures.value?.devices ?? []).map((each) => [`${each.key} ${each.at}`, each])),
    pieces: new Map((figures.value?.pieces ?? []).map((each) => [each.id, each])),
  };
  const pieces = flagsOf(diagram, told);
  const isLevel = diagram.what === "feeder";
  const { width, height } = diagram;
  return (
    <svg class={isStale.value ? "stale" : ""} width={width * zoom} height={height * zoom} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMinYMin meet">
      {diagram.nodes.map((node) => (
        <Piece key={node.id} node={node} flags={pieces.get(node.id)} told={told} isLevel={isLevel} hasMore={diagram.edges.some((edge) => edge.from === node.id) || diagram.stubs.some((stub) => stub.at === node.id)} />
      ))}
      {diagram.edges.map((edge) => (
        <Device key={edge.key} device={edge} told={told.devices.get(`${edge.key} ${edge.from}`)} isLevel={isLevel} ends={[pieces.get(edge.from), pieces.get(edge.to)]} />
      ))}
      {diagram.stubs.map((stub) => (
        <Device
          key={`${stub.key} ${stub.at}`}
          device={stub}
          leads={stub}
          told={told.devices.get(`${stub.key} ${stub.at}`)}
          isLevel={isLevel}
          ends={[pieces.get(stub.at), pieces.get(stub.target || stub.beyond)]}
        />
      ))}
    </svg>
  );
}

interface Props {
  device: Placed;
  leads?: Leads;
  told: DeviceFigures | undefined;
  isLevel: boolean;
  ends: [number | undefined, number | undefined];
}

function Device({ device, leads, told, isLevel, ends }: Props) {
  const sheet = useRef<SVGGElement>(null);
  const store = picture.value?.store;
  const own = store?.flags[device.index] ?? FLAG.unsure;
  const ink = store ? colourOf(mode.value, store.values[device.index] ?? 255, colours(), limitsOf(network.value?.limits))[0] : null;
  // Whatever else is at the end of an open switch says whether it is live; with nothing there, nothing feeds it.
  const isSplit = (own & (FLAG.open | FLAG.unsure)) === FLAG.open;
  const halves = ends.map((end) => (isSplit && !(own & FLAG.dead) ? (end ?? FLAG.dead) : own));
  useEffect(() => {
    sheet.current?.querySelectorAll<SVGPathElement>(".edge").forEach((path, i) => {
      path.style.stroke = halves[i]! & (FLAG.dead | FLAG.unsure) || !ink ? "" : `rgb(${ink.join()})`;
    });
  });
  const isDeadHalf = !(own & FLAG.dead) && halves.some((half) => half & FLAG.dead);
  const flow = isSplit ? "open" : classOf(device.kind) === CLASS.capacitor ? givenOf(told) : flowOf(told, own, isLevel);
  const isStanding = leads !== undefined && !leads.other;
  const lines = [flow, setOf(told), leads?.other ?? ""].filter(Boolean);
  const names = [...saying(own), isDeadHalf ? "de-energised on one side" : ""].filter(Boolean);
  // The words that are seen come first, as who speaks to the page says them.
  const seen = `${device.label || shortName(device.key)}`;
  const label = `${seen} ${kindName(device.kind)}${names.length ? `: ${names.join(", ")}` : ""}${leads?.other ? `, ${leads.other.replace("→", "leads to")}` : ""}`;
  const take = (): void => {
    choose(device.key, true);
    go("map");
  };
  const { line, sign, text, figures: at } = device;
  const away = leads?.substation ? `substation/${leads.substation}` : leads?.feeder ? `feeder/${leads.feeder}` : "";
  return (
    <>
      <g ref={sheet} data-key={device.key} role="button" tabindex={0} aria-label={label} data-test="oneline-edge" onClick={take} onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), take())}>
        <title>{[label, flow].join(" · ")}</title>
        <rect class="reach" x={sign[0] - 14} y={sign[1] - 14} width={28} height={28} />
        {[`M${line.x1} ${line.y1}L${sign[0]} ${sign[1]}`, `M${sign[0]} ${sign[1]}L${isStanding ? sign[0] : line.x2} ${isStanding ? sign[1] : line.y2}`].map((d, i) => (
          <path key={i} class={`edge ${halves[i]! & FLAG.dead ? "dead" : ""} ${halves[i]! & FLAG.unsure ? "unsure" : ""}`} d={d} />
        ))}
        {leads?.other && <path class="mark" d={isLevel ? `M${line.x2} ${line.y2 - 4}l7 4-7 4z` : `M${line.x2 - 4} ${line.y2}h8l-4 7z`} />}
        {classOf(device.kind) !== CLASS.line && <Mark kind={device.kind} flags={own} x={sign[0]} y={sign[1]} isLevel={isLevel} isChosen={chosen.value === device.key} />}
        <text x={text[0]} y={text[1]}>
          {seen}
        </text>
      </g>
      {lines.map((each, row) =>
        each === leads?.other && away ? null : (
          <text key={row} class="small" x={at[0]} y={at[1] + 15 * row}>
            {each}
          </text>
        ),
      )}
      {away && (
        <a href={`#/oneline/${encodeURIComponent(away)}`} data-test="oneline-away">
          <text class="small link" x={at[0]} y={at[1] + 15 * (lines.length - 1)}>
            {leads?.other}
          </text>
        </a>
      )}
    </>
  );
}
