// The actor whose node is looked at, in a console that shows several. It stands in the address, so that nothing mixes.
import { route } from "./router.svelte";

export interface Place {
  readonly id: string;
  readonly name: string;
}

export const places = $state<{ all: readonly Place[] }>({ all: [] });

/** The node of this address ("/nodes/NAME/..."), else the first one. */
export function here(): string {
  const [, word, name] = route.path.split("/");
  if (word === "nodes" && name) return decodeURIComponent(name);
  return places.all[0]?.id ?? "";
}
