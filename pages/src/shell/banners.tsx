// What must be known on every page: a demonstration, no feed, a replay, no solution.
import { overview } from "../state/feed";
import { ageS, clockMs, isOpen, isStale, picture } from "../state/live";
import { isOnly, replayed, then } from "../state/replay";
import { leave, problem } from "../state/replaying";
import { may, session } from "../state/session";
import { age, dateAndTime } from "../part/format";
import { Scrubber } from "./scrubber";

export function Banners() {
  const told = overview.data.value;
  return (
    <div class="banners">
      {session.value?.demonstration && (
        <div class="banner demonstration" data-test="demonstration">
          DEMONSTRATION – simulated field
        </div>
      )}
      {replayed.value !== null && (
        <div class="banner lost" role="alert" data-test="not-live">
          <span>
            NOT LIVE – replay of {dateAndTime(replayed.value)}. <small>Nothing can be changed.</small>
          </span>
          {!isOnly.value && (
            <button data-test="back-to-live" onClick={leave}>
              Back to live
            </button>
          )}
        </div>
      )}
      {replayed.value !== null && <NotRecorded />}
      {isStale.value && (
        <div class="banner lost" role="alert" data-test="stale">
          NO LIVE DATA for {age(Math.floor(ageS.value ?? 0))} – what is shown is of {dateAndTime(clockMs.value)}
          {isOpen.value ? "" : "; connecting again …"}
        </div>
      )}
      {told && !told.converged && (
        <div class="banner warning" role="status" data-test="not-converged">
          The power flow did not converge: voltages, currents and losses are not known.
        </div>
      )}
      {!picture.value && may("view") && <Waiting />}
      {replayed.value !== null && <Scrubber />}
    </div>
  );
}

/** What is missing of the time that is shown. */
function NotRecorded() {
  const told = problem.value ? [problem.value.message] : (then.value?.unsure ?? []);
  if (!told.length) return null;
  return (
    <div class="banner warning" role="status" data-test="not-recorded">
      Not recorded: {told.join("; ")}
    </div>
  );
}

const Waiting = () => (
  <div class="banner warning" role="status">
    The network is being read …
  </div>
);
