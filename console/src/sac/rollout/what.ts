// What the roll-out is to its pages: states as tones, days as words. Days are counted since 1970, as the API does.
import { locale } from "$lib/words";
import type { components } from "$api/sac";

export type Whole = components["schemas"]["RolloutShape"];
export type Stand = components["schemas"]["StandShape"];
export type Planned = components["schemas"]["PlannedShape"];
export type Way = components["schemas"]["WayShape"];
export type Move = components["schemas"]["MovedShape"];
export type Stage = components["schemas"]["Stage"];

const DAY_MS = 86_400_000;
export const BYTES_MAX = 64 * 1024 * 1024;
export const STANDS = ["late", "waits", "under", "operating", "out"] as const;
const OUT = ["suspended", "leaving", "left"];

export const onMs = (day: number): number => day * DAY_MS;
/** 26 Nov 2026. A planned day is the same day wherever it is read. */
export const inWords = (day: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(onMs(day));
export const isoDay = (day: number): string => new Date(onMs(day)).toISOString().slice(0, 10);
/** Of what a date field says; null for an empty one. */
export const dayOf = (iso: string): number | null => (iso ? Math.round(Date.parse(iso) / DAY_MS) : null);
export const nameOf = (one: Stand): string => one.title || one.actor;

export const stageTone = (stage: string) =>
  stage === "operating" ? ("good" as const) : stage === "suspended" || stage === "leaving" ? ("medium" as const) : stage === "candidate" || stage === "left" ? ("plain" as const) : ("accent" as const);

/** Whether an actor is shown by a filter of STANDS; the empty one shows all. */
export function stands(one: Stand, filter: string): boolean {
  if (filter === "late") return one.late_days > 0;
  if (filter === "waits") return one.unmet.length > 0;
  if (filter === "operating") return one.stage === "operating";
  if (filter === "out") return OUT.includes(one.stage);
  if (filter === "under") return one.stage !== "operating" && !OUT.includes(one.stage);
  return true;
}

/** SHA-256 of a file in hex; empty where the browser has none to offer (a page without TLS). */
export async function digestOf(file: File): Promise<string> {
  if (!globalThis.crypto?.subtle) return "";
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
