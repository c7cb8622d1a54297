// Accounts and what each may do where; powerful rights are given by one person and confirmed by another.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { may, session } from "../state/session";
import { tried } from "../state/notes";
import { asProblem, get, post, put, remove, type Problem } from "../wire/http";
import type { Account, PendingGrant } from "../wire/answers";
import { words } from "../part/format";

const ROLES = ["viewer", "operator", "supervisor", "der_operator", "engineer", "crew", "ami_analyst", "customer", "security_admin", "auditor"];
const accounts = signal<Account[]>([]);
const pending = signal<PendingGrant[]>([]);
const problem = signal<Problem | null>(null);

async function read(): Promise<void> {
  try {
    [accounts.value, pending.value] = await Promise.all([get<Account[]>("/users"), get<PendingGrant[]>("/users/pending")]);
    problem.value = null;
  } catch (error) {
    problem.value = asProblem(error);
  }
}

async function change(work: () => Promise<unknown>, done: string): Promise<boolean> {
  const isDone = await tried(work, done);
  await read();
  return isDone;
}

const at = (name: string): string => `/users/${encodeURIComponent(name)}`;

export default function UsersPage() {
  const mayManage = may("manage_users");
  useEffect(() => {
    if (mayManage) void read();
  }, [mayManage]);
  if (!mayManage)
    return (
      <div class="page">
        <h1>Users</h1>
        <p class="waiting" data-test="not-permitted">
          Accounts are for a security admin. Your own password is changed by your name, below.
        </p>
      </div>
    );
  return (
    <div class="page">
      <header>
        <h1>Users</h1>
      </header>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value.message}
        </p>
      )}
      {pending.value.map((each) => (
        <p key={each.name + each.grant.role + each.grant.area} class="warn spread" data-test="pending">
          <span>
            {each.by} would make {each.name} {words(each.grant.role)} {each.grant.area ? `in ${each.grant.area}` : "everywhere"}.
          </span>
          <button class="main" disabled={each.by === session.value?.user?.name} title={each.by === session.value?.user?.name ? "Another person confirms it" : ""} data-test="grant-confirm" onClick={() => void change(() => post(`${at(each.name)}/grants/confirm`, each.grant), "Confirmed")}>
            Confirm
          </button>
        </p>
      ))}
      <div class="columns">
        <NewAccount />
        {accounts.value.map((each) => (
          <One key={each.name} account={each} />
        ))}
      </div>
    </div>
  );
}

function NewAccount() {
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const [name, shown, password] = ["name", "shown", "password"].map((key) => String(given.get(key) ?? ""));
    if (await change(() => post("/users", { name, shown, password }), `${name} has an account, without any right`)) form.reset();
  };
  return (
    <form class="card stack" onSubmit={(event) => void submit(event)}>
      <h2>New account</h2>
      <label class="field">
        <span>Name</span>
        <input name="name" required autocomplete="off" data-test="user-name" />
      </label>
      <label class="field">
        <span>Name as others see it</span>
        <input name="shown" autocomplete="off" data-test="user-shown" />
      </label>
      <label class="field">
        <span>Password</span>
        <input name="password" type="password" required autocomplete="new-password" data-test="user-password" />
      </label>
      <button type="submit" class="main" data-test="user-make">
        Make it
      </button>
    </form>
  );
}

function One({ account }: { account: Account }) {
  const grant = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = { role: String(form.get("role")), area: String(form.get("area") ?? "").trim() };
    void change(() => post(`${at(account.name)}/grants`, given), "Given, or waits for a second person");
  };
  return (
    <section class="card stack" aria-label={account.name} data-test="account">
      <div class="spread">
        <h2>
          {account.name} <span class="soft">{account.shown}</span>
        </h2>
        <button data-test="user-active" disabled={account.name === session.value?.user?.name} onClick={() => void change(() => put(`${at(account.name)}/active`, { active: !account.is_active }), account.is_active ? "Closed" : "Opened")}>
          {account.is_active ? "Close" : "Open"} the account
        </button>
      </div>
      {!account.is_active && <span class="tag loud">closed</span>}
      {account.must_change_password && (
        <span class="tag" title="Somebody else gave the password: its owner has to replace it first" data-test="user-given">
          given password
        </span>
      )}
      <ul>
        {account.grants.map((each) => (
          <li key={each.role + each.area} class="spread">
            <span>
              {words(each.role)} <span class="soft">{each.area || "everywhere"}</span>
            </span>
            <button class="plain" data-test="grant-revoke" aria-label={`Take ${words(each.role)} from ${account.name}`} onClick={() => void change(() => remove(`${at(account.name)}/grants?${new URLSearchParams(each).toString()}`), "Taken")}>
              Take away
            </button>
          </li>
        ))}
        {!account.grants.length && <li class="soft">no right</li>}
      </ul>
      <form class="row" onSubmit={grant}>
        <select name="role" aria-label={`Role for ${account.name}`} data-test="grant-role">
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {words(role)}
            </option>
          ))}
        </select>
        <input name="area" placeholder="area (empty: everywhere)" aria-label={`Area for ${account.name}`} data-test="grant-area" />
        <button type="submit" data-test="grant">
          Give
        </button>
      </form>
    </section>
  );
}
