// Every part on one page, with made-up rows: what tests of the parts look at.
import Blocks from "@lucide/svelte/icons/blocks";
import { mount } from "svelte";
import App from "../shell/App.svelte";
import { begin } from "$lib/gettext.svelte";
import { catalogues } from "../sac/languages";
import "../style/all.css";

const target = document.getElementById("app");
const pages = [
  { path: "/account", title: "account", load: () => import("./Parts.svelte"), icon: Blocks, key: "p" },
  { path: "/account/:id", title: "account", load: () => import("./One.svelte"), menu: false },
] as const;
await begin(catalogues);
if (target) mount(App, { target, props: { side: "sac", pages, home: "/account" } });
