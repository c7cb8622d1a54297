// Who is at this screen, and what they may do.
import { computed, signal } from "@preact/signals";
import type { Session } from "../wire/session";
import { csrf, frozen, get, onExpired, onOtherToken, post, Problem, put, remove } from "../wire/http";

export const session = signal<Session | null>(null);
export const isLoggedIn = computed(() => session.value?.user != null);
/** Somebody else gave the password, and knows it: until its owner sets another, nothing else is served. */
export const mustChange = computed(() => isLoggedIn.value && session.value?.must_change_password === true);

export async function loadSession(): Promise<void> {
  take(await get<Session>("/session"));
}

export async function logIn(name: string, password: string): Promise<void> {
  await post("/session", { name, password });
  await loadSession();
}

export async function setUp(token: string, name: string, password: string, shown: string): Promise<void> {
  await post("/setup", { token, name, password, shown });
  await logIn(name, password);
}

/** Change one's own password: the server begins another session, and ends this one with all others. */
export async function setPassword(present: string, password: string): Promise<void> {
  const name = session.peek()?.user?.name ?? "";
  csrf.value = (await put<{ csrf: string }>(`/users/${encodeURIComponent(name)}/password`, { present, password })).csrf;
  // What was asked meanwhile with the old cookie may have found nobody logged in.
  await loadSession();
}

export async function logOut(): Promise<void> {
  await remove("/session");
  location.hash = "";
  location.reload();
}

function take(told: Session): void {
  csrf.value = told.csrf;
  session.value = told;
}

onExpired.call = () => {
  const held = session.peek();
  if (held?.user) session.value = { ...held, user: null };
};

onOtherToken.call = async () => {
  const before = session.peek()?.user?.name;
  await loadSession();
  const now = session.peek()?.user;
  // What one person wanted is not done in another's name.
  if (now && now.name !== before) throw new Problem(403, "Another session", `${now.shown || now.name} is logged in in this browser now: nothing was done.`);
};

/** What only looks, and may be done in a replay too. */
const LOOKS = ["view", "report", "audit", "manage_users"];

/** Whether the session has a permission in an area; everywhere counts for all. In a replay nobody changes anything. */
export function may(permission: string, area?: string | null): boolean {
  if (frozen.value && !LOOKS.includes(permission)) return false;
  const held = session.value?.permissions ?? {};
  const everywhere = [...(held["-"] ?? []), ...(held["*"] ?? []), ...(held[""] ?? [])];
  if (everywhere.includes(permission)) return true;
  if (area) return held[area]?.includes(permission) ?? false;
  return Object.values(held).some((each) => each.includes(permission));
}
