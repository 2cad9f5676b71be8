// What Ctrl-K finds at the centre beside pages: leads and cases by what they are about.
import { got } from "$lib/client";
import { findable } from "$lib/palette.svelte";
import { href } from "$lib/router.svelte";
import { whoami } from "$lib/session.svelte";
import { say } from "$lib/words";
import { api } from "./api";

const HITS_EACH = 5;

findable(async (text, signal) => {
  if (!whoami.may("read")) return [];
  const query = { q: text, limit: HITS_EACH };
  const [leads, cases] = await Promise.all([
    got(api.GET("/api/v1/leads", { params: { query }, signal })), got(api.GET("/api/v1/cases", { params: { query }, signal })),
  ]);
  const name = (observables: readonly { value: string }[]): string => observables[0]?.value ?? "";
  return [
    ...cases.items.map((one) => ({ title: name(one.observables), note: `${one.id}, ${say(one.state_said)}`, href: href("/cases/:id", { id: one.id }) })),
    ...leads.items.map((one) => ({ title: name(one.observables), note: say(one.opening), href: href("/leads/:id", { id: one.id }) })),
  ];
});
