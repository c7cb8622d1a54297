// The network's geometry as the server sends it: a JSON head, then arrays.

export interface Geometry {
  n: number;
  revision: number;
  extent: [number, number, number, number];
  kinds: string[];
  feeders: string[];
  xy: Float32Array;
  kind: Uint8Array;
  phases: Uint8Array;
  feeder: Uint8Array;
  tier: Uint8Array;
  bus1: Uint32Array;
  bus2: Uint32Array;
}

interface ArrayEntry {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
}

interface GeometryHead {
  revision: number;
  extent: [number, number, number, number];
  kinds: string[];
  feeders: string[];
  arrays: ArrayEntry[];
}

export function readGeometry(buffer: ArrayBuffer): Geometry {
  const headBytes = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headBytes))) as GeometryHead;
  const start = 4 + headBytes;
  const entry = (name: string): ArrayEntry => {
    const found = head.arrays.find((each) => each.name === name);
    if (!found) throw new Error(`the geometry has no array '${name}'`);
    return found;
  };
  // Copied, so that an odd offset does not matter and the message can be let go.
  const bytes = (name: string, width: number): ArrayBuffer => {
    const { offset, shape } = entry(name);
    const size = shape.reduce((product, each) => product * each, 1) * width;
    if (start + offset + size > buffer.byteLength) throw new Error(`the geometry ends within '${name}'`);
    return buffer.slice(start + offset, start + offset + size);
  };
  const xy = new Float32Array(bytes("xy", 4));
  return {
    n: xy.length / 4,
    revision: head.revision,
    extent: head.extent,
    kinds: head.kinds,
    feeders: head.feeders,
    xy,
    kind: new Uint8Array(bytes("kind", 1)),
    phases: new Uint8Array(bytes("phases", 1)),
    feeder: new Uint8Array(bytes("feeder", 1)),
    tier: new Uint8Array(bytes("tier", 1)),
    bus1: new Uint32Array(bytes("bus1", 4)),
    bus2: new Uint32Array(bytes("bus2", 4)),
  };
}
