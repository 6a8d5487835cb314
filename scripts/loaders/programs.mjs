// What a cell runs: a pool, functions by value and by reference, an error with its stack, and one instance for both ways to load.

const BODY = `
const pool = new WorkerPool({ nJobs: 1 })
const factor = 3
const results = await pool.map((x) => x * factor, [1, 2])
results.push(await pool.apply(task('node:path', 'basename'), ['a/b']))
const error = await pool.apply(() => { throw new TypeError('on purpose') }, []).then(() => undefined, (reason) => reason)
await pool.stopAndJoin()
const isOwn = /millrace-(?:main|functions)\\.cjs|worker\\.mjs/.test(error?.stack)
console.log('RESULT ' + JSON.stringify([...results, error?.name, isOwn ? error.stack : 'clean']))
`

export const EXPECTED = 'RESULT [3,6,"b","TypeError","clean"]'

export const esm = `import { WorkerPool, task } from 'millrace'\n${BODY}`
export const commonJs = `const { WorkerPool, task } = require('millrace')\nasync function main() {\n${BODY}}\nmain()\n`
export const typescript = `import { WorkerPool, task } from 'millrace'
async function main(): Promise<void> {
${BODY.replace('(x)', '(x: number)')
  .replace('const results =', 'const results: unknown[] =')
  .replace("task('node:path', 'basename')", "task<(path: string) => string>('node:path', 'basename')")
  .replace('(reason)', '(reason: unknown)')
  .replace('const error =', 'const error: any =')}}
void main()
`
/** Where nothing can read the variables around a function. */
export const withoutCapture = esm.replace('const factor = 3\n', '').replace('x * factor', 'x * 3')
/** With a node for the workers. */
export const withNode = (source) =>
  source.replace('{ nJobs: 1 }', `{ nJobs: 1, execPath: ${JSON.stringify(process.execPath)} }`)
/** Says whether both ways to load give one instance. */
export const both = `import { createRequire } from 'node:module'
import * as imported from 'millrace'
const required = createRequire(import.meta.url)('millrace')
const isSame = Object.keys(required).every((name) => required[name] === imported[name])
console.log(isSame ? '${EXPECTED.replaceAll("'", "\\'")}' : 'two instances')
`
/** As the body of a test, for test runners. */
export const testBody = BODY
