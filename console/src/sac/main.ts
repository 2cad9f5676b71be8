// The sector centre's console.
import { mount } from "svelte";
import App from "../shell/App.svelte";
import "../style/all.css";
import "./find";
import { pages } from "./pages";

const target = document.getElementById("app");
if (target) mount(App, { target, props: { side: "sac", pages, home: "/overview" } });
