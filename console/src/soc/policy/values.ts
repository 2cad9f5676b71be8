// Values of the policy: compared, and written as people read them.
import { exact } from "$lib/numbers";

export type Value = boolean | number | string | readonly string[];

export const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);

export function said(value: Value, yes: string, no: string, empty: string, choices: Readonly<Record<string, string>>): string {
  if (typeof value === "boolean") return value ? yes : no;
  if (typeof value === "number") return exact(value);
  const text = typeof value === "string" ? (choices[value] ?? value) : value.join(", ");
  return text || empty;
}
