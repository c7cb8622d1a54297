// The WebSocket of network state: opened again when it ends, a full frame asked for after a gap.
import { API } from "./http";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** The server takes 20 messages in 10 s; the page keeps well below. */
const MESSAGES_MOST = 12;
const MESSAGES_WINDOW_MS = 10_000;
const RESYNC_WAIT_MS = 1_000;

export interface SocketSink {
  onFrame(frame: ArrayBuffer): void;
  onOpen(): void;
  onClose(): void;
}

export class StateSocket {
  private socket: WebSocket | null = null;
  private waitMs = FIRST_WAIT_MS;
  private timer = 0;
  private sent: number[] = [];
  private resyncAt = 0;
  private isEnded = false;

  constructor(
    private readonly sink: SocketSink,
    private mode: string,
  ) {}

  open(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${API}/state`, "gridmend.state.v1");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.waitMs = FIRST_WAIT_MS;
      this.send({ mode: this.mode });
      this.sink.onOpen();
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (message.data instanceof ArrayBuffer) this.sink.onFrame(message.data);
    };
    socket.onclose = () => {
      this.sink.onClose();
      if (this.isEnded) return;
      this.timer = window.setTimeout(() => this.open(), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
    this.socket = socket;
  }

  close(): void {
    this.isEnded = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  setMode(mode: string): void {
    this.mode = mode;
    this.send({ mode });
  }

  resync(): void {
    const now = performance.now();
    if (now - this.resyncAt < RESYNC_WAIT_MS) return;
    if (this.send({ resync: true })) this.resyncAt = now;
  }

  private send(message: { mode: string } | { resync: true }): boolean {
    const now = performance.now();
    this.sent = this.sent.filter((each) => now - each < MESSAGES_WINDOW_MS);
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    if (this.sent.length >= MESSAGES_MOST) {
      // Too many changes of mode in a row: the last one is told once there is room.
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.send({ mode: this.mode }), RESYNC_WAIT_MS);
      return false;
    }
    this.sent.push(now);
    this.socket.send(JSON.stringify(message));
    return true;
  }
}
