// How a node is.
import { t, tc, tn } from "$lib/gettext.svelte";

export default () => ({
  title: t("Health"), lead: t("What the node last reported, what is wrong, and who must act."), state: t("State"), states: { well: t("well"), ill: t("not well"), unchecked: t("not all checked yet"), stopped: t("stopped"), silent: t("silent"), never: t("never ran") } as Record<string, string>,
  promises: t("What it promises"), promisesNote: t("The node is called well only when each promise was checked and is kept."), promise: t("Promise"), since: t("Since"), affected: t("Affected"), who: t("Who must act"), first: tc("health.first", "First"),
  heard: t("Last heard"), up: t("Up"), version: t("Version"), problems: t("What is wrong"), noProblems: t("Nothing is wrong"), sensor: t("Sensor"), sensors: { none: t("none (logs or flow records only)"), up: t("up"), down: t("down") } as Record<string, string>,
  loss: t("Capture loss"), unknownLoss: t("not counted"), lag: t("Behind"), disk: t("Disk free"), memory: t("Memory"), queue: t("Wait for the centre"), skew: t("Clock against the centre's"), seconds: (n: string) => t("{n} s", { n }), messages: (n: number) => tn("{n} message", "{n} messages", n, { n }),
  sources: t("Sources"), rows: t("Rows"), passed: t("Passed over"), refused: t("Refused"), broken: t("Broken"), lost: t("Lost"), noSources: t("This node reads nothing"), noSourcesNext: t("Whoever runs this machine connects captures, logs and sensors, in its settings ([sense] in node.toml). Ask them to."),
  losses: (count: string, of: string, unit: string, recent: string) => t("{count}{of} {unit}, {recent} of late", { count, of, unit, recent }), of: (n: string) => t(" of {n}", { n }),
  store: t("History"), span: t("From and to"), size: t("Size"), damaged: t("Damaged files"), detect: t("Detectors ran"), took: t("took"),
  rules: t("Rules"), loaded: t("Sensor rules loaded"), failed: tc("health.failed", "failed"), sigma: t("Sigma rules watched"), noRules: t("No rules are loaded"), canary: t("Daily canary"),
  canaryNote: t("A harmless name through the whole chain: how far the latest one came."),
  noCanary: t("None has been sent yet. One goes by itself each day at 10 UTC; whoever runs this machine can send one now (bavn node canary --now)."),
  certificates: t("Certificates"), at: { centre: t("for the centre"), keyholder: t("for the key holder") } as Record<string, string>, ends: t("ends"), renews: t("renewed from"), noCertificates: t("None: this node is in no sector"),
  holders: t("Key holders"), holder: t("Key holder"), holdersNote: (k: number, n: number) => t("Any {k} of the {n} answer a round together. While so many do, one that is gone costs nothing.", { k, n }),
  answered: t("Answered last"), why: t("Why"), holderRounds: t("Who answered the newest rounds"), round: t("Round"), tier: t("Tier"),
  forHolder: (n: number) => t("for key holder {n}", { n }),
  did: { good: tc("key holder in a round", "answered"), high: tc("key holder in a round", "failed"), plain: tc("key holder in a round", "not asked") } as Record<string, string>,
  log: t("The centre's log"), logNote: t("This node is a witness: it cosigns what it saw only grow. Whoever runs this machine can compare it with what others are shown, and gets proofs (bavn node watch-centre)."),
  logGrew: t("Each checkpoint went on from the one before"), logCaught: t("Evidence"), checkpoint: t("Newest checkpoint"), entries: (n: number, said: string) => tn("{n} entry", "{n} entries", n, { n: said }),
  cosignedHere: t("cosigned here"), root: t("Root"), checkedSince: t("Checked"), checkpoints: (n: number, said: string) => tn("{n} checkpoint", "{n} checkpoints", n, { n: said }), origin: t("Log"),
  begunAnew: t("none yet: the next one that the centre shows begins it"), proofs: t("Proven to be in it"), releases: (n: number, said: string) => tn("{n} release", "{n} releases", n, { n: said }),
  last: tc("proof", "the last"), cosignatures: (n: number, said: string) => tn("under {n} cosignature", "under {n} cosignatures", n, { n: said }), noProofs: t("no release yet"), settled: t("Evidence that was dealt with"),
});
