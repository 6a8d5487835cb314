// The programs of the table: each tries every kind of function and writes one line of JSON for each.
import { join } from 'node:path'
import { kinds } from './kinds.mjs'

/** The file beside the program that takes the lines: test runners decorate what is printed. */
export const OUTPUT = 'lines.jsonl'

/** A module that the program imports; `count` has a state of its own. */
export const library = `let calls = 0\nexport const scale = (x) => x * 10\nexport const count = () => ++calls\n`
export const typedLibrary = typed(library)
export const commonLibrary = `let calls = 0\nexports.scale = (x) => x * 10\nexports.count = () => ++calls\n`

/** With the types that a TypeScript file would have. */
function typed(/** @type {string} */ text) {
  return text
    .replaceAll(/\((x|n)\) =>/g, '($1: any): any =>')
    .replaceAll(/async function \((x)\)/g, 'async function ($1: any)')
}

/**
 * @param {string} folder where it runs
 * @param {string} imports
 * @param {string} lib the specifier of the library
 * @param {'unknown' | undefined} type of what is caught, in TypeScript
 */
function program(folder, imports, lib, type) {
  const of = type === undefined ? '' : ': any'
  const cases = kinds.map(({ setup = '', fn, args = [], context }, at) => {
    const rest = `[${[JSON.stringify(args), ...(context === undefined ? [] : [JSON.stringify({ context })])].join(', ')}]`
    return `try { ${setup}\n await attempt(${fn.replace('LIB', lib)}, ${rest}) } catch (error${of}) { fail(error, ${at}) }`
  })
  const [text, tops] = [cases.join('\n  '), kinds.map(({ top = '' }) => top).filter((top) => top !== '')]
  return `${imports}
${(type === undefined ? tops : tops.map(typed)).join('\n')}
const write = (line${of}) => appendFileSync(${JSON.stringify(join(folder, OUTPUT))}, JSON.stringify(line) + '\\n')
async function main() {
  const pool = new WorkerPool({ nJobs: 1 })
  let failed = 0
  const fail = ({ message, code, variable }${of}, at${of}) => {
    write({ message, code, variable, ran: pool.stats.failed - failed })
    failed = pool.stats.failed
  }
  const attempt = async (fn${of}, rest${of}) => write({ result: await Reflect.apply(pool.apply, pool, [fn, ...rest]) })
  ${type === undefined ? text : typed(text)}
  await pool.stopAndJoin()
}
`
}

const MODULE_IMPORTS = (/** @type {string} */ lib) => `import { WorkerPool } from 'millrace'
import { appendFileSync } from 'node:fs'
import { scale, count } from '${lib}'
import * as lib from '${lib}'
import path, { basename } from 'node:path'`

/** As an ES module; \`main\` runs it. */
export const moduleProgram = (folder, lib, more = '') => program(folder, MODULE_IMPORTS(lib) + more, lib, undefined)

/** As a TypeScript module. */
export const typedProgram = (folder, lib, more = '') => program(folder, MODULE_IMPORTS(lib) + more, lib, 'unknown')

/** As CommonJS. */
export const commonProgram = (folder, lib) =>
  program(
    folder,
    `const { WorkerPool } = require('millrace')
const { appendFileSync } = require('node:fs')
const { scale, count } = require('${lib}')
const lib = require('${lib}')
const path = require('node:path')
const { basename } = path`,
    lib,
    undefined
  )
