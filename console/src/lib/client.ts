// The way to the API, typed by its OpenAPI document. Pages use it through src/sac/api.ts and src/soc/api.ts.
import createClient, { type Client, type Middleware } from "openapi-fetch";
import { asProblem, ofMethod, problemOf } from "./problem";
import { whoami } from "./session.svelte";

const SAFE = new Set(["GET", "HEAD"]);

const manners: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set("X-Bavn-CSRF", whoami.csrf);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return undefined;
    const problem = ofMethod(request.method, await problemOf(response));
    if (problem.status === 401) whoami.ended();
    throw problem;
  },
  onError({ request, error }) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    return ofMethod(request.method, asProblem(error));
  },
};

export function client<Paths extends object>(): Client<Paths> {
  const made = createClient<Paths>({ baseUrl: location.origin, credentials: "same-origin" });
  made.use(manners);
  return made;
}

/** The body of an answer, or the Problem that was said: ``await got(api.GET("/api/v1/leads", {...}))``. */
export async function got<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  try {
    return (await answer).data as T;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    throw asProblem(thrown);
  }
}
