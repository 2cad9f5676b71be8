// The policy editor.
import { t } from "$lib/gettext.svelte";

export default () => ({
  title: t("Policy"), lead: t("What may leave this actor and what may be blocked here. The node reads it when it is started."),
  gives: t("Gives"), costs: t("Costs"), strict: t("Fill in a strict policy"),
  search: t("Field or words"), asDefault: t("Default"), isDefault: t("default"),
  bounds: (low: string, high: string, unit: string) => t("{low} to {high} {unit}", { low, high, unit }), onePerLine: t("One a line"), yes: t("yes"), no: t("no"),
  look: (n: string) => t("See what would change ({n})", { n }), discard: t("Discard"), would: t("What would change"), before: t("Now"), after: t("Then"), write: t("Write the policy"), wrote: t("The policy is written. It takes effect when the node is started next."),
  waits: t("Waits for a restart"), waitsWhy: t("What is written here is in force when the node is started again: the running node began with another policy, and still uses it."),
  none: t("Nothing would change."), file: t("The file as it would be"), reader: t("The same reader as the node's has read it: the node will start with it."), restart: t("Start the node again for it to take effect."), mayNot: t("You may look; your role does not change the policy."),
  choices: { automatic: t("automatic"), ask: t("ask a person"), never: t("never") } as Record<string, string>, noField: t("No field fits"), noFieldNext: t("Clear the search."), empty: t("empty"),
  units: {
    actors: t("actors"), blocks: t("blocks"), days: t("days"), hosts: t("hosts"), indicators: t("indicators"),
    observables: t("observables"), "of 100": t("of 100"), permille: "‰", rounds: t("rounds"),
  } as Record<string, string>,
});
