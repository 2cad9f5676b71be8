// Reads JSON lines {name, query}; says of each which errors Kusto's own language service finds. First argument: its folder.
const at = process.argv[2];
require(`${at}/bridge.min.js`);
require(`${at}/Kusto.Language.Bridge.min.js`);
const lines = require("fs").readFileSync(0, "utf-8").trim().split("\n").map(JSON.parse);
for (const { name, query } of lines) {
  const found = Kusto.Language.KustoCode.ParseAndAnalyze(query).GetDiagnostics();
  const errors = [];
  for (let n = 0; n < found.Count; n += 1) errors.push(found.getItem(n).Message);
  console.log(JSON.stringify({ name, errors }));
}
