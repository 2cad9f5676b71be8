// Holds CSAF 2.0 documents against the schema and every mandatory test of the format's own validator.
//   node validate.mjs FOLDER FILE...      FOLDER: whose node_modules holds it; a line of JSON a file
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const lib = (name) => import(pathToFileURL(`${process.argv[2]}/node_modules/@secvisogram/csaf-validator-lib/${name}.js`).href)
const { default: validateStrict } = await lib('validateStrict')
const tests = Object.values(await lib('basic'))

for (const file of process.argv.slice(3)) {
  const done = await validateStrict(tests, JSON.parse(readFileSync(file, 'utf8')))
  const said = (kind) => done.tests.flatMap((one) => one[kind].map((each) => `${one.name}: ${each.instancePath} ${each.message}`))
  console.log(JSON.stringify({ valid: done.isValid, tests: done.tests.length, errors: said('errors') }))
}
