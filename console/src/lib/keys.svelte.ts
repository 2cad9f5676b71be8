// Keys: what each one does is registered with a name, so that `?` can show it. Typing in a field is never a shortcut.
export interface Shortcut {
  /** "j", "Enter", "g l" (one after the other), "Ctrl-k". */
  readonly keys: string;
  readonly name: () => string;
  readonly run: () => void;
  /** Where it is shown in the list. */
  readonly group: "everywhere" | "page" | "table";
  /** Whether what it presses is in this window over the page; without it the key sleeps while one is open. */
  readonly within?: (dialog: Element) => boolean;
}

const SECOND_MS = 1200;
export const shortcuts = $state<{ all: readonly Shortcut[] }>({ all: [] });
let before = "";
let until = 0;

/** Registers shortcuts for as long as the component that calls it lives. The latest one wins. */
export function keys(give: () => readonly Shortcut[]): void {
  $effect(() => {
    const mine = give();
    add(mine);
    return () => remove(mine);
  });
}

function add(mine: readonly Shortcut[]): void {
  queueMicrotask(() => (shortcuts.all = [...shortcuts.all.filter((one) => !mine.includes(one)), ...mine]));
}

function remove(mine: readonly Shortcut[]): void {
  queueMicrotask(() => (shortcuts.all = shortcuts.all.filter((one) => !mine.includes(one))));
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function pressed(event: KeyboardEvent): string {
  const held = (event.ctrlKey || event.metaKey ? "Ctrl-" : "") + (event.altKey ? "Alt-" : "");
  return held + (held && event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

export function press(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const key = pressed(event);
  if (typing(event.target) && !key.startsWith("Ctrl-")) return;
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  const awake = shortcuts.all.filter((one) => !dialog || key.startsWith("Ctrl-") || one.within?.(dialog));
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary");
  if (key === "Enter" && onControl) return;
  const first = performance.now() < until && key.length === 1 ? before : "";
  const wanted = first ? `${first} ${key}` : key;
  const found = awake.findLast((one) => one.keys === wanted);
  if (found) {
    event.preventDefault();
    before = "";
    found.run();
  } else if (key.length === 1) {
    // After "g" a letter that goes nowhere does nothing: what it does by itself was not asked for.
    before = !first && awake.some((one) => one.keys.startsWith(`${key} `)) ? key : "";
    until = performance.now() + SECOND_MS;
  }
}
