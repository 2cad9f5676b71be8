// Own hosts by their traffic.
export default {
  title: "Hosts", lead: "Own hosts, by their traffic alone: nothing is scanned. Each hint has its reason.", surveyed: "Surveyed", making: "A newer survey is being made",
  first: "The first survey is being made; this list fills when it is done.", search: "Address, name, system, vendor", role: "Role", everyRole: "All roles", fresh: "First seen", anyTime: "at any time", days: (n: number) => `in ${n} days`,
  host: "Host", names: "Names", roles: "Roles", os: "System", vendor: "Vendor", services: "Services", peers: "Peers", seen: "Last seen", firstSeen: "First seen", suspicions: "Suspicions", strongest: "Strongest",
  none: "No own host was seen", noneNext: "A host is listed once it opened something or was answered. See Health for the sensor, or take the filter away.",
  back: "All hosts", macs: "Network card's address", new: "new", notSurveyed: "Not among the hosts of the last survey: what is known comes from its suspicions.",
  hints: "What it is, and why", confidence: "Certainty", rests: (rows: string, table: string) => `${rows} rows of ${table}`, noHints: "Nothing shows what it is yet",
  kinds: { role: "Role", os: "System", vendor: "Vendor" } as Record<string, string>,
  offers: "Services it offers", port: "Port", software: "Software", clients: "Clients", flows: "Connections", moreOffers: (n: string) => `${n} more`, noOffers: "No services have been seen on it",
  timeline: "Traffic by the hour", opened: "opened", failed: "failed", got: "got", out: "bytes out", in: "bytes in", time: "Hour", span: "Span",
  with: "With whom", peer: "Peer", direction: "Direction", called: "it called", was: "was called", inside: "own", outside: "outside", morePeers: "others are not shown", noTraffic: "No traffic in this span", noTrafficNext: "Choose a longer span.",
  risk: "Suspicions, the strongest first", riskNote: "Only the strongest ranks the host: when we measured, adding them up found attacked hosts no sooner.", calm: "There are no suspicions about this host now", pivot: "All of its records", outsideOf: (n: string) => `${n} outside`,
};
