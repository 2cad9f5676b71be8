// The policy editor.
import { t } from "$lib/gettext.svelte";

export default () => ({
  title: t("Policy"), lead: t("What may leave this actor and what may be blocked here. The node reads it when it is started."),
  gives: t("Gives"), costs: t("Costs"), strict: t("Fill in a strict policy"), past: (n: string) => t("Tried on what left in the last {n} days", { n }), pastLines: (n: string) => t("What would have stayed ({n} lines)", { n }), pastNothing: t("Tried by the rules of the gate itself, on this node's own ledger. Nothing was written and nothing left."),
  search: t("Field or words"), changed: t("Changed only"), asDefault: t("Default"), isDefault: t("default"), written: t("in the file"),
  bounds: (low: string, high: string, unit: string) => t("{low} to {high} {unit}", { low, high, unit }), onePerLine: t("One a line"), yes: t("yes"), no: t("no"),
  look: (n: string) => t("See what would change ({n})", { n }), discard: t("Discard"), would: t("What would change"), before: t("Now"), after: t("Then"), write: t("Write the policy"), wrote: t("The policy is written. It takes effect when the node is started next."),
  waits: t("Waits for a restart"), waitsWhy: t("What is written here is in force when the node is started again: the running node began with another policy, and still uses it."),
  none: t("Nothing would change."), file: t("The file as it would be"), reader: t("The same reader as the node's has read it: the node will start with it."), restart: t("Start the node again for it to take effect."), mayNot: t("You may look; your role does not change the policy."),
  choices: { automatic: t("automatic"), ask: t("ask a person"), never: t("never") } as Record<string, string>, noField: t("No field fits"), noFieldNext: t("Clear the search."), empty: t("empty"),
  units: {
    actors: t("actors"), answers: t("answers"), blocks: t("blocks"), days: t("days"), elements: t("elements"), hosts: t("hosts"),
    "hosts or destinations": t("hosts or destinations"), hours: t("hours"), hunts: t("hunts"), indicators: t("indicators"),
    observables: t("observables"), "of 100": t("of 100"), permille: "‰", rounds: t("rounds"),
  } as Record<string, string>,
});
