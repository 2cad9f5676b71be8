// A refusal as the API says it (RFC 9457): a sentence in each language, and who must act.
import { words, type Said, type Sentence } from "./words";
import kit from "$words/both/kit";

/** "again": nothing was done, and the reader tries again. The API never says so: it is what "wait" means of a change. */
export type Act = "you" | "colleague" | "operator" | "centre" | "wait" | "again";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: Sentence,
    readonly act: Act,
    /** What is wrong with which field of a form. */
    readonly wrong: Readonly<Record<string, Sentence>> = {},
  ) {
    super(code);
    this.name = "Problem";
  }
}

const w = words(kit);
const UNREACHABLE = (): string => w().unreachable;
const UNREADABLE = (): string => w().unreadable;

const isSaid = (value: unknown): value is Said =>
  typeof value === "object" && value !== null && "en" in value && "da" in value && typeof value.en === "string";

/** What went wrong, of an answer from 400 up. */
export async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.clone().json().catch(() => null)) as Record<string, unknown> | null;
  if (body !== null && isSaid(body.title))
    return new Problem(answer.status, String(body.type), body.title, (body.act as Act | undefined) ?? "operator", (body.wrong as Record<string, Said> | undefined) ?? {});
  return new Problem(answer.status, "unreadable", UNREADABLE, answer.status >= 500 ? "operator" : "you");
}

/** What went wrong, of anything that was thrown. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) return new Problem(0, "unreachable", UNREACHABLE, "wait");
  return new Problem(0, "unreadable", UNREADABLE, "operator");
}

const SAFE = new Set(["GET", "HEAD"]);

/** Of a question that is put again by itself, as it is; of a change, which nobody makes again but the reader, "again". */
export function ofMethod(method: string, problem: Problem): Problem {
  if (SAFE.has(method) || problem.act !== "wait") return problem;
  return new Problem(problem.status, problem.code, problem.title, "again", problem.wrong);
}
