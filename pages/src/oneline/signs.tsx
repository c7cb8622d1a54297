// The signs of a one-line diagram: one for each class of device, with what hangs on it.
import { FLAG } from "../wire/frame";
import { CLASS, classOf } from "../map/kinds";

interface Sign {
  kind: string;
  flags: number;
  x: number;
  y: number;
  isLevel: boolean;
  isChosen?: boolean;
}

export function Mark({ kind, flags, x, y, isLevel, isChosen }: Sign) {
  return (
    <>
      {flags & FLAG.notNormal ? <path class="ring" d={`M${x} ${y - 14}l14 14-14 14-14-14z`} /> : null}
      {isChosen ? <circle class="ring" cx={x} cy={y} r={16} /> : null}
      <Body kind={kind} flags={flags} x={x} y={y} isLevel={isLevel} />
      {flags & FLAG.tagged ? <path class="mark" d={`M${x - 6} ${y - 6}v-12h-9v7h9`} /> : null}
      {flags & FLAG.grounded ? <path class="earth" d={`M${x - 12} ${y + 4}v6m-7 0h14m-11 4h8m-5 4h2`} /> : null}
      {flags & FLAG.fault ? <path class="fault-cross" d={`M${x - 9} ${y - 9}l18 18m0-18l-18 18`} /> : null}
    </>
  );
}

function Body({ kind, flags, x, y, isLevel }: Sign) {
  const [dx, dy] = isLevel ? [4, 0] : [0, 4];
  switch (classOf(kind)) {
    case CLASS.switch:
      return (
        <>
          <rect class={flags & (FLAG.open | FLAG.unsure) ? "mark open" : "mark"} x={x - 6} y={y - 6} width={12} height={12} />
          {flags & FLAG.unsure ? <circle class="mark" cx={x} cy={y} r={1.5} /> : null}
        </>
      );
    case CLASS.transformer:
      return (
        <>
          <circle class="mark hollow" cx={x - dx} cy={y - dy} r={7} />
          <circle class="coil" cx={x + dx} cy={y + dy} r={7} />
          {kind === "regulator" && <path class="coil" d={`M${x - 10} ${y + 10}L${x + 10} ${y - 10}m-6 0h6v6`} />}
        </>
      );
    case CLASS.capacitor:
      return <path class="coil" d={isLevel ? `M${x - 3} ${y - 8}v16m6-16v16` : `M${x - 8} ${y - 3}h16m-16 6h16`} />;
    case CLASS.der:
      return <circle class="mark hollow" cx={x} cy={y} r={8} />;
    case CLASS.other:
      return <rect class="mark hollow" x={x - (isLevel ? 8 : 4)} y={y - (isLevel ? 4 : 8)} width={isLevel ? 16 : 8} height={isLevel ? 8 : 16} />;
    default:
      return null;
  }
}

/** A small switch in a row of text. */
export const Small = ({ flags, x, y }: { flags: number; x: number; y: number }) => (
  <>
    {flags & FLAG.notNormal ? <path class="ring" d={`M${x} ${y - 8}l8 8-8 8-8-8z`} /> : null}
    <rect class={flags & (FLAG.open | FLAG.unsure) ? "mark open" : "mark"} x={x - 4} y={y - 4} width={8} height={8} />
  </>
);

/** What the flags of a device say, in words. */
export const saying = (flags: number): string[] =>
  [
    flags & FLAG.dead && "de-energised",
    flags & FLAG.open && "open",
    flags & FLAG.unsure && "not known",
    flags & FLAG.notNormal && "not in its normal position",
    flags & FLAG.tagged && "tagged",
    flags & FLAG.grounded && "earthed",
    flags & FLAG.fault && "fault",
  ].filter((word): word is string => typeof word === "string");
