// Asks for what both consoles have: logging on, the own account. Pages of one console use its typed client instead.
import { asProblem, ofMethod, problemOf } from "./problem";
import { whoami } from "./session.svelte";

/** The answer's body. Throws a Problem. */
export async function ask<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Bavn-CSRF"] = whoami.csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, credentials: "same-origin", body: body === undefined ? null : JSON.stringify(body) });
  } catch (thrown) {
    throw ofMethod(method, asProblem(thrown));
  }
  if (!answer.ok) {
    const problem = ofMethod(method, await problemOf(answer));
    if (problem.status === 401 && problem.code !== "refused") whoami.ended(); // not for a log-on that failed
    throw problem;
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
