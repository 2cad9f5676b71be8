// Own hosts by their traffic.
export default {
  title: "Hosts", lead: "Own hosts, by their traffic alone: nothing is scanned. Each hint has its reason.", surveyed: "Surveyed", making: "A newer survey is being made",
  first: "The first survey is being made; this list fills when it is done.", search: "Address, name, system, vendor", role: "Role", everyRole: "All roles", fresh: "First seen", anyTime: "at any time", days: (n: number) => `in ${n} days`,
  host: "Host", names: "Names", roles: "Roles", os: "System", vendor: "Vendor", services: "Services", peers: "Peers", seen: "Last seen", firstSeen: "First seen", suspicions: "Suspicions", strongest: "Strongest",
  none: "No own host was seen", noneNext: "A host is listed once it opened something or was answered. See Health for the sensor, or take the filter away.",
  back: "All hosts", macs: "Card's address", new: "new", notSurveyed: "Not among the hosts of the last survey: what is known comes from its suspicions.",
  hints: "What it is, and why", confidence: "Sure", rests: (rows: string, table: string) => `${rows} rows of ${table}`, noHints: "Nothing tells what it is",
  kinds: { role: "Role", os: "System", vendor: "Vendor" } as Record<string, string>,
  offers: "What it offers", port: "Port", software: "Software", clients: "Clients", flows: "Connections", moreOffers: (n: string) => `${n} more`, noOffers: "It was seen to offer nothing",
  timeline: "Traffic by the hour", opened: "opened", failed: "failed", got: "got", out: "bytes out", in: "bytes in", time: "Hour", span: "Span",
  with: "With whom", peer: "Peer", direction: "Way", called: "it called", was: "was called", inside: "own", outside: "outside", morePeers: "others are not shown", noTraffic: "No traffic in this span", noTrafficNext: "Choose a longer span.",
  risk: "Suspicions, the strongest first", riskNote: "They are not added up: measured, that found attacked hosts no sooner.", calm: "Nothing is suspected of this host now", pivot: "All of its records", outsideOf: (n: string) => `${n} outside`,
};
