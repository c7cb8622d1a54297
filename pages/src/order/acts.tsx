// What may be done to an order in the state that it is in.
import type { Order } from "../wire/answers";
import { frozen, post } from "../wire/http";
import { orders, plans } from "../state/feed";
import { may, session } from "../state/session";
import { note, tried } from "../state/notes";
import { ask } from "../part/reason";

interface Act {
  path: string;
  name: string;
  permission: string;
  states: string[];
  done: string;
  isMain?: boolean;
  /** Whether it asks why. */
  why?: boolean;
}

const LIVE = ["draft", "studied", "approved", "issued", "in_progress"];
const ACTS: Act[] = [
  { path: "study", name: "Study", permission: "write_orders", states: ["draft", "studied", "suspended"], done: "Studied" },
  { path: "approve", name: "Approve", permission: "approve_orders", states: ["studied"], done: "Approved", isMain: true },
  { path: "issue", name: "Issue", permission: "execute_orders", states: ["approved"], done: "Issued", isMain: true },
  { path: "step", name: "Next step", permission: "execute_orders", states: ["issued", "in_progress"], done: "Step carried out" },
  { path: "carry-out", name: "Carry out", permission: "execute_orders", states: ["issued", "in_progress"], done: "Carrying out", isMain: true },
  { path: "suspend", name: "Stop", permission: "execute_orders", states: LIVE.slice(1), done: "Stopped: nothing more is operated", why: true },
  { path: "abort", name: "Give up", permission: "execute_orders", states: [...LIVE, "suspended"], done: "Given up", why: true },
];

async function act(order: Order, each: Act): Promise<void> {
  // What was read is what is approved, and the step that stands next is the one that is meant.
  let body: Record<string, string | number> = {};
  if (each.path === "approve") body = { version: order.version };
  if (each.path === "step") body = { number: order.done + 1 };
  if (each.why) {
    const given = await ask({ title: `${each.name}: ${order.title}`, act: each.name, needsReason: true });
    if (!given) return;
    body = { why: given.reason };
  }
  await tried(async () => {
    const told = await post<Order>(`/orders/${encodeURIComponent(order.id)}/${each.path}`, body);
    const refused = (told?.refusals ?? []).map((one) => `${one.rule} (${one.device}): ${one.why}`);
    if (refused.length) note(`${each.name}: refused`, "bad", refused.join(" · "));
    else note(each.done);
  });
  await Promise.all([orders.read(), plans.read()]);
}

export function OrderActs({ order }: { order: Order }) {
  const own = order.author === session.value?.user?.name;
  return (
    <div class="row no-print" role="group" aria-label="What may be done">
      {ACTS.filter((each) => each.states.includes(order.state)).map((each) => {
        const allowed = may(each.permission, order.area);
        // Two people: whoever wrote an order does not approve it. The server holds to it.
        const isOwn = each.path === "approve" && own;
        return (
          <button key={each.path} class={each.isMain ? "main" : ""} disabled={!allowed || isOwn} title={isOwn ? "Another person approves what you wrote" : allowed ? "" : frozen.value || "You have no leave for this"} data-test={`order-${each.path}`} onClick={() => void act(order, each)}>
            {each.name}
          </button>
        );
      })}
      {!frozen.value && (
      <a class="button" href={`api/v1/orders/${encodeURIComponent(order.id)}/sheet.pdf`} target="_blank" rel="noopener" data-test="order-print">
        Sheet (PDF)
      </a>
      )}
    </div>
  );
}
