// The map's page: network, device at hand, alarms beneath.
import { chosen, choose } from "../map/marks";
import { NetworkMap } from "../map/map";
import { Search } from "../map/search";
import { DevicePanel } from "../device/panel";
import { AlarmList } from "../alarm/list";
import { useEffect } from "preact/hooks";
import { route } from "../state/route";
import { wall } from "../state/settings";

export function MapPage() {
  const key = route.value.page === "map" ? route.value.rest : "";
  useEffect(() => {
    if (key) choose(key, true);
  }, [key]);
  return (
    <div class="room">
      <NetworkMap />
      <Search />
      {!wall.value && (
        <aside class="side" aria-label="Device at hand" data-test="side">
          {chosen.value ? <DevicePanel key={chosen.value} device={chosen.value} /> : <Nothing />}
        </aside>
      )}
      <AlarmList isShort />
    </div>
  );
}

const Nothing = () => (
  <section class="stack">
    <h2>No device at hand</h2>
    <p class="soft">
      Pick one on the map, or search with <kbd>Ctrl K</kbd>. <kbd>n</kbd> goes to the next one that is not normal.
    </p>
  </section>
);
