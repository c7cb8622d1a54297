// The priority of an alarm: by shape, by number, and by colour.
export const PRIORITIES = [1, 2, 3, 4] as const;
export type Level = (typeof PRIORITIES)[number];

const SHAPES: Record<Level, string> = {
  1: "M3 3h24v16h-24z",
  2: "M15 1 29 21H1z",
  3: "M15 1 28 11 15 21 2 11z",
  4: "M15 2a9 9 0 1 0 .01 0z",
};

/** A square, a triangle, a diamond or a circle around the number. */
export function Priority(props: { level: number; quiet?: boolean }) {
  const level = (PRIORITIES.find((each) => each === props.level) ?? 4) as Level;
  const tone = `var(--p${level})`;
  const drop = level === 2 ? 18 : 15;
  return (
    <span class="priority" role="img" aria-label={`priority ${level}`}>
      <svg viewBox="0 0 30 22" aria-hidden="true">
        <path d={SHAPES[level]} fill={props.quiet ? "none" : tone} stroke={props.quiet ? "var(--edge)" : tone} stroke-width="1.5" />
        <text x="15" y={drop} text-anchor="middle" font-size="12" font-weight="700" fill={props.quiet ? "var(--soft)" : "var(--bg)"}>
          {level}
        </text>
      </svg>
    </span>
  );
}
