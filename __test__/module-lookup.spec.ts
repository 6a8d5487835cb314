import test from 'ava'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

const JOBS = 'let n = 0\nexport const count = () => ++n\n'
// Two calls in one worker: a function that goes by reference has the state of its module there.
const USE = `
const pool = new WorkerPool({ nJobs: 1 })
const twice = async (fn) => [await pool.apply(fn), await pool.apply(fn)].join()
`
const SLOW = `
import { setTimeout } from 'node:timers/promises'
export const resolve = async (...args) => {
  if (/jobs/.test(args[0])) await setTimeout(700)
  return args.at(-1)(args[0], args[1])
}
`

test.serial('an export is sent by reference at the first call, however slow a loader hook is', async (t) => {
  const directory = scratch(t, {
    'jobs.mjs': JOBS,
    'hooks.mjs': SLOW,
    'main.mjs': `import module from 'node:module'
      import { WorkerPool } from '${PACKAGE}'
      module.register('./hooks.mjs', import.meta.url)
      const { count } = await import('./jobs.mjs')
      ${USE}
      console.log(await twice(count))
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(lines, ['1,2'], stderr)
})

test.serial("the same holds for hooks in the program's own thread, if Node has them", async (t) => {
  const directory = scratch(t, {
    'jobs.mjs': JOBS,
    'main.mjs': `import module from 'node:module'
      import { WorkerPool } from '${PACKAGE}'
      module.registerHooks?.({
        resolve: (...args) => {
          if (/jobs/.test(args[0])) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
          return args.at(-1)(args[0], args[1])
        }
      })
      const { count } = await import('./jobs.mjs')
      ${USE}
      console.log(await twice(count))
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(lines, ['1,2'], stderr)
})

test.serial('a module of node:vm is not evaluated from disk by the program', async (t) => {
  const directory = scratch(t, {
    'lib.mjs': `console.log('evaluated in', process.env.PARENT === String(process.pid) ? 'the program' : 'a worker')
      export const inc = (x) => x + 1000`,
    'main.mjs': `import vm from 'node:vm'
      import { WorkerPool } from '${PACKAGE}'
      process.env.PARENT = String(process.pid)
      const identifier = new URL('./lib.mjs', import.meta.url).href
      const filename = new URL(identifier).pathname
      const code = '((x) => x + 1)'
      const pool = new WorkerPool({ nJobs: 1 })
      const made = new vm.SourceTextModule('export const inc = (x) => x + 1; const own = 1; export const add = (x) => x + own', { identifier })
      await made.link(() => {})
      await made.evaluate()
      const inContext = new vm.SourceTextModule('export const inc = (x) => x + 1', { identifier, context: vm.createContext() })
      await inContext.link(() => {})
      await inContext.evaluate()
      const all = {
        'a SourceTextModule': made.namespace.inc,
        'a SourceTextModule, with a variable': made.namespace.add,
        'one in a context': inContext.namespace.inc,
        'a Script': new vm.Script(code, { filename }).runInThisContext(),
        'a Script by its URL': new vm.Script(code, { filename: identifier }).runInThisContext(),
        'a function by compileFunction': vm.compileFunction('return x + 1', ['x'], { filename }),
        'one by its URL': vm.compileFunction('return x + 1', ['x'], { filename: identifier })
      }
      for (const [what, fn] of Object.entries(all)) {
        console.log(what, (await pool.map(fn, [1]).catch((error) => [error.message]))[0])
      }
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['--experimental-vm-modules', 'main.mjs'])
  t.deepEqual(
    lines,
    [
      'a SourceTextModule 2',
      'a SourceTextModule, with a variable 2',
      'one in a context 2',
      'a Script 2',
      'a Script by its URL 2',
      'a function by compileFunction 2',
      'one by its URL 2'
    ],
    stderr
  )
})

test.serial('functions of a module are sent by value while it evaluates, and then by reference', async (t) => {
  const directory = scratch(t, {
    // Awaits something that the program gives only after a call.
    'awaiting.mjs': `let n = 0
      export const count = () => ++n
      export function alone() { return 1 }
      globalThis.found = { count, alone }
      if (globalThis.gate) await globalThis.gate
      export const late = () => ++n`,
    'around.mjs': `import './awaiting.mjs'
      let n = 0
      export function count() { return ++n }`,
    // Evaluates only after what it is imported by.
    'cycle.mjs': `import './cycle-end.mjs'
      export let ready = true
      export function hoisted() { return 1 }`,
    'cycle-end.mjs': `import { hoisted } from './cycle.mjs'
      globalThis.hoisted = hoisted
      if (globalThis.other) await globalThis.other`,
    'required.cjs': `let n = 0
      exports.count = () => ++n
      globalThis.calls = globalThis.twice?.(exports.count)`,
    'main.mjs': `import { createRequire } from 'node:module'
      import { WorkerPool } from '${PACKAGE}'
      const require = createRequire(import.meta.url)
      ${USE}
      globalThis.twice = twice
      let open, openOther
      globalThis.gate = new Promise((resolve) => { open = resolve })
      globalThis.other = new Promise((resolve) => { openOther = resolve })
      const around = import('./around.mjs')
      const cycle = import('./cycle.mjs')
      await new Promise(setImmediate)
      while (globalThis.found === undefined || globalThis.hoisted === undefined) await new Promise(setImmediate)
      const { count, alone } = globalThis.found
      console.log('evaluating', await twice(count), await twice(alone), await twice(globalThis.hoisted))
      open()
      openOther()
      const own = (await around).count
      await cycle
      const { late } = await import('./awaiting.mjs')
      console.log('evaluated', await twice(count), await twice(own), await twice(late), await twice(globalThis.hoisted))
      const required = require('./required.cjs')
      // The second of the calls is made when the module is there.
      console.log('required', await globalThis.calls, await twice(required.count))
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(lines, ['evaluating 1,1 1,1 1,1', 'evaluated 1,2 1,2 3,4 1,1', 'required 1,1 2,3'], stderr)
})

// Each module says `module.exports` in the words of a compiler; `n` counts, so that a function by reference gives 1,2.
const FORMS: readonly (readonly [what: string, code: string])[] = [
  ['an assignment', 'exports.count = count'],
  ['an object', 'module.exports = { count }'],
  ['a function', 'module.exports = count'],
  ['a function with itself as a member', 'module.exports = count; module.exports.default = count'],
  [
    'TypeScript',
    'Object.defineProperty(exports, "__esModule", { value: true }); exports.count = void 0; exports.count = count'
  ],
  ['a default of TypeScript', 'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = count'],
  [
    'esbuild',
    `var __export = (target, all) => { for (var name in all) Object.defineProperty(target, name, { get: all[name], enumerable: true }) }
     var src = {}; __export(src, { count: () => count }); module.exports = Object.defineProperty(src, '__esModule', { value: true })`
  ],
  ['esbuild, minified', 'Object.defineProperty(exports,"count",{get:()=>count,enumerable:!0})'],
  ['swc', 'Object.defineProperty(exports, "count", { enumerable: true, get: function() { return count; } })'],
  [
    'swc of today',
    'Object.defineProperty(exports, "count", { enumerable: true, get: ({ get count () { return count } }).__lookupGetter__("count") })'
  ],
  [
    'swc of today, whole',
    'const all = { get count () { return count; } }; for (const k in all) Object.defineProperty(exports, k, Object.getOwnPropertyDescriptor(all, k))'
  ],
  ['webpack', 'Object.defineProperty(exports, "count", { enumerable: true, get: () => (/* binding */ count) })'],
  ['webpack, concatenated', 'Object.defineProperty(exports, "count", { enumerable: true, get: () => (count) })'],
  ['rolldown', 'Object.defineProperty(exports, "count", { enumerable: true, get: function () { return count; } })']
]

test.serial('exports of CommonJS are sent by reference, however a compiler writes them', async (t) => {
  const files = Object.fromEntries(
    FORMS.map(([, code], at) => [`form-${at}.cjs`, `let n = 0\nfunction count() { return ++n }\n${code}\n`])
  )
  const directory = scratch(t, {
    ...files,
    'main.mjs': `import { createRequire } from 'node:module'
      import { WorkerPool } from '${PACKAGE}'
      const require = createRequire(import.meta.url)
      ${USE}
      for (let at = 0; at < ${FORMS.length}; at++) {
        const given = require('./form-' + at + '.cjs')
        console.log(await twice(given.count ?? given.default ?? given))
      }
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(
    FORMS.map(([what], at) => `${what}: ${lines[at]}`),
    FORMS.map(([what]) => `${what}: 1,2`),
    stderr
  )
})

test.serial('no getter of a module is run to look a function up', async (t) => {
  const directory = scratch(t, {
    'lib.cjs': `let n = 0
      const log = []
      const tell = (name) => { log.push(name); return undefined }
      Object.defineProperty(exports, 'lazy', { enumerable: true, get() { return tell('lazy') } })
      Object.defineProperty(exports, 'old', { enumerable: true, get: () => tell('old') })
      Object.defineProperty(exports, 'heavy', { enumerable: true, get: function () { return (tell('heavy'), n) } })
      Object.defineProperty(exports, 'member', { enumerable: true, get: () => exports.lazy })
      exports.count = () => ++n
      exports.made = () => (x) => x + n
      exports.log = () => log`,
    'proxy.cjs': `const log = []
      const own = (x) => x + 1
      module.exports = new Proxy({ own }, { get: (o, k) => (log.push(k), o[k]), ownKeys: (o) => (log.push('ownKeys'), Reflect.ownKeys(o)) })
      globalThis.proxied = { own, log }`,
    'main.mjs': `import { createRequire } from 'node:module'
      import { WorkerPool } from '${PACKAGE}'
      const require = createRequire(import.meta.url)
      const lib = require('./lib.cjs')
      require('./proxy.cjs')
      globalThis.proxied.log.length = 0
      ${USE}
      console.log(await twice(lib.count), await pool.map(lib.made(), [1]), lib.log().join())
      console.log(await pool.map((x) => lib.count() + x, [1]), lib.log().join())
      console.log(await pool.map(globalThis.proxied.own, [1]), globalThis.proxied.log.join())
      await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(lines, ['1,2 [ 1 ] ', '[ 4 ] ', '[ 2 ] '], stderr)
})
