// Search for a device or bus: names on this machine first, then what the server finds.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { get } from "../wire/http";
import type { Found } from "../wire/answers";
import { buses, names, picture } from "../state/live";
import { isSearchOpen } from "../shell/bindings";
import { shortName } from "../part/format";
import { choose, rowOf } from "./marks";
import { kindName } from "./kinds";

const LISTED_MOST = 12;
const SERVER_AFTER_MS = 120;

interface Hit {
  key: string;
  kind: string;
}

const hits = signal<Hit[]>([]);
const at = signal(0);
let asked = 0;

/** Names that hold a text, those that begin with it first. */
export function namesWith(text: string, among: readonly string[], most: number): string[] {
  const wanted = text.toLowerCase();
  const begin: string[] = [];
  const hold: string[] = [];
  for (const name of among) {
    const lower = name.toLowerCase();
    if (shortName(lower).startsWith(wanted) || lower.startsWith(wanted)) begin.push(name);
    else if (hold.length < most && lower.includes(wanted)) hold.push(name);
    if (begin.length >= most) break;
  }
  begin.sort((a, b) => a.length - b.length);
  return [...begin, ...hold].slice(0, most);
}

function look(text: string): void {
  const mine = ++asked;
  at.value = 0;
  if (!text.trim()) {
    hits.value = [];
    return;
  }
  const geometry = picture.peek()?.geometry;
  const kindAt = (key: string): string => geometry?.kinds[geometry.kind[rowOf(key)] ?? -1] ?? "";
  hits.value = namesWith(text.trim(), names.peek(), LISTED_MOST).map((key) => ({ key, kind: kindAt(key) }));
  if (hits.value.length >= LISTED_MOST) return;
  // A bus is found by the element that ends there.
  const known = new Set(hits.value.map((hit) => hit.key));
  const found = namesWith(text.trim(), buses.peek(), LISTED_MOST);
  const rest = found.map((bus) => elementAt(bus)).filter((key): key is string => key !== null && !known.has(key));
  hits.value = [...hits.value, ...[...new Set(rest)].map((key) => ({ key, kind: `${kindAt(key)} at the bus` }))].slice(0, LISTED_MOST);
  setTimeout(() => {
    if (mine === asked && !hits.peek().length) void fromServer(text, mine);
  }, SERVER_AFTER_MS);
}

function elementAt(bus: string): string | null {
  const geometry = picture.peek()?.geometry;
  const row = buses.peek().indexOf(bus);
  if (!geometry || row < 0) return null;
  for (let i = 0; i < geometry.n; i++)
    if (geometry.bus1[i] === row || geometry.bus2[i] === row) return names.peek()[i] ?? null;
  return null;
}

async function fromServer(text: string, mine: number): Promise<void> {
  try {
    const found = await get<Found[]>(`/network/search?q=${encodeURIComponent(text)}&limit=${LISTED_MOST}`);
    if (mine === asked) hits.value = found.filter((hit) => hit.index >= 0).map((hit) => ({ key: hit.key, kind: hit.kind }));
  } catch {
    // The names on this machine are all that is found.
  }
}

function take(hit: Hit | undefined): void {
  if (!hit) return;
  isSearchOpen.value = false;
  choose(hit.key, true);
  requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-test=device-title]")?.focus());
}

export function Search() {
  const field = useRef<HTMLInputElement>(null);
  const isOpen = isSearchOpen.value;
  useEffect(() => {
    if (!isOpen) return;
    hits.value = [];
    field.current?.focus();
  }, [isOpen]);
  if (!isOpen) return null;
  const onKey = (event: KeyboardEvent): void => {
    const last = hits.value.length - 1;
    if (event.key === "ArrowDown") at.value = Math.min(last, at.value + 1);
    else if (event.key === "ArrowUp") at.value = Math.max(0, at.value - 1);
    else if (event.key === "Enter") take(hits.value[at.value]);
    else return;
    event.preventDefault();
  };
  return (
    <div class="search card" role="search">
      <input ref={field} data-test="search" role="combobox" aria-label="Search a device or bus" aria-expanded={hits.value.length > 0} aria-controls="search-hits" aria-activedescendant={hits.value.length ? `hit-${at.value}` : undefined} placeholder="Device or bus" onInput={(event) => look(event.currentTarget.value)} onKeyDown={onKey} />
      <ul id="search-hits" role="listbox" aria-label="Found">
        {hits.value.map((hit, i) => (
          <li key={hit.key} id={`hit-${i}`} role="option" aria-selected={i === at.value} data-test="search-hit" onClick={() => take(hit)}>
            <b>{shortName(hit.key)}</b>
            <span class="soft">{kindName(hit.kind)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
