// Where the map looks: centre, scale, and the ways to move it.
import type { Geometry } from "../wire/geometry";
import { fitOf, pointsOf, type Box, type Fit } from "./free";

const NEAREST_FITS = 400;

export class Camera {
  readonly origin: [number, number];
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  private fitted = 1;
  /** Whether nobody has moved it since the whole network was shown. */
  private isWhole = true;
  private whole: Fit = { scale: 1, x: 0, y: 0 };
  private readonly points: Float32Array;
  private readonly spanX: number;
  private readonly spanY: number;
  private readonly apart: number;

  constructor(geometry: Geometry) {
    const [x0, y0, x1, y1] = geometry.extent;
    this.origin = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.spanX = Math.max(x1 - x0, 1e-6);
    this.spanY = Math.max(y1 - y0, 1e-6);
    this.points = pointsOf(geometry.xy, this.origin);
    this.apart = Math.sqrt((this.spanX * this.spanY) / Math.max(geometry.n, 1));
  }

  /** Mean distance between elements [pixels]. */
  get spacing(): number {
    return this.apart * this.scale;
  }

  /** How much nearer than the whole network. */
  get zoom(): number {
    return this.scale / this.fitted;
  }

  /** Takes on the size of the map, and what stands before it [pixels]. */
  size(width: number, height: number, before: Box[] = []): void {
    const isFirst = this.width <= 1;
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    const was = this.fitted;
    this.whole = fitOf(this.points, [this.spanX, this.spanY], this.width, this.height, before);
    this.fitted = this.whole.scale;
    if (isFirst || this.isWhole) this.fit();
    else this.scale *= this.fitted / was;
  }

  fit(): void {
    this.isWhole = true;
    this.scale = this.fitted;
    this.x = (this.width / 2 - this.whole.x) / this.scale;
    this.y = (this.whole.y - this.height / 2) / this.scale;
  }

  pan(dx: number, dy: number): void {
    this.isWhole = false;
    this.x = clamp(this.x - dx / this.scale, this.spanX);
    this.y = clamp(this.y + dy / this.scale, this.spanY);
  }

  /** Nearer by a factor, about a point of the screen. */
  zoomAt(factor: number, sx = this.width / 2, sy = this.height / 2): void {
    this.isWhole = false;
    const next = Math.min(Math.max(this.scale * factor, this.fitted * 0.5), this.fitted * NEAREST_FITS);
    const [wx, wy] = this.world(sx, sy);
    this.scale = next;
    this.x = clamp(wx - this.origin[0] - (sx - this.width / 2) / next, this.spanX);
    this.y = clamp(wy - this.origin[1] + (sy - this.height / 2) / next, this.spanY);
  }

  /** Looks at a point of the map, near enough to tell it from its neighbours. */
  show(wx: number, wy: number): void {
    this.isWhole = false;
    this.x = wx - this.origin[0];
    this.y = wy - this.origin[1];
    const wanted = 28 / this.apart;
    if (this.scale < wanted) this.scale = Math.min(wanted, this.fitted * NEAREST_FITS);
  }

  world(sx: number, sy: number): [number, number] {
    return [
      this.origin[0] + this.x + (sx - this.width / 2) / this.scale,
      this.origin[1] + this.y - (sy - this.height / 2) / this.scale,
    ];
  }

  screen(wx: number, wy: number): [number, number] {
    return [
      (wx - this.origin[0] - this.x) * this.scale + this.width / 2,
      this.height / 2 - (wy - this.origin[1] - this.y) * this.scale,
    ];
  }
}

const clamp = (value: number, span: number): number => Math.min(Math.max(value, -0.75 * span), 0.75 * span);
