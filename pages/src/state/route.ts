// The page that is shown, by the hash of the address.
import { computed, signal } from "@preact/signals";

export const PAGES = [
  { id: "map", name: "Map", key: "m" },
  { id: "oneline", name: "One-line", key: "o" },
  { id: "alarms", name: "Alarms", key: "a" },
  { id: "outages", name: "Outages", key: "u" },
  { id: "restoration", name: "Restoration", key: "r" },
  { id: "orders", name: "Switching", key: "s" },
  { id: "trends", name: "Trends", key: "t" },
  { id: "journal", name: "Journal", key: "j" },
  { id: "replay", name: "Replay", key: "p" },
  { id: "handover", name: "Hand-over", key: "h" },
  { id: "der", name: "DER", key: "d" },
  { id: "planner", name: "Planner", key: "l" },
  { id: "reports", name: "Reports", key: "f" },
  { id: "users", name: "Users", key: "x" },
] as const;
export type PageId = (typeof PAGES)[number]["id"] | "setup";

export interface Route {
  page: PageId;
  /** What follows the page: `#/orders/o-3`. */
  rest: string;
  query: URLSearchParams;
}

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/");
  const known = page === "setup" || PAGES.some((each) => each.id === page);
  return {
    page: known ? (page as PageId) : "map",
    rest: decodeURIComponent(rest.join("/")),
    query: new URLSearchParams(query),
  };
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});
export const route = computed(() => readRoute(hash.value));

export const go = (page: PageId, rest = ""): void => {
  location.hash = `#/${page}${rest ? `/${encodeURIComponent(rest)}` : ""}`;
};
