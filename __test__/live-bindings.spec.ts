import test from 'ava'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

const LIB = `
export let conf
export const init = () => { conf = 'set' }
export let n = 0
export const bump = () => ++n
export { n as renamed, n as 'a name', conf as 'default' }
export var old = 1
export function setOld(value) { old = value }
export let { a, b: [c] } = { a: 1, b: [1] }
export const setPattern = () => { ({ a, b: [c] } = { a: 2, b: [2] }) }
export function replaced() { return 'first' }
export const replace = () => { replaced = () => 'second' }
export let Class = class { name = 'first' }
export const setClass = () => { Class = class { name = 'second'; static inner = class { name = 'inner' } } }
export let tag = () => 'first'
export const setTag = () => { tag = function (strings) { return this === undefined ? strings[0] : 'with this' } }
export let late
setImmediate(() => { late = 'later' })
export const isLate = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
export let loop = 0
export const runLoop = () => { for (loop of [1, 2, 3]); }
export let top = 1
top = 2
if (top === 2) top++
export const fixed = { value: 1 }
export let inClass = 1
export class Setter { field = (inClass = 5); static { top += 1 } }
export let shadowed = 1
export const shadow = (shadowed) => { shadowed = 2; return shadowed }
`
const DEFAULTS = `
let value = 'first'
export default value
export let also = value
export const change = () => { value = 'second'; also = value }
`
const DECLARED = `
export default function given() { return 'first' }
export const change = () => { given = () => 'second' }
`
const FILES = {
  'lib.mjs': LIB,
  'default.mjs': DEFAULTS,
  'declared.mjs': DECLARED,
  'star.mjs': `export * from './lib.mjs'`,
  'named.mjs': `export { n as again, bump as up } from './renaming.mjs'`,
  'renaming.mjs': `import { n, bump } from './lib.mjs'; export { n, bump }`,
  'stars.mjs': `export * from './star.mjs'; export * from './default.mjs'; export * from './stars.mjs'`,
  'whole.mjs': `export * as lib from './lib.mjs'`,
  'cycle.mjs': `import { other } from './cycle-end.mjs'; export let mine = 1; export const set = () => { mine = 2; other(3) }; export const get = () => mine`,
  'cycle-end.mjs': `import { mine } from './cycle.mjs'; export let theirs = 1; export const other = (x) => { theirs = x + mine }`,
  'node_modules/package/package.json': '{"exports":{"import":"./i.mjs"}}',
  'node_modules/package/i.mjs': 'export let state = 1; export const set = (x) => { state = x }',
  'cjs.cjs': 'exports.value = 1; exports.set = (x) => { exports.value = x }',
  'data.json': '{"value":1}'
}

const MAIN = `
import { WorkerPool } from '${PACKAGE}'
import defaulted, { conf, init, n, bump, renamed, 'a name' as named, old, setOld, a, c, setPattern, replaced, replace, Class, setClass,
  tag, setTag, late, isLate, loop, runLoop, top, fixed, inClass, Setter, shadowed, shadow } from './lib.mjs'
import constant, { also, change } from './default.mjs'
import given, { change as changeGiven } from './declared.mjs'
import { n as starred, bump as bumpStarred } from './star.mjs'
import { again, up } from './named.mjs'
import { n as throughStars } from './stars.mjs'
import { lib } from './whole.mjs'
import * as all from './lib.mjs'
import { mine, set as setMine } from './cycle.mjs'
import { theirs } from './cycle-end.mjs'
import { state, set as setState } from 'package'
import { value as cjs, set as setCjs } from './cjs.cjs'
import data from './data.json' with { type: 'json' }

const k = 1
const helper = () => n
class Reader { static read() { return n } field = n; get now() { return [n, this.field] } }
export const fns = {
  variable: () => { init(); return conf },
  counter: () => { bump(); bump(); return n },
  'renamed exports': () => { bump(); return [renamed, named, defaulted] },
  var: () => { setOld(7); return old },
  patterns: () => { setPattern(); return [a, c] },
  'a function that is replaced': () => { const before = replaced(); replace(); return [before, replaced(), (0, replaced)()] },
  'a class': () => { setClass(); return [new Class().name, new Class.inner().name, new (Class)().name, typeof Class] },
  'a tag, called without this': () => { setTag(); return [tag\`text\`, tag(['call']), tag?.(['maybe'])] },
  'a callback of the module': async () => { const before = late; await isLate(); return late },
  'a loop': () => { runLoop(); return loop },
  'only the top level': () => [top, fixed.value],
  'a field of a class': () => { new Setter(); return inClass },
  'a shadowed name': () => [shadow(), shadowed],
  'export default of a value': () => { change(); return [constant, also] },
  'export default of a declaration': () => { changeGiven(); return given() },
  'export *': () => { bumpStarred(); return starred },
  'exported again by another name': () => { up(); return [again, n] },
  'export * of export *': () => { bump(); return throughStars },
  'export * as': () => { bump(); return lib.n },
  'import *': () => { bump(); return [all.n, all['n']] },
  cycle: () => { setMine(); return [mine, theirs] },
  'a package': () => { setState(9); return state },
  CommonJS: () => { setCjs(2); return cjs },
  JSON: () => data.value,
  shorthand: () => { bump(); return { n, old }.n },
  spread: () => { setPattern(); return [...[a, n], { ...{ n } }] },
  template: () => { bump(); return \`\${n} \${n + 1}\` },
  operators: () => { bump(); return [-n, n ** 2, n in { 1: 1 }, typeof n, !n, n ? 1 : 2, n ?? 3, (n), void n, n === n] },
  members: () => { init(); return [conf.length, conf['length'], conf?.length, conf?.at?.(0), conf.slice(1).length] },
  'a parameter': (_x, y = (bump(), n)) => y,
  'no semicolons': () => {
    bump()
    const x = n
    conf
    ;[x].length
    return [x, n]
  },
  'a comment after new': () => { setClass(); return new /* the class */ Class().name },
  'an arrow inside, later': () => { const read = () => n; bump(); return [read(), (bump(), read())] },
  async: async () => { const read = async () => n; bump(); await 1; return await read() },
  'a generator inside': () => { const read = function* () { yield n; bump(); yield n }; return [...read()] },
  'a function that is captured': () => { bump(); return [helper(), n + k] },
  'a class that is captured': () => { bump(); const r = new Reader(); bump(); return [Reader.read(), r.now] },
  'a name of its own that hides it': () => { const n = 5; bump(); return n },
  'a parameter that hides it': (n = 4) => n,
  '$ml100 in use': () => { const $ml100 = 1, $ml101 = 2; bump(); return [n, $ml100 + $ml101] },
  method: { method() { bump(); return n } }.method,
  'async method': { async ['x y']() { bump(); return n } }['x y'],
  function: function own() { bump(); return [n, own.name, own.length] }
}

// Each in a worker of its own, beside the same in this process with the modules as they were.
const pool = new WorkerPool({ nJobs: 1, workerLifespan: 1 })
if (process.argv[2] === undefined) for (const [what, fn] of Object.entries(fns)) {
  console.log(what + ': ' + JSON.stringify(await pool.apply(fn).catch((error) => error.message)))
} else console.log(process.argv[2] + ': ' + JSON.stringify(await fns[process.argv[2]]()))
await pool.stopAndJoin()
`

const SEEN: Readonly<Record<string, unknown>> = {
  variable: 'set',
  counter: 2,
  'renamed exports': [1, 1, null],
  var: 7,
  patterns: [2, 2],
  'a function that is replaced': ['first', 'second', 'second'],
  'a class': ['second', 'inner', 'second', 'function'],
  'a tag, called without this': ['text', 'call', 'maybe'],
  'a callback of the module': 'later',
  'a loop': 3,
  'only the top level': [4, 1],
  'a field of a class': 5,
  'a shadowed name': [2, 1],
  'export default of a value': ['first', 'second'],
  'export default of a declaration': 'second',
  'export *': 1,
  'exported again by another name': [1, 1],
  'export * of export *': 1,
  'export * as': 1,
  'import *': [1, 1],
  cycle: [2, 5],
  'a package': 9,
  CommonJS: 1,
  JSON: 1,
  shorthand: 1,
  spread: [2, 0, { n: 0 }],
  template: '1 2',
  operators: [-1, 1, true, 'number', false, 1, 1, 1, null, true],
  members: [3, 3, 3, 's', 2],
  'a parameter': 1,
  'no semicolons': [1, 1],
  'a comment after new': 'second',
  'an arrow inside, later': [1, 2],
  async: 1,
  'a generator inside': [0, 1],
  'a function that is captured': [1, 2],
  'a class that is captured': [2, [2, 1]],
  'a name of its own that hides it': 5,
  'a parameter that hides it': 4,
  '$ml100 in use': [1, 3],
  method: 1,
  'async method': 1,
  function: [1, 'own', 0]
}

test.serial('imported variables have their current values, in every form of export and use', async (t) => {
  const directory = scratch(t, { ...FILES, 'main.mjs': MAIN })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(
    lines,
    Object.entries(SEEN).map(([what, seen]) => `${what}: ${JSON.stringify(seen)}`),
    stderr
  )
})

test.serial('the program itself sees the same', async (t) => {
  const directory = scratch(t, { ...FILES, 'main.mjs': MAIN })
  for (const what of ['a class', 'operators', 'exported again by another name', 'cycle', 'no semicolons', 'CommonJS']) {
    const { lines, stderr } = await runNode(t, directory, ['main.mjs', what])
    t.deepEqual(lines, [`${what}: ${JSON.stringify(SEEN[what])}`], stderr)
  }
})

const COMPILED = {
  TypeScript: `
Object.defineProperty(exports, '__esModule', { value: true })
exports.bump = exports.n = void 0
exports.n = 0
const bump = () => { exports.n = exports.n + 1 }
exports.bump = bump
exports.settings = { by: 1 }`,
  esbuild: `
var __export = (target, all) => { for (var name in all) Object.defineProperty(target, name, { get: all[name], enumerable: true }) }
var src = {}
__export(src, { n: () => n, bump: () => bump, settings: () => settings })
module.exports = Object.defineProperty(src, '__esModule', { value: true })
var n = 0, settings = { by: 1 }
var bump = () => { n++ }`,
  swc: `
Object.defineProperty(exports, '__esModule', { value: true })
for (const [name, get] of Object.entries({ n: function() { return n; }, bump: function() { return bump; }, settings: function() { return settings; } }))
  Object.defineProperty(exports, name, { enumerable: true, get })
let n = 0, settings = { by: 1 }
const bump = () => { n++ }`
}

for (const [what, lib] of Object.entries(COMPILED)) {
  test.serial(`compiled CommonJS sees what the module changes: ${what}`, async (t) => {
    const directory = scratch(t, {
      'lib.cjs': lib,
      'main.mjs': `
import { createRequire } from 'node:module'
import { WorkerPool } from '${PACKAGE}'
const lib_1 = createRequire(import.meta.url)('./lib.cjs')
const pool = new WorkerPool({ nJobs: 1 })
lib_1.settings.by = 2
console.log(await pool.apply(() => { (0, lib_1.bump)(); return lib_1.n }), await pool.apply(() => { const { bump, n } = lib_1; bump(); return [n, lib_1.n].join() }))
// What is captured as a value is a copy.
console.log(await pool.apply(() => lib_1.settings.by))
await pool.stopAndJoin()`
    })
    const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
    t.deepEqual(lines, ['1 1,2', '2'], stderr)
  })
}

test.serial('stacks of a function that reads such a variable name the lines and columns of the file', async (t) => {
  const thrower = `
import { WorkerPool } from '${PACKAGE}'
import { n, bump } from './lib.mjs'
export const fns = [
  () => { n; n; throw new Error([n, { n }].length) },
  () => {
    bump(n, { n }); throw new Error('second line')
  },
  (x) => n.nothing.more,
  () => new Date(n, n).toISOString(n) + n.toFixed(-1),
  function named() { const f = () => { return n + n.x.y }; return f() },
  /* in the middle */ { m() { return n + (() => { throw new RangeError(String(n)) })() } }.m, () => { throw n + n && new TypeError('x') }
]
const placeOf = (error) => error.stack.split('\\n').filter((line) => /main\\.mjs/.test(line)).map((line) => /main\\.mjs:\\d+:\\d+/.exec(line)[0])
const pool = new WorkerPool({ nJobs: 1 })
for (const fn of fns) {
  let here
  try { fn() } catch (error) { here = placeOf(error) }
  const there = placeOf(await pool.apply(fn).catch((error) => error))
  // After them comes the line that made the call.
  console.log(JSON.stringify([here.slice(0, -1), there.slice(0, here.length - 1)]))
}
await pool.stopAndJoin()
`
  const directory = scratch(t, { 'lib.mjs': 'export let n = 0; export const bump = () => ++n', 'main.mjs': thrower })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.is(lines.length, 7, stderr)
  for (const line of lines) {
    const [here, there] = JSON.parse(line) as [string[], string[]]
    t.true(here.length > 0)
    t.deepEqual(there, here)
  }
})
