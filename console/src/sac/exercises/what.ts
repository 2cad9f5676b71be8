// What an exercise is to the pages of the centre, and what a form makes of one.
import type { components } from "$api/sac";

type Schemas = components["schemas"];
export type Row = Schemas["ExerciseRow"];
export type Whole = Schemas["ExerciseWhole"];
export type Actor = Schemas["ExerciseActor"];
export type Step = Schemas["ExerciseStepShown"];
export type Preview = Schemas["ExercisePreview"];
export type State = Schemas["ExerciseState"];
export type Act = Schemas["ExerciseAct"];
export type Campaign = Schemas["Campaign"];
export type Body = Schemas["ExerciseBody"];

export const STATES: readonly State[] = ["planned", "running", "confirmed", "released", "ended", "stopped"];
export const ACTS: readonly Act[] = ["start", "confirm", "release", "end", "stop"];
export const CAMPAIGNS: readonly Campaign[] = ["beacon", "dns-tunnel"];
export const JUDGEMENTS = ["", "met", "partly", "missed"] as const;
export const HOURS_MAX = 14 * 24;
export const MINUTES_MAX = HOURS_MAX * 60;
export const TITLE_MAX = 120;
export const OBJECTIVE_MAX = 300;
export const OBJECTIVES_MAX = 12;

export const isOver = (state: string): boolean => state === "ended" || state === "stopped";
export const stateTone = (state: string) =>
  isOver(state) ? ("plain" as const) : state === "planned" ? ("low" as const) : ("accent" as const);

/** The columns of an actor's way, each with the steps that may stand there. */
export const WAY = {
  answer: ["allowed", "declined"], suspicion: ["suspected", "missed"], out: ["let-out", "kept"], person: ["seen"], block: ["blocked", "waits", "refused"], cleaned: ["cleaned"],
} as const;
export type Way = keyof typeof WAY;
export const WAYS = Object.keys(WAY) as Way[];
export const stepAt = (one: Actor, way: string): Step | undefined => {
  const wanted: readonly string[] = WAY[way as Way] ?? [];
  return one.steps.find((step) => wanted.includes(step.step));
};
export const stepTone = (step: string) =>
  step === "missed" ? ("high" as const) : ["kept", "waits", "refused"].includes(step) ? ("medium" as const) : step === "declined" ? ("plain" as const) : ("good" as const);

interface Role {
  actor: string;
  chosen: boolean;
  campaign: Campaign;
  after_minutes: number;
}
export interface Form {
  title_en: string;
  title_da: string;
  objectives: { en: string; da: string }[];
  roles: Role[];
  /** As an input of date and time writes it, UTC; empty: now. */
  begins: string;
  hours: number;
  actors_min: number;
}

export const formOf = (actors: readonly string[]): Form => ({
  title_en: "", title_da: "", objectives: [{ en: "", da: "" }], begins: "", hours: 4, actors_min: 2,
  roles: actors.map((actor) => ({ actor, chosen: false, campaign: "beacon", after_minutes: 0 })),
});

export const bodyOf = (form: Form): Body => ({
  title_en: form.title_en.trim(), title_da: form.title_da.trim(), hours: form.hours, actors_min: form.actors_min,
  objectives: form.objectives.map((one) => ({ en: one.en.trim(), da: one.da.trim() })),
  roles: form.roles.filter((one) => one.chosen).map(({ actor, campaign, after_minutes }) => ({ actor, campaign, after_minutes: after_minutes || 0 })),
  begins_us: form.begins ? Date.parse(`${form.begins}Z`) * 1000 : null,
});

/** Whether what was filled in is enough to ask. */
export const ready = (form: Form): boolean =>
  [form.title_en, form.title_da, ...form.objectives.flatMap((one) => [one.en, one.da])].every((text) => text.trim() !== "") && form.roles.some((one) => one.chosen) && form.hours >= 1 && form.actors_min >= 2;

/** "1:met,3:missed" of an address, as the API is asked. */
export const judgedOf = (text: string): string[] => text.split(",").filter((one) => /^\d{1,2}:(met|partly|missed)$/.test(one));
