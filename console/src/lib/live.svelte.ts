// Live events: the console says which topics changed, and what is shown of them is asked for again.
import { whoami } from "./session.svelte";

type Hears = (topics: ReadonlySet<string>) => void;

const GATHER_MS = 120;
const hearers = new Set<Hears>();
let source: EventSource | null = null;
let waiting = new Set<string>();
let timer = 0;

export const live = $state({ connected: false, tried: false });

function tell(): void {
  timer = 0;
  const topics = waiting;
  waiting = new Set();
  for (const hears of hearers) hears(topics);
}

function changed(event: MessageEvent<string>): void {
  let read: unknown;
  try {
    read = JSON.parse(event.data);
  } catch {
    return;
  }
  const topics = Array.isArray(read) ? read : (read as { topics?: unknown } | null)?.topics;
  if (!Array.isArray(topics)) return;
  for (const topic of topics) waiting.add(String(topic));
  if (!timer) timer = window.setTimeout(tell, GATHER_MS);
}

export function listen(): void {
  if (source) return;
  source = new EventSource("/api/v1/live");
  source.addEventListener("open", () => {
    // After a gap nobody knows what changed: everything that is shown is asked for again.
    if (live.tried && !live.connected) for (const hears of hearers) hears(new Set(["*"]));
    live.connected = live.tried = true;
  });
  source.addEventListener("error", () => {
    live.connected = false;
    live.tried = true;
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      window.setTimeout(listen, 5000);
    }
  });
  source.addEventListener("changed", changed as EventListener);
  // The log-on has ended: asking who is signed in leads back to signing in.
  source.addEventListener("over", () => {
    deafen();
    void whoami.ask();
  });
}

export function deafen(): void {
  source?.close();
  source = null;
  live.connected = live.tried = false;
}

/** Calls ``then`` after a change of one of these topics ("*" hears all); gives what ends it. */
export function hear(topics: readonly (string | RegExp)[], then: () => void): () => void {
  const hears: Hears = (said) => {
    const fits = (topic: string | RegExp): boolean => (typeof topic === "string" ? topic === "*" || said.has(topic) : [...said].some((one) => topic.test(one)));
    if (said.has("*") || topics.some(fits)) then();
  };
  hearers.add(hears);
  return () => hearers.delete(hears);
}
