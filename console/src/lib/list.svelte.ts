// A long list, a page at a time: what the API gives as {items, next, total}.
import { untrack } from "svelte";
import { hear } from "./live.svelte";
import { asProblem, Problem } from "./problem";

export interface Rows<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
  readonly total?: number | null;
}

export interface List<T> {
  readonly rows: readonly T[];
  readonly total: number | null;
  readonly problem: Problem | null;
  readonly loading: boolean;
  readonly ended: boolean;
  more(): void;
  reload(): void;
}

export const PAGE = 200;
const RETRY_MS = 5000;

/** ``ask(after, signal)`` gives one page; state it reads before its first await starts the list anew. A live change asks for
 * as many rows again as are shown, and puts them in one go, so that nothing jumps. */
export function list<T>(ask: (after: string | undefined, signal: AbortSignal) => Promise<Rows<T>>, topics: readonly string[] = []): List<T> {
  let rows = $state.raw<readonly T[]>([]);
  let next = $state.raw<string | null>(null);
  let total = $state.raw<number | null>(null);
  let problem = $state.raw<Problem | null>(null);
  let loading = $state(true);
  let abort = new AbortController();

  async function fill(wanted: number, first: Promise<Rows<T>>, signal: AbortSignal): Promise<void> {
    loading = true;
    try {
      let page = await first;
      let gathered = [...page.items];
      const whole = page.total ?? null;
      while (gathered.length < wanted && page.next) {
        page = await ask(page.next, signal);
        gathered = gathered.concat(page.items);
      }
      if (signal.aborted) return;
      [rows, next, total, problem] = [gathered, page.next ?? null, whole, null];
    } catch (thrown) {
      if (signal.aborted) return;
      failed(thrown, signal);
    }
    loading = false;
  }

  /** What nobody needs to act on is asked for again by itself. */
  function failed(thrown: unknown, signal: AbortSignal): void {
    problem = asProblem(thrown);
    if (problem.act !== "wait") return;
    const retry = window.setTimeout(() => again(rows.length), RETRY_MS);
    signal.addEventListener("abort", () => window.clearTimeout(retry), { once: true });
  }

  function again(wanted: number): void {
    abort.abort();
    abort = new AbortController();
    void fill(wanted, ask(undefined, abort.signal), abort.signal);
  }

  async function more(): Promise<void> {
    if (!next || loading) return;
    loading = true;
    const { signal } = abort;
    try {
      const page = await ask(next, signal);
      if (signal.aborted) return;
      [rows, next] = [rows.concat(page.items), page.next ?? null];
    } catch (thrown) {
      if (signal.aborted) return;
      failed(thrown, signal);
    }
    loading = false;
  }

  $effect(() => {
    const fresh = new AbortController();
    const first = ask(undefined, fresh.signal);
    untrack(() => {
      abort.abort();
      abort = fresh;
      void fill(0, first, fresh.signal);
    });
    return () => (fresh.abort(), abort.abort());
  });
  $effect(() => (topics.length ? hear(topics, () => again(rows.length)) : undefined));

  return {
    get rows() {
      return rows;
    },
    get total() {
      return total;
    },
    get problem() {
      return problem;
    },
    get loading() {
      return loading;
    },
    get ended() {
      return next === null;
    },
    more: () => void more(),
    reload: () => again(rows.length),
  };
}
