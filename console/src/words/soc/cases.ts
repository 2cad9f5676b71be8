// This actor's part of the sector's cases.
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  title: t("Cases"), lead: t("The sector's cases that this actor is in: its own part of each. Who else is in them is not told."),
  case: t("Case"), state: t("State"), kind: t("Class"), tlp: "TLP", own: t("Reported by us"), concerns: t("Its elements here"), notReported: t("nothing"), met: t("Met here"), notMet: t("not met here"), tasks: tc("cases.tasks", "Asked"), owed: t("Next deadline"), heard: t("Last news"),
  nothingOwed: t("nothing"), overdue: t("overdue"), none: t("This actor is in no case yet"), noneNext: t("A case appears here when the centre takes one up that this actor reported to."),
  attachTo: t("Choose the case that the evidence is for."),
  back: t("All cases"), techniques: t("Techniques"), first: t("First news"), merged: (id: string) => t("Goes on as {id}", { id }),
  asks: { task: t("Task"), question: t("Question") } as Record<string, string>,
  step: { acknowledge: t("Acknowledge by"), applies: t("Say whether it applies by"), done: t("Done by") } as Record<string, string>,
  act: { acknowledge: t("Acknowledge"), applies: t("It applies here"), "not-applicable": t("Not applicable"), done: t("Done"), words: t("Said"), attach: tc("cases.act.attach", "Evidence") } as Record<string, string>,
  said: t("What was said"), sayIt: t("Say something to the centre"), noWords: t("Nothing was said yet"), centre: t("the centre"),
  clocks: t("NIS2 reports that this actor must send"), next: (report: string) => t("Next: {report}", { report }), missed: (report: string) => t("Missed: {report}", { report }),
  allSent: t("Every report that was due has been sent."), noClock: t("No deadline runs here. When you know that the incident is significant, note it: 24 hours, 72 hours and a month are counted from then."),
  note: t("Note for NIS2"), noteLead: t("The centre is told the step, the minute, the reason, and whether it may reach other countries; nobody else is. Bavn sends nothing to an authority."), happened: t("What happened"),
  when: t("When"), whenHelp: t("Empty: now. Your time zone."), cross: t("Other countries"), crosses: { yes: t("yes"), no: t("no"), unknown: t("not known") }, correct: t("Correct what was noted before"),
  correctWhy: t("Reason for a correction"), noteVerb: t("Note it"), print: t("Print"),
  work: t("What the centre asks"), noWork: t("Nothing is asked of this actor"), noWorkNext: t("The centre's tasks and questions come here, each with its deadlines."),
  words: t("Words for the centre"), wordsHelp: t("Exactly this leaves, and nothing else."), look: t("See what leaves"), leaves: t("This is all that leaves"),
  to: t("To"), centreOf: (id: string) => t("the centre, for {id}", { id }), klass: t("Class"), what: t("What"), letOut: t("Let it out"),
  wouldNot: t("It would not leave"), nothing: t("no words"),
  attach: t("Attach evidence"), attachLead: t("Rows of a suspicion, redacted, own addresses replaced by own-1, own-2. Look through it: a name written in plain words is not found by a program."),
  suspicion: t("Suspicion"), rows: t("Rows of each table"), bytes: t("Size"), sha: "SHA-256", files: t("Every file that leaves"), noSuspicion: t("Nothing is suspected here now."),
});
