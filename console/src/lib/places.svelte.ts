// The actor whose node is looked at, in a console that shows several. It stands in the address, so that nothing mixes.
import { route } from "./router.svelte";

export interface Place {
  readonly id: string;
  readonly name: string;
}

export const places = $state<{ all: readonly Place[]; known: boolean }>({ all: [], known: false });

const KEPT = "bavn-node";
let last = sessionStorage.getItem(KEPT) ?? "";

/** The node of this address ("/nodes/NAME/..."), else the one that was looked at last in this tab, else the first one:
 * a page about oneself must not lead back to another actor's. */
export function here(): string {
  const [, word, name] = route.path.split("/");
  if (word === "nodes" && name) {
    const node = decodeURIComponent(name);
    if (node !== last) sessionStorage.setItem(KEPT, (last = node));
    return node;
  }
  return (places.all.find((place) => place.id === last) ?? places.all[0])?.id ?? "";
}
