// Own hosts by their traffic.
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  title: t("Hosts"), lead: t("Own hosts, by their traffic alone: nothing is scanned. Each hint has its reason."), surveyed: t("Surveyed"), making: t("A newer survey is being made"),
  first: t("The first survey is being made; this list fills when it is done."), search: t("Address, name, system, vendor"), role: t("Role"), everyRole: t("All roles"), fresh: t("First seen"), anyTime: t("at any time"), days: (n: number) => t("in {n} days", { n }),
  host: t("Host"), names: t("Names"), roles: t("Roles"), os: t("System"), vendor: t("Vendor"), services: t("Services"), peers: t("Peers"), seen: t("Last seen"), firstSeen: t("First seen"), strongest: t("Strongest"),
  none: t("No own host was seen"), noneNext: t("A host is listed once it opened something or was answered. See Health for the sensor, or take the filter away."),
  back: t("All hosts"), macs: t("Network card's address"), new: t("new"), notSurveyed: t("Not among the hosts of the last survey: what is known comes from its suspicions."),
  hints: t("What it is, and why"), rests: (rows: string, table: string) => t("{rows} rows of {table}", { rows, table }), noHints: t("Nothing shows what it is yet"),
  kinds: { role: t("Role"), os: t("System"), vendor: t("Vendor") } as Record<string, string>,
  offers: t("Services it offers"), port: t("Port"), clients: t("Clients"), flows: t("Connections"), moreOffers: (n: string) => t("{n} more", { n }), noOffers: t("No services have been seen on it"),
  failed: tc("hosts.failed", "failed"), out: t("bytes out"), in: t("bytes in"), span: t("Span"),
  with: t("With whom"), peer: t("Peer"), nextDoor: t("Known in the sector to"), direction: t("Direction"), called: t("it called"), was: t("was called"), inside: t("own"), outside: t("outside"), morePeers: t("others are not shown"), noTraffic: t("No traffic in this span"), noTrafficNext: t("Choose a longer span."),
  risk: t("Suspicions, the strongest first"), riskNote: t("Only the strongest ranks the host: when we measured, adding them up found attacked hosts no sooner."), calm: t("There are no suspicions about this host now"), packets: t("Packets"), pivot: t("All of its records"), outsideOf: (n: string) => t("{n} outside", { n }),
});
