// A row of an answer that names a flow, or two machines and a time, leads to its packets.
import { href } from "$lib/router.svelte";
import type { Row } from "./asking.svelte";

const us = (value: unknown): number => (typeof value === "string" ? Date.parse(value) * 1000 : NaN);

export function packetsOf(node: string, columns: readonly string[], row: Row): string | null {
  const of = (name: string): unknown => row[columns.indexOf(name)];
  const [host, peer, from] = [of("src"), of("dst"), us(of("ts"))];
  if (typeof host !== "string" || typeof peer !== "string" || !Number.isFinite(from)) return null;
  const proto = of("proto");
  const ports = [of("src_port"), of("dst_port")];
  const to = us(of("ts_end"));
  return href("/nodes/:node/packets", { node }, {
    host, peer, from: String(from), ...(Number.isFinite(to) ? { to: String(to) } : {}),
    ...((proto === "tcp" || proto === "udp") && ports.every((port) => typeof port === "number") ? { proto, hport: String(ports[0]), pport: String(ports[1]) } : {}),
  });
}
