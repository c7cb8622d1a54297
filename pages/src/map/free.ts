// Where the whole network is shown: as large as it may be with nothing of it behind what stands before the map.

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Fit {
  scale: number;
  /** Where the middle of the network comes to stand [pixels]. */
  x: number;
  y: number;
}

/** Kept clear around the network [pixels]; names stand to the right of what they name. */
const CLEAR: Box = { left: 22, top: 16, right: 70, bottom: 16 };
const HALVINGS = 9;
const PLACES = 16;
/** A network this much smaller than the map is not looked for: it is shown behind what stands there. */
const LEAST = 0.3;

/** Of a network as points [x, y, x, y, …] from its middle, upward, and its extent; the boxes are on a map of a width and a height. */
export function fitOf(points: Float32Array, [spanX, spanY]: [number, number], width: number, height: number, boxes: Box[]): Fit {
  const room = { left: CLEAR.left, top: CLEAR.top, right: width - CLEAR.right, bottom: height - CLEAR.bottom };
  const [wide, high] = [room.right - room.left, room.bottom - room.top];
  // A map that is smaller than what is kept clear is taken whole.
  if (wide <= 0 || high <= 0) return { scale: Math.min(width / spanX, height / spanY), x: width / 2, y: height / 2 };
  const most = Math.min(wide / spanX, high / spanY);
  const behind = boxes.map((box) => ({ left: box.left - CLEAR.right, top: box.top - CLEAR.bottom, right: box.right + CLEAR.left, bottom: box.bottom + CLEAR.top }));
  const at = (scale: number): Fit | null => placeOf(points, scale, room, behind, spanX, spanY);
  const first = at(most);
  if (first) return first;
  let best: Fit | null = null;
  let [low, top] = [LEAST * most, most];
  for (let k = 0; k < HALVINGS; k++) {
    const scale = (low + top) / 2;
    const found = at(scale);
    if (found) [best, low] = [found, scale];
    else top = scale;
  }
  return best ?? { scale: most, x: (room.left + room.right) / 2, y: (room.top + room.bottom) / 2 };
}

/** A place for the network at a scale where no point of it is in a box, the nearest to the middle; null where there is none. */
function placeOf(points: Float32Array, scale: number, room: Box, boxes: Box[], spanX: number, spanY: number): Fit | null {
  const slackX = Math.max(0, room.right - room.left - scale * spanX);
  const slackY = Math.max(0, room.bottom - room.top - scale * spanY);
  const [x0, y0] = [room.left + (scale * spanX) / 2, room.top + (scale * spanY) / 2];
  for (const [shareX, shareY] of SHARES) {
    const [x, y] = [x0 + slackX * shareX, y0 + slackY * shareY];
    if (isClear(points, scale, x, y, boxes)) return { scale, x, y };
  }
  return null;
}

/** Places in a room, by their shares of what is left of it, the middle first. */
const SHARES: [number, number][] = Array.from({ length: (PLACES + 1) ** 2 }, (_, k): [number, number] => [(k % (PLACES + 1)) / PLACES, Math.floor(k / (PLACES + 1)) / PLACES]).sort(
  (a, b) => Math.hypot(a[0] - 0.5, a[1] - 0.5) - Math.hypot(b[0] - 0.5, b[1] - 0.5),
);

function isClear(points: Float32Array, scale: number, x: number, y: number, boxes: Box[]): boolean {
  for (let i = 0; i < points.length; i += 2) {
    const [px, py] = [x + scale * points[i]!, y - scale * points[i + 1]!];
    for (const box of boxes) if (px > box.left && px < box.right && py > box.top && py < box.bottom) return false;
  }
  return true;
}

const ALONG = 4;
const POINTS_MOST = 4000;

/** Points along the elements of a network from an origin, so many as are looked at. */
export function pointsOf(xy: Float32Array, origin: [number, number]): Float32Array {
  const n = xy.length / 4;
  const step = Math.max(1, Math.ceil((n * (ALONG + 1)) / POINTS_MOST));
  const out: number[] = [];
  for (let i = 0; i < n; i += step)
    for (let k = 0; k <= ALONG; k++) {
      const share = k / ALONG;
      out.push(xy[4 * i]! + share * (xy[4 * i + 2]! - xy[4 * i]!) - origin[0], xy[4 * i + 1]! + share * (xy[4 * i + 3]! - xy[4 * i + 1]!) - origin[1]);
    }
  return Float32Array.from(out);
}
