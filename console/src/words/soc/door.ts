// The door: what left, what was refused, what waits.
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  title: t("The door"), lead: t("Everything that left this actor, everything that was refused and why. Nothing goes out any other way."),
  tabs: { ledger: t("Ledger"), waiting: t("Waits for a person"), reveals: t("Questions and answers"), wishes: t("Vetoes"), counts: t("Counts") } as Record<string, string>,
  line: t("Line"), when: t("When"), gate: t("Gate"), way: t("Way"), what: t("What"), peer: t("With"), outcome: t("Outcome"), klass: t("Class"), size: t("Size"), body: t("Says"),
  ways: { in: t("in"), out: t("out") } as Record<string, string>, passed: tc("door.passed", "passed"), refused: t("refused"), everyOutcome: t("All outcomes"), everyGate: t("All gates"), leftOnly: t("Only what left"), search: t("Words in it, an id"),
  none: t("No line here yet"), noneNext: t("A line comes with the first item that meets a gate. Take the filter away to see all."),
  check: t("Check the chain"), checking: t("Walking the chain …"), holds: (n: string) => t("The chain holds, over {n} lines.", { n }), breaks: (n: string) => t("The chain breaks at line {n}.", { n }), head: t("Hash of the last line"), exportAll: t("All lines with their hashes"),
  lineOf: (n: string) => t("Line {n}", { n }), rule: t("Rule"), reason: tc("door.reason", "Reason"), hash: t("Hash"), itemId: tc("door.itemId", "Item"),
  element: t("Element"), asked: t("Asked"), wouldLeave: t("The report that would leave"), keeps: t("It would still stay here"), allow: t("Let it be named"), allowSure: t("The centre is told this when it is shown that enough others hold it:"),
  veto: t("Veto"), vetoSure: t("This never leaves, whatever the policy says, until the veto is taken back."), allowed: t("It may be named."), vetoed: t("It never leaves."),
  nothingWaits: t("Nothing waits for a person"), nothingWaitsNext: t("Where the policy says `ask`, what the centre wants named comes here first."), bySuspicion: t("the suspicion it rests on"),
  field: t("Field"), valueOf: t("Value"), means: t("In words"), raw: t("As it leaves (JSON)"), fieldsOf: t("What leaves, field by field"),
  tier: t("Tier"), receipts: t("Receipts of"), cells: tc("door.cells", "Cells"), says: t("Answer"), named: t("named"), notAsked: t("The centre has asked this node to name nothing yet"), notAskedNext: t("What is asked in a round is listed here, with whose receipts it came."),
  withdraw: tc("door.withdraw", "Take back"), withdrawSure: t("The centre drops this actor's reports on it, and it is vetoed from then on."), withdrawn: t("What was taken back"),
  wish: { veto: t("never leaves"), allow: t("may be named") } as Record<string, string>, by: t("By"), undo: t("Take back"), noWishes: t("Nobody here has vetoed or allowed anything"), noWishesNext: t("Veto what must never leave, such as an own supplier's domain."),
  addVeto: t("Veto an element"), elementHelp: t("type:value, such as domain:example.com"), preview: t("See what would leave"),
  day: t("Day"), epsilon: t("epsilon"), told: t("What was told, with its noise"), spent: (a: string, b: string) => t("epsilon {a} of {b} is spent in the last 30 days", { a, b }), budget: t("Budget"),
  broken: t("The budget's book is not what this node wrote: no counts leave any more. Restore node.db from a backup."), silent: t("The policy tells no counts."), noCounts: t("No counts have been reported yet"), noCountsNext: t("They are told once a day, with noise, while tell_counts is on in the policy."),
  kinds: {
    ShareUpload: t("upload to a round"), Receipts: t("receipts in a round"), Declined: t("decline in a round"), Report: t("report"), Withdrawn: t("report taken back"),
    Observation: t("sighting"), Receipt: t("receipt of a block"), QuestionAnswered: t("answer to a question"), QuestionDeclined: t("declined question"),
    CaseAnswered: t("answer in a case"), CaseEvidence: t("evidence"), Nis2Noted: t("NIS2 step noted"), WarningAnswered: t("answer to a warning"), ExerciseStep: t("step of an exercise"),
    Counts: t("counts"), Health: tc("door.kinds.Health", "node health"), CanaryTold: t("daily canary"), RoundOpened: t("round opened"), ReceiptsAsked: t("receipts asked for"), RevealAsked: t("reveal asked for"),
    RoundClosed: t("round closed"), IndicatorReleased: t("indicator released"), IndicatorWithdrawn: t("indicator withdrawn"), QuestionAsked: t("question"), CasePart: t("part of a case"),
    VerdictGiven: t("verdict"), SectorSwitched: t("sector's kill switch"), WarningGiven: t("warning"), ExerciseTold: t("exercise"), CanaryAnswered: t("answer to the canary"),
    CommonsAnswered: t("answer of the commons"),
  } as Record<string, string>,
});
