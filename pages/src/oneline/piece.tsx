// A piece of network on a one-line diagram: its bar, its name, and what is known of a bay.
import type { OneLine } from "../wire/diagram";
import { FLAG } from "../wire/frame";
import { frames, isStale, network, picture } from "../state/live";
import { choose } from "../map/marks";
import { limitsOf } from "../map/palette";
import { NONE, number, perUnit, plural, shortName } from "../part/format";
import { go } from "../state/route";
import { Small, saying } from "./signs";
import type { Told } from "./sheet";

type Node = OneLine["nodes"][number];

export function Piece(props: { node: Node; flags: number | undefined; told: Told; isLevel: boolean; hasMore: boolean }) {
  const { node, told } = props;
  const { bar } = node;
  const known = told.pieces.get(node.id);
  const volts = known?.v_min_pu;
  const state = props.flags === undefined || props.flags & FLAG.unsure ? "unsure" : props.flags & FLAG.dead ? "dead" : "";
  const title = [node.label, state === "dead" ? "de-energised" : state === "unsure" ? "not known" : "", known ? plural(known.customers, "customer") : "", volts ? `lowest ${perUnit(volts)} pu` : ""].filter(Boolean).join(" · ");
  if (node.kind === "bay") return <Bay node={node} told={told} state={state} />;
  return (
    <g>
      <title>{title}</title>
      <path class={`bar ${state}`} d={`M${bar.x1} ${bar.y1}L${bar.x2} ${bar.y2}`} />
      {node.kind === "source" && <Source node={node} isLevel={props.isLevel} />}
      <text class="bold" x={node.x} y={node.y}>
        {node.label}
        {node.note && (
          <tspan class="small soft" dx="6">
            {node.note}
          </tspan>
        )}
      </text>
      {props.isLevel && !props.hasMore && (
        <text class={`small ${toneOf(volts)}`} x={node.x} y={node.y + 15}>
          {state === "dead" ? "de-energised" : `${perUnit(volts)} pu`}
        </text>
      )}
    </g>
  );
}

/** A source feeds the bar from before it. */
function Source({ node, isLevel }: { node: Node; isLevel: boolean }) {
  const [x, y] = isLevel ? [node.bar.x1 - 12, node.bar.y1 + 10] : [node.bar.x1 + 10, node.bar.y1 - 14];
  return (
    <>
      <circle class="mark hollow" cx={x} cy={y} r={8} />
      <path class="coil" d={`M${x - 5} ${y}q2.5 -6 5 0t5 0`} />
    </>
  );
}

const toneOf = (volts: number | null | undefined): string => {
  const limits = limitsOf(network.value?.limits);
  return volts === null || volts === undefined || isStale.value ? "soft" : volts < limits.vLow ? "low" : volts > limits.vHigh ? "high" : "soft";
};

function Bay({ node, told, state }: { node: Node; told: Told; state: string }) {
  const { x, y, bar } = node;
  const known = told.pieces.get(node.id);
  const name = node.feeders[0];
  const row = (k: number): number => bar.y1 + node.row_px * (k + 1);
  const arrow = `M${bar.x1 + 4} ${bar.y1}h12l-6 10z`;
  return (
    <g data-test="oneline-bay">
      <path class={`mark ${state === "" ? "" : "hollow"}`} d={arrow} />
      {name ? (
        <a href={`#/oneline/${encodeURIComponent(`feeder/${name}`)}`} data-test="oneline-feeder-link" aria-label={`${node.label}: one-line of feeder ${shortName(name)}`}>
          <text class="bold link" x={x} y={y}>
            {node.label}
          </text>
        </a>
      ) : (
        <text class="bold" x={x} y={y}>
          {node.label}
        </text>
      )}
      <text class="small" x={x} y={row(0)}>
        {known ? plural(known.customers, "customer") : NONE}
      </text>
      <text class={known?.customers_out ? "small bad-figure" : "small soft"} x={x} y={row(1)}>
        {known ? (known.customers_out ? `${number(known.customers_out)} out` : "none out") : NONE}
      </text>
      <text class={`small ${toneOf(known?.v_min_pu)}`} x={x} y={row(2)}>
        {state === "dead" ? "de-energised" : `lowest ${perUnit(known?.v_min_pu)} pu`}
      </text>
      {node.ties.map((tie) => (
        <BayTie key={tie.key} tie={tie} />
      ))}
    </g>
  );
}

function BayTie({ tie }: { tie: Node["ties"][number] }) {
  // Its place never changes, so that only frames have it drawn again.
  void frames.value;
  const flags = picture.value?.store.flags[tie.index] ?? FLAG.unsure;
  const away = tie.substation ? `substation/${tie.substation}` : tie.feeder ? `feeder/${tie.feeder}` : "";
  const label = `${tie.label} tie: ${saying(flags).join(", ") || "closed"}`;
  const take = (): void => {
    choose(tie.key, true);
    go("map");
  };
  return (
    <>
      <g data-key={tie.key} role="button" tabindex={0} aria-label={label} data-test="oneline-tie" onClick={take} onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), take())}>
        <title>{label}</title>
        <Small flags={flags} x={tie.x + 5} y={tie.y - 4} />
        <text class="small" x={tie.x + TIE_X} y={tie.y}>
          {tie.label}
        </text>
      </g>
      {!away && (
        <text class="small" x={tie.x + TIE_X + TIE_PX * tie.label.length + 6} y={tie.y}>
          {tie.other}
        </text>
      )}
      {away && (
        <a href={`#/oneline/${encodeURIComponent(away)}`} data-test="oneline-away">
          <text class="small link" x={tie.x + TIE_X + TIE_PX * tie.label.length + 6} y={tie.y}>
            {tie.other}
          </text>
        </a>
      )}
    </>
  );
}

/** Where the name of a tie begins, beside its sign and the ring around it. */
const TIE_X = 18;
/** Room that a letter of a tie's name takes at most. */
const TIE_PX = 7.1;
