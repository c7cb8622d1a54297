// The network in two draw calls: geometry and states in textures, colours from a palette texture.
import type { Geometry } from "../wire/geometry";
import type { StateStore } from "../wire/frame";
import { FLAG } from "../wire/frame";
import { ROW, paddedTo } from "../state/live";
import { CLASS, classOf, widthOf } from "./kinds";
import { Program } from "./program";
import { LINE_PROGRAM, SYMBOL_PROGRAM } from "./shader";

export const PALETTE_ROWS = 8;
/** Marks of what has no symbol of its own (a fault on a line, a tag, an earth) that are drawn. */
const MARKS_MOST = 8 * ROW;
const MARKED = FLAG.grounded | FLAG.tagged | FLAG.fault;
const UNIT = { ends: 0, state: 1, symbols: 2, palette: 3 } as const;
const SPECIALS = 9;

export interface Look {
  centre: [number, number];
  /** Pixels of the screen a unit of the map. */
  scale: number;
  /** Device pixels a pixel of the page. */
  dot: number;
  /** Mean distance between elements [pixels of the page]. */
  spacing: number;
}

export class Layer {
  private readonly gl: WebGL2RenderingContext;
  private readonly programs: [lines: Program, symbols: Program];
  private readonly textures = new Map<number, WebGLTexture>();
  private n = 0;
  private rows = 0;
  private fixedSymbols = 0;
  private symbols = 0;
  private hasSymbol = new Uint8Array(0);
  private list = new Uint32Array(0);
  private states = new Uint8Array(0);
  private lastMarks = "";
  private mode = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (!gl) throw new Error("this browser has no WebGL2");
    this.gl = gl;
    this.programs = [new Program(gl, LINE_PROGRAM), new Program(gl, SYMBOL_PROGRAM)];
    const samplers = { uEnds: UNIT.ends, uState: UNIT.state, uSymbols: UNIT.symbols, uPalette: UNIT.palette };
    for (const program of this.programs) {
      program.use();
      for (const [name, unit] of Object.entries(samplers)) gl.uniform1i(program.where(name), unit);
    }
    gl.bindVertexArray(gl.createVertexArray());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.texture(UNIT.palette, gl.RGBA8, 256, PALETTE_ROWS);
  }

  /** Takes a network; `origin` is taken from every coordinate, so that single precision is enough. */
  load(geometry: Geometry, origin: [number, number]): void {
    const gl = this.gl;
    const { n, xy } = geometry;
    this.n = n;
    this.rows = paddedTo(n) / ROW;
    const size = this.rows * ROW;
    const ends = new Float32Array(size * 4);
    for (let i = 0; i < xy.length; i++) ends[i] = xy[i]! - origin[i & 1]!;
    // Of each element: value, flags, marks, and its class with its width.
    this.states = new Uint8Array(size * 4);
    this.hasSymbol = new Uint8Array(n);
    this.list = new Uint32Array(size + MARKS_MOST);
    this.fixedSymbols = 0;
    const classes = geometry.kinds.map(classOf);
    for (let i = 0; i < n; i++) {
      const kind = classes[geometry.kind[i]!] ?? CLASS.line;
      this.states[4 * i + 3] = kind | (widthOf(kind, geometry.phases[i]!, geometry.tier[i]!) << 3);
      if (kind === CLASS.line) continue;
      this.hasSymbol[i] = 1;
      this.list[this.fixedSymbols++] = i;
    }
    this.texture(UNIT.ends, gl.RGBA32F, ROW, this.rows);
    this.fill(UNIT.ends, this.rows, gl.RGBA, gl.FLOAT, ends);
    this.texture(UNIT.state, gl.RGBA8UI, ROW, this.rows);
    this.texture(UNIT.symbols, gl.R32UI, ROW, this.list.length / ROW);
    this.lastMarks = "";
    this.symbols = this.fixedSymbols;
    this.fill(UNIT.symbols, this.list.length / ROW, gl.RED_INTEGER, gl.UNSIGNED_INT, this.list);
  }

  /** Takes a new state of every element. */
  state(store: StateStore): void {
    const { values, flags } = store;
    const out = this.states;
    for (let i = 0, j = 0; i < this.n; i++, j += 4) {
      out[j] = values[i]!;
      out[j + 1] = flags[i]!;
    }
    this.sendStates();
    this.mode = Math.max(0, store.mode);
    this.marks(store.flags);
  }

  /** Marks elements: 1 chosen, 2 traced. */
  mark(marks: Uint8Array): void {
    for (let i = 0; i < this.n; i++) this.states[4 * i + 2] = marks[i]!;
    this.sendStates();
  }

  palette(colours: Uint8Array): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + UNIT.palette);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 256, PALETTE_ROWS, gl.RGBA, gl.UNSIGNED_BYTE, colours);
    const last = colours.subarray((PALETTE_ROWS - 1) * 256 * 4, ((PALETTE_ROWS - 1) * 256 + SPECIALS) * 4);
    for (const program of this.programs) {
      program.use();
      gl.uniform4fv(program.where("uSpecial"), Float32Array.from(last, (byte) => byte / 255));
    }
  }

  private sendStates(): void {
    this.fill(UNIT.state, this.rows, this.gl.RGBA_INTEGER, this.gl.UNSIGNED_BYTE, this.states);
  }

  draw(look: Look, isFeedStale: boolean): void {
    const { gl, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.n) return;
    for (const program of this.programs) {
      program.use();
      gl.uniform1i(program.where("uMode"), this.mode);
      gl.uniform2f(program.where("uCentre"), look.centre[0], look.centre[1]);
      gl.uniform1f(program.where("uScale"), look.scale * look.dot);
      gl.uniform2f(program.where("uView"), canvas.width, canvas.height);
      gl.uniform1f(program.where("uDot"), look.dot);
      gl.uniform1f(program.where("uSpacing"), look.spacing * look.dot);
      gl.uniform1i(program.where("uFeedStale"), isFeedStale ? 1 : 0);
      gl.drawArrays(gl.TRIANGLES, 0, (program === this.programs[0] ? this.n : this.symbols) * 6);
    }
  }

  dispose(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private marks(flags: Uint8Array): void {
    let count = this.fixedSymbols;
    const most = Math.min(this.list.length, this.fixedSymbols + MARKS_MOST);
    const found: number[] = [];
    for (let i = 0; i < this.n && count < most; i++) {
      if ((flags[i]! & MARKED) === 0 || this.hasSymbol[i]) continue;
      this.list[count++] = i;
      found.push(i);
    }
    const now = found.join();
    this.symbols = count;
    if (now === this.lastMarks) return;
    this.lastMarks = now;
    const rows = this.list.length / ROW;
    this.fill(UNIT.symbols, rows, this.gl.RED_INTEGER, this.gl.UNSIGNED_INT, this.list);
  }

  private texture(unit: number, format: number, width: number, height: number): void {
    const gl = this.gl;
    const old = this.textures.get(unit);
    if (old) gl.deleteTexture(old);
    const made = gl.createTexture();
    this.textures.set(unit, made);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  }

  private fill(unit: number, rows: number, format: number, type: number, data: ArrayBufferView): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, rows, format, type, data);
  }
}
