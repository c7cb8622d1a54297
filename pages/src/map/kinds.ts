// Kinds of element as the map draws them.

export const CLASS = { line: 0, switch: 1, transformer: 2, source: 3, capacitor: 4, der: 5, other: 6 } as const;
export type Class = (typeof CLASS)[keyof typeof CLASS];

const BY_KIND: Record<string, Class> = {
  line: CLASS.line,
  switch: CLASS.switch,
  breaker: CLASS.switch,
  recloser: CLASS.switch,
  fuse: CLASS.switch,
  sectionaliser: CLASS.switch,
  disconnect: CLASS.switch,
  transformer: CLASS.transformer,
  substation_transformer: CLASS.transformer,
  regulator: CLASS.transformer,
  reactor: CLASS.other,
  series_capacitor: CLASS.other,
  source: CLASS.source,
  capacitor: CLASS.capacitor,
  generator: CLASS.der,
  pv_system: CLASS.der,
  storage: CLASS.der,
};

/** How a kind is drawn; what is not known here is drawn as a line. */
export const classOf = (kind: string): Class => BY_KIND[kind] ?? CLASS.line;

export const isSwitching = (kind: string): boolean => classOf(kind) === CLASS.switch;

/** Width, 0 to 31, by the number of phases and by how near the substation it stands. */
export function widthOf(kind: Class, phases: number, tier: number): number {
  const count = (phases & 1) + ((phases >> 1) & 1) + ((phases >> 2) & 1);
  const width = count >= 3 ? 21 : count === 2 ? 13 : 7;
  return kind === CLASS.line || kind === CLASS.switch ? Math.min(31, width + (tier === 0 ? 7 : 0)) : 11;
}

export const kindName = (kind: string): string => kind.replaceAll("_", " ");
