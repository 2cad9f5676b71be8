// How a node is.
export default {
  title: "Health", lead: "What the node last said of itself, what is wrong, and who must act.", state: "State", states: { well: "well", ill: "not well", unchecked: "not all checked yet", stopped: "stopped", silent: "silent", never: "never ran" } as Record<string, string>,
  promises: "What it promises", promisesNote: "The node is called well only when each promise was checked and is kept.", promise: "Promise", since: "Since", affected: "Affected", who: "Who must act", first: "First",
  heard: "Last heard", up: "Up", version: "Version", problems: "What is wrong", noProblems: "Nothing is wrong", sensor: "Sensor", sensors: { none: "none (logs or flow records only)", up: "up", down: "down" } as Record<string, string>,
  loss: "Capture loss", unknownLoss: "not counted", lag: "Behind", disk: "Disk free", memory: "Memory", queue: "Wait for the centre", skew: "Clock against the centre's", seconds: (n: string) => `${n} s`, messages: (n: string) => (n === "1" ? "1 message" : `${n} messages`),
  sources: "Sources", source: "Source", rows: "Rows", passed: "Passed over", refused: "Refused", broken: "Broken", lost: "Lost", noSources: "This node reads nothing", noSourcesNext: "[sense] in node.toml names captures, logs and sensors.",
  losses: (count: string, of: string, unit: string, recent: string) => `${count}${of} ${unit}, ${recent} of late`, of: (n: string) => ` of ${n}`,
  store: "History", span: "From and to", size: "Size", damaged: "Damaged files", detect: "Detectors ran", took: "took",
  rules: "Rules", loaded: "Sensor rules loaded", failed: "failed", sigma: "Sigma rules watched", noRules: "No rules are loaded", canary: "Daily canary",
  canaryNote: "A harmless name through the whole chain: how far the latest one came.",
  noCanary: "None has set out yet: once a day at 10 UTC, or by bavn node canary --now",
  certificates: "Certificates", at: { centre: "for the centre", keyholder: "for the key holder" } as Record<string, string>, ends: "ends", renews: "renewed from", noCertificates: "None: this node is in no sector",
};
