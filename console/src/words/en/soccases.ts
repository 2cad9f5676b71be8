// This actor's part of the sector's cases.
export default {
  title: "Cases", lead: "The sector's cases that this actor is in: its own part of each. Who else is in them is not told.",
  case: "Case", state: "State", kind: "Class", tlp: "TLP", own: "Reported by us", tasks: "Asked", owed: "Next deadline", heard: "Last news",
  nothingOwed: "nothing", overdue: "overdue", none: "This actor is in no case yet", noneNext: "A case appears here when the centre takes one up that this actor reported to.",
  attachTo: "Choose the case that the evidence is for.",
  back: "All cases", marked: "Marking", pap: "PAP", techniques: "Techniques", first: "First news", merged: (id: string) => `Goes on as ${id}`,
  asks: { task: "Task", question: "Question" } as Record<string, string>,
  step: { acknowledge: "Acknowledge by", applies: "Say whether it applies by", done: "Done by" } as Record<string, string>,
  act: { acknowledge: "Acknowledge", applies: "It applies here", "not-applicable": "Not applicable", done: "Done", words: "Said", attach: "Evidence" } as Record<string, string>,
  said: "What was said", sayIt: "Say something to the centre", noWords: "Nothing was said yet", centre: "the centre",
  clocks: "NIS2 reports that this actor must send", due: "Due", sent: "sent", work: "What the centre asks", noWork: "Nothing is asked of this actor", noWorkNext: "The centre's tasks and questions come here, each with its deadlines.",
  words: "Words for the centre", wordsHelp: "Exactly this leaves, and nothing else.", look: "See what leaves", leaves: "This is all that leaves",
  to: "To", centreOf: (id: string) => `the centre, for ${id}`, klass: "Class", what: "What", letOut: "Let it out", queued: "It leaves at the running node's next step.",
  wouldNot: "It would not leave", nothing: "no words",
  attach: "Attach evidence", attachLead: "Rows of a suspicion, redacted, own addresses replaced by own-1, own-2. Look through it: a name written in plain words is not found by a program.",
  suspicion: "Suspicion", rows: "Rows of each table", bytes: "Size", sha: "SHA-256", files: "Every file that leaves", noSuspicion: "Nothing is suspected here now.",
};
