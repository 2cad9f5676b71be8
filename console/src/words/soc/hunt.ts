// Hunting in a node's own history.
import { t } from "$lib/gettext.svelte";

export default () => ({
  title: t("Hunt"), lead: t("Ask this node's own history. It changes nothing, and what it shows stays here."),
  kinds: { sql: "SQL", saved: t("Saved hunts"), pivot: t("Pivot"), list: t("Indicators"), sigma: "Sigma" } as Record<string, string>,
  span: t("Span"), spans: { "": t("all that is kept"), "1h": t("last hour"), "24h": t("last day"), "7d": t("last 7 days"), "28d": t("last 28 days") } as Record<string, string>,
  rows: t("Rows at most"), run: t("Ask"), stop: t("Stop"), running: t("Asking the history …"), cancelled: t("Stopped. Nothing was changed."),
  query: t("One SELECT"), queryHelp: t("Addresses: src = addr('10.0.0.5'), in_net(dst, '192.0.2.0/24'). Ctrl-Enter asks."), tables: t("Tables and columns"), functions: t("Functions"),
  listText: t("Indicators, one a line, or CSV with a header"), listHelp: t("Addresses, networks, domains, URLs, JA3, JA4, certificates, file hashes; defanged spellings are understood."),
  rules: t("Sigma rules as YAML"), rulesHelp: t("Several rules are parted by a line with ---."), check: t("Only say what each would run as"),
  pivotOn: t("Share"), value: t("Value"), pivots: {
    host: t("host (address)"), domain: t("domain and all below"), community_id: "Community ID", ja3: "JA3", ja4: "JA4", cert: t("certificate"), sha256: t("file (SHA-256)"),
  } as Record<string, string>,
  packets: t("Packets"), answer: t("Answer"), first: (n: string) => t("the first {n} rows; there are more", { n }), none: t("No rows"), noneNext: t("Ask about a longer span, or for less."),
  save: t("Keep this query"), name: t("Name"), nameHelp: t("a-z, 0-9 and -"), says: t("What it looks for"), saysDa: t("The same in Danish"), technique: t("ATT&CK id"), replace: t("Write over a hunt of that name"), saved: t("The hunt is kept."),
  delete: t("Take away"), deleteSure: (name: string) => t("The hunt {name} is taken away from this node.", { name }), deleted: t("The hunt is gone."), own: t("own"), open: t("Open in SQL"), shipped: "Bavn",
  noHunts: t("There are no hunts"), noHuntsNext: t("Ask something in SQL and keep it."),
  looked: (n: string) => t("{n} indicators looked for", { n }), refusedLines: (n: string) => t("{n} lines name no indicator", { n }), line: t("Line"),
  matched: (n: string) => t("{n} rules matched", { n }), standing: { runs: t("runs"), part: t("part of a correlation"), unsupported: t("not supported"), unreadable: t("cannot be read") } as Record<string, string>,
  hosts: t("Hosts"), noMatch: t("No rule matched"),
  prefillPivot: t("Everything that shares a value, from every table, newest first."),
});
