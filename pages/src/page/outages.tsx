// Outages: what probably operated, who is out, when they will be back, and who works on it.
import { outages, overview } from "../state/feed";
import type { Outage } from "../wire/answers";
import { go } from "../state/route";
import { choose } from "../map/marks";
import { age, chance, clockNear, dateAndTime, NONE, number, plural, shortName, words } from "../part/format";
import { clockMs } from "../state/live";

export default function OutagesPage() {
  const told = outages.data.value;
  const open = (told ?? []).filter((each) => !each.over).sort((a, b) => b.customers - a.customers);
  const out = overview.data.value?.customers_out ?? 0;
  const over = (told ?? []).filter((each) => each.over);
  return (
    <div class="page">
      <header>
        <h1>Outages</h1>
        <button class="no-print" data-test="outages-restoration" onClick={() => go("restoration")}>
          Restoration plans
        </button>
      </header>
      {outages.problem.value && <p class="bad">The list may be old: {outages.problem.value.message}</p>}
      {told && !open.length && (
        <p class="card" data-test="no-outages">
          {out ? `${plural(out, "customer")} without supply by the positions of devices. No outage is told of them: somebody switched them off, or reports are still gathered.` : "Nobody is known to be out."}
        </p>
      )}
      <div class="columns">
        {open.map((each) => (
          <Card key={each.id} outage={each} />
        ))}
      </div>
      {over.length > 0 && <Over list={over} />}
    </div>
  );
}

function Card({ outage }: { outage: Outage }) {
  const back = outage.back_by;
  const show = (device: string): void => {
    choose(device, true);
    go("map");
  };
  return (
    <article class="card stack" data-test="outage" aria-label={`Outage at ${outage.device}`}>
      <div class="spread">
        <h2>
          {shortName(outage.device)} <span class="soft">{outage.chance === null ? "known" : `${chance(outage.chance)} likely`}</span>
        </h2>
        <span class="tag">{words(outage.stage)}</span>
      </div>
      <dl class="facts">
        <dt>Customers out</dt>
        <dd data-test="outage-customers">{number(outage.customers)}</dd>
        <dt>Critical customers</dt>
        <dd>{number(outage.critical)}</dd>
        <dt>Since</dt>
        <dd>
          {clockNear(outage.began, clockMs.value)} ({age((clockMs.value - Date.parse(outage.began)) / 1000)})
        </dd>
        <dt>Supply back</dt>
        <dd>
          {back ? (
            <>
              {clockNear(back.median, clockMs.value)}
              <br />
              <small class="soft">
                {number(back.confidence_pct)} %: {clockNear(back.low, clockMs.value)} – {clockNear(back.high, clockMs.value)}
              </small>
            </>
          ) : (
            NONE
          )}
        </dd>
        <dt>Cause</dt>
        <dd>{outage.cause || "not known"}</dd>
        <dt>Crews</dt>
        <dd>{outage.crews.join(", ") || "none yet"}</dd>
        <dt>Calls</dt>
        <dd>{number(outage.calls)}</dd>
        <dt>Meters asked</dt>
        <dd>{outage.pings?.asked ? `${number(outage.pings.asked)}: ${number(outage.pings.silent)} silent, ${number(outage.pings.answered)} answered` : "none"}</dd>
        {outage.nested_in && (
          <>
            <dt>Within</dt>
            <dd>{outage.nested_in}</dd>
          </>
        )}
      </dl>
      {outage.candidates.length > 1 && (
        <details>
          <summary data-test="outage-candidates">It may also be</summary>
          <ul>
            {outage.candidates.map((each) => (
              <li key={each.device} class="spread">
                <span>{shortName(each.device)}</span>
                <span>{chance(each.chance)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="row no-print">
        <button data-test="outage-show" onClick={() => show(outage.device)}>
          On the map
        </button>
        <button class="main" data-test="outage-restore" onClick={() => go("restoration")}>
          Restore …
        </button>
      </div>
    </article>
  );
}

const Over = ({ list }: { list: Outage[] }) => (
  <section class="stack">
    <h2>Over</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Device</th>
          <th scope="col">Began</th>
          <th scope="col">Over</th>
          <th scope="col" class="number">
            Customers
          </th>
          <th scope="col">Cause</th>
        </tr>
      </thead>
      <tbody>
        {list.map((each) => (
          <tr key={each.id} data-test="outage-over">
            <td>{shortName(each.device)}</td>
            <td>{dateAndTime(each.began)}</td>
            <td>{dateAndTime(each.over)}</td>
            <td class="number">{number(each.customers)}</td>
            <td>{each.cause || "not known"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);
