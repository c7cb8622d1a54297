// Names on the map: the most important first, and none over another.
import type { Geometry } from "../wire/geometry";
import type { StateStore } from "../wire/frame";
import { FLAG } from "../wire/frame";
import type { Camera } from "./camera";
import { CLASS, classOf } from "./kinds";
import { shortName } from "../part/format";

const LABELS_MOST = 160;
const LOOKED_AT_MOST = 6000;
const FONT = "11px Inter, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";
const HEIGHT = 14;
const CELL = 24;
const IMPORTANT = FLAG.fault | FLAG.notNormal | FLAG.tagged | FLAG.grounded;

export class Labels {
  private readonly order: Uint32Array;
  private readonly tierStarts: number[] = [];
  private readonly isDevice: boolean[];

  constructor(
    private readonly geometry: Geometry,
    private readonly names: string[],
  ) {
    this.isDevice = geometry.kinds.map((kind) => classOf(kind) !== CLASS.line);
    const rank = (i: number): number => geometry.tier[i]! * 2 + (this.isDevice[geometry.kind[i]!] ? 0 : 1);
    this.order = new Uint32Array(geometry.n).map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b);
    for (let tier = 0; tier < 4; tier++) {
      const start = this.order.findIndex((i) => geometry.tier[i]! >= tier);
      this.tierStarts.push(start < 0 ? geometry.n : start);
    }
    this.tierStarts.push(geometry.n);
  }

  draw(canvas: HTMLCanvasElement, camera: Camera, dot: number, ink: string, ground: string, store: StateStore, first: number): void {
    const context = canvas.getContext("2d");
    if (!context) return;
    context.setTransform(dot, 0, 0, dot, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    context.font = FONT;
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = ground;
    context.fillStyle = ink;
    const taken = new Set<number>();
    let placed = 0;
    const put = (i: number): void => {
      if (this.place(context, camera, taken, i)) placed += 1;
    };
    if (first >= 0) put(first);
    // What is wrong is named before what is only important.
    for (let i = 0, looked = 0; i < store.n && looked < LABELS_MOST; i++) {
      if ((store.flags[i]! & IMPORTANT) === 0 || i === first) continue;
      looked += 1;
      put(i);
    }
    const end = this.tierStarts[tiersShown(camera.spacing) + 1] ?? 0;
    for (let k = 0; k < Math.min(end, LOOKED_AT_MOST) && placed < LABELS_MOST; k++) put(this.order[k]!);
  }

  private place(context: CanvasRenderingContext2D, camera: Camera, taken: Set<number>, i: number): boolean {
    const { xy } = this.geometry;
    const [x, y] = camera.screen((xy[4 * i]! + xy[4 * i + 2]!) / 2, (xy[4 * i + 1]! + xy[4 * i + 3]!) / 2);
    if (x < 0 || y < 0 || x > camera.width || y > camera.height) return false;
    const text = shortName(this.names[i] ?? "");
    const wide = text.length * 6.6 + 6;
    // On the other side where the map ends.
    const left = x + 11 + wide > camera.width ? x - 9 - wide : x + 11;
    const cells: number[] = [];
    for (let cy = Math.floor((y - HEIGHT / 2) / CELL); cy <= Math.floor((y + HEIGHT / 2) / CELL); cy++)
      for (let cx = Math.floor(Math.min(left, x - 8) / CELL); cx <= Math.floor(Math.max(left + wide, x + 8) / CELL); cx++) {
        const cell = cy * 4096 + cx;
        if (taken.has(cell)) return false;
        cells.push(cell);
      }
    for (const cell of cells) taken.add(cell);
    context.strokeText(text, left, y);
    context.fillText(text, left, y);
    return true;
  }
}

/** The least important tier that has labels where elements are so far apart [pixels]. */
export function tiersShown(spacing: number): number {
  if (spacing < 5) return 0;
  if (spacing < 16) return 1;
  return spacing < 36 ? 2 : 3;
}
