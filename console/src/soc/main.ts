// The actor SOC's console, over one node or many.
import { mount } from "svelte";
import App from "../shell/App.svelte";
import "../style/all.css";
import { got } from "$lib/client";
import { begin } from "$lib/gettext.svelte";
import { type Place } from "$lib/places.svelte";
import { api } from "./api";
import "./asked";
import "./find";
import { catalogues } from "./languages";
import { pages } from "./pages";

async function askPlaces(): Promise<readonly Place[]> {
  const nodes = await got(api.GET("/api/v1/nodes"));
  return nodes.map((one) => ({ id: one.name, name: one.name }));
}

const target = document.getElementById("app");
await begin(catalogues);
if (target) mount(App, { target, props: { side: "soc", pages, home: "/nodes/:node/today", many: "/waiting", askPlaces, valueCard: () => import("./parts/ValueCard.svelte") } });
