// What Ctrl-K finds at the centre beside pages: leads, cases, indicators, members, partners and warnings by what they
// are about. Each list is asked by itself, for a few; one that this person may not see finds nothing.
import { got } from "$lib/client";
import { findable, having, kept } from "$lib/palette.svelte";
import { href } from "$lib/router.svelte";
import { say, words } from "$lib/words";
import en from "$words/both/kit";
import titlesEn from "$words/both/titles";
import { api } from "./api";

const HITS_EACH = 5;
const w = words(en);
const titles = words(titlesEn);
const name = (observables: readonly { value: string }[]): string => observables[0]?.value ?? "";
const few = (q: string) => ({ q, limit: HITS_EACH });

findable("read", () => titles().cases, async (text, signal) => {
  const found = await got(api.GET("/api/v1/cases", { params: { query: few(text) }, signal }));
  return found.items.map((one) => ({ title: name(one.observables), note: `${w().found.case}, ${say(one.state_said)}`, href: href("/cases/:id", { id: one.id }) }));
});
findable("read", () => titles().leads, async (text, signal) => {
  const found = await got(api.GET("/api/v1/leads", { params: { query: few(text) }, signal }));
  return found.items.map((one) => ({ title: name(one.observables), note: `${w().found.lead}: ${say(one.opening)}`, href: href("/leads/:id", { id: one.id }) }));
});
findable("read", () => titles().indicators, async (text, signal) => {
  const found = await got(api.GET("/api/v1/indicators", { params: { query: few(text) }, signal }));
  return found.items.map((one) => ({ title: one.value, note: w().found.indicator, href: href("/indicators/:id", { id: one.id }) }));
});

const members = kept(() => got(api.GET("/api/v1/members")));
const partners = kept(() => got(api.GET("/api/v1/partners")));
const warnings = kept(() => got(api.GET("/api/v1/warnings", { params: { query: { limit: 200 } } })));

findable("read", () => titles().members, async (text) =>
  having((await members()).items, text, (one) => [one.name, ...one.suppliers].join(" ")).slice(0, HITS_EACH)
    .map((one) => ({ title: one.name, note: [w().found.member, ...one.suppliers].join(", "), href: href("/members/:name", { name: one.name }) })),
);
findable("read", () => titles().partners, async (text) =>
  having((await partners()).items, text, (one) => `${one.name} ${one.title}`).slice(0, HITS_EACH)
    .map((one) => ({ title: one.title || one.name, note: w().found.partner, href: href("/partners/:name", { name: one.name }) })),
);
findable("read", () => titles().warnings, async (text) => {
  const { items, next } = await warnings();
  const hits = having(items, text, (one) => `${one.id} ${say(one.title)}`).slice(0, HITS_EACH)
    .map((one) => ({ title: say(one.title), note: w().found.warning, href: href("/warnings/:id", { id: one.id }) }));
  return { hits, part: !!next };
});
