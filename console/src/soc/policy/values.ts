// Values of the policy: compared, and written as people read them.
export type Value = boolean | number | string | readonly string[];

export const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);

export function said(value: Value, yes: string, no: string, empty: string): string {
  if (typeof value === "boolean") return value ? yes : no;
  if (typeof value === "number") return String(value);
  const text = typeof value === "string" ? value : value.join(", ");
  return text || empty;
}
