// What waits for a person, who can do it, and asking a colleague to look.
import { t, tn } from "$lib/gettext.svelte";

export default () => ({
  title: t("What waits for me"),
  count: (n: number) => tn("{n} thing", "{n} things", n, { n }),
  none: t("Nothing waits for you."),
  asked: (name: string) => t("{name} asked", { name }),
  byItself: t("It came by itself"),
  handedBy: (names: string) => t("{names} asks you to look at this", { names }),
  handedTo: (names: string) => t("{names} was asked to look.", { names }),
  look: t("Look and decide"),
  askTo: (name: string) => t("Ask {name} to look", { name }),
  others: (n: number) => tn("{n} thing waits for others", "{n} things wait for others", n, { n }),
  all: (n: number) => t("Show all {n}", { n }),
  done: t("Done."),
  lead: t("Every actor that you see, where most is to do first."),
  allDone: t("Nothing waits for you at any actor."),
  nothingHere: t("Nothing waits"),
  pressing: (n: number) => t("{n} urgent", { n }),
  silent: (names: string) => t("Not asked, since it has never run or its configuration is wrong: {names}", { names }),
});
