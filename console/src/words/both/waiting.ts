// What waits for a person, who can do it, and asking a colleague to look.
import { t, tn } from "$lib/gettext.svelte";

export default () => ({
  shift: {
    verb: t("Hand over the shift"), lead: t("What you leave to the next one. Copy it into your log, or ask a colleague to look: it stands on top of what waits for them."),
    owed: t("Deadlines of others"),
    nothing: t("Nothing waits for you: there is nothing to hand over."), to: t("Colleague"), nobody: t("Nobody else here can do any of this."),
    ask: (n: number) => tn("Ask to look at {n} thing", "Ask to look at all {n} things", n, { n }), copied: t("The note was copied"), copy: t("Copy as a note"),
    cannot: (name: string, n: number) => tn("{name} cannot do {n} of them: it stays with you.", "{name} cannot do {n} of them: they stay with you.", n, { name, n }),
  },
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
