// The keys, and what the pages are made of.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { letters } from "../state/settings";
import { session } from "../state/session";
import { PAGES } from "../state/route";
import { KEYS } from "./bindings";

export const isHelpOpen = signal(false);

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="stack" aria-labelledby="keys-title" data-test="keys" onClose={() => (isHelpOpen.value = false)}>
      {isOpen && (
        <>
          <div class="spread">
            <h1 id="keys-title">Keys</h1>
            <button data-test="keys-close" onClick={() => (isHelpOpen.value = false)}>
              Close <kbd>Esc</kbd>
            </button>
          </div>
          <div class="keys">
            {KEYS.map((each) => (
              <div key={each.keys}>
                <span>{each.does}</span>
                <kbd>{each.keys}</kbd>
              </div>
            ))}
            {PAGES.map((page) => (
              <div key={page.id}>
                <span>Go to {page.name}</span>
                <span>
                  <kbd>g</kbd> <kbd>{page.key}</kbd>
                </span>
              </div>
            ))}
          </div>
          <label class="row">
            <input type="checkbox" checked={letters.value === "on"} data-test="letters" onChange={(event) => (letters.value = event.currentTarget.checked ? "on" : "off")} />
            Single letters work as keys
          </label>
          <p class="soft">
            Gridmend {session.value?.server.version}. <a href="assets/licences.txt">Licences of what these pages are made of</a>
          </p>
        </>
      )}
    </dialog>
  );
}
