// The frame: opens the session, then the network, and shows the page that is asked for.
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { route, PAGES, type PageId } from "../state/route";
import { begin, picture } from "../state/live";
import { isOnly, replayed } from "../state/replay";
import { enter } from "../state/replaying";
import { listen } from "../state/feed";
import { isLoggedIn, loadSession, may, mustChange, session } from "../state/session";
import { note, noteProblem } from "../state/notes";
import { asProblem, type Problem } from "../wire/http";
import AlarmsPage from "../page/alarms";
import DerPage from "../page/der";
import HandOverPage from "../page/handover";
import JournalPage from "../page/journal";
import OneLinePage from "../page/oneline";
import OrdersPage from "../page/orders";
import OutagesPage from "../page/outages";
import PlannerPage from "../page/planner";
import ReplayPage from "../page/replay";
import ReportsPage from "../page/reports";
import RestorationPage from "../page/restoration";
import UsersPage from "../page/users";
import { MapPage } from "../page/map";
import { Asking } from "../part/reason";
import { Banners } from "./banners";
import { Help } from "./help";
import { LogIn, SetUp } from "./login";
import { Notes } from "./notes";
import { GivenPassword } from "./password";
import { Rail } from "./rail";
import { Status } from "./status";
import { Top } from "./top";

/** Trends bring a library of charts, and are fetched when they are first opened. */
const Trends = signal<ComponentType | null>(null);

async function loadTrends(): Promise<void> {
  try {
    Trends.value ??= (await import("../page/trends")).default;
  } catch {
    note("This page could not be fetched: the server may have been renewed.", "bad", "Load the whole page again.");
  }
}

function shownFor(page: PageId): ComponentType | null {
  if (page === "trends") return Trends.value;
  return page === "setup" ? MapPage : SHOWN[page];
}

const SHOWN: Record<Exclude<PageId, "setup" | "trends">, ComponentType> = {
  map: MapPage,
  oneline: OneLinePage,
  alarms: AlarmsPage,
  outages: OutagesPage,
  restoration: RestorationPage,
  orders: OrdersPage,
  journal: JournalPage,
  replay: ReplayPage,
  handover: HandOverPage,
  der: DerPage,
  planner: PlannerPage,
  reports: ReportsPage,
  users: UsersPage,
};

const failed = signal<Problem | null>(null);
let hasBegun = false;

async function open(): Promise<void> {
  try {
    await loadSession();
    failed.value = null;
  } catch (error) {
    failed.value = asProblem(error);
    setTimeout(() => void open(), 3000);
  }
}

/** Once somebody is here: the network and the feed; tried again where the server is not ready. */
async function openRoom(): Promise<void> {
  if (hasBegun) return;
  hasBegun = true;
  try {
    await begin();
    if (!isOnly.peek()) listen();
  } catch (error) {
    hasBegun = false;
    noteProblem(error);
    setTimeout(() => void (isLoggedIn.peek() && !mustChange.peek() && openRoom()), 5000);
  }
}

export function App() {
  useEffect(() => void open(), []);
  const isGiven = mustChange.value;
  const mayView = isLoggedIn.value && !isGiven && may("view");
  useEffect(() => {
    if (mayView) void openRoom();
  }, [mayView]);
  useEffect(() => {
    // The feed and the socket of whoever was here before end with their page.
    if (isGiven && hasBegun) location.reload();
  }, [isGiven]);
  if (failed.value)
    return (
      <p class="waiting" role="alert">
        {failed.value.message} Trying again …
      </p>
    );
  if (!session.value) return <p class="waiting">Gridmend: the control room is opening …</p>;
  if (isGiven) return <GivenPassword />;
  if (route.value.page === "setup" || session.value.needs_setup) return <SetUp />;
  if (!isLoggedIn.value) return <LogIn />;
  if (!mayView) return <WithoutView />;
  return <Room />;
}

/** For who has no right over the network: a security admin, or who has none at all yet. */
function WithoutView() {
  return (
    <div class="shell">
      <Banners />
      <Rail />
      <main id="main" tabIndex={-1} data-test="page-users">
        {may("manage_users") ? <UsersPage /> : <p class="waiting">{session.value?.user?.name} has no right here yet: a security admin gives one.</p>}
      </main>
      <Status />
      <Notes />
      <Help />
      <Asking />
    </div>
  );
}

/** Pages that show what is so now, and nothing of a past time. */
const OF_NOW: PageId[] = ["handover", "der", "planner", "reports", "users"];

const OfNow = ({ name }: { name: string }) => (
  <p class="waiting" data-test="of-now">
    {name} is not recorded. {isOnly.value ? "There is nothing here to see of it." : "It shows only what is so now: go back to live to see it."}
  </p>
);

function Room() {
  const page = route.value.page;
  const name = PAGES.find((each) => each.id === page)?.name ?? "Map";
  const network = session.value?.server.name ?? "";
  useEffect(() => {
    document.title = `${name} · ${network} · Gridmend`;
  }, [name, network]);
  useEffect(() => void (page === "trends" && loadTrends()), [page]);
  const isReady = picture.value !== null;
  useEffect(() => {
    if (isReady && (page === "replay" || isOnly.value)) void enter();
  }, [isReady, page, isOnly.value]);
  const Shown = shownFor(page);
  return (
    <div class="shell">
      <Top />
      <Banners />
      <Rail />
      <main id="main" tabIndex={-1} aria-label={name} data-test={`page-${page}`}>
        {replayed.value !== null && (OF_NOW.includes(page) || (isOnly.value && page === "journal")) ? <OfNow name={name} /> : Shown ? <Shown /> : <p class="waiting">Opening …</p>}
      </main>
      <Status />
      <Notes />
      <Help />
      <Asking />
    </div>
  );
}
