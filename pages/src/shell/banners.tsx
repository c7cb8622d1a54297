// What must be known on every page: a demonstration, no feed, a replay, no solution.
import { overview } from "../state/feed";
import { ageS, clockMs, isOpen, isStale, picture } from "../state/live";
import { replayed } from "../state/replay";
import { may, session } from "../state/session";
import { age, dateAndTime } from "../part/format";

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
          NOT LIVE – replay of {dateAndTime(replayed.value)}
          <a class="button" href="#/map" data-test="back-to-live" onClick={() => (replayed.value = null)}>
            Back to live
          </a>
        </div>
      )}
      {isStale.value && replayed.value === null && (
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
    </div>
  );
}

const Waiting = () => (
  <div class="banner warning" role="status">
    The network is being read …
  </div>
);
