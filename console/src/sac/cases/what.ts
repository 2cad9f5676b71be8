// What the pages of cases share: types of the API, and one way to do something to a case.
import type { components } from "$api/sac";
import { toast } from "$lib/toast.svelte";
import { say, type Said } from "$lib/words";

type Schemas = components["schemas"];
export type Case = Schemas["CaseShown"];
export type Card = Schemas["CaseCard"];
export type Board = Schemas["Board"];
export type Act = Schemas["ActOffered"];
export type Task = Schemas["TaskShown"];
export type Clock = Schemas["Nis2Clock"];
export type Choices = Schemas["FormChoices"];
export type Preview = Schemas["ReleasePreview"];
export type Draft = Schemas["ReportDraft"];
export type Named = Schemas["Named"];
export type Moment = Schemas["CaseMoment"];

/** What every part of a case's page is handed. */
export interface Part {
  readonly of: Case;
  readonly choices: Choices | undefined;
  /** Asks for the case again. */
  readonly again: () => void;
  readonly may: boolean;
}

export const key = (one: Named): string => `${one.type}:${one.value}`;

/** What was done, said to the reader. */
export function done(said: { readonly said: Said }): void {
  toast(say(said.said));
}

export const TONES: Readonly<Record<string, "good" | "plain" | "medium" | "critical" | "low">> = {
  met: "good", "met-late": "low", waiting: "plain", "due-soon": "medium", overdue: "critical", void: "plain", sent: "good", "sent-late": "low", later: "plain",
};
