// What a page shows from the API: asked for again when what it depends on changes, or when the console says so.
import { untrack } from "svelte";
import { hear } from "./live.svelte";
import { asProblem, Problem } from "./problem";

const RETRY_MS = 5000;

export interface Resource<T> {
  readonly data: T | undefined;
  readonly problem: Problem | null;
  readonly loading: boolean;
  reload(): void;
}

/** ``ask`` is run in an effect: state it reads before its first await makes it run again. Call while a component starts. */
export function resource<T>(ask: (signal: AbortSignal) => Promise<T>, topics: readonly string[] = []): Resource<T> {
  let data = $state.raw<T>();
  let problem = $state.raw<Problem | null>(null);
  let loading = $state(true);
  let turn = $state(0);
  const reload = (): void => void (turn += 1);

  $effect(() => {
    void turn;
    const abort = new AbortController();
    let retry = 0;
    untrack(() => (loading = true));
    ask(abort.signal).then(
      (said) => {
        if (abort.signal.aborted) return;
        [data, problem, loading] = [said, null, false];
      },
      (thrown: unknown) => {
        if (abort.signal.aborted) return;
        [problem, loading] = [asProblem(thrown), false];
        if (problem?.act === "wait") retry = window.setTimeout(reload, RETRY_MS);
      },
    );
    return () => {
      abort.abort();
      window.clearTimeout(retry);
    };
  });
  $effect(() => (topics.length ? hear(topics, reload) : undefined));

  return {
    get data() {
      return data;
    },
    get problem() {
      return problem;
    },
    get loading() {
      return loading;
    },
    reload,
  };
}
