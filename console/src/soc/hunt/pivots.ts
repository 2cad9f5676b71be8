// Which columns of a record lead to everything else that shares their value.
import type { Cell } from "$lib/table";

export const PIVOTS = ["host", "domain", "community_id", "ja3", "ja4", "cert", "sha256"] as const;
export type Pivot = (typeof PIVOTS)[number];

const OF: Readonly<Record<string, Pivot>> = {
  src: "host", dst: "host", host_address: "host", rrname: "domain", sni: "domain", host: "domain", community_id: "community_id",
  ja3: "ja3", ja4: "ja4", cert: "cert", sha256: "sha256",
};
const ADDRESS = /^[0-9a-f:.]+$/i;

export function pivotOf(name: string, value: Cell): Pivot | null {
  const found = OF[name.toLowerCase()];
  if (!found || typeof value !== "string" || !value) return null;
  return found === "domain" && ADDRESS.test(value) && /\d/.test(value) && !/[g-z]/i.test(value) ? "host" : found;
}
