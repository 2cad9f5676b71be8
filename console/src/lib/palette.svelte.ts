// What the palette can find beside pages. A page, or a side's main.ts, offers a finder: leads by name, hosts by address.
import { whoami } from "./session.svelte";

export interface Hit {
  readonly title: string;
  readonly note?: string;
  readonly href: string;
  /** What is done instead of going to an address. */
  readonly run?: () => void;
}

export type Finder = (text: string, signal: AbortSignal) => Promise<readonly Hit[]>;

export const finders = $state<{ all: readonly Finder[] }>({ all: [] });

/** Registers a finder for as long as the console is open; whoever lacks the right finds nothing by it. */
export function findable(right: string, finder: Finder): void {
  finders.all = [...finders.all, async (text, signal) => (whoami.may(right) ? finder(text, signal) : [])];
}

const KEPT_MS = 30_000;

/** A short list that is asked for once while somebody types, and not with each letter. */
export function kept<T>(ask: (place: string) => Promise<T>): (place?: string) => Promise<T> {
  const known = new Map<string, { at: number; told: Promise<T> }>();
  return (place = "") => {
    const old = known.get(place);
    if (old && Date.now() - old.at < KEPT_MS) return old.told;
    const told = ask(place);
    told.catch(() => known.delete(place));
    known.set(place, { at: Date.now(), told });
    return told;
  };
}

/** Those in which each of the words stands. */
export function having<T>(items: readonly T[], text: string, of: (item: T) => string): readonly T[] {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => asked.every((word) => of(item).toLowerCase().includes(word)));
}
