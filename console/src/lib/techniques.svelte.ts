// What techniques of ATT&CK are called, asked of the console once; a sub-technique goes by the one that it belongs to.
import { say, type Said } from "./words";

let names = $state.raw<Readonly<Record<string, Said>>>({});
let asked = false;

async function ask(): Promise<void> {
  const answer = await fetch("/api/v1/techniques", { credentials: "same-origin" });
  if (answer.ok) names = (await answer.json()) as Record<string, Said>;
}

/** The name alone; empty where Bavn has none. Asks for them when the first is wanted. */
export function techniqueName(id: string): string {
  if (!asked) {
    asked = true;
    void ask().catch(() => (asked = false));
  }
  const found = names[id.split(".")[0] ?? ""];
  return found ? say(found) : "";
}

/** ``T1071.001 command channel in web, DNS or mail``: number and name side by side. */
export const techniqueWords = (id: string): string => `${id} ${techniqueName(id)}`.trim();
