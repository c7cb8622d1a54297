// From device to device by keyboard: to the next that is not normal, and along the network.
import { FLAG } from "../wire/frame";
import { names, picture } from "../state/live";
import { note } from "../state/notes";
import { choose, chosen, rowOf } from "./marks";

const NOT_NORMAL = FLAG.fault | FLAG.notNormal | FLAG.grounded | FLAG.tagged;

/** Chooses the next device, after the one at hand, that is faulted, tagged, grounded, not in its
 * normal position, or else not energised. */
export function nextNotNormal(): void {
  const held = picture.peek();
  if (!held) return;
  const { flags, n } = held.store;
  const start = chosen.peek() ? rowOf(chosen.peek()!) : -1;
  for (const wanted of [NOT_NORMAL, FLAG.dead | FLAG.partly | FLAG.unsure])
    for (let k = 1; k <= n; k++) {
      const row = (start + k + n) % n;
      if ((flags[row]! & wanted) !== 0) {
        choose(names.peek()[row] ?? null, true);
        return;
      }
    }
  note("Every device is normal.", "info");
}

/** Chooses what is connected to the device at hand, one after the other. */
export function neighbour(step: 1 | -1): void {
  const held = picture.peek();
  const key = chosen.peek();
  const row = key ? rowOf(key) : -1;
  if (!held || row < 0) return;
  const { bus1, bus2, n } = held.geometry;
  const here = new Set([bus1[row]!, bus2[row]!]);
  const around: number[] = [];
  for (let i = 0; i < n; i++) if (here.has(bus1[i]!) || here.has(bus2[i]!)) around.push(i);
  const at = around.indexOf(row);
  const next = around[(at + step + around.length) % around.length];
  if (next !== undefined) choose(names.peek()[next] ?? null, true);
}
