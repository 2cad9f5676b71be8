// What the palette can find beside pages. A page, or a side's main.ts, offers a finder: leads by name, hosts by address.
export interface Hit {
  readonly title: string;
  readonly note?: string;
  readonly href: string;
  /** What is done instead of going to an address. */
  readonly run?: () => void;
}

export type Finder = (text: string, signal: AbortSignal) => Promise<readonly Hit[]>;

export const finders = $state<{ all: readonly Finder[] }>({ all: [] });

/** Registers a finder for as long as the console is open. */
export function findable(finder: Finder): void {
  finders.all = [...finders.all, finder];
}
