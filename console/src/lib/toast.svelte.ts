// Short news for the reader, also read aloud: what was done, what was refused and who must act.
import { advice } from "./advice";
import { asProblem } from "./problem";
import { say, type Sentence } from "./words";

export interface Toast {
  readonly id: number;
  readonly kind: "good" | "bad" | "plain";
  readonly text: string;
}

const SHOWN_MS = 6000;
const SHOWN_MAX = 4;
export const toasts = $state<{ all: readonly Toast[]; aloud: string }>({ all: [], aloud: "" });
let next = 0;

export function toast(text: string, kind: Toast["kind"] = "good"): void {
  const id = (next += 1);
  toasts.all = [...toasts.all, { id, kind, text }].slice(-SHOWN_MAX);
  // A refusal stays until it is put away: it says who must act.
  if (kind !== "bad") setTimeout(() => away(id), SHOWN_MS);
}

export function away(id: number): void {
  toasts.all = toasts.all.filter((one) => one.id !== id);
}

/** Said to a screen reader alone: "the list changed, 14 leads". */
export function aloud(text: string): void {
  toasts.aloud = text;
}

export function refused(thrown: unknown, act: (said: Sentence, code: string) => string = (said) => say(said)): void {
  const problem = asProblem(thrown);
  const said = act(problem.title, problem.act);
  toast(problem.act === "again" ? `${said} ${advice(problem)}` : said, "bad");
}
