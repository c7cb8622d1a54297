// Logging in, and the first account by the one-time link.
import { signal } from "@preact/signals";
import { route } from "../state/route";
import { logIn, session, setUp } from "../state/session";
import { asProblem } from "../wire/http";

const wrong = signal("");
const isBusy = signal(false);

async function during(work: () => Promise<void>): Promise<void> {
  wrong.value = "";
  isBusy.value = true;
  try {
    await work();
    location.hash = "#/map";
  } catch (error) {
    const problem = asProblem(error);
    wrong.value = [problem.message, problem.mend].filter(Boolean).join(" – ");
  }
  isBusy.value = false;
}

export const fieldText = (form: HTMLFormElement, name: string): string => {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value : "";
};

function submit(event: SubmitEvent, work: (form: HTMLFormElement) => Promise<void>): void {
  event.preventDefault();
  void during(() => work(event.currentTarget as HTMLFormElement));
}

export function LogIn() {
  return (
    <main class="login card" data-test="page-login">
      <form class="stack" onSubmit={(event) => submit(event, (form) => logIn(fieldText(form, "name"), fieldText(form, "password")))}>
        <h1>Gridmend · {session.value?.server.name}</h1>
        <World />
        <Field name="name" label="Name" autocomplete="username" />
        <Field name="password" label="Password" secret autocomplete="current-password" />
        <Wrong />
        <button class="act" type="submit" disabled={isBusy.value} data-test="log-in">
          Log in
        </button>
      </form>
    </main>
  );
}

/** Said wherever what is shown is not the field itself; nothing where it is. */
export function World() {
  const world = session.value?.server.world;
  return world && world !== "live" ? (
    <span class="tag loud" data-test="world">
      SIMULATED FIELD
    </span>
  ) : null;
}

export function SetUp() {
  const given = route.value.rest || route.value.query.get("token") || new URLSearchParams(location.search).get("token") || "";
  return (
    <main class="login card" data-test="page-setup">
      <form class="stack" onSubmit={(event) => submit(event, (form) => setUp(fieldText(form, "token"), fieldText(form, "name"), fieldText(form, "password"), fieldText(form, "shown")))}>
        <h1>The first account</h1>
        <World />
        <p class="soft">
          This account gives rights to others; it has none over the network. The one-time link was printed where the
          server was started.
        </p>
        <Field name="token" label="One-time token" value={given} autocomplete="off" />
        <Field name="name" label="Name" autocomplete="username" />
        <Field name="shown" label="Name as others see it" autocomplete="name" optional />
        <Field name="password" label="Password" secret autocomplete="new-password" />
        <Wrong />
        <button class="act" type="submit" disabled={isBusy.value} data-test="set-up">
          Make the account
        </button>
      </form>
    </main>
  );
}

function Wrong() {
  return wrong.value ? (
    <p class="bad" role="alert" data-test="login-wrong">
      {wrong.value}
    </p>
  ) : null;
}

export function Field(props: { name: string; label: string; value?: string; secret?: boolean; optional?: boolean; autocomplete: string }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      {props.secret ? (
        <input type="password" name={props.name} required autocomplete={props.autocomplete as "off"} data-test={`field-${props.name}`} />
      ) : (
        <input name={props.name} defaultValue={props.value ?? ""} required={!props.optional} autocomplete={props.autocomplete as "off"} data-test={`field-${props.name}`} />
      )}
    </label>
  );
}
