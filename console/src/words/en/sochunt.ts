// Hunting in a node's own history.
export default {
  title: "Hunt", lead: "Ask this node's own history. It changes nothing, and what it shows stays here.",
  kinds: { sql: "SQL", saved: "Saved hunts", pivot: "Pivot", list: "Indicators", sigma: "Sigma" } as Record<string, string>,
  span: "Span", spans: { "": "all that is kept", "1h": "last hour", "24h": "last day", "7d": "last 7 days", "28d": "last 28 days" } as Record<string, string>,
  rows: "Rows at most", run: "Ask", stop: "Stop", running: "Asking the history …", cancelled: "Stopped. Nothing was changed.",
  query: "One SELECT", queryHelp: "Addresses: src = addr('10.0.0.5'), in_net(dst, '192.0.2.0/24'). Ctrl-Enter asks.", tables: "Tables and columns", functions: "Functions",
  listText: "Indicators, one a line, or CSV with a header", listHelp: "Addresses, networks, domains, URLs, JA3, JA4, certificates, file hashes; defanged spellings are understood.",
  rules: "Sigma rules as YAML", rulesHelp: "Several rules are parted by a line with ---.", check: "Only say what each would run as",
  pivotOn: "Share", value: "Value", pivots: {
    host: "host (address)", domain: "domain and all below", community_id: "Community ID", ja3: "JA3", ja4: "JA4", cert: "certificate", sha256: "file (SHA-256)",
  } as Record<string, string>,
  answer: "Answer", first: (n: string) => `the first ${n} rows; there are more`, none: "No rows", noneNext: "Ask about a longer span, or for less.",
  table: "Table", plot: "Plot", plotBy: "Over time, by", countOf: "number of rows", time: "Time", noPlot: "Nothing to plot", noPlotNext: "A plot needs a column of times: add ts or hour_time(hour) to the query.",
  save: "Keep this query", name: "Name", nameHelp: "a-z, 0-9 and -", says: "What it looks for", saysDa: "The same in Danish", technique: "ATT&CK id", replace: "Write over a hunt of that name", saved: "The hunt is kept.",
  delete: "Take away", deleteSure: (name: string) => `The hunt ${name} is taken away from this node.`, deleted: "The hunt is gone.", own: "own", open: "Open in SQL", needs: "Needs", from: "From", shipped: "Bavn",
  noHunts: "There are no hunts", noHuntsNext: "Ask something in SQL and keep it.",
  looked: (n: string) => `${n} indicators looked for`, refusedLines: (n: string) => `${n} lines name no indicator`, line: "Line", reason: "Reason",
  matched: (n: string) => `${n} rules matched`, standing: { runs: "runs", part: "part of a correlation", unsupported: "not supported", unreadable: "cannot be read" } as Record<string, string>,
  rule: "Rule", level: "Level", hosts: "Hosts", named: "Named", samples: "Samples", noMatch: "No rule matched",
  exportCsv: "As CSV", exportJson: "As JSON", holds: "Holds", type: "Type", column: "Column", search: "Name or words",
  prefillPivot: "Everything that shares a value, from every table, newest first.",
};
