// What a warning is to the pages of the centre, and what a form makes of one.
import type { components } from "$api/sac";

export type Row = components["schemas"]["WarningRow"];
export type Whole = components["schemas"]["WarningWhole"];
export type FollowUp = components["schemas"]["FollowUp"];
export type Address = components["schemas"]["AddressShape"];
export type Body = components["schemas"]["WarningBody"];
export type State = components["schemas"]["WarningState"];
type Urgency = components["schemas"]["Urgency"];

export const STATES: readonly State[] = ["draft", "sent", "ended", "withdrawn"];
export const URGENCIES: readonly Urgency[] = ["inform", "important", "critical"];
export const TLPS: readonly components["schemas"]["Tlp"][] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];
export const PAPS = ["CLEAR", "GREEN", "AMBER", "RED"] as const;
export const LISTS = ["kinds", "functions", "suppliers", "regions", "actors"] as const;
export type List = (typeof LISTS)[number];
export const HOURS_MAX = 24 * 90;
export const TITLE_MAX = 120;
export const TEXT_MAX = 4000;

export const urgencyTone = (urgency: string) => (urgency === "critical" ? ("critical" as const) : urgency === "important" ? ("medium" as const) : ("plain" as const));
export const stateTone = (state: string) => (state === "sent" ? ("accent" as const) : state === "draft" ? ("medium" as const) : ("plain" as const));
export const answerTone = (answer: string) =>
  answer === "affected" ? ("high" as const) : answer === "done" || answer === "not-affected" ? ("good" as const) : answer === "acknowledged" ? ("accent" as const) : ("plain" as const);

export interface Form {
  title_en: string;
  title_da: string;
  text_en: string;
  text_da: string;
  urgency: Urgency;
  tlp: components["schemas"]["Tlp"];
  pap: (typeof PAPS)[number];
  observables: string;
  acknowledge_hours: number;
  hours: number;
  drill: boolean;
  address: Record<List, string[]>;
}

/** A form with what a warning says, or an empty one. */
export function formOf(one: Whole | undefined): Form {
  const list = (name: List): string[] => [...(one?.address[name] ?? [])];
  return {
    title_en: one?.title.en ?? "", title_da: one?.title.da ?? "", text_en: one?.text.en ?? "", text_da: one?.text.da ?? "",
    urgency: (one?.row.urgency as Urgency | undefined) ?? "important", tlp: one?.row.tlp ?? "TLP:AMBER", pap: one?.pap ?? "AMBER",
    observables: (one?.observables ?? []).map((name) => name.replace(/^[^:]+:/, "")).join("\n"),
    acknowledge_hours: one?.acknowledge_hours ?? 24, hours: one?.hours ?? 14 * 24, drill: one?.drill ?? false,
    address: { kinds: list("kinds"), functions: list("functions"), suppliers: list("suppliers"), regions: list("regions"), actors: list("actors") },
  };
}

export const bodyOf = (form: Form): Body => ({
  ...form, title_en: form.title_en.trim(), title_da: form.title_da.trim(), text_en: form.text_en.trim(), text_da: form.text_da.trim(),
  observables: form.observables.split(/\s+/).filter(Boolean),
});

/** Whether what was filled in is enough to ask. */
export const ready = (form: Form): boolean =>
  [form.title_en, form.title_da, form.text_en, form.text_da].every((text) => text.trim() !== "") && form.acknowledge_hours >= 1 && form.hours >= form.acknowledge_hours;
