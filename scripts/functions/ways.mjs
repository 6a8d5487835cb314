// The columns of the table in docs/functions.md: ways of running a program that hands functions to a pool.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'
import { kinds } from './kinds.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pool = pathToFileURL(join(root, 'dist/index.js')).href
const bin = (path) => join(root, 'node_modules', path)
const library = `let calls = 0\nexport const scale = (x) => x * 10\nexport const count = () => ++calls\n`
const commonLibrary = `let calls = 0\nexports.scale = (x) => x * 10\nexports.count = () => ++calls\n`

/** The program: tries every kind, prints one line of JSON each. */
function program(importPool, imports, lib) {
  const cases = kinds.map(
    ({ setup = '', fn, args = [] }) =>
      `failed = pool.stats.failed\n try { ${setup}\n await attempt(${fn.replace('LIB', lib)}, ${JSON.stringify(args)}) } catch (error) { fail(error) }`
  )
  return `${imports}
async function main() {
  const { WorkerPool } = await ${importPool}
  const pool = new WorkerPool({ nJobs: 1 })
  const fail = (error) => console.log(JSON.stringify({ message: error.message, code: error.code, variable: error.variable, ran: pool.stats.failed - failed }))
  let failed = 0
  const attempt = async (fn, args) => console.log(JSON.stringify({ result: await pool.apply(fn, args, { context: { givenFactor: 5 } }) }))
  const plain = async (fn, args) => console.log(JSON.stringify({ result: await pool.apply(fn, args) }))
  ${cases.map((text, at) => (kinds[at].fn.includes('givenFactor') ? text : text.replace('await attempt(', 'await plain('))).join('\n  ')}
  await pool.stopAndJoin()
}
`
}

const esm = (lib) =>
  program(
    `import('${pool}')`,
    `import { scale, count } from '${lib}'\nimport * as lib from '${lib}'\nimport path, { basename } from 'node:path'`,
    lib
  )
const cjs = (lib) =>
  program(
    `import('${pool}')`,
    `const { scale, count } = require('${lib}')\nconst lib = require('${lib}')\nconst path = require('node:path')\nconst { basename } = path`,
    lib
  )

/**
 * @typedef {object} Way
 * @property {string} title
 * @property {(place: (name: string, text: string) => string, folder: string) => string[] | Promise<string[]>} args writes the
 *   files and gives the arguments of node
 * @property {string} [input]
 */

/** @type {readonly Way[]} */
export const ways = [
  {
    title: 'ESM',
    args: (place) => (place('lib.mjs', library), [place('main.mjs', `${esm('./lib.mjs')}await main()\n`)])
  },
  {
    title: 'CommonJS',
    args: (place) => (place('lib.cjs', commonLibrary), [place('main.cjs', `${cjs('./lib.cjs')}main()\n`)])
  },
  { title: '`node -e`', args: (place) => (place('lib.cjs', commonLibrary), ['-e', `${cjs('./lib.cjs')}main()\n`]) },
  {
    title: 'ESM by `-e`',
    args: (place) => (place('lib.mjs', library), ['--input-type=module', '-e', `${esm('./lib.mjs')}await main()\n`])
  },
  { title: 'stdin', args: (place) => (place('lib.cjs', commonLibrary), ['-']), input: `${cjs('./lib.cjs')}main()\n` },
  {
    title: 'tsx',
    args: (place) => (
      place('lib.mts', library),
      [
        '--import',
        pathToFileURL(bin('tsx/dist/loader.mjs')).href,
        place('main.mts', `${esm('./lib.mts')}await main()\n`)
      ]
    )
  },
  {
    title: '@oxc-node',
    args: (place) => (
      place('lib.mts', library),
      [
        '--import',
        pathToFileURL(bin('@oxc-node/core/register.mjs')).href,
        place('main.mts', `${esm('./lib.mts')}await main()\n`)
      ]
    )
  },
  {
    title: 'TypeScript to ES5',
    args(place) {
      const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES5, esModuleInterop: true }
      const toEs5 = (text) => ts.transpileModule(text, { compilerOptions: options }).outputText
      place('lib.cjs', toEs5(library))
      // The compiler would make require() of the import of the pool, and of the one in the table.
      const text = toEs5(esm('./lib.cjs').replaceAll('import(', '__import('))
      return [place('main.cjs', `${text.replaceAll('__import(', 'import(')}\nmain()\n`)]
    }
  },
  {
    title: 'esbuild bundle',
    async args(place, folder) {
      place('lib.mjs', library)
      const entry = place('main.mjs', `${esm('./lib.mjs')}await main()\n`)
      const outfile = join(folder, 'bundle.mjs')
      const external = [pool]
      await build({
        entryPoints: [entry],
        outfile,
        bundle: true,
        format: 'esm',
        platform: 'node',
        keepNames: true,
        external,
        logLevel: 'error'
      })
      return [outfile]
    }
  },
  {
    title: '`node --test`',
    args: (place) => (
      place('lib.mjs', library),
      [place('main.test.mjs', `import test from 'node:test'\n${esm('./lib.mjs')}test('functions', main)\n`)]
    )
  }
]

/** @returns {string} empty where it is as it should be */
function judge(kind, line) {
  if (line === undefined) return 'did not end'
  if (kind.refused === undefined) {
    return line.message === undefined && JSON.stringify(line.result) === JSON.stringify(kind.result)
      ? ''
      : JSON.stringify(line)
  }
  const names = line.variable?.startsWith(kind.refused) || line.message?.includes(kind.refused)
  const [code, ran] = kind.isResult ? ['ERR_POOL_NOT_SERIALIZABLE', 1] : ['ERR_POOL_FUNCTION', 0]
  return line.code === code && names && line.ran === ran ? '' : JSON.stringify(line)
}

/** Runs every kind in one way. */
export async function runWay(way) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ways-'))
  try {
    const place = (name, text) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const args = await way.args(place, folder)
    const env = { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined }
    const run = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env,
      input: way.input,
      timeout: 60_000
    })
    const lines = run.stdout
      .split('\n')
      .map((line) => line.replace(/^# (?=\{)/, ''))
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
    return kinds.map(({ except, ...kind }, at) => {
      const other = except?.[way.title]
      const expected = other === undefined ? kind : { title: kind.title, ...other }
      const isExcepted = other !== undefined
      return { kind: expected, isExcepted, line: lines[at], fault: judge(expected, lines[at]), stderr: run.stderr }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
