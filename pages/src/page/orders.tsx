// Switching orders: written, studied, approved by another, issued, carried out step by step.
import { signal } from "@preact/signals";
import { orders } from "../state/feed";
import { go, route } from "../state/route";
import { may } from "../state/session";
import type { Order } from "../wire/answers";
import { OrderActs } from "../order/acts";
import { OrderSteps } from "../order/steps";
import { Write, type Draft } from "../order/write";
import { shortName, words } from "../part/format";

/** What is being written; null where an order is read. */
const draft = signal<Draft | null>(null);

export default function OrdersPage() {
  const told = [...(orders.data.value ?? [])].reverse();
  const wanted = route.value.rest;
  const order = told.find((each) => each.id === wanted) ?? told[0];
  return (
    <div class="page">
      <header>
        <h1>Switching orders</h1>
        <button class="main no-print" data-test="order-new" disabled={!may("write_orders")} onClick={() => (draft.value = { id: null, title: "", area: "", steps: [] })}>
          Write an order
        </button>
      </header>
      {orders.problem.value && <p class="bad">The list may be old: {orders.problem.value.message}</p>}
      <div class="halves">
        <div class="card scroll no-print">
          {told.length ? (
            <table>
              <thead>
                <tr>
                  <th scope="col">Order</th>
                  <th scope="col">State</th>
                  <th scope="col" class="number">
                    Steps
                  </th>
                </tr>
              </thead>
              <tbody>
                {told.map((each) => (
                  <tr key={each.id} aria-selected={each.id === order?.id && !draft.value} data-test="order-row">
                    <td>
                      <button class="plain" data-test="order-open" onClick={() => ((draft.value = null), go("orders", each.id))}>
                        {each.title || each.id}
                      </button>
                      <br />
                      <span class="soft">{each.application || each.author}</span>
                    </td>
                    <td>{words(each.state)}</td>
                    <td class="number">
                      {each.done} / {each.steps.length}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          ) : (
            <p class="waiting" data-test="no-orders">
              No orders yet.
            </p>
          )}
        </div>
        <div class="scroll stack">
          {draft.value ? <Write draft={draft.value} done={(id) => ((draft.value = null), id && go("orders", id))} /> : order && <One order={order} />}
        </div>
      </div>
    </div>
  );
}

function One({ order }: { order: Order }) {
  const edit = (): void => {
    draft.value = {
      id: order.id,
      title: order.title,
      area: order.area ?? "",
      steps: order.steps.map((step) => ({ action: step.action, device: step.device, phases: step.phases ?? "", value: step.value ?? null, why: step.why })),
    };
  };
  const isOpen = ["draft", "studied", "suspended"].includes(order.state);
  return (
    <article class="card stack" data-test="order" data-state={order.state}>
      <div class="spread">
        <h2>{order.title || order.id}</h2>
        <span class="tag">{words(order.state)}</span>
      </div>
      <dl class="facts">
        <dt>Order</dt>
        <dd class="mono">{shortName(order.id)}</dd>
        <dt>Written by</dt>
        <dd>{order.application || order.author}</dd>
        <dt>Approved by</dt>
        <dd>{order.approver || "nobody yet"}</dd>
        <dt>Area</dt>
        <dd>{order.area || "everywhere"}</dd>
      </dl>
      {order.why && <p>{order.why}</p>}
      {(order.refusals ?? []).map((each) => (
        <p key={each.rule + each.device} class="bad">
          <b>{each.rule}</b> {shortName(each.device)}: {each.why}
        </p>
      ))}
      <OrderActs order={order} />
      {isOpen && may("write_orders", order.area) && (
        <div class="row no-print">
          <button data-test="order-edit" onClick={edit}>
            Edit the steps
          </button>
        </div>
      )}
      <OrderSteps steps={order.steps} />
    </article>
  );
}
