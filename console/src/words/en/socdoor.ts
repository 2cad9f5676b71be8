// The door: what left, what was refused, what waits.
export default {
  title: "The door", lead: "Everything that left this actor, everything that was refused and why. Nothing goes out any other way.",
  tabs: { ledger: "Ledger", waiting: "Waits for a person", reveals: "Asked and answered", wishes: "Vetoes", counts: "Counts" } as Record<string, string>,
  line: "Line", when: "When", gate: "Gate", way: "Way", what: "What", peer: "With", outcome: "Outcome", klass: "Class", size: "Size", body: "Says",
  ways: { in: "in", out: "out" } as Record<string, string>, passed: "passed", refused: "refused", everyOutcome: "All outcomes", everyGate: "All gates", leftOnly: "Only what left", search: "Words in it, an id",
  none: "No line here yet", noneNext: "A line comes with the first item that meets a gate. Take the filter away to see all.",
  check: "Check the chain", checking: "Walking the chain …", holds: (n: string) => `The chain holds, over ${n} lines.`, breaks: (n: string) => `The chain breaks at line ${n}.`, head: "Hash of the last line", exportAll: "All lines with their hashes",
  lineOf: (n: string) => `Line ${n}`, rule: "Rule", reason: "Reason", hash: "Hash", itemId: "Item",
  element: "Element", asked: "Asked", wouldLeave: "The report that would leave", keeps: "It would still stay here", allow: "Let it be named", allowSure: "The centre is told this when it is shown that enough others hold it:",
  veto: "Veto", vetoSure: "This never leaves, whatever the policy says, until the veto is taken back.", allowed: "It may be named.", vetoed: "It never leaves.",
  nothingWaits: "Nothing waits for a person", nothingWaitsNext: "Where the policy says `ask`, what the centre wants named comes here first.", bySuspicion: "the suspicion it rests on",
  fields: {
    type: "type", value: "value", detector: "detector", technique: "technique", p_bucket: "step of p (0 to 15)", hosts_bucket: "step of hosts (0 to 3)", first_hour: "first hour", last_hour: "last hour",
    period_bucket: "step of the period", regularity_bucket: "step of regularity", walk_bucket: "step of a walk",
  } as Record<string, string>,
  tier: "Tier", receipts: "Receipts of", cells: "Cells", says: "Answer", named: "named", notAsked: "The centre has asked this node to name nothing yet", notAskedNext: "What is asked in a round is listed here, with whose receipts it came.",
  withdraw: "Take back", withdrawSure: "The centre drops this actor's reports on it, and it is vetoed from then on.", withdrawn: "What was taken back",
  wish: { veto: "never leaves", allow: "may be named" } as Record<string, string>, by: "By", undo: "Take back", noWishes: "Nobody here has vetoed or allowed anything", noWishesNext: "Veto what must never leave, such as an own supplier's domain.",
  addVeto: "Veto an element", elementHelp: "type:value, such as domain:example.com", preview: "See what would leave",
  day: "Day", epsilon: "epsilon", told: "What was told, with its noise", spent: (a: string, b: string) => `epsilon ${a} of ${b} is spent in the last 30 days`, budget: "Budget",
  broken: "The budget's book is not what this node wrote: no counts leave any more. Restore node.db from a backup.", silent: "The policy tells no counts.", noCounts: "No counts were told yet", noCountsNext: "They are told once a day, with noise, while tell_counts is on in the policy.",
};
