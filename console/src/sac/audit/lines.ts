// A line's detail for reading, and where the thing it is about has its page.
import { href } from "$lib/router.svelte";

/** "why: a supplier's test · from: released" of the detail's JSON. */
export function plain(detail: string): string {
  try {
    const read = JSON.parse(detail) as Record<string, unknown>;
    return Object.entries(read)
      .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
      .join(" · ");
  } catch {
    return detail;
  }
}

export function place(subject: string): string | undefined {
  if (subject.startsWith("indicator--")) return href("/indicators/:id", { id: subject });
  if (subject.startsWith("case-")) return href("/cases/:id", { id: subject });
  if (/^[0-9a-f]{32}$/.test(subject)) return href("/questions/:id", { id: subject });
  const [kind, name] = subject.split("/");
  if (kind === "member" && name) return href("/members/:name", { name });
  if (kind === "partner" && name) return href("/partners/:name", { name });
  if (kind === "source" && name) return href("/sources/:name", { name });
  return subject.startsWith("policy-") ? href("/protection", {}, { tab: "policies" }) : undefined;
}
