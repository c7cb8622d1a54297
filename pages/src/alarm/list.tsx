// The list of alarms, for the map's foot and for the page of alarms.
import { computed, signal } from "@preact/signals";
import { alarms, orders } from "../state/feed";
import { go } from "../state/route";
import { may } from "../state/session";
import { tried } from "../state/notes";
import { post } from "../wire/http";
import type { Alarm } from "../wire/answers";
import { choose, rowOf } from "../map/marks";
import { useKeys } from "../shell/bindings";
import { ask } from "../part/reason";
import { Priority } from "../part/priority";
import { clock, dateAndTime, number, plural, shortName, words } from "../part/format";

const SHELF_MIN = [15, 30, 60, 120, 240, 480, 720];
const SHORT_MOST = 60;
const LONG_MOST = 1000;

export const onlyState = signal<"all" | "unacknowledged" | "shelved">("all");
export const isGrouped = signal(true);
const picked = signal<ReadonlySet<string>>(new Set());
const at = signal<string | null>(null);

const WEIGHT: Record<Alarm["state"], number> = { unacknowledged: 0, returned: 1, acknowledged: 2, shelved: 3, suppressed: 4 };

/** The worst and newest first; those of one cause together under the worst of them. */
export function ordered(list: readonly Alarm[], grouped: boolean): Alarm[] {
  const byWorst = (a: Alarm, b: Alarm): number =>
    Number(a.state === "shelved") - Number(b.state === "shelved") ||
    a.priority - b.priority ||
    WEIGHT[a.state] - WEIGHT[b.state] ||
    b.raised.localeCompare(a.raised) ||
    a.id.localeCompare(b.id);
  const sorted = [...list].sort(byWorst);
  if (!grouped) return sorted;
  const groups = new Map<string, Alarm[]>();
  for (const each of sorted) {
    const key = each.group || each.id;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flat();
}

const listed = computed(() => {
  const all = alarms.data.value?.alarms ?? [];
  const wanted = onlyState.value;
  return ordered(wanted === "all" ? all : all.filter((each) => each.state === wanted), isGrouped.value);
});

const wantsAcknowledging = (each: Alarm): boolean => each.state === "unacknowledged" || each.state === "returned";

async function acknowledge(ids: string[]): Promise<void> {
  if (!ids.length) return;
  const done = await tried(() => post("/alarms/acknowledge", { ids }), `${plural(ids.length, "alarm")} acknowledged`);
  if (done) picked.value = new Set();
  await alarms.read();
}

async function shelve(each: Alarm): Promise<void> {
  const given = await ask({
    title: `Shelve: ${each.what}`,
    text: `It comes back by itself when the time is over.`,
    act: "Shelve",
    minutes: SHELF_MIN,
    needsReason: true,
  });
  if (!given) return;
  const { minutes, reason } = given;
  await tried(() => post(`/alarms/${encodeURIComponent(each.id)}/shelve`, { minutes, reason }), "Shelved");
  await alarms.read();
}

async function unshelve(each: Alarm): Promise<void> {
  await tried(() => post(`/alarms/${encodeURIComponent(each.id)}/unshelve`), "Back from the shelf");
  await alarms.read();
}

function step(by: number): void {
  const rows = listed.peek();
  const now = rows.findIndex((each) => each.id === at.peek());
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + by))];
  if (!next) return;
  at.value = next.id;
  if (rowOf(next.device) >= 0) choose(next.device);
  document.querySelector(`[data-alarm="${CSS.escape(next.id)}"]`)?.scrollIntoView({ block: "nearest" });
}

const chosenIds = (): string[] => {
  const ids = picked.peek().size ? [...picked.peek()] : at.peek() ? [at.peek()!] : [];
  return listed.peek().filter((each) => ids.includes(each.id) && wantsAcknowledging(each)).map((each) => each.id);
};
const allIds = (): string[] => listed.peek().filter(wantsAcknowledging).map((each) => each.id);

export function AlarmList(props: { isShort?: boolean }) {
  const told = alarms.data.value;
  const rows = listed.value;
  const mayAcknowledge = may("acknowledge");
  useKeys(
    {
      j: () => step(1),
      k: () => step(-1),
      a: () => mayAcknowledge && void acknowledge(chosenIds()),
      A: () => mayAcknowledge && void acknowledge(allIds()),
      s: () => {
        const found = listed.peek().find((each) => each.id === at.peek());
        if (found && mayAcknowledge) void shelve(found);
      },
    },
    [mayAcknowledge],
  );
  const shelved = told?.alarms.filter((each) => each.state === "shelved").length ?? 0;
  const waiting = told?.alarms.filter(wantsAcknowledging).length ?? 0;
  return (
    <section class={props.isShort ? "list" : "stack"} aria-label="Alarms" data-test="alarms">
      {told?.flood && <Flood count={told.rate.per_10_min} />}
      <header class="spread">
        <h2>{props.isShort ? "Alarms" : `${plural(rows.length, "alarm")} listed`}</h2>
        <span class="row">
          {told && (
            <span class="soft" data-test="alarm-rate">
              {number(waiting)} to acknowledge · {number(shelved)} shelved · {number(told.rate.per_10_min)} in 10 min (target {number(told.rate.target)})
            </span>
          )}
          <button data-test="acknowledge" disabled={!mayAcknowledge || !waiting} onClick={() => void acknowledge(chosenIds().length ? chosenIds() : allIds())}>
            {picked.value.size ? `Acknowledge ${picked.value.size}` : "Acknowledge all listed"}
          </button>
        </span>
      </header>
      {alarms.problem.value && (
        <p class="bad" role="alert">
          The list may be old: {alarms.problem.value.message}
        </p>
      )}
      <div class="scroll" tabIndex={0} aria-label="Rows of alarms" role="group">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">Pick</span>
              </th>
              <th scope="col">P</th>
              <th scope="col">Time</th>
              <th scope="col">Device</th>
              <th scope="col">Condition</th>
              <th scope="col" class="number">
                Value / limit
              </th>
              <th scope="col">Area</th>
              <th scope="col">State</th>
              <th scope="col">
                <span class="unseen">Do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, props.isShort ? SHORT_MOST : LONG_MOST).map((each, i) => (
              <Row key={each.id} alarm={each} isLed={isGrouped.value && i > 0 && !!each.group && rows[i - 1]?.group === each.group} may={mayAcknowledge} />
            ))}
          </tbody>
        </table>
        {told && !rows.length && (
          <p class="waiting" data-test="no-alarms">
            No alarms.
          </p>
        )}
        {props.isShort && rows.length > SHORT_MOST && (
          <p class="waiting">
            {plural(rows.length - SHORT_MOST, "more alarm")}: <a href="#/alarms">all</a>
          </p>
        )}
      </div>
    </section>
  );
}

const Flood = (props: { count: number }) => (
  <p class="bad" role="alert" data-test="flood">
    <b>Alarm flood:</b> {number(props.count)} in 10 minutes, more than one person can answer. Alarms of one cause stand
    together under the worst of them.
  </p>
);

function Row(props: { alarm: Alarm; isLed: boolean; may: boolean }) {
  const { alarm: each } = props;
  const kind = each.state === "shelved" ? "shelved" : wantsAcknowledging(each) ? "unseen-alarm" : "";
  const toggle = (): void => {
    const next = new Set(picked.value);
    if (!next.delete(each.id)) next.add(each.id);
    picked.value = next;
  };
  const pick = (): void => {
    at.value = each.id;
    if (rowOf(each.device) >= 0) choose(each.device, true);
    else if (orders.data.peek()?.some((order) => order.id === each.device)) go("orders", each.device);
  };
  return (
    <tr class={kind} aria-selected={at.value === each.id} data-alarm={each.id} data-test="alarm" data-priority={each.priority} data-state={each.state} onClick={pick}>
      <td>
        <input type="checkbox" checked={picked.value.has(each.id)} aria-label={`Pick ${each.what}`} data-test="alarm-pick" disabled={!props.may} onClick={(event) => event.stopPropagation()} onChange={toggle} />
      </td>
      <td>
        <Priority level={each.priority} quiet={!wantsAcknowledging(each)} />
      </td>
      <td title={dateAndTime(each.raised)}>{clock(each.raised)}</td>
      <td class="together">
        {props.isLed && <span aria-label="of the same cause">↳ </span>}
        <button class="plain" data-test="alarm-device" onClick={pick}>
          {shortName(each.device) || "–"}
        </button>
      </td>
      <td title={each.answer ? `What to do: ${each.answer}` : undefined}>
        {each.what || words(each.condition)}
        {(each.times ?? 1) > 1 ? ` (×${each.times})` : ""}
      </td>
      <td class="number">{valueOf(each)}</td>
      <td>{each.area || "–"}</td>
      <td>{stateOf(each)}</td>
      <td class="number no-print">
        {wantsAcknowledging(each) && props.may && (
          <button class="plain" data-test="alarm-acknowledge" aria-label={`Acknowledge ${each.what} ${each.device}`} onClick={(event) => (event.stopPropagation(), void acknowledge([each.id]))}>
            Ack
          </button>
        )}
        {props.may && (
          <button class="plain" data-test={each.state === "shelved" ? "alarm-unshelve" : "alarm-shelve"} aria-label={`${each.state === "shelved" ? "Unshelve" : "Shelve"} ${each.what} ${each.device}`} onClick={(event) => (event.stopPropagation(), void (each.state === "shelved" ? unshelve(each) : shelve(each)))}>
            {each.state === "shelved" ? "Unshelve" : "Shelve"}
          </button>
        )}
      </td>
    </tr>
  );
}

function valueOf(each: Alarm): string {
  if (each.value === null) return "–";
  const digits = each.unit === "pu" ? 3 : 0;
  const limit = each.limit === null ? "" : ` / ${number(each.limit, digits)}`;
  return `${number(each.value, digits)}${limit} ${each.unit ?? ""}`;
}

function stateOf(each: Alarm): string {
  if (each.state === "shelved") return `shelved to ${clock(each.shelved_until)}: ${each.shelved_reason ?? ""}`;
  if (each.state === "acknowledged") return `seen by ${each.acknowledged_by ?? "–"}`;
  if (each.state === "returned") return "normal again, not acknowledged";
  return each.state === "suppressed" ? "suppressed by design" : "not acknowledged";
}
