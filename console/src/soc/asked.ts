// The questions with which people come to a node's console, and the place that answers each. The search offers them.
import { answered } from "$lib/palette.svelte";
import { here } from "$lib/places.svelte";
import { href } from "$lib/router.svelte";
import { waiting } from "$lib/waiting.svelte";
import { words } from "$lib/words";
import en from "$words/soc/asked";

const at = (page: string, query: Readonly<Record<string, string>> = {}) => () => (here() ? href(`/nodes/:node/${page}`, { node: here() }, query) : "");

answered(words(en), {
  hit: { right: "soc:read", at: at("today") },
  stop: { right: "soc:read", at: at("protection", { standing: "waiting" }) },
  undo: { right: "soc:read", at: at("protection", { standing: "wanted" }) },
  // A deadline that runs stands on the first page; where none does, it begins in a case.
  nis2: { right: "soc:read", at: () => at(waiting.of(here()).some((one) => one.kind === "nis2") ? "today" : "cases")() },
  left: { right: "soc:read", at: at("door", { days: "7" }) },
  hurt: { right: "soc:read", at: at("protection", { tab: "try" }) },
  machine: { right: "soc:read", at: at("hosts") },
  firewall: { right: "soc:read", at: () => (here() ? `${at("protection")()}#lists` : "") },
  shift: { right: "soc:read", at: () => "/waiting?shift=1" },
});
