// Packets that a node keeps, and what was said in them.
import { t, tc, tn } from "$lib/gettext.svelte";

export default () => ({
  title: t("Packets"),
  lead: t("What two machines said to each other, as this node kept it. It stays here; each look is a line in the ledger."),
  kept: t("What is kept"), now: (size: string) => t("{size} now, in files of", { size }), until: tc("packets.until", "to"),
  download: t("Download pcap"), downloaded: t("The file is made; the ledger holds a line of it."), back: t("Back"),
  notMine: t("You may not open packets"), ask: (roles: string) => t("Whoever has one of these roles may: {roles}. Give them this page's address, or ask whoever gives out accounts.", { roles }),
  roles: { soc: tc("packets.role", "SOC analyst"), operator: tc("packets.role", "operator") } as Record<string, string>,
  read: (n: number) => tn("{n} packet read", "{n} packets read", n, { n }), more: t("There are more packets than were read: ask about one flow, or less time."),
  talk: t("Conversation"), packets: (n: number) => tn("{n} packet", "{n} packets", n, { n }), cut: t("More was said than is shown, or a part of it is missing."),
  client: t("asks"), server: t("answers"), hidden: (n: number) => tn("{n} byte more is hidden", "{n} bytes more are hidden", n, { n }),
  silent: t("Nothing was said: only the call itself is in these packets."),
  protocols: { http: "HTTP", dns: "DNS", tls: t("TLS, its beginning"), smb: "SMB", text: t("not recognised") } as Record<string, string>,
  none: t("No conversation is in these packets"), noneNext: t("Download them to look at the rest (ICMP, ARP and others) in another program."),
  unnamed: t("No packets were asked for"), unnamedNext: t("Open them from a suspicion, a host or a row of a hunt."),
});
