// One's own password: the present one is asked for, and every other session ends. One that somebody else
// gave is replaced before anything else is shown.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { logOut, session, setPassword } from "../state/session";
import { note } from "../state/notes";
import { asProblem } from "../wire/http";
import { Field, fieldText, World } from "./login";

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

async function submit(event: SubmitEvent, done: () => void): Promise<void> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  wrong.value = "";
  try {
    await setPassword(fieldText(form, "present"), fieldText(form, "password"));
    done();
    note("The password is another. Every other session of yours has ended.");
  } catch (error) {
    const problem = asProblem(error);
    wrong.value = [problem.message, problem.mend].filter(Boolean).join(" – ");
  }
}

function Wrong() {
  return wrong.value ? (
    <p class="bad" role="alert" data-test="password-wrong">
      {wrong.value}
    </p>
  ) : null;
}

/** The whole page of whoever has a password that somebody else gave: it is replaced, or they log out. */
export function GivenPassword() {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    wrong.value = "";
    form.current?.querySelector("input")?.focus();
  }, []);
  const told = session.value;
  return (
    <main class="login card" data-test="page-password">
      <form ref={form} class="stack" aria-labelledby="given-title" aria-describedby="given-why" onSubmit={(event) => void submit(event, () => (location.hash = "#/map"))}>
        <h1 id="given-title">Set your own password</h1>
        <World />
        <p id="given-why" data-test="password-why">
          <b>{told?.password_given_by}</b> gave you this password, {told?.user?.shown || told?.user?.name}, and so knows it. Set your own; nothing else is
          open until then.
        </p>
        <Field name="present" label="Password that you were given" secret autocomplete="current-password" />
        <Field name="password" label="Your own, new password" secret autocomplete="new-password" />
        <Wrong />
        <button type="submit" class="act" data-test="password-set">
          Set it
        </button>
        <button type="button" class="plain" data-test="log-out" onClick={() => void logOutHere()}>
          Log out
        </button>
      </form>
    </main>
  );
}

async function logOutHere(): Promise<void> {
  try {
    await logOut();
  } catch (error) {
    wrong.value = asProblem(error).message;
  }
}

function Password() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = isOpen.value;
  useEffect(() => {
    wrong.value = "";
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog ref={dialog} aria-labelledby="password-title" data-test="password" onClose={() => (isOpen.value = false)}>
      {shown && (
        <form class="stack" onSubmit={(event) => void submit(event, () => (isOpen.value = false))}>
          <h1 id="password-title">Your password</h1>
          <Field name="present" label="Present password" secret autocomplete="current-password" />
          <Field name="password" label="New password" secret autocomplete="new-password" />
          <Wrong />
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
