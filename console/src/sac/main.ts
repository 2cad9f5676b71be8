// The sector centre's console.
import { mount } from "svelte";
import App from "../shell/App.svelte";
import "../style/all.css";
import { begin } from "$lib/gettext.svelte";
import "./asked";
import "./find";
import { catalogues } from "./languages";
import { pages } from "./pages";

const target = document.getElementById("app");
await begin(catalogues);
if (target) mount(App, { target, props: { side: "sac", pages, home: "/overview", valueCard: () => import("./parts/ValueCard.svelte") } });
