// Short messages, the newest at the bottom.
import { drop, notes } from "../state/notes";

export function Notes() {
  return (
    <div class="notes" aria-live="polite">
      {notes.value.map((each) => (
        <div key={each.id} class="note" data-tone={each.tone} data-test="note" role={each.tone === "bad" ? "alert" : "status"}>
          <p>
            {each.text}
            {each.more && <span class="soft"> {each.more}</span>}
          </p>
          <button class="plain" aria-label="Close this message" data-test="note-close" onClick={() => drop(each.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
