// What a page of a node hears of: the node of this address. A page is made anew for each node, so it is read once.
import { here } from "$lib/places.svelte";

export const topics = (...names: readonly string[]): readonly string[] => names.map((name) => `${here()}/${name}`);
