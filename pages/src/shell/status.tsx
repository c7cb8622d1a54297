// The status line: how old the data is, who is here, and what this screen is set to.
import { overview } from "../state/feed";
import { ageS, isOpen } from "../state/live";
import { isOnly, replayed } from "../state/replay";
import { theme, units, wall, zone } from "../state/settings";
import { logOut, may, session } from "../state/session";
import { tried } from "../state/notes";
import { post } from "../wire/http";
import { age, plural } from "../part/format";
import { isHelpOpen } from "./help";
import { World } from "./login";
import { Who } from "./password";

const SPEEDS = [0, 1, 2, 5, 10, 30, 60];

export function Status() {
  const told = session.value;
  return (
    <footer class="status">
      {!told?.demonstration && <World />}
      <span data-test="data-age" role="status">
        {isOnly.value ? "▪ A recording alone" : `${replayed.value !== null ? "▪ Replay" : isOpen.value ? "▸ Live" : "▪ Not connected"} · last word ${age(ageS.value)} ago`} · oldest reading {age(overview.data.value?.data_age_s)}
      </span>
      {overview.data.value?.stale ? (
        <span data-test="devices-stale">{overview.data.value.stale} devices not heard in time</span>
      ) : null}
      <Doubts />
      <span class="grow" />
      {told?.demonstration && may("study") && (
        <label>
          Simulated time{" "}
          <select data-test="speed" value={String(told.server.speed)} onChange={(event) => void setSpeed(Number(event.currentTarget.value))}>
            {[...new Set([...SPEEDS, told.server.speed])].sort((a, b) => a - b).map((speed) => (
              <option key={speed} value={String(speed)}>
                {speed === 0 ? "paused" : `×${speed}`}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="no-wall">
        Zone{" "}
        <select data-test="zone" value={zone.value} onChange={(event) => (zone.value = event.currentTarget.value as typeof zone.value)}>
          <option value="utility">{told?.server.zone ?? "utility"}</option>
          <option value="utc">UTC</option>
          <option value="browser">this screen's</option>
        </select>
      </label>
      <label class="no-wall">
        Units{" "}
        <select data-test="units" value={units.value} onChange={(event) => (units.value = event.currentTarget.value as typeof units.value)}>
          <option value="si">SI</option>
          <option value="us">US</option>
        </select>
      </label>
      <button class="plain" data-test="theme" onClick={() => (theme.value = theme.value === "dark" ? "light" : "dark")}>
        {theme.value === "dark" ? "Light" : "Dark"}
      </button>
      <button class="plain" data-test="wall" aria-pressed={wall.value} onClick={() => (wall.value = !wall.value)}>
        Wall
      </button>
      <button class="plain" data-test="help" onClick={() => (isHelpOpen.value = true)}>
        Keys <kbd>?</kbd>
      </button>
      <Who />
      <button class="plain no-wall" data-test="log-out" onClick={() => void tried(logOut)}>
        Log out
      </button>
    </footer>
  );
}

/** What the room itself says is stale, unknown or not solved. */
function Doubts() {
  const told = overview.data.value?.unsure ?? [];
  if (!told.length) return null;
  return (
    <details class="doubts" data-test="unsure">
      <summary data-test="unsure-open">▲ {plural(told.length, "thing is", "things are")} not certain</summary>
      <ul>
        {told.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </details>
  );
}

async function setSpeed(speed: number): Promise<void> {
  await tried(async () => {
    const told = await post<{ speed: number }>("/exercise/speed", { speed });
    const held = session.peek();
    if (held) session.value = { ...held, server: { ...held.server, speed: told.speed } };
  }, speed ? `Simulated time runs ×${speed}` : "Simulated time stands");
}
