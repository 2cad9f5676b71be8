// Alarms, canaries and who could see what.
import { t, tn } from "$lib/gettext.svelte";

export default () => ({
  stand: (n: number) => tn("{n} alarm stands.", "{n} alarms stand.", n, { n }), untaken: (n: number) => tn("{n} has been taken by nobody.", "{n} have been taken by nobody.", n, { n }),
  lead: t("What is wrong now and who is dealing with it, how far each actor's daily canary came, and who could see what."),
  alarms: t("Alarms"),
  alarmsNote: t("Raised within five minutes of their cause, and gone when the cause is gone."),
  noAlarms: t("There are no alarms"),
  centre: t("the centre"),
  since: t("since"),
  take: t("I take it"),
  taken: (who: string) => t("taken by {who}", { who }),
  map: t("Who could see what"),
  mapNote: t("An actor counts as seeing when its source and its health confirm it and no canary of late failed there; one without a canary is not confirmed by any. Each blind spot says why."),
  actor: t("Actor"),
  sees: t("sees"),
  none: t("The sector has no actors"),
  noneNext: t("Invite the first one on the page of members."),
  techniques: t("By technique"),
  technique: t("Technique"),
  could: t("Could be seen at"),
  of: (could: string, actors: string) => t("{could} of {actors}", { could, actors }),
  canaries: t("Daily canaries"),
  canariesNote: t("Once a day each node sends a harmless name through its whole chain, to show that it works."),
  noCanary: t("no canary yet"),
  last: t("last passed"),
});
