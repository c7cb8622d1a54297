// Asks why before something is done that others must be able to understand later.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";

interface Question {
  title: string;
  text?: string;
  act: string;
  /** Choices of minutes, where a time is asked for. */
  minutes?: number[];
  /** What may be chosen, where one of several is asked for. */
  kinds?: { label: string; value: string }[];
  needsReason: boolean;
}

export interface Reply {
  reason: string;
  minutes: number;
  kind: string;
}

const asked = signal<(Question & { reply: (given: Reply | null) => void }) | null>(null);

/** What was answered; null where it was left. */
export function ask(question: Question): Promise<Reply | null> {
  asked.peek()?.reply(null);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      reply: (given) => {
        asked.value = null;
        resolve(given);
      },
    };
  });
}

export function Asking() {
  const dialog = useRef<HTMLDialogElement>(null);
  const now = asked.value;
  useEffect(() => {
    if (now) dialog.current?.showModal();
  }, [now]);
  if (!now) return null;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    now.reply({
      reason: String(form.get("reason") ?? "").trim(),
      minutes: Number(form.get("minutes") ?? 0),
      kind: String(form.get("kind") ?? ""),
    });
  };
  return (
    <dialog ref={dialog} aria-labelledby="asked-title" data-test="asked" onCancel={() => now.reply(null)}>
      <form class="stack" onSubmit={submit}>
        <h1 id="asked-title">{now.title}</h1>
        {now.text && <p>{now.text}</p>}
        {now.kinds && (
          <label class="field">
            <span>Kind</span>
            <select name="kind" data-test="asked-kind">
              {now.kinds.map((each) => (
                <option key={each.value} value={each.value}>
                  {each.label}
                </option>
              ))}
            </select>
          </label>
        )}
        {now.minutes && (
          <label class="field">
            <span>For how long</span>
            <select name="minutes" data-test="asked-minutes">
              {now.minutes.map((each) => (
                <option key={each} value={each}>
                  {each < 60 ? `${each} min` : `${each / 60} h`}
                </option>
              ))}
            </select>
          </label>
        )}
        {now.needsReason && (
          <label class="field">
            <span>Reason</span>
            <input name="reason" required maxLength={300} autofocus autocomplete="off" data-test="asked-reason" />
          </label>
        )}
        <div class="row end">
          <button type="button" data-test="asked-cancel" onClick={() => now.reply(null)}>
            Cancel <kbd>Esc</kbd>
          </button>
          <button type="submit" class="act" data-test="asked-act">
            {now.act}
          </button>
        </div>
      </form>
    </dialog>
  );
}
