// Brings the layer, the names, the camera and the pointer together on two canvases.
import { effect } from "@preact/signals";
import { colours } from "../part/colours";
import { isStale, mode, names, network, onFrame, type Picture } from "../state/live";
import { theme } from "../state/settings";
import type { StateStore } from "../wire/frame";
import { Camera } from "./camera";
import { Labels } from "./labels";
import { Layer } from "./layer";
import { chosen, marksNow, rowOf, shown, traced } from "./marks";
import { limitsOf, paletteOf } from "./palette";
import { Pick } from "./pick";

const REACH_PX = 9;
const CLICK_PX = 4;
const WHEEL = 0.0015;

export interface StageSink {
  onPick: (key: string | null) => void;
  onHover: (key: string | null, x: number, y: number) => void;
}

export class Stage {
  private readonly layer: Layer;
  private readonly camera: Camera;
  private readonly labels: Labels;
  private readonly pick: Pick;
  private store: StateStore;
  private isWanted = false;
  private isStateNew = true;
  private dot = 1;

  constructor(
    private readonly net: HTMLCanvasElement,
    private readonly text: HTMLCanvasElement,
    held: Picture,
  ) {
    this.layer = new Layer(net);
    this.camera = new Camera(held.geometry);
    this.labels = new Labels(held.geometry, names.peek());
    this.pick = new Pick(held.geometry);
    this.store = held.store;
    this.layer.load(held.geometry, this.camera.origin);
  }

  attach(sink: StageSink): () => void {
    const sized = new ResizeObserver(() => this.resize());
    sized.observe(this.net);
    for (const each of this.before()) sized.observe(each);
    const ends = [
      onFrame((store) => this.take(store)),
      effect(() => {
        this.layer.palette(paletteOf(colours(), limitsOf(network.value?.limits)));
        this.ask();
      }),
      effect(() => {
        this.layer.mark(marksNow());
        this.ask();
      }),
      effect(() => {
        void [isStale.value, theme.value, mode.value, traced.value];
        this.ask();
      }),
      effect(() => {
        if (shown.value) this.show();
      }),
      this.listen(sink),
    ];
    const lost = (event: Event): void => event.preventDefault();
    this.net.addEventListener("webglcontextlost", lost);
    return () => {
      sized.disconnect();
      this.net.removeEventListener("webglcontextlost", lost);
      for (const end of ends) end();
    };
  }

  zoom(factor: number): void {
    this.camera.zoomAt(factor);
    this.ask();
  }

  pan(dx: number, dy: number): void {
    this.camera.pan(dx, dy);
    this.ask();
  }

  fit(): void {
    this.camera.fit();
    this.ask();
  }

  /** Draws what is shown onto another canvas, in the colours of now: a printer takes none of WebGL's. */
  copyTo(onto: HTMLCanvasElement): void {
    this.layer.palette(paletteOf(colours(), limitsOf(network.peek()?.limits)));
    this.draw();
    Object.assign(onto, { width: this.net.width, height: this.net.height });
    const pen = onto.getContext("2d");
    for (const canvas of [this.net, this.text]) if (canvas.width) pen?.drawImage(canvas, 0, 0);
  }

  private take(store: StateStore): void {
    this.store = store;
    this.isStateNew = true;
    this.ask();
  }

  private show(): void {
    const row = chosen.peek() ? rowOf(chosen.peek()!) : -1;
    if (row < 0) return;
    const [x, y] = this.pick.middle(row);
    this.camera.show(x, y);
    this.ask();
  }

  private resize(): void {
    const box = this.net.getBoundingClientRect();
    if (!box.width || !box.height) return;
    this.dot = Math.max(1, window.devicePixelRatio || 1);
    for (const canvas of [this.net, this.text]) {
      canvas.width = Math.round(box.width * this.dot);
      canvas.height = Math.round(box.height * this.dot);
    }
    const before = this.before().map((each) => each.getBoundingClientRect());
    const beside = before.map(({ left, top, right, bottom }) => ({ left: left - box.left, top: top - box.top, right: right - box.left, bottom: bottom - box.top }));
    this.camera.size(box.width, box.height, beside);
    this.draw();
  }

  /** What stands before the map at its rim. */
  private before(): Element[] {
    return [...(this.net.parentElement?.querySelectorAll(":scope > .modes, :scope > .tools, :scope > .legend") ?? [])];
  }

  private ask(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    requestAnimationFrame(() => {
      this.isWanted = false;
      this.draw();
    });
  }

  private draw(): void {
    const { camera } = this;
    if (this.isStateNew) {
      this.layer.state(this.store);
      this.isStateNew = false;
    }
    const look = { centre: [camera.x, camera.y] as [number, number], scale: camera.scale, dot: this.dot, spacing: camera.spacing };
    this.layer.draw(look, isStale.peek());
    const now = colours();
    const first = chosen.peek() ? rowOf(chosen.peek()!) : -1;
    this.labels.draw(this.text, camera, this.dot, now.text, now.ground, this.store, first);
  }

  private at(event: PointerEvent): { key: string | null; x: number; y: number } {
    const box = this.net.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const [wx, wy] = this.camera.world(x, y);
    const row = this.pick.nearest(wx, wy, REACH_PX / this.camera.scale);
    return { key: row >= 0 ? (names.peek()[row] ?? null) : null, x, y };
  }

  private listen(sink: StageSink): () => void {
    let last: { x: number; y: number } | null = null;
    let moved = 0;
    const down = (event: PointerEvent): void => {
      last = { x: event.clientX, y: event.clientY };
      moved = 0;
      this.net.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent): void => {
      if (!last) {
        const { key, x, y } = this.at(event);
        sink.onHover(key, x, y);
        return;
      }
      const dx = event.clientX - last.x;
      const dy = event.clientY - last.y;
      moved += Math.hypot(dx, dy);
      last = { x: event.clientX, y: event.clientY };
      if (moved > CLICK_PX) this.pan(dx, dy);
    };
    const up = (event: PointerEvent): void => {
      if (last && moved <= CLICK_PX) sink.onPick(this.at(event).key);
      last = null;
    };
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = this.net.getBoundingClientRect();
      this.camera.zoomAt(Math.exp(-event.deltaY * WHEEL), event.clientX - box.left, event.clientY - box.top);
      this.ask();
    };
    const gone = (): void => sink.onHover(null, 0, 0);
    const ends = new AbortController();
    const until = { signal: ends.signal };
    this.net.addEventListener("pointerdown", down, until);
    this.net.addEventListener("pointermove", move, until);
    this.net.addEventListener("pointerup", up, until);
    this.net.addEventListener("pointercancel", () => (last = null), until);
    this.net.addEventListener("pointerleave", gone, until);
    this.net.addEventListener("wheel", wheel, { passive: false, signal: ends.signal });
    return () => ends.abort();
  }
}
