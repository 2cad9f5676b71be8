// What leads' pages share: types of the API, addends in order, and who saw it when.
import type { components } from "$api/sac";
import { decimal } from "$lib/numbers";
import { say, type Said } from "$lib/words";

type Schemas = components["schemas"];
export type Summary = Schemas["LeadSummary"];
export type Lead = Schemas["LeadShown"];
export type Choices = Schemas["FormChoices"];
export type Amount = Schemas["Amount"];

export const TYPES = ["domain", "ip4", "ip6", "ja3", "ja4", "cert", "sha256", "fp-pair", "chain"] as const;

export const signed = (amount: number): string => (amount > 0 ? "+" : amount < 0 ? "−" : "") + decimal(Math.abs(amount), 2);

/** The name of an addend: "function:surgery" is a function. */
export function nameOf(amount: Amount, terms: Readonly<Record<string, string>>): string {
  const [kind = ""] = amount.name.split(":");
  const name = terms[kind] ?? kind;
  return amount.of ? `${name}: ${say(amount.of)}` : name;
}

interface Step {
  readonly name: string;
  readonly amount: number;
  readonly why: Said | null;
}

/** Every addend, with the score and the priority as sums between them. */
export function steps(lead: Lead, terms: Readonly<Record<string, string>>, score: string, priority: string): Step[] {
  const made: Step[] = [];
  for (const one of lead.terms) {
    made.push({ name: nameOf(one, terms), amount: one.amount, why: one.why });
  }
  made.push({ name: score, amount: lead.score, why: null });
  for (const one of lead.reasons) {
    made.push({ name: nameOf(one, terms), amount: one.amount, why: one.why });
  }
  if (lead.reasons.length) made.push({ name: priority, amount: lead.priority, why: null });
  return made;
}

interface Seen {
  readonly actor: string;
  readonly from: number;
  readonly to: number;
}

/** Each actor, from the first hour to the last, in the order in which they saw it. */
export function seen(lead: Lead): Seen[] {
  const by = new Map<string, Seen>();
  for (const one of lead.reports) {
    const known = by.get(one.actor);
    by.set(one.actor, {
      actor: one.actor, from: Math.min(known?.from ?? one.first_us, one.first_us), to: Math.max(known?.to ?? 0, one.last_us + 3_600_000_000),
    });
  }
  return [...by.values()].sort((one, other) => one.from - other.from || one.actor.localeCompare(other.actor));
}
