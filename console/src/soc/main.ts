// The actor SOC's console, over one node or many.
import { mount } from "svelte";
import App from "../shell/App.svelte";
import "../style/all.css";
import { got } from "$lib/client";
import { begin } from "$lib/gettext.svelte";
import { findable } from "$lib/palette.svelte";
import { here, type Place } from "$lib/places.svelte";
import { href } from "$lib/router.svelte";
import { say } from "$lib/words";
import { api } from "./api";
import { catalogues } from "./languages";
import { pages } from "./pages";

async function askPlaces(): Promise<readonly Place[]> {
  const nodes = await got(api.GET("/api/v1/nodes"));
  return nodes.map((one) => ({ id: one.name, name: one.name }));
}

findable(async (text, signal) => {
  const node = here();
  if (!node) return [];
  const found = await got(api.GET("/api/v1/nodes/{node}/suspicions", { params: { path: { node }, query: { q: text, limit: 8 } }, signal }));
  return found.items.map((one) => ({ title: say(one.what), note: `${one.host} · ${one.detector}`, href: href("/nodes/:node/suspicions/:id", { node, id: one.id }) }));
});
findable(async (text, signal) => {
  const node = here();
  if (!node || !/^[\w.:-]{2,}$/.test(text)) return [];
  const found = await got(api.GET("/api/v1/nodes/{node}/hosts", { params: { path: { node }, query: { q: text, limit: 6 } }, signal }));
  return found.items.map((one) => ({ title: one.host, note: one.names.join(", "), href: href("/nodes/:node/hosts/:host", { node, host: one.host }) }));
});

const target = document.getElementById("app");
await begin(catalogues);
if (target) mount(App, { target, props: { side: "soc", pages, home: "/nodes/:node/today", many: "/waiting", askPlaces, valueCard: () => import("./parts/ValueCard.svelte") } });
