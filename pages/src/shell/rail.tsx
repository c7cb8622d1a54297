// The rail of pages.
import type { VNode } from "preact";
import { PAGES, route, type PageId } from "../state/route";
import { may } from "../state/session";

const ICONS: Record<Exclude<PageId, "setup">, VNode> = {
  map: <path d="M4 6l5-2 6 2 5-2v14l-5 2-6-2-5 2zM9 4v14M15 6v14" />,
  oneline: <path d="M4 5h16M12 5v5M9 10h6v5H9zM12 15v5M7 20h10" />,
  alarms: <path d="M12 4l9 16H3zM12 10v5M12 17.5v.5" />,
  outages: <path d="M13 3L5 14h6l-1 7 8-11h-6z" />,
  restoration: <path d="M4 12a8 8 0 1 0 3-6.2M4 4v5h5M12 8v4l3 2" />,
  orders: <path d="M5 4h14v16H5zM8 9h8M8 13h8M8 17h5" />,
  trends: <path d="M4 4v16h16M7 15l4-5 3 3 5-7" />,
  journal: <path d="M6 4h12v16H6zM6 8h12M9 12h6M9 15h6M4 7h2M4 12h2M4 17h2" />,
  replay: <path d="M11 6l-8 6 8 6zM21 6l-8 6 8 6z" />,
  handover: <path d="M3 9h13l-3-3M21 15H8l3 3" />,
  der: <path d="M12 8a4 4 0 1 0 .01 0M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2" />,
  planner: <path d="M5 20V12M10 20V7M15 20v-9M20 20V4" />,
  reports: <path d="M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7" />,
  users: <path d="M12 4a4 4 0 1 0 .01 0M4 21c0-5 4-7 8-7s8 2 8 7" />,
};
const needs = (page: PageId): string => (page === "users" ? "manage_users" : page === "reports" ? "report" : "view");

export function Rail() {
  return (
    <nav class="rail" aria-label="Pages">
      <a class="unseen" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>
        Skip to the page
      </a>
      {PAGES.filter((page) => may(needs(page.id))).map((page) => (
        <a key={page.id} href={`#/${page.id}`} aria-current={route.value.page === page.id ? "page" : undefined} data-test={`go-${page.id}`} title={`${page.name} (g ${page.key})`}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            {ICONS[page.id]}
          </svg>
          {page.name}
        </a>
      ))}
    </nav>
  );
}
