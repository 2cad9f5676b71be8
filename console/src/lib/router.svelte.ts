// Addresses: the path says the page, the query string its filters. Back, forward and a pasted link all work.
import type { Component } from "svelte";
import type titles from "$words/both/titles";

export type Title = keyof ReturnType<typeof titles>;

export interface Page {
  /** "/leads", "/leads/:id"; what ":id" stood for is handed to the page as a property. */
  readonly path: string;
  /** Its name in words/*\/titles.ts; a page without a place in the navigation says ``menu: false``. */
  readonly title: Title;
  readonly load: () => Promise<{ default: Component<any> }>;
  /** Without this right the page is not offered; left out: for everybody who is signed in. */
  readonly right?: string;
  /** After ``g``. */
  readonly key?: string;
  readonly icon?: Component<any>;
  readonly menu?: false;
  /** A heading of the navigation, by its name in words/*\/titles.ts. */
  readonly group?: Title;
}

export interface Found {
  readonly page: Page;
  readonly params: Readonly<Record<string, string>>;
}

const PART_WAIT_MS = 5000;
export const route = $state({ path: location.pathname, query: location.search, part: location.hash });

function read(): void {
  route.path = location.pathname;
  route.query = location.search;
  route.part = location.hash;
}
addEventListener("popstate", read);

/** Brings the part of a page that the address names ("#deadlines") into view, as soon as it is there. */
export function toPart(): () => void {
  const id = location.hash.slice(1);
  const look = (): void => {
    const part = document.getElementById(id);
    if (!part) return;
    end();
    part.scrollIntoView({ block: "start" });
  };
  const watch = new MutationObserver(look);
  const timer = window.setTimeout(end, PART_WAIT_MS);
  function end(): void {
    watch.disconnect();
    clearTimeout(timer);
  }
  if (id) {
    watch.observe(document.body, { childList: true, subtree: true });
    look();
  } else end();
  return end;
}

export function go(to: string, replace = false): void {
  if (to === location.pathname + location.search + location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  read();
}

/** A filter from the query string, or its default. */
export const param = (name: string, otherwise = ""): string => new URLSearchParams(route.query).get(name) ?? otherwise;

/** Sets filters; an empty one leaves the address. ``push`` for what the reader would call a step. */
export function filter(change: Readonly<Record<string, string | null | undefined>>, push = false): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const said = query.toString();
  go(location.pathname + (said ? `?${said}` : ""), !push);
}

/** An address made of parts that need not be safe in one: ``href("/leads/:id", {id}, {tab: "timeline"})``. */
export function href(path: string, params: Readonly<Record<string, string>> = {}, query: Readonly<Record<string, string>> = {}): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const said = new URLSearchParams(query).toString();
  return said ? `${filled}?${said}` : filled;
}

export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.replace(/\/+$/, "").split("/");
  if (wanted.length !== given.length && !(pattern === "/" && given.length === 1)) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) {
      if (!value) return null;
      try {
        params[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return params;
}

export function find(pages: readonly Page[], path: string): Found | null {
  for (const page of pages) {
    const params = match(page.path, path);
    if (params) return { page, params };
  }
  return null;
}

/** Clicks on our own links change the page without loading it again. Put on the document by the shell. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
}
