import test from 'ava'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

// Each prepares a class, and gives what a task and the program see of it.
const ROWS: readonly (readonly [what: string, code: string, seen: unknown])[] = [
  ['a static field', 'class A { static n = 0; static inc() { return ++A.n } }; A.n = 5; fn = () => A.inc()', 6],
  ['one without a value', 'class A { static n }; A.n = 5; fn = () => A.n', 5],
  ['one that is undefined again', 'class A { static n = 1 }; A.n = undefined; fn = () => String(A.n)', 'undefined'],
  [
    'one of another name',
    'class A { static "a b" = 0; static 1 = 2 }; A["a b"] = 5; A[1] = 6; fn = () => [A["a b"], A[1]]',
    [5, 6]
  ],
  ['a Map', 'class A { static map = new Map() }; A.map.set("a", { b: 1 }); fn = () => A.map.get("a").b', 1],
  [
    'a Set and an array',
    'class A { static set = new Set(); static list = [] }; A.set.add(1); A.list.push(2); fn = () => [A.set.size, A.list]',
    [1, [2]]
  ],
  ['an object', 'class A { static options = { a: { b: 1 } } }; A.options.a.b = 2; fn = () => A.options.a.b', 2],
  ['bytes', 'class A { static bytes = new Uint8Array(2) }; A.bytes[1] = 7; fn = () => [...A.bytes]', [0, 7]],
  [
    'what is computed once',
    'let n = 0; const next = () => ++n; class A { static id = next() }; n = 9; fn = () => A.id',
    1
  ],
  [
    'a replaced method',
    'class A { m() { return 1 } }; A.prototype.m = function () { return 2 }; fn = () => new A().m()',
    2
  ],
  [
    'a replaced method, wrapped',
    'class A { m() { return 1 } }; const old = A.prototype.m; A.prototype.m = function () { return old.call(this) + 10 }; fn = () => new A().m()',
    11
  ],
  [
    'another method in its place',
    'class A { m() { return 1 } other() { return 2 } }; A.prototype.m = A.prototype.other; fn = () => new A().m()',
    2
  ],
  ['a replaced static method', 'class A { static m() { return 1 } }; A.m = () => 2; fn = () => A.m()', 2],
  ['a replaced function in a field', 'class A { static m = () => 1 }; A.m = () => 2; fn = () => A.m()', 2],
  ['a function in a field', 'class A { static n = 1; static m = () => this.n }; A.n = 3; fn = () => A.m()', 3],
  ['a class in a field', 'class A { static B = class { n = 1 } }; fn = () => new A.B().n', 1],
  [
    'an added method',
    'class A {}; A.prototype.m = function () { return 1 }; A.s = () => 2; fn = () => [new A().m(), A.s()]',
    [1, 2]
  ],
  [
    'a replaced accessor',
    'class A { get x() { return 1 } }; Object.defineProperty(A.prototype, "x", { get() { return 2 }, configurable: true }); fn = () => new A().x',
    2
  ],
  [
    'an accessor',
    'class A { static v = 1; static get x() { return A.v } static set x(v) { A.v = v } }; A.x = 4; fn = () => { const before = A.x; A.x = 5; return [before, A.x] }',
    [4, 5]
  ],
  ['a method that became data', 'class A { m() { return 1 } }; A.prototype.m = 5; fn = () => new A().m', 5],
  [
    'a static block',
    'class A { static { this.n = 1; this.made = () => this.n } }; A.n = 5; fn = () => [A.n, A.made()]',
    [5, 5]
  ],
  [
    'a static block, with an added method',
    'class A { static { this.n = 1 } }; A.s = () => 2; A.prototype.m = function () { return 3 }; fn = () => [A.n, A.s(), new A().m()]',
    [1, 2, 3]
  ],
  [
    'computed names',
    'class A { static ["k"] = 1; ["k" + 1]() { return 1 } }; A.k = 5; A.prototype.k1 = function () { return 2 }; fn = () => [A.k, new A().k1()]',
    [5, 2]
  ],
  [
    'a base class',
    'class B { static n = 1; m() { return 1 } }; class A extends B { m() { return super.m() + 10 } }; B.n = 5; B.prototype.m = () => 2; fn = () => [A.n, new A().m()]',
    [5, 12]
  ],
  [
    'private and public',
    'class A { static #p = 1; static n = 1; static get() { return A.#p + A.n } }; A.n = 5; fn = () => A.get()',
    6
  ],
  [
    'what no copy can be made of',
    'class A { static cache = new WeakMap(); static service = new (class { #n = 1; get() { return this.#n } })() }; fn = () => [A.cache instanceof WeakMap, A.service.get()]',
    [true, 1]
  ],
  [
    'a bound function',
    'class A { static n = 1; static m() { return this.n } static b = A.m.bind(A) }; A.n = 3; fn = () => A.b()',
    3
  ],
  [
    'a function that a call gives',
    'const wrap = (f) => (...args) => f(...args) + 1; class A { static m = wrap((x) => x) }; fn = () => A.m(1)',
    2
  ],
  [
    'a class of ES5',
    'function A() {}; A.prototype.m = function () { return 1 }; A.n = 1; A.n = 5; A.prototype.m = function () { return 2 }; fn = () => [A.n, new A().m()]',
    [5, 2]
  ],
  [
    'a class that is an expression',
    'const A = class Named { static n = 0; static inc() { return ++Named.n } }; A.n = 5; fn = () => [A.inc(), A.n]',
    [6, 6]
  ]
]

test.serial('a captured class has the state and the members that it has in the program', async (t) => {
  const functions = ROWS.map(([, code]) => `{ let fn; ${code}; fns.push(fn) }`).join('\n')
  const directory = scratch(t, {
    'main.mjs': `import { WorkerPool } from '${PACKAGE}'
const fns = []
${functions}
const pool = new WorkerPool({ nJobs: 1 })
for (const fn of fns) console.log(JSON.stringify(await pool.apply(fn).catch((error) => error.message)))
for (const fn of fns) console.log(JSON.stringify(fn()))
await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  const expected = ROWS.map(([what, , seen]) => `${what}: ${JSON.stringify(seen)}`)
  const shown = (from: number): string[] => ROWS.map(([what], at) => `${what}: ${lines[from + at]}`)
  t.deepEqual(shown(0), expected, stderr)
  t.deepEqual(shown(ROWS.length), expected)
})

test.serial('each call has the state at the time of the call', async (t) => {
  const directory = scratch(t, {
    'main.mjs': `import { WorkerPool } from '${PACKAGE}'
class A { static n = 0; static list = [1]; m() { return 1 } }
const fn = () => [A.n, A.list.length, new A().m()].join()
const pool = new WorkerPool({ nJobs: 1 })
console.log(await pool.apply(fn))
A.n = 1
console.log(await pool.apply(fn))
A.list.push(2)
console.log(await pool.apply(fn))
A.prototype.m = () => 2
console.log(await pool.apply(fn))
await pool.stopAndJoin()`
  })
  const { lines, stderr } = await runNode(t, directory, ['main.mjs'])
  t.deepEqual(lines, ['0,1,1', '1,1,1', '1,2,1', '1,2,2'], stderr)
})
