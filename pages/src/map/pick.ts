// What stands near a point of the map: elements in the cells of a grid, made once.
import type { Geometry } from "../wire/geometry";
import { CLASS, classOf } from "./kinds";

const CELLS_MOST = 256;
/** Cells that one long element may be entered in. */
const SPAN_MOST = 64;

export class Pick {
  private readonly side: number;
  private readonly starts: Uint32Array;
  private readonly items: Uint32Array;
  private readonly long: number[] = [];
  private readonly x0: number;
  private readonly y0: number;
  private readonly dx: number;
  private readonly dy: number;
  private readonly isDevice: boolean[];

  constructor(private readonly geometry: Geometry) {
    const { n, extent, kinds } = geometry;
    this.side = Math.min(CELLS_MOST, Math.max(1, Math.ceil(Math.sqrt(n / 2))));
    [this.x0, this.y0] = extent;
    this.dx = Math.max(extent[2] - extent[0], 1e-6) / this.side;
    this.dy = Math.max(extent[3] - extent[1], 1e-6) / this.side;
    this.isDevice = kinds.map((kind) => classOf(kind) !== CLASS.line);
    const counts = new Uint32Array(this.side * this.side + 1);
    for (let i = 0; i < n; i++) this.cells(i, (cell) => counts[cell + 1]!++);
    for (let c = 0; c < counts.length - 1; c++) counts[c + 1]! += counts[c]!;
    this.starts = counts;
    this.items = new Uint32Array(counts[counts.length - 1]!);
    const next = counts.slice();
    for (let i = 0; i < n; i++) {
      const isShort = this.cells(i, (cell) => {
        this.items[next[cell]!++] = i;
      });
      if (!isShort) this.long.push(i);
    }
  }

  /** The nearest element within a reach of a point, a device before a line; -1 for none. */
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let least = reach;
    const look = (i: number): void => {
      const favour = this.isDevice[this.geometry.kind[i]!] ? 0.4 : 1;
      const distance = this.distance(i, x, y);
      if (distance > reach || distance * favour >= least) return;
      least = distance * favour;
      best = i;
    };
    const [cx0, cy0, cx1, cy1] = this.range(x - reach, y - reach, x + reach, y + reach);
    for (let cy = cy0; cy <= cy1; cy++)
      for (let cx = cx0; cx <= cx1; cx++) {
        const cell = cy * this.side + cx;
        for (let k = this.starts[cell]!; k < this.starts[cell + 1]!; k++) look(this.items[k]!);
      }
    for (const i of this.long) look(i);
    return best;
  }

  /** The middle of an element on the map. */
  middle(i: number): [number, number] {
    const { xy } = this.geometry;
    return [(xy[4 * i]! + xy[4 * i + 2]!) / 2, (xy[4 * i + 1]! + xy[4 * i + 3]!) / 2];
  }

  private distance(i: number, x: number, y: number): number {
    const { xy } = this.geometry;
    const ax = xy[4 * i]!, ay = xy[4 * i + 1]!, bx = xy[4 * i + 2]!, by = xy[4 * i + 3]!;
    // A device is where its symbol stands.
    if (this.isDevice[this.geometry.kind[i]!]) return Math.hypot(x - (ax + bx) / 2, y - (ay + by) / 2);
    const ux = bx - ax, uy = by - ay;
    const long = ux * ux + uy * uy;
    const t = long > 0 ? Math.min(1, Math.max(0, ((x - ax) * ux + (y - ay) * uy) / long)) : 0;
    return Math.hypot(x - ax - t * ux, y - ay - t * uy);
  }

  /** Enters an element in the cells of its box; false where it would be in too many. */
  private cells(i: number, enter: (cell: number) => void): boolean {
    const { xy } = this.geometry;
    const ax = xy[4 * i]!, ay = xy[4 * i + 1]!, bx = xy[4 * i + 2]!, by = xy[4 * i + 3]!;
    const [cx0, cy0, cx1, cy1] = this.range(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
    if ((cx1 - cx0 + 1) * (cy1 - cy0 + 1) > SPAN_MOST) return false;
    for (let cy = cy0; cy <= cy1; cy++) for (let cx = cx0; cx <= cx1; cx++) enter(cy * this.side + cx);
    return true;
  }

  private range(x0: number, y0: number, x1: number, y1: number): [number, number, number, number] {
    const cell = (value: number): number => Math.min(this.side - 1, Math.max(0, Math.floor(value)));
    return [
      cell((x0 - this.x0) / this.dx),
      cell((y0 - this.y0) / this.dy),
      cell((x1 - this.x0) / this.dx),
      cell((y1 - this.y0) / this.dy),
    ];
  }
}
