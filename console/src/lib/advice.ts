// What the reader can do about a refusal: a sentence of words/*/kit.ts, by who must act and by what was refused.
import type { Problem } from "./problem";
import { words } from "./words";
import en from "$words/both/kit";

const w = words(en);

export function advice(problem: Problem): string {
  const says = w().act;
  if (problem.act !== "you") return says[problem.act] ?? says.operator;
  if (problem.code === "refused" && problem.status === 401) return says.logon;
  if (problem.status === 404) return says.missing;
  if (problem.status === 409) return says.changed;
  if (problem.status === 422) return says.wrong;
  return says.you;
}
