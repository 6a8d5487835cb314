import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

const IS_WINDOWS = process.platform === 'win32'
/** A name of characters that URLs treat in their own way. Windows does not allow all of them. */
const ODD = `a b%20ü#${IS_WINDOWS ? '' : '?'}.mjs`

// A worker that ran the program would say so. A program that is slow enough to be run twice would be.
const BODY = `
if (isWorker) console.log('RUN BY A WORKER')
function main(double) {
  setImmediate(async () => {
    if (isWorker) return
    if (process.env.CHDIR) process.chdir('/')
    const pool = new WorkerPool({ nJobs: 1 })
    console.log((await pool.map(double, [1, 2])).join())
    await pool.stopAndJoin()
  })
}
`
const CHANGES = `
if (process.env.SPLICE) process.argv.splice(1, 1)
if (process.env.ARGV) process.argv = ['node', '/nowhere.mjs']
if (process.env.TITLE) process.title = 'a program'
`
const ESM = `import { WorkerPool, isWorker } from '${PACKAGE}'
${CHANGES}${BODY}
export function double(x) { return x * 2 }
main(double)
`
// The library is loaded after the program has changed what names it.
const LATE = `${CHANGES}
const { WorkerPool, isWorker } = await import('${PACKAGE}')
${BODY}
export function double(x) { return x * 2 }
main(double)
`
const CJS = `${CHANGES}
const { WorkerPool, isWorker } = require('millrace')
${BODY}
exports.double = function double(x) { return x * 2 }
main(exports.double)
`
// The program is used by a module that it imports.
const LIB = `import { config } from '../main.mjs'
const own = (x) => x * config.by
export const use = () => own
`
const IMPORTED = `import { WorkerPool, isWorker } from '${PACKAGE}'
import { use } from './lib/lib.mjs'
${BODY}
export const config = { by: 2 }
main(use())
`
const THREAD = `import { isMainThread, Worker } from 'node:worker_threads'
import { WorkerPool, isWorker } from '${PACKAGE}'
${BODY}
export function double(x) { return x * 2 }
if (isMainThread) new Worker(new URL(import.meta.url))
else main(double)
`
// What the thread calls belongs to the program of the process, whose worker has one thread, its main one.
const THREAD_FILE = `import { double, main } from './process.mjs'
main(double)
`
const PROCESS = `import { isMainThread, Worker } from 'node:worker_threads'
import { WorkerPool, isWorker } from '${PACKAGE}'
${BODY}
export { main }
export function double(x) { return x * 2 }
if (isMainThread) new Worker(new URL('./thread.mjs', import.meta.url))
`

const FILES = {
  'node_modules/millrace/package.json': '{"name":"millrace","main":"index.cjs"}',
  'node_modules/millrace/index.cjs': `module.exports = require(${JSON.stringify(fileURLToPath(new URL('../dist/index.cjs', import.meta.url)))})`,
  'main.mjs': ESM,
  'late.mjs': LATE,
  'main.cjs': CJS,
  plain: CJS,
  [ODD]: ESM,
  'folder/package.json': '{"main":"./start.js"}',
  'folder/start.js': CJS,
  'index/index.js': CJS,
  'imported/main.mjs': IMPORTED,
  'imported/lib/lib.mjs': LIB,
  'self.mjs': THREAD,
  'thread.mjs': THREAD_FILE,
  'process.mjs': PROCESS,
  'preload.mjs': ''
}

const WAYS: readonly (readonly [what: string, args: readonly string[], env?: NodeJS.ProcessEnv])[] = [
  ['a file', ['main.mjs']],
  ['a relative path', ['./folder/../main.mjs']],
  ['a link', ['link.mjs']],
  ['a link, --preserve-symlinks', ['--preserve-symlinks', 'link.mjs']],
  ['a link, --preserve-symlinks-main', ['--preserve-symlinks-main', 'link.mjs']],
  ['a link, both', ['--preserve-symlinks', '--preserve-symlinks-main', 'link.mjs']],
  ['a link to the directory', ['linked/main.mjs']],
  ['a link to the directory, both', ['--preserve-symlinks', '--preserve-symlinks-main', 'linked/main.mjs']],
  ['a link to CommonJS, both', ['--preserve-symlinks', '--preserve-symlinks-main', 'link.cjs']],
  ['process.argv without the path', ['main.mjs'], { SPLICE: '1' }],
  ['process.argv with another path', ['main.mjs'], { ARGV: '1' }],
  ['process.argv changed before the library is loaded', ['late.mjs'], { SPLICE: '1' }],
  [
    'process.argv replaced before the library is loaded, with flags',
    ['--import', './preload.mjs', 'late.mjs'],
    { ARGV: '1' }
  ],
  ['CommonJS, process.argv changed before the library is loaded', ['main.cjs'], { SPLICE: '1' }],
  ['a link, process.argv changed', ['--preserve-symlinks-main', 'link.mjs'], { SPLICE: '1' }],
  ['another directory', ['main.mjs'], { CHDIR: '1' }],
  ['another title', ['main.mjs'], { TITLE: '1' }],
  ['CommonJS', ['main.cjs']],
  ['CommonJS without an extension', ['plain']],
  ['a path without its extension', ['folder/start']],
  ['a directory with a main', ['folder']],
  ['a directory with an index', ['./index/']],
  ['after --', ['--', 'main.mjs']],
  ['a path of spaces and other characters', [ODD]],
  ['preloads by --import and --require', ['--import', './preload.mjs', '-r', 'node:fs', 'main.mjs']],
  ['what a module imports from the program', ['imported/main.mjs']],
  ['a thread of the same file', ['self.mjs']],
  ['a thread that imports the program', ['process.mjs']]
]

for (const [what, args, env] of WAYS) {
  test.serial(`a worker does not run the program that node was started with: ${what}`, async (t) => {
    const directory = scratch(t, FILES)
    symlinkSync('main.mjs', join(directory, 'link.mjs'))
    symlinkSync('main.cjs', join(directory, 'link.cjs'))
    symlinkSync(directory, join(directory, 'linked'))
    const { lines, stderr } = await runNode(t, directory, args, env === undefined ? {} : { env })
    t.deepEqual(lines, ['2,4'], stderr)
  })
}

const JOBS = 'let n = 0\nexport const count = () => ++n\n'
const USE = `
  const pool = new WorkerPool({ nJobs: 1 })
  const counts = [await pool.apply(count), await pool.apply(count)]
  await pool.stopAndJoin()
  console.log(counts.join())
`
const ESM_USE = `import { WorkerPool } from '${PACKAGE}'; import { count } from './jobs.mjs'; ${USE}`
const DYNAMIC_USE = `(async () => { const { WorkerPool } = await import('${PACKAGE}'); const { count } = await import(process.argv.at(-1)); ${USE} })()`

const NO_FILE: readonly (readonly [what: string, args: readonly string[], input?: string])[] = [
  ['-e', ['-e', DYNAMIC_USE, './jobs.mjs']],
  ['-e, with the path of the module', ['-e', DYNAMIC_USE, '$/jobs.mjs']],
  ['-p', ['-p', DYNAMIC_USE, '$/jobs.mjs']],
  ['an ES module by -e', ['--input-type=module', '-e', ESM_USE]],
  ['stdin', ['-', '$/jobs.mjs'], DYNAMIC_USE],
  ['an argument of the program', ['main.mjs', './jobs.mjs']]
]

for (const [what, args, input] of NO_FILE) {
  test.serial(`modules that are not the program go by reference: ${what}`, async (t) => {
    const directory = scratch(t, { 'jobs.mjs': JOBS, 'main.mjs': ESM_USE })
    // On Windows `import` takes no absolute paths.
    const words = args.map((word) => word.replace('$', IS_WINDOWS ? pathToFileURL(directory).href : directory))
    const { lines, stderr } = await runNode(t, directory, words, input === undefined ? {} : { input })
    // With -p comes what the program gives, too.
    t.true(lines.includes('1,2'), `${lines.join()} ${stderr}`)
  })
}
