// What a warning is to the pages of an actor.
import type { components } from "$api/soc";

export type Warned = components["schemas"]["NodeWarning"];
export type Answered = components["schemas"]["WarningAnswerShown"];
export type Leaving = components["schemas"]["WarningLeaving"];
export type Act = components["schemas"]["AnswerAct"];

export const SHOWN = ["open", "sent", "over"] as const;
const ORDER = ["acknowledge", "affected", "not-affected", "done", "words"];

/** Whether people here still owe an answer. */
export const isOpen = (one: Warned): boolean => one.state === "sent" && one.answer === "told";
export const isLate = (one: Warned, now_ms: number): boolean => isOpen(one) && one.acknowledge_us < now_ms * 1000;
/** What may be answered, in the order of the work. */
export const actsOf = (one: Warned): readonly Act[] => (one.state === "sent" ? (one.acts as Act[]).toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)) : []);
export const urgencyTone = (urgency: string) => (urgency === "critical" ? ("critical" as const) : urgency === "important" ? ("medium" as const) : ("plain" as const));
export const answerTone = (answer: string) =>
  answer === "affected" ? ("high" as const) : answer === "done" || answer === "not-affected" ? ("good" as const) : answer === "acknowledged" ? ("accent" as const) : ("medium" as const);
export const stateTone = (state: string) => (state === "sent" ? ("accent" as const) : ("plain" as const));
