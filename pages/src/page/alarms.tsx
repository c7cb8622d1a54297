// All alarms, with what to leave out and how they stand together.
import { AlarmList, isGrouped, onlyState } from "../alarm/list";

const STATES = [
  ["all", "All"],
  ["unacknowledged", "Not acknowledged"],
  ["shelved", "Shelved"],
] as const;

export default function AlarmsPage() {
  return (
    <div class="page">
      <header>
        <h1>Alarms</h1>
        <div class="row" role="group" aria-label="Which alarms">
          {STATES.map(([state, name]) => (
            <button key={state} aria-pressed={onlyState.value === state} data-test={`only-${state}`} onClick={() => (onlyState.value = state)}>
              {name}
            </button>
          ))}
        </div>
        <label class="row">
          <input type="checkbox" checked={isGrouped.value} data-test="grouped" onChange={(event) => (isGrouped.value = event.currentTarget.checked)} />
          By cause
        </label>
      </header>
      <AlarmList />
    </div>
  );
}
