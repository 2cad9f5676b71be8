// What of an answer can be drawn over time: rows counted, or a number summed, in equal steps.
import type { Asked } from "../shapes";
import type { Row } from "./asking.svelte";

export interface Plotted {
  readonly times_us: readonly number[];
  readonly values: readonly number[];
}

const STEPS_MAX = 240;

function moment(value: unknown): number {
  if (typeof value !== "string") return NaN;
  const whole = /^\d{4}-\d\d-\d\dT\d\dZ$/.test(value) ? value.replace("Z", ":00Z") : value;
  return Date.parse(whole) * 1000;
}

export function plotted(columns: Asked["columns"], rows: readonly Row[], by: string): Plotted | null {
  const at = columns.findIndex((one) => one.kind === "time");
  const number = columns.findIndex((one) => one.name === by && one.kind === "number");
  if (at < 0) return null;
  const points = rows
    .map((row) => ({ us: moment(row[at]), value: number < 0 ? 1 : Number(row[number] ?? 0) }))
    .filter((one) => Number.isFinite(one.us));
  if (!points.length) return null;
  let [first, last] = [Infinity, -Infinity];
  for (const { us } of points) [first, last] = [Math.min(first, us), Math.max(last, us)];
  const step = Math.max(60e6, (last - first) / STEPS_MAX);
  const sums = new Array<number>(Math.floor((last - first) / step) + 1).fill(0);
  for (const { us, value } of points) {
    const place = Math.floor((us - first) / step);
    sums[place] = (sums[place] ?? 0) + value;
  }
  return { times_us: sums.map((_, index) => first + index * step), values: sums };
}
