// Confirmed attacks that were met here.
import { t, tn } from "$lib/gettext.svelte";

export default () => ({
  title: t("Confirmed attacks that were met here"),
  confirmed: t("Confirmed attack"),
  stands: {
    blocked: (since: string) => t("Confirmed attack, blocked since {since}", { since }),
    watched: (since: string) => t("Confirmed attack, watched since {since}", { since }),
    waits: () => t("Confirmed attack, not blocked yet"),
    open: () => t("Confirmed attack, not blocked here"),
  } as Record<string, (since: string) => string>,
  from: (times: string, n: number) => tn("met here {times} from {n} machine", "met here {times} from {n} machines", n, { times, n }),
  times: (n: number) => tn("{n} time", "{n} times", n, { n }),
  met: (times: string) => t("met here {times}", { times }), notMet: t("not met here"),
  history: (n: number) => tn("{n} of them in own history, before anybody knew", "{n} of them in own history, before anybody knew", n, { n }),
  first: (day: string) => t("first on {day}", { day }), lastMet: t("Last met"),
  alarm: (value: string) => t("{value} is a confirmed attack, and it was here", { value }),
  machines: t("Machines"), unknown: t("not known: the hunt of own history names none"), records: t("Records and packets"),
  toDo: t("What to do now"), take: t("We have it"), sure: (value: string) => t("You look after {value}: it leaves the top of Today and stays in the list below. It comes back where it is met again a day from now or later. Nothing of it is sent.", { value }),
  hunt: t("All of its records"), block: t("The block"), toCase: t("The case"),
  reported: t("We had reported it, too."), notReported: t("We had not reported it: nobody here had seen it for what it is."),
  inHand: (value: string, by: string) => t("{value}: {by} has it", { value, by }),
});
