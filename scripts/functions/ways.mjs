// The columns of the table in docs/functions.md that need nothing but Node and what the repository has anyway.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'
import { commonLibrary, commonProgram, library, moduleProgram, typedLibrary, typedProgram } from './programs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const installed = (path) => join(root, 'node_modules', path)

/**
 * @typedef {object} Place
 * @property {string} folder
 * @property {(name: string, text: string) => string} place writes a file there, and gives its path
 *
 * @typedef {object} Start
 * @property {readonly string[]} args of node
 * @property {string} [input]
 * @property {boolean} [keepsInput] open: its end would end the program
 * @property {Readonly<Record<string, string>>} [env]
 *
 * @typedef {object} Way
 * @property {string} title
 * @property {'node' | 'builds' | 'tests'} table
 * @property {readonly [number, number]} [since] the first version of Node that has it
 * @property {boolean} [needsTools] what is beside this file, in `tools`
 * @property {boolean} [isMinified] so that variables have other names
 * @property {(place: Place) => Start | Promise<Start>} prepare writes the files
 */

function loadedBy(title, register) {
  return {
    title,
    table: /** @type {const} */ ('builds'),
    prepare({ folder, place }) {
      place('lib.mts', typedLibrary)
      const main = place('main.mts', `${typedProgram(folder, './lib.mts')}await main()\n`)
      return { args: ['--import', pathToFileURL(installed(register)).href, main] }
    }
  }
}

/** @type {readonly Way[]} */
export const ways = [
  {
    title: 'ESM',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.mjs', library)
      return { args: [place('main.mjs', `${moduleProgram(folder, './lib.mjs')}await main()\n`)] }
    }
  },
  {
    title: 'CommonJS',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.cjs', commonLibrary)
      return { args: [place('main.cjs', `${commonProgram(folder, './lib.cjs')}main()\n`)] }
    }
  },
  {
    title: '`node -e`',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.cjs', commonLibrary)
      return { args: ['-e', `${commonProgram(folder, './lib.cjs')}main()\n`] }
    }
  },
  {
    title: 'ESM by `-e`',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.mjs', library)
      return { args: ['--input-type=module', '-e', `${moduleProgram(folder, './lib.mjs')}await main()\n`] }
    }
  },
  {
    title: 'stdin',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.cjs', commonLibrary)
      return { args: ['-'], input: `${commonProgram(folder, './lib.cjs')}main()\n` }
    }
  },
  {
    title: 'REPL',
    table: 'node',
    prepare({ folder, place }) {
      place('lib.cjs', commonLibrary)
      return {
        args: ['-i'],
        keepsInput: true,
        input: `${commonProgram(folder, './lib.cjs')}void main().then(() => process.exit())\n`
      }
    }
  },
  {
    title: 'TypeScript by Node',
    table: 'node',
    since: [22, 18],
    prepare({ folder, place }) {
      place('lib.ts', typedLibrary)
      place('package.json', '{ "type": "module" }\n')
      return { args: [place('main.ts', `${typedProgram(folder, './lib.ts')}await main()\n`)] }
    }
  },
  {
    title: '`node --test`',
    table: 'tests',
    prepare({ folder, place }) {
      place('lib.mjs', library)
      const text = `${moduleProgram(folder, './lib.mjs', `\nimport test from 'node:test'`)}test('functions', main)\n`
      return { args: ['--test', place('main.test.mjs', text)] }
    }
  },
  loadedBy('tsx', 'tsx/dist/loader.mjs'),
  loadedBy('@oxc-node', '@oxc-node/core/register.mjs'),
  {
    title: 'TypeScript to ES5',
    table: 'builds',
    prepare({ folder, place }) {
      const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES5, esModuleInterop: true }
      const toEs5 = (text) => ts.transpileModule(text, { compilerOptions }).outputText
      place('lib.cjs', toEs5(typedLibrary))
      return { args: [place('main.cjs', `${toEs5(typedProgram(folder, './lib.cjs'))}\nmain()\n`)] }
    }
  },
  {
    title: 'esbuild bundle',
    table: 'builds',
    async prepare({ folder, place }) {
      place('lib.mts', typedLibrary)
      const entry = place('main.mts', `${typedProgram(folder, './lib.mts')}await main()\n`)
      const outfile = join(folder, 'bundle.mjs')
      const external = ['millrace']
      const options = { bundle: true, platform: /** @type {const} */ ('node'), keepNames: true }
      await build({ ...options, entryPoints: [entry], outfile, format: 'esm', external, logLevel: 'error' })
      return { args: [outfile] }
    }
  },
  {
    title: 'AVA',
    table: 'tests',
    prepare({ folder, place }) {
      place('lib.mjs', library)
      place('package.json', '{ "type": "module", "ava": { "workerThreads": false } }\n')
      place(
        'main.test.mjs',
        `${moduleProgram(folder, './lib.mjs', `\nimport test from 'ava'`)}test('functions', async (t) => { await main(); t.pass() })\n`
      )
      return { args: [join(folder, '../node_modules/ava/entrypoints/cli.mjs'), 'main.test.mjs'] }
    }
  }
]
