// The list that the page now shown belongs to: what a reader is led to where the page's own thing is not there.
import { find, route, type Page } from "./router.svelte";
import { words } from "./words";
import en from "$words/both/titles";

const w = words(en);
const known: { pages: readonly Page[] } = { pages: [] };

/** Told by the shell: the pages that this reader may see. */
export const keepPages = (pages: readonly Page[]): void => void (known.pages = pages);

/** Null on a list itself, and where there is none above. */
export function listAbove(): { href: string; title: string } | null {
  const at = find(known.pages, route.path)?.page;
  if (!at || at.menu !== false) return null;
  for (let end = route.path.lastIndexOf("/"); end > 0; end = route.path.lastIndexOf("/", end - 1)) {
    const href = route.path.slice(0, end);
    const above = find(known.pages, href)?.page;
    if (above && above.menu !== false) return { href, title: w()[above.title] };
  }
  return null;
}
