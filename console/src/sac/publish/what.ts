// A document as the API gives it: where its sources are to be seen.
import type { components } from "$api/sac";
import { href } from "$lib/router.svelte";

type Schemas = components["schemas"];
export type Shown = Schemas["DocumentShown"];
export type Block = Schemas["BlockShown"];
export type Source = Schemas["SourceShown"];
export type Row = Schemas["EditionRow"];
export type Act = "approve" | "publish" | "archive" | "withdraw";

/** How a command of the centre begins -> the page that shows the same. */
const PAGES: readonly (readonly [string, string])[] = [
  ["bavn centre cases", "/cases"], ["bavn centre leads", "/leads"], ["bavn centre indicators", "/indicators"], ["bavn centre members", "/members"],
  ["bavn centre counts", "/rounds?tab=counts"], ["bavn centre clock", "/protection?tab=clocks"], ["bavn centre partner show", "/partners"],
  ["bavn centre source show", "/sources"], ["bavn centre questions", "/questions"],
];

/** The page that shows a source, if one does. */
export function place(source: Source): string | null {
  if (source.kind === "case") return href("/cases/:id", { id: source.ref });
  if (source.kind === "lead") return href("/leads/:id", { id: source.ref });
  if (source.kind === "indicator") return href("/indicators/:id", { id: source.ref });
  if (source.kind === "count") return "/rounds?tab=counts";
  if (source.kind === "query") return PAGES.find(([begin]) => source.ref.startsWith(begin))?.[1] ?? null;
  return null;
}

export const tone = (state: string): "plain" | "medium" | "accent" | "good" =>
  state === "published" ? "good" : state === "approved" ? "accent" : state === "draft" || state === "edited" ? "medium" : "plain";

export const levelTone = (level: number | null): "plain" | "low" | "medium" | "high" | "critical" =>
  level === null ? "plain" : level > 3 ? "critical" : level > 2 ? "high" : level > 1 ? "medium" : "low";
