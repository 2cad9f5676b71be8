// How strong a suspicion's evidence is, as a word: by nats, the line at which it counts as strong in the policy's default.
export type Level = "critical" | "high" | "medium" | "low" | "info";

const LINES: readonly [number, Level][] = [[6, "critical"], [4, "high"], [2, "medium"], [0.5, "low"]];

export const level = (nats: number): Level => LINES.find(([least]) => nats >= least)?.[1] ?? "info";
