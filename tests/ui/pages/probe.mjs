// Runs parts of the pages outside a browser: a list of questions on standard input, answers on
// standard output, both JSON.
import "./no_browser.mjs";
import { FLAG, FrameReader, MODES, readHead, readPayload, StateStore } from "../../../pages/src/wire/frame";
import { readGeometry } from "../../../pages/src/wire/geometry";
import { COLOURS } from "../../../pages/src/part/colours";
import { colourOf, limitsOf, paletteOf } from "../../../pages/src/map/palette";
import { fitOf, pointsOf } from "../../../pages/src/map/free";
import { flowOf, givenOf, setOf } from "../../../pages/src/oneline/figures";
import { Pick } from "../../../pages/src/map/pick";
import { ordered } from "../../../pages/src/alarm/list";
import { namesWith } from "../../../pages/src/map/search";
import { KEYS } from "../../../pages/src/shell/bindings";
import { PAGES, readRoute } from "../../../pages/src/state/route";
import { units, zone } from "../../../pages/src/state/settings";
import * as format from "../../../pages/src/part/format";

const bytes = (text) => {
  const packed = Buffer.from(text, "base64");
  return packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength);
};

/** Hands messages to a reader, one after the other, and tells what became of them. */
async function follow({ messages, n, revision, mode, together }) {
  const store = new StateStore(n, revision, Math.ceil(n / 1024) * 1024 || 1024);
  const told = { states: 0, beats: 0, gaps: 0, revisions: [] };
  const reader = new FrameReader(
    store,
    {
      onState: () => (told.states += 1),
      onBeat: () => (told.beats += 1),
      onGap: () => (told.gaps += 1),
      onRevision: (other) => told.revisions.push(other),
    },
    () => mode,
  );
  const waiting = [];
  for (const message of messages) {
    const taken = reader.take(bytes(message));
    if (together) waiting.push(taken);
    else await taken;
  }
  await Promise.all(waiting);
  const held = { values: [...store.values.subarray(0, n)], flags: [...store.flags.subarray(0, n)] };
  return { ...told, ...held, sequence: store.sequence, padding: [...store.values.subarray(n)].some(Boolean) };
}

const geometryOf = (text) => {
  const found = readGeometry(bytes(text));
  const arrays = ["xy", "kind", "phases", "feeder", "tier", "bus1", "bus2"];
  return { ...found, ...Object.fromEntries(arrays.map((name) => [name, [...found[name]]])) };
};

const DOES = {
  follow,
  frame: async ({ message }) => {
    const head = readHead(bytes(message));
    return { head, payload: head.n ? [...(await readPayload(bytes(message), head))] : [] };
  },
  geometry: ({ message }) => geometryOf(message),
  pick: ({ message, points, reach }) => {
    const pick = new Pick(readGeometry(bytes(message)));
    return points.map(([x, y]) => pick.nearest(x, y, reach));
  },
  colours: () => COLOURS,
  colour: ({ theme, mode, values, limits }) => values.map((value) => colourOf(mode, value, COLOURS[theme], limitsOf(limits))),
  palette: ({ theme }) => [...paletteOf(COLOURS[theme], limitsOf(undefined))],
  constants: () => ({ FLAG, MODES }),
  ordered: ({ alarms, grouped }) => ordered(alarms, grouped).map((alarm) => alarm.id),
  names: ({ text, among, most }) => namesWith(text, among, most),
  fit: ({ xy, width, height, boxes }) => {
    const [xs, ys] = [xy.filter((_, i) => i % 2 === 0), xy.filter((_, i) => i % 2 === 1)];
    const span = (of) => [Math.min(...of), Math.max(...of)];
    const [[x0, x1], [y0, y1]] = [span(xs), span(ys)];
    const points = pointsOf(Float32Array.from(xy), [(x0 + x1) / 2, (y0 + y1) / 2]);
    return { points: [...points], ...fitOf(points, [Math.max(x1 - x0, 1e-6), Math.max(y1 - y0, 1e-6)], width, height, boxes) };
  },
  flow: ({ of, flags, isLevel }) => flowOf(of, flags, isLevel),
  given: ({ of }) => givenOf(of),
  setting: ({ of }) => setOf(of),
  keys: () => ({ keys: KEYS, pages: PAGES }),
  route: ({ hash }) => {
    const { page, rest, query } = readRoute(hash);
    return { page, rest, query: Object.fromEntries(query) };
  },
  format: ({ name, of, units: as, zone: where }) => {
    if (as) units.value = as;
    if (where) zone.value = where;
    return of.map((value) => format[name](value));
  },
};

let asked = "";
for await (const part of process.stdin) asked += part;
const answers = [];
for (const question of JSON.parse(asked)) {
  try {
    answers.push({ answer: await DOES[question.do](question) });
  } catch (error) {
    answers.push({ error: String(error) });
  }
}
// Not before all of it is written: a pipe takes 64 kB at a time.
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
