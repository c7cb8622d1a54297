// Replay: the map of the time that is shown, and what happened, to go to.
import { NetworkMap } from "../map/map";
import { picture } from "../state/live";
import { replayed } from "../state/replay";
import { enter, marks, seek, span } from "../state/replaying";
import { dateAndTime, words } from "../part/format";

export default function ReplayPage() {
  if (!picture.value) return <p class="waiting">Reading the network …</p>;
  return (
    <div class="room">
      <NetworkMap />
      <section class="list" aria-label="What happened">
        {replayed.value === null ? <Again /> : <Happened now={replayed.value} />}
      </section>
    </div>
  );
}

const Again = () => (
  <p class="waiting" data-test="replay-none">
    Live.{" "}
    <button data-test="replay-enter" onClick={() => void enter()}>
      Replay what was
    </button>
  </p>
);

function Happened({ now }: { now: number }) {
  const told = span.value?.unsure ?? [];
  return (
    <>
      {told.map((each) => (
        <p key={each} class="warn">
          {each}
        </p>
      ))}
      <div class="scroll" tabIndex={0} role="group" aria-label="Marks">
        <table>
          <tbody>
            {marks.value.map((each, i) => (
              <tr key={i} class={Date.parse(each.time) > now ? "soft" : ""} data-test="mark" data-kind={each.kind}>
                <td>
                  <button class="plain" data-test="mark-go" onClick={() => seek(Date.parse(each.time))}>
                    {dateAndTime(each.time)}
                  </button>
                </td>
                <td>{words(each.kind)}</td>
                <td>{each.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {!marks.value.length && <p class="waiting">No faults, plans or approvals in this time.</p>}
      </div>
    </>
  );
}
