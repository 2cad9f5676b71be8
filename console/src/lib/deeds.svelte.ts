// What people do, by one key each in the whole product. A button that does it says so (``use:deed={"confirm"}``); the key
// is there as long as the button is.

/** Each key stands here once, so that it means one thing. Going to a page is ``g`` and its letter (pages.ts). */
export const DEEDS = {
  confirm: "y", release: "r", ask: "q", lift: "w", take: "a", handOver: "h", begin: "n", next: "s", case: "c", true: "t",
  benign: "b", ignore: "i", dismiss: "d", attach: "e", export: "x",
} as const;
export type Deed = keyof typeof DEEDS;

interface Marked {
  readonly what: Deed;
  readonly node: HTMLElement;
}
const marked = $state<{ all: readonly Marked[] }>({ all: [] });

/** On a button: it is what this key presses. Several on a page: the one beside where the reader is, else the first. */
export function deed(node: HTMLElement, what: Deed | undefined): { update(next: Deed | undefined): void; destroy(): void } {
  const leave = (): void => queueMicrotask(() => (marked.all = marked.all.filter((one) => one.node !== node)));
  const mark = (next: Deed | undefined): void => {
    leave();
    if (!next) return node.removeAttribute("aria-keyshortcuts");
    node.setAttribute("aria-keyshortcuts", DEEDS[next]);
    queueMicrotask(() => (marked.all = [...marked.all, { what: next, node }]));
  };
  mark(what);
  return { update: mark, destroy: leave };
}

/** What can be done on this page now. */
export const deedsHere = (): readonly Deed[] => [...new Set(marked.all.map((one) => one.what))];

/** Whether one of its buttons is in there. */
export const deedWithin = (what: Deed, box: Element): boolean => marked.all.some((one) => one.what === what && box.contains(one.node));

export function doDeed(what: Deed): void {
  const over = [...document.querySelectorAll("dialog[open]")].at(-1);
  const nodes = marked.all.filter((one) => one.what === what && (!over || over.contains(one.node)) && one.node.checkVisibility() && !one.node.matches(":disabled")).map((one) => one.node);
  nodes.sort((left, right) => (left.compareDocumentPosition(right) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const beside = document.activeElement?.closest("[data-deeds]");
  (nodes.find((node) => beside?.contains(node)) ?? nodes[0])?.click();
}
