// What Ctrl-K finds at a node beside pages: suspicions, hosts, blocks, cases, warnings, own history, and the other
// actors of this console. Each list is asked by itself, for a few.
import { got } from "$lib/client";
import { findable, having, kept } from "$lib/palette.svelte";
import { here, places } from "$lib/places.svelte";
import { href } from "$lib/router.svelte";
import { say, words } from "$lib/words";
import en from "$words/both/kit";
import titlesEn from "$words/both/titles";
import { api } from "./api";

const HITS_EACH = 5;
/** Own history is asked once somebody stops typing: a look through it takes longer than a list. */
const PAUSE_MS = 400;
const w = words(en);
const titles = words(titlesEn);

findable("soc:read", () => titles().suspicions, async (text, signal) => {
  const node = here();
  if (!node) return [];
  const found = await got(api.GET("/api/v1/nodes/{node}/suspicions", { params: { path: { node }, query: { q: text, limit: 8 } }, signal }));
  return found.items.map((one) => ({ title: say(one.what), note: `${one.host} · ${one.detector}`, href: href("/nodes/:node/suspicions/:id", { node, id: one.id }) }));
});
findable("soc:read", () => titles().hosts, async (text, signal) => {
  const node = here();
  if (!node || !/^[\w.:-]{2,}$/.test(text)) return [];
  const found = await got(api.GET("/api/v1/nodes/{node}/hosts", { params: { path: { node }, query: { q: text, limit: HITS_EACH } }, signal }));
  return found.items.map((one) => ({ title: one.host, note: [w().found.host, ...one.names].join(", "), href: href("/nodes/:node/hosts/:host", { node, host: one.host }) }));
});
findable("soc:read", () => titles().protection, async (text, signal) => {
  const node = here();
  if (!node) return [];
  const found = await got(api.GET("/api/v1/nodes/{node}/protection/blocks", { params: { path: { node }, query: { q: text, limit: HITS_EACH } }, signal }));
  return found.items.map((one) => ({ title: one.value, note: w().found.block, href: href("/nodes/:node/protection", { node }, { q: one.value, indicator: one.id }) }));
});

findable("soc:hunt", () => w().ownHistory, async (text, signal) => {
  const node = here();
  await new Promise((after) => setTimeout(after, PAUSE_MS));
  if (!node || signal.aborted) return [];
  const { items } = await got(api.GET("/api/v1/nodes/{node}/values/history", { params: { path: { node }, query: { what: text } }, signal }));
  return items.map((one) => ({ title: one.value, note: say(one.says), href: href("/nodes/:node/hunt", { node }, { kind: "pivot", pivot: one.pivot ?? "", value: one.value }) }));
});

const cases = kept((node) => got(api.GET("/api/v1/nodes/{node}/cases", { params: { path: { node }, query: { limit: 200 } } })));
const warnings = kept((node) => got(api.GET("/api/v1/nodes/{node}/warnings", { params: { path: { node }, query: { limit: 200 } } })));

findable("soc:read", () => titles().cases, async (text) => {
  const node = here();
  if (!node) return [];
  const { items, next } = await cases(node);
  const hits = having(items, text, (one) => `${one.id} ${one.own.join(" ")} ${one.reported.join(" ")}`).slice(0, HITS_EACH)
    .map((one) => ({ title: one.own[0] ?? one.id, note: `${w().found.case}, ${say(one.says)}`, href: href("/nodes/:node/cases/:id", { node, id: one.id }) }));
  return { hits, part: !!next };
});
findable("soc:read", () => titles().warnings, async (text) => {
  const node = here();
  if (!node) return [];
  const { items, next } = await warnings(node);
  const hits = having(items, text, (one) => `${one.id} ${say(one.title)} ${one.observables.join(" ")}`).slice(0, HITS_EACH)
    .map((one) => ({ title: say(one.title), note: w().found.warning, href: href("/nodes/:node/warnings/:id", { node, id: one.id }) }));
  return { hits, part: !!next };
});
findable("soc:read", () => titles().nodes, async (text) =>
  having(places.all, text, (one) => one.name).filter((one) => one.id !== here()).slice(0, HITS_EACH)
    .map((one) => ({ title: one.name, note: w().found.actor, href: href("/nodes/:node/today", { node: one.id }) })),
);
