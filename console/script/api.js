// Writes src/api/{sac,soc}.d.ts from the OpenAPI documents of the two consoles. Needs Bavn importable by $PYTHON (else
// the tree's own .venv, else python3).
import openapi, { astToString } from "openapi-typescript";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const console_ = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const house = resolve(console_, "..");
const own = resolve(house, ".venv/bin/python");
const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");
mkdirSync(resolve(console_, "src/api"), { recursive: true });

for (const side of ["sac", "soc"]) {
  const out = resolve(console_, `src/api/${side}.d.ts`);
  const document = execFileSync(python, ["-m", "bavn.app.web.openapi", side], {
    cwd: house,
    env: { ...process.env, PYTHONPATH: house },
    maxBuffer: 64 * 1024 * 1024,
    encoding: "utf8",
  });
  const written = astToString(await openapi(JSON.parse(document), { alphabetize: true }));
  writeFileSync(out, written);
}
