// Tags on a device, and earths at its buses.
import type { Device } from "../wire/answers";
import { post, remove } from "../wire/http";
import { may } from "../state/session";
import { tried } from "../state/notes";
import { ask } from "../part/reason";
import { shortName, words } from "../part/format";

const TAG_KINDS = [
  { value: "hold", label: "Hold: do not operate" },
  { value: "hot_line", label: "Hot line: do not reclose" },
];

export function Work({ device, again }: { device: Device; again: () => void }) {
  const mayWork = may("work", device.area);
  const after = async (change: () => Promise<unknown>, done: string): Promise<void> => {
    if (await tried(change, done)) again();
  };
  const tag = async (): Promise<void> => {
    const given = await ask({ title: `Tag ${shortName(device.key)}`, act: "Hang the tag", kinds: TAG_KINDS, needsReason: true });
    if (given) await after(() => post("/tags", { device: device.key, kind: given.kind, reason: given.reason }), "Tagged");
  };
  const ground = async (): Promise<void> => {
    const buses = [...new Set([device.bus1, device.bus2])].filter(Boolean);
    const kinds = buses.map((bus) => ({ value: bus, label: bus }));
    const given = await ask({ title: "Earth a bus", text: "It is refused where the bus is energised.", act: "Place the earth", kinds, needsReason: true });
    if (given) await after(() => post("/grounds", { bus: given.kind, reason: given.reason }), "Earthed");
  };
  return (
    <div class="stack">
      <h3>Tags and earths</h3>
      {!device.tags.length && !device.grounds.length && <p class="soft">none</p>}
      <ul class="stack">
        {device.tags.map((each) => (
          <li key={each.id} class="spread" data-test="tag">
            <span>
              ⚑ {words(each.kind)} · {each.holder} <span class="soft">{each.reason}</span>
            </span>
            {mayWork && (
              <button class="plain" data-test="untag" aria-label={`Lift the tag ${each.id}`} onClick={() => void after(() => remove(`/tags/${encodeURIComponent(each.id)}`), "Tag lifted")}>
                Lift
              </button>
            )}
          </li>
        ))}
        {device.grounds.map((each) => (
          <li key={each.id} class="spread" data-test="ground">
            <span>
              ⏚ earthed at {each.bus ?? "its bus"} · {each.holder}
            </span>
            {mayWork && (
              <button class="plain" data-test="unground" aria-label={`Remove the earth ${each.id}`} onClick={() => void after(() => remove(`/grounds/${encodeURIComponent(each.id)}`), "Earth removed")}>
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {mayWork && (
        <div class="row">
          <button data-test="tag-add" onClick={() => void tag()}>
            Tag …
          </button>
          <button data-test="ground-add" onClick={() => void ground()}>
            Earth …
          </button>
        </div>
      )}
    </div>
  );
}
