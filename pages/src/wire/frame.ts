// The binary state frames of the WebSocket: heads, payloads, and the state they are applied to.

export const MODES = ["energised", "voltage", "loading", "phase", "der", "hosting", "feeder"] as const;
export type Mode = (typeof MODES)[number];

export const FLAG = {
  dead: 1,
  grounded: 2,
  tagged: 4,
  unsure: 8,
  notNormal: 16,
  open: 32,
  fault: 64,
  partly: 128,
} as const;

/** The value for which there is no figure. */
export const UNKNOWN = 255;

const MAGIC = 0x31534d47; // "GMS1", read little-endian
export const HEAD_BYTES = 32;
const KINDS = ["", "full", "delta", "heartbeat"] as const;
/** Frames that wait for their turn; more and the screen would lag behind the network. */
const WAITING_MOST = 4;

export interface Head {
  kind: "full" | "delta" | "heartbeat";
  mode: number;
  revision: number;
  sequence: number;
  base: number;
  n: number;
  payloadBytes: number;
  timeS: number;
}

export class FrameError extends Error {}

/** Reads the head of a frame and checks that the frame is whole. */
export function readHead(frame: ArrayBuffer): Head {
  if (frame.byteLength < HEAD_BYTES) throw new FrameError(`a frame of ${frame.byteLength} bytes has no head`);
  const view = new DataView(frame);
  if (view.getUint32(0, true) !== MAGIC) throw new FrameError("a frame that is not GMS1");
  const kind = KINDS[view.getUint8(4)];
  if (!kind) throw new FrameError(`a frame of unknown kind ${view.getUint8(4)}`);
  const head: Head = {
    kind,
    mode: view.getUint8(5),
    revision: view.getUint16(6, true),
    sequence: view.getUint32(8, true),
    base: view.getUint32(12, true),
    n: view.getUint32(16, true),
    payloadBytes: view.getUint32(20, true),
    timeS: view.getFloat64(24, true),
  };
  if (head.mode >= MODES.length) throw new FrameError(`a frame of unknown mode ${head.mode}`);
  if (frame.byteLength !== HEAD_BYTES + head.payloadBytes)
    throw new FrameError(`a frame of ${frame.byteLength} bytes that says ${HEAD_BYTES + head.payloadBytes}`);
  return head;
}

/** Inflates the payload of a frame: n value bytes, then n flag bytes. */
export async function readPayload(frame: ArrayBuffer, head: Head): Promise<Uint8Array> {
  const packed = new Blob([new Uint8Array(frame, HEAD_BYTES)]);
  const plain = await new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  if (plain.byteLength !== 2 * head.n)
    throw new FrameError(`a payload of ${plain.byteLength} bytes for ${head.n} elements`);
  return new Uint8Array(plain);
}

/** The state of every element as last told; `values` and `flags` are padded to whole rows. */
export class StateStore {
  readonly values: Uint8Array;
  readonly flags: Uint8Array;
  mode = -1;
  sequence = 0;

  constructor(
    readonly n: number,
    readonly revision: number,
    padded: number,
  ) {
    this.values = new Uint8Array(padded).fill(UNKNOWN, 0, n);
    this.flags = new Uint8Array(padded).fill(FLAG.unsure, 0, n);
  }

  /** Whether a frame may be applied to what is held. */
  fits(head: Head): boolean {
    if (head.kind === "heartbeat") return true;
    if (head.n !== this.n || head.revision !== this.revision) return false;
    return head.kind === "full" || (head.mode === this.mode && head.base === this.sequence);
  }

  apply(head: Head, plain: Uint8Array): void {
    const { values, flags, n } = this;
    if (head.kind === "full") {
      values.set(plain.subarray(0, n));
      flags.set(plain.subarray(n));
    } else {
      for (let i = 0; i < n; i++) {
        values[i]! ^= plain[i]!;
        flags[i]! ^= plain[n + i]!;
      }
    }
    this.mode = head.mode;
    this.sequence = head.sequence;
  }
}

export interface FrameSink {
  /** A frame was applied. */
  onState(head: Head): void;
  /** Any frame, a heartbeat too, says that the feed lives. */
  onBeat(head: Head): void;
  /** What is held cannot be brought up to date: a full frame is needed. */
  onGap(): void;
  /** The geometry has changed on the server. */
  onRevision(revision: number): void;
}

/** Takes frames in order, one after the other, although inflating them takes its time. */
export class FrameReader {
  private last: Promise<void> = Promise.resolve();
  private waiting = 0;
  private lost = false;

  constructor(
    private readonly store: StateStore,
    private readonly sink: FrameSink,
    private readonly wanted: () => number,
  ) {}

  take(frame: ArrayBuffer): Promise<void> {
    if (this.waiting >= WAITING_MOST) {
      this.lost = true;
      return this.last;
    }
    this.waiting += 1;
    this.last = this.last
      .then(() => this.one(frame))
      .catch(() => this.gap())
      .finally(() => {
        this.waiting -= 1;
      });
    return this.last;
  }

  private async one(frame: ArrayBuffer): Promise<void> {
    const head = readHead(frame);
    if (head.kind !== "heartbeat" && head.revision !== this.store.revision) {
      this.sink.onRevision(head.revision);
      return;
    }
    // A frame of the mode before this one may still be on its way: it says nothing of now.
    if (head.kind !== "heartbeat" && head.mode !== this.wanted()) return;
    const skipped = this.lost && head.kind === "delta";
    if (skipped || !this.store.fits(head)) {
      this.gap();
      return;
    }
    if (head.kind !== "heartbeat") {
      this.store.apply(head, await readPayload(frame, head));
      this.lost = false;
      this.sink.onState(head);
    }
    this.sink.onBeat(head);
  }

  private gap(): void {
    this.lost = true;
    this.sink.onGap();
  }
}
