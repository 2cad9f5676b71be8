// After going to a page, who reads by keyboard or ear is at its heading, as soon as it is there.
const WAIT_MS = 5000;

/** Until the reader goes elsewhere by themselves; gives what ends it. A heading that is made anew meanwhile gets it again. */
export function toHeading(): () => void {
  let mine: Element | null = null;
  const look = (): void => {
    const at = document.activeElement;
    if (at && at !== document.body && at !== mine && at.closest("main, dialog") && mine) return end();
    const heading = document.querySelector<HTMLElement>("#content #page-title");
    if (!heading || heading === at || document.querySelector("dialog[open]")) return;
    mine = heading;
    heading.focus({ preventScroll: true });
  };
  const watch = new MutationObserver(look);
  const timer = window.setTimeout(end, WAIT_MS);
  function end(): void {
    watch.disconnect();
    clearTimeout(timer);
    removeEventListener("keydown", end, true);
    removeEventListener("pointerdown", end, true);
  }
  addEventListener("keydown", end, true);
  addEventListener("pointerdown", end, true);
  watch.observe(document.body, { childList: true, subtree: true });
  look();
  return end;
}
