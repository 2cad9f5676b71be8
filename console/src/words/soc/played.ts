// The sector's exercises at an actor: a banner on Today while one is played, and what became of the past ones.
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  mark: t("EXERCISE"),
  name: t("Exercises"),
  running: t("The sector is playing an exercise. It is no attack, and nothing real is touched."),
  planned: t("The sector will play an exercise. It is no attack, and nothing real will be touched."),
  what: t("What is played"),
  from: t("Played here from"),
  until: t("Over by"),
  learn: t("What is to be learnt"),
  element: t("Its only name"),
  here: t("How far it is here"),
  nothingHere: t("nobody here has answered yet"),
  by: (who: string) => t("by {who}", { who }),
  lane: t("the exercise's own sandbox"),
  policy: t("the policy"),
  acts: { allow: tc("played.acts.allow", "Take part"), decline: t("Take no part"), seen: t("I have seen its suspicion"), quit: t("End it here") } as Record<string, string>,
  effects: {
    allow: [t("Its rows are played here in a folder apart, which is deleted afterwards. No host and no traffic is touched."), t("The centre is told step by step what detectors, policy and people here make of it.")],
    decline: [t("The centre is told that this actor takes no part. Nothing is played here.")],
    seen: [t("The centre is told that a person here has seen it, and when, but not who.")],
    quit: [t("It is over here at once, whatever the centre says. The centre is told that it is cleaned up.")],
  } as Record<string, string[]>,
  past: t("Past exercises"),
  pastLine: (state: string) => t("{state}; the rows, steps and plan of it were wiped here", { state }),
  pastKept: t("its last steps are still to be sent; then it is wiped here"),
});
