// Requests to the server: JSON in and out, the session's token on every change, problems as values.
import { signal } from "@preact/signals";

export const API = "/api/v1";
const LIMIT_MS = 20_000;

export interface Refusal {
  rule: string;
  device: string;
  why: string;
}

/** What the server says is wrong (RFC 9457), or that it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail = "",
    readonly mend = "",
    readonly refusals: Refusal[] = [],
    readonly where = "",
  ) {
    // The title of most is the phrase of the status; what is wrong stands in the detail.
    super(detail || title);
  }
}

/** The token of the session, which every change must carry. */
export const csrf = signal("");
/** Why nothing may be changed now; empty where it may. No change leaves the page while it says so. */
export const frozen = signal("");
/** Called when the server says that there is no session any more. */
export const onExpired = { call: (): void => {} };
/** Called when a change was refused for its token, as another tab of this browser began a session: reads
 * the session anew, and throws where the change is not to be asked for again. */
export const onOtherToken = { call: async (): Promise<void> => {} };

export const get = <T>(path: string): Promise<T> => request<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>("POST", path, body);
export const put = <T>(path: string, body: unknown = {}): Promise<T> => request<T>("PUT", path, body);
export const remove = <T>(path: string, body?: unknown): Promise<T> => request<T>("DELETE", path, body);

export async function getBinary(path: string): Promise<ArrayBuffer> {
  return (await send("GET", path)).arrayBuffer();
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function send(method: string, path: string, body?: unknown, isAgain = false): Promise<Response> {
  if (method !== "GET" && frozen.peek()) throw new Problem(0, "NOT LIVE", `${frozen.peek()}.`, "go back to live first");
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF"] = csrf.peek();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(API + path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  } catch {
    throw new Problem(0, "The server does not answer", `${method} ${path}`, "see whether it runs; nothing is assumed done");
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== "/session") onExpired.call();
  const problem = await problemOf(response);
  if (isAgain || problem.status !== 403 || problem.where !== "X-CSRF") throw problem;
  await onOtherToken.call();
  return send(method, path, body, true);
}

interface ProblemBody {
  title?: string;
  detail?: unknown;
  mend?: string;
  where?: string;
  refusals?: Refusal[];
}

async function problemOf(response: Response): Promise<Problem> {
  let body: ProblemBody = {};
  try {
    body = (await response.json()) as ProblemBody;
  } catch {
    // A proxy's error page: its status is all there is.
  }
  const detail = typeof body.detail === "string" ? body.detail : body.detail ? JSON.stringify(body.detail) : "";
  const title = body.title ?? `The server answered ${response.status}`;
  return new Problem(response.status, title, detail, body.mend ?? "", body.refusals ?? [], body.where);
}

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, "Something in this page failed", String(error));
