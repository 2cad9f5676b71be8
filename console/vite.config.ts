// One console per build: `vite build --mode sac` and `--mode soc`. What comes out lies beside the Python that serves it.
// `--mode parts`: a page of all parts with made-up rows, for tests of the parts alone; not in the package.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** What of npm is in a console's pages, for the bill of materials: beside them, where no browser gets it. */
function packages(here: string, side: string): Plugin {
  return {
    name: "packages",
    writeBundle(_, bundle) {
      const locked = JSON.parse(readFileSync(resolve(here, "package-lock.json"), "utf8")).packages;
      const modules = Object.values(bundle).flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
      const found = new Set(modules.map((id) => id.match(/.*\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]).filter((at) => at !== undefined));
      const rows = [...found].sort().map((at) => {
        const { version, license, integrity } = locked[at] ?? {};
        if (!version || !license || !integrity) throw new Error(`${at} is in the pages, and package-lock.json does not say all of it`);
        return { name: at.replace("node_modules/", ""), version, license, integrity };
      });
      writeFileSync(resolve(here, "../bavn/app/web/static", `${side}.packages.json`), JSON.stringify(rows, null, 1) + "\n");
    },
  };
}

export default defineConfig(({ mode }) => {
  const side = mode === "soc" || mode === "parts" ? mode : "sac";
  const here = import.meta.dirname;
  return {
    root: resolve(here, "src", side),
    publicDir: resolve(here, "public"),
    cacheDir: resolve(here, "node_modules/.vite", side),
    resolve: { alias: { $lib: resolve(here, "src/lib"), $words: resolve(here, "src/words"), $api: resolve(here, "src/api") } },
    plugins: [svelte({ configFile: resolve(here, "svelte.config.js") }), ...(side === mode ? [packages(here, side)] : [])],
    build: {
      outDir: side === "parts" ? resolve(here, "../build/parts") : resolve(here, "../bavn/app/web/static", side),
      emptyOutDir: true,
      target: "es2022",
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 800,
      // What several pages share comes in one piece: a page then asks for two files, not for twenty small ones in two waves.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 2, test: /\/src\/|lucide|virtual-core/ }] } } },
    },
    server: {
      fs: { allow: [here] },
      // `npm run dev:sac`: pages from Vite, answers from a console that runs (BAVN_CONSOLE=http://127.0.0.1:PORT).
      proxy: { "/api": { target: process.env.BAVN_CONSOLE ?? "http://127.0.0.1:8461", changeOrigin: true } },
    },
  };
});
