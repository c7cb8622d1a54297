// One's own password: the present one is asked for, and every other session ends.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { session, setPassword } from "../state/session";
import { note } from "../state/notes";
import { asProblem } from "../wire/http";
import { Field, fieldText } from "./login";

const isOpen = signal(false);
const wrong = signal("");

/** Who is here; an account opens its password by it. The demonstration operator has none. */
export function Who() {
  const told = session.value;
  const name = told?.user?.shown || told?.user?.name;
  if (told?.demonstration && told.user?.name === "demonstration") {
    return (
      <span class="no-wall" data-test="user">
        {name}
      </span>
    );
  }
  return (
    <>
      <button class="plain no-wall" data-test="user" title="Change the password" onClick={() => (isOpen.value = true)}>
        {name}
      </button>
      <Password />
    </>
  );
}

function Password() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = isOpen.value;
  useEffect(() => {
    wrong.value = "";
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    try {
      await setPassword(fieldText(form, "present"), fieldText(form, "password"));
      isOpen.value = false;
      note("The password is another. Every other session of yours has ended.");
    } catch (error) {
      const problem = asProblem(error);
      wrong.value = [problem.message, problem.mend].filter(Boolean).join(" – ");
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="password-title" data-test="password" onClose={() => (isOpen.value = false)}>
      {shown && (
        <form class="stack" onSubmit={(event) => void submit(event)}>
          <h1 id="password-title">Your password</h1>
          <Field name="present" label="Present password" secret autocomplete="current-password" />
          <Field name="password" label="New password" secret autocomplete="new-password" />
          {wrong.value && (
            <p class="bad" role="alert" data-test="password-wrong">
              {wrong.value}
            </p>
          )}
          <div class="row">
            <button type="submit" class="main" data-test="password-set">
              Change it
            </button>
            <button type="button" data-test="password-leave" onClick={() => (isOpen.value = false)}>
              Leave it
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
