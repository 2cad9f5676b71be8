// A question to the history with nothing in it yet.
import type { Question } from "../shapes";

export const blank = (last: string, rows: number): Question => ({
  kind: "sql", sql: "", hunt: "", given: {}, pivot: "", value: "", rules: "", check: false, text: "", last, rows,
});
