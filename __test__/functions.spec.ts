import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { EOL, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import vm from 'node:vm'
import test from 'ava'
import { build } from 'esbuild'
import { TaskFunctionError } from '../src-ts/errors/index.js'
import { instantiate, type TaskCallable } from '../src-ts/functions/instantiate/index.js'
import { task, tasks } from '../src-ts/functions/reference/reference.js'
import type { FunctionDefinition } from '../src-ts/functions/definition.js'
import { prepareFunction } from '../src-ts/functions/resolve.js'
import type * as Jobs from './fixtures/jobs.mjs'

type Callable = (...args: unknown[]) => unknown

const IS_WINDOWS = process.platform === 'win32'
const jobs = new URL('./fixtures/jobs.mjs', import.meta.url)
const jobsCjs = new URL('./fixtures/jobs-cjs.cjs', import.meta.url)

/** Of a function that needs no waiting. */
function resolveFunction(fn: unknown): FunctionDefinition {
  const prepared = prepareFunction(fn)
  if (prepared instanceof Promise) throw new Error('it has to be waited for')
  return prepared
}

/** There and back, as between parent and worker. */
async function ship(fn: unknown): Promise<TaskCallable> {
  const { json, data } = resolveFunction(fn)
  return await instantiate(json, data)
}

/** Evaluates as a script, sloppy unless the code says otherwise, so that no loader rewrites the source. */
function script(code: string): unknown {
  return vm.runInThisContext(code)
}

interface Case {
  readonly title: string
  readonly code: string
  readonly args?: readonly unknown[]
  readonly result: unknown
}

const runs: readonly Case[] = [
  { title: 'an arrow function', code: 'x => x * 2', args: [4], result: 8 },
  { title: 'an arrow function returning an object', code: 'x => ({ x })', args: [4], result: { x: 4 } },
  { title: 'an async arrow function', code: 'async (x) => { await null; return x }', args: [4], result: 4 },
  { title: 'an arrow function that ends in a comment', code: '(x => x /* the end */)', args: [4], result: 4 },
  { title: 'a function expression', code: '(function (x) { return x + 1 })', args: [4], result: 5 },
  { title: 'an async function', code: '(async function f(x) { return x + 1 })', args: [4], result: 5 },
  {
    title: 'recursion by its own name',
    code: '(function fact(n) { return n < 2 ? 1 : n * fact(n - 1) })',
    args: [5],
    result: 120
  },
  { title: 'a method', code: '({ f(x) { return x + 1 } }).f', args: [4], result: 5 },
  { title: 'an async method', code: '({ async f(x) { return x + 1 } }).f', args: [4], result: 5 },
  { title: 'a method with a quoted name', code: `({ ['a b'](x) { return x } })['a b']`, args: [4], result: 4 },
  { title: 'a method with a computed name', code: `var k = 'k'; ({ [k](x) { return x } }).k`, args: [4], result: 4 },
  { title: 'a method with a number as its name', code: '({ 12(x) { return x } })[12]', args: [4], result: 4 },
  { title: 'a method called get', code: '({ get(x) { return x } }).get', args: [4], result: 4 },
  { title: 'a method called async', code: '({ async(x) { return x } }).async', args: [4], result: 4 },
  { title: 'a method called class', code: '({ class (x) { return x } }).class', args: [4], result: 4 },
  { title: 'a method called function', code: '({ function(x) { return x } }).function', args: [4], result: 4 },
  {
    title: 'a method called __proto__',
    code: `({ ['__proto__'](x) { return x } })['__proto__']`,
    args: [4],
    result: 4
  },
  { title: 'a static method', code: '(class { static f(x) { return x } }).f', args: [4], result: 4 },
  {
    title: 'a private method',
    code: '(class { static #f(x) { return x } static get() { return this.#f } }).get()',
    args: [4],
    result: 4
  },
  {
    title: 'a method of a symbol',
    code: '({ [Symbol.iterator](x) { return x } })[Symbol.iterator]',
    args: [4],
    result: 4
  },
  { title: 'a function made by Function', code: `new Function('a', 'b', 'return a + b')`, args: [1, 2], result: 3 },
  { title: 'default arguments', code: '(a, b = a * 2, ...rest) => [a, b, rest]', args: [1], result: [1, 2, []] },
  {
    title: 'destructuring',
    code: '({ a, b: { c = 3 } = {} }, [d]) => [a, c, d]',
    args: [{ a: 1 }, [2]],
    result: [1, 3, 2]
  },
  { title: 'shadowing', code: '(x) => { const require = x; { let x = 5; return require + x } }', args: [4], result: 9 },
  {
    title: 'hoisting',
    code: '(x) => { y = inner(x); return y; var y; function inner(z) { return z + 1 } }',
    args: [4],
    result: 5
  },
  {
    title: 'a sloppy function in a block',
    code: '(function (x) { if (x) { function g() { return 7 } } return g() })',
    args: [4],
    result: 7
  },
  { title: 'its own arguments', code: '(function () { return arguments.length })', args: [1, 2], result: 2 },
  {
    title: 'arguments in an arrow inside',
    code: '(function () { return (() => arguments[0])() })',
    args: [4],
    result: 4
  },
  { title: 'labels and templates', code: '(x) => { a: for (;;) { break a } return `${x}!` }', args: [4], result: '4!' },
  {
    title: 'its own class',
    code: '(x) => { class A { #v = x; static s = this.name; get v() { return this.#v } has(o) { return #v in o } } return [new A().v, A.s, new A().has({})] }',
    args: [4],
    result: [4, 'A', false]
  },
  {
    title: 'its own super',
    code: '(x) => { class A { f() { return x } } class B extends A { f() { return super.f() + 1 } } return new B().f() }',
    args: [4],
    result: 5
  },
  {
    title: 'its own new.target',
    code: '(x) => { function F() { this.isNew = new.target === F } return new F().isNew }',
    result: true
  },
  { title: 'typeof a name that does not exist', code: '() => typeof nowhere', result: 'undefined' },
  {
    title: 'typeof and a use of a name that does not exist',
    code: '() => typeof maybe === "function" ? maybe() : 5',
    result: 5
  },
  {
    title: 'typeof a captured variable',
    code: '(() => { const held = 5; return () => typeof held })()',
    result: 'number'
  },
  {
    title: 'a namespace as bundlers write it',
    code: '(() => { const f = (x) => x + 1; const all = Object.defineProperty({}, "f", { get: () => f, enumerable: true }); return (x) => [all].map((ns) => ns.f(x)) })()',
    args: [4],
    result: [5]
  },
  {
    title: 'globals of the language and of Node',
    code: '(x) => [Math.max(x, 1), typeof process.pid, Buffer.from("a").length]',
    args: [4],
    result: [4, 'number', 1]
  },
  { title: 'an indirect eval', code: '() => (0, eval)("1 + 1")', result: 2 },
  {
    title: 'an import of a Node module',
    code: `async () => (await import('node:path')).basename('/a/b')`,
    result: 'b'
  },
  {
    title: 'an import of a Node module by its short name',
    code: `async (x) => (await import(x)).basename('/a/b')`,
    args: ['path'],
    result: 'b'
  },
  { title: 'an import of a file URL', code: '(x) => import(x).then((m) => m.add(1, 2))', args: [jobs.href], result: 3 },
  {
    title: 'an import of an absolute path',
    code: '(x) => import(x).then((m) => m.add(1, 2))',
    // Windows imports URLs only.
    args: [IS_WINDOWS ? jobs.href : fileURLToPath(jobs)],
    result: 3
  },
  {
    title: 'an import with a text that looks like one',
    code: `async () => ['import(x)', typeof $im100, (await import('node:os')).EOL.length]`,
    result: ['import(x)', 'undefined', EOL.length]
  },
  { title: 'a sloppy function', code: '(function () { return this === globalThis })', result: true },
  { title: 'a strict function', code: `(function () { 'use strict'; return this })`, result: undefined },
  {
    title: 'a function inside a strict one',
    code: `(function () { 'use strict'; return function () { return this } })()`,
    result: undefined
  },
  {
    title: 'an arrow that is valid in sloppy code only',
    code: '(x) => { var let = 010; return let + x }',
    args: [4],
    result: 12
  },
  { title: 'a frozen function', code: 'Object.freeze(function (x) { return x })', args: [4], result: 4 },
  {
    title: 'a function with its own toString',
    code: `Object.assign((x) => x, { toString: () => 'nonsense' })`,
    args: [4],
    result: 4
  },
  { title: 'a text that looks native', code: `(x) => '{ [native code] }'`, result: '{ [native code] }' },
  { title: 'characters outside of ASCII', code: '(ü) => ü + "\u2028\ud800"', args: ['a'], result: 'a\u2028\ud800' },
  {
    title: 'a captured constant',
    code: '(() => { const factor = 3; return (x) => x * factor })()',
    args: [4],
    result: 12
  },
  {
    title: 'recursion of an arrow function',
    code: '(() => { const fact = (n) => n < 2 ? 1 : n * fact(n - 1); return fact })()',
    args: [5],
    result: 120
  },
  {
    title: 'mutual recursion',
    code: '(() => { const odd = (n) => n > 0 && even(n - 1), even = (n) => n === 0 || odd(n - 1); return odd })()',
    args: [7],
    result: true
  },
  {
    title: 'a variable that two functions share',
    code: '(() => { let n = 5; const add = () => ++n; return () => [add(), add(), n] })()',
    result: [6, 7, 7]
  },
  {
    title: 'variables of one name in two runs of a function',
    code: '(() => { const make = (n) => () => n; const a = make(1), b = make(2); return () => [a(), b()] })()',
    result: [1, 2]
  },
  {
    title: 'shadowed captures',
    code: '(() => { const v = 1; const outer = () => v; { const v = 2; return () => [outer(), v] } })()',
    result: [1, 2]
  },
  {
    title: 'captured data with cycles, shared between variables',
    code: '(() => { const a = { n: 1 }; a.self = a; const b = [a]; return () => [a.self === a, b[0] === a, a.n] })()',
    result: [true, true, 1]
  },
  {
    title: 'a captured class with its base, private fields and statics',
    code: `(() => {
      const step = 10
      class A { #n = 1; static kind = 'a' + step; m() { return this.#n + step } }
      class B extends A { m() { return super.m() + 100 } static is(o) { return o instanceof A } }
      return () => [new B().m(), B.kind, B.is(new B()), B.name, new B().constructor === B]
    })()`,
    result: [111, 'a10', true, 'B', true]
  },
  {
    title: 'a captured class whose base is the value of a call',
    code: `(() => {
      const mixin = (Base) => class extends Base { extra() { return 'extra' } }
      class C extends mixin(Map) { size2() { return this.size * 2 } }
      return () => { const c = new C([[1, 2]]); return [c.extra(), c.size2(), c instanceof Map] }
    })()`,
    result: ['extra', 2, true]
  },
  {
    title: 'a captured generator, method and function of own properties',
    code: `(() => {
      function* count() { yield 1; yield 2 }
      const { twice } = { twice(x) { return x * 2 } }
      return () => [...count()].map(twice)
    })()`,
    result: [2, 4]
  },
  {
    title: 'captured classes as transpilers write them',
    code: `(() => {
      class A { m() { return 1 } }
      A.kind = { of: 'a' }
      A.self = A
      function Old(n) { this.n = n }
      Old.prototype.get = function () { return this.n + Old.step }
      Old.step = 10
      function Older(n) { return Old.call(this, n) || this }
      Object.setPrototypeOf(Older, Old)
      Older.prototype = Object.create(Old.prototype, { constructor: { value: Older, writable: true, configurable: true } })
      return () => [A.kind.of, A.self === A, new Old(1).get(), new Older(2).get(), new Older(1) instanceof Old, Older.step]
    })()`,
    result: ['a', true, 11, 12, true, 10]
  },
  {
    title: 'captured native functions and objects',
    code: '(() => { const { sqrt } = Math; const J = JSON; const define = Object.defineProperty; return (x) => [sqrt(x), J.stringify([x]), define({}, "a", { value: 1 }).a] })()',
    args: [4],
    result: [2, '[4]', 1]
  },
  {
    title: 'a captured variable in a default argument, a template, a key',
    code: '(() => { const v = "k"; return (x = v) => ({ [`${v}1`]: x, [v]: { v } }) })()',
    result: { k1: 'k', k: { v: 'k' } }
  },
  {
    title: 'captured helpers of TypeScript',
    code: `(() => {
      var __awaiter = (this && this.__awaiter) || function (thisArg, _arguments, P, generator) {
        return new (P || (P = Promise))(function (resolve, reject) {
          const step = (result) => result.done ? resolve(result.value) : Promise.resolve(result.value).then((v) => step(generator.next(v)), reject)
          step((generator = generator.apply(thisArg, _arguments || [])).next())
        })
      }
      return (x) => __awaiter(void 0, void 0, void 0, function* () { const y = yield Promise.resolve(x); return y + 1 })
    })()`,
    args: [4],
    result: 5
  },
  {
    title: 'names kept by esbuild',
    code: '(x) => { const f = __name(() => x, "g"); return f.name + f() }',
    args: [4],
    result: 'g4'
  },
  {
    title: 'coverage counters',
    code: '(x) => { cov_1a2b3c().f[0]++; return (cov_1a2b3c().s[1]++, cov_1a2b3c().b[0][1]++, x) }',
    args: [4],
    result: 4
  }
]

for (const { title, code, args = [], result } of runs) {
  test(`runs by source: ${title}`, async (t) => {
    const fn = script(code) as Callable
    const shipped = await ship(fn)
    t.false(shipped.isNative)
    t.deepEqual(await shipped.call(...args), result)
  })
}

interface Refusal {
  readonly title: string
  readonly code: string
  readonly variable?: string
  readonly message?: RegExp
}

const refusals: readonly Refusal[] = [
  { title: 'a captured variable in a default argument', code: '(a = outer) => a', variable: 'outer' },
  {
    title: 'a captured variable in a nested function',
    code: '() => [1].map((x) => { return () => x + deep })',
    variable: 'deep'
  },
  {
    title: 'a captured variable in a template, shorthand, key',
    code: '() => ({ [`${inTemplate}`]: { short } })',
    variable: 'inTemplate'
  },
  { title: 'a captured base class', code: '() => class extends Base {}', variable: 'Base' },
  { title: 'assigning to an undeclared name', code: '(x) => { leak = x }', variable: 'leak' },
  { title: 'a variable of an inner block', code: '() => { { let inner = 1 } return inner }', variable: 'inner' },
  { title: 'require', code: `() => require('node:fs')`, variable: 'require' },
  { title: '__dirname', code: '() => __dirname', variable: '__dirname' },
  { title: 'module', code: '() => module', variable: 'module' },
  {
    title: 'a global that somebody added',
    code: 'globalThis.addedByTest = 1; () => addedByTest',
    variable: 'addedByTest'
  },
  ...[
    ['Promise.resolve(1)', 'a promise'],
    ['new WeakMap()', 'a WeakMap'],
    ['new Proxy({}, {})', 'a Proxy'],
    ['process.stdout', 'a stream'],
    ['Math.max.bind(null, 1)', 'native or bound'],
    ['({ deep: [Promise.resolve(1)] })', 'a promise at held.deep'],
    ['(function () { return arguments })()', 'arguments']
  ].map(([value, what]) => ({
    title: `a variable that holds ${what}`,
    code: `(() => { const held = ${value}; return () => held })()`,
    variable: 'held',
    message: new RegExp(`uses 'held', which holds .*${what?.replace('.', '\\.')}`)
  })),
  {
    title: 'a captured function that captures what cannot travel',
    code: '(() => { const soon = Promise.resolve(1); const inner = () => soon; return () => inner() })()',
    variable: 'soon',
    message: /the function 'inner' uses 'soon'/
  },
  {
    title: 'more than 10 MB',
    code: '(() => { const small = [1]; const large = "x".repeat(11e6); return () => [small, large] })()',
    variable: 'large',
    message: /larger than 10 MB together with what it captures; the largest is 'large'/
  },
  {
    title: 'a function inside a with statement',
    code: '(function (o) { with (o) { return () => inWith } })({ inWith: 1 })',
    message: /with statement/
  },
  { title: 'this of the surroundings', code: '() => this.x', variable: 'this' },
  { title: 'this in a computed key', code: '() => class { [this.x]() {} }', variable: 'this' },
  {
    title: 'arguments of the surroundings',
    code: '(function () { return () => arguments[0] })()',
    variable: 'arguments'
  },
  { title: 'super of the surroundings', code: '({ f() { return super.toString() } }).f', variable: 'super' },
  { title: 'super in an arrow function', code: '({ f() { return () => super.toString() } }).f()', variable: 'super' },
  {
    title: 'new.target of the surroundings',
    code: '(function () { return () => new.target })()',
    variable: 'new.target'
  },
  {
    title: 'a private name of a class around it',
    code: '(class { static #x = 1; static f(o) { return o.#x } }).f',
    variable: '#x'
  },
  {
    title: 'a private check of a class around it',
    code: '(class { static #x = 1; static f(o) { return #x in o } }).f',
    variable: '#x'
  },
  { title: 'a direct eval', code: '() => eval("1")', variable: 'eval' },
  { title: 'a with statement', code: '(function (o) { with (o) { return x } })', message: /with statement/ },
  { title: 'a relative import', code: `() => import('./x.js')`, variable: './x.js' },
  { title: 'an import of a package', code: '() => import(`some-package`)', variable: 'some-package' },
  { title: 'a generator', code: '(function* f() { yield 1 })', message: /'f' is a generator/ },
  { title: 'a generator method', code: '({ *f() {} }).f', message: /is a generator/ },
  { title: 'an async generator', code: '(async function* f() {})', message: /is an async generator/ },
  { title: 'a getter', code: `Object.getOwnPropertyDescriptor({ get x() { return 1 } }, 'x').get`, message: /getter/ },
  { title: 'a setter', code: `Object.getOwnPropertyDescriptor({ set x(v) {} }, 'x').set`, message: /setter/ },
  { title: 'a class', code: '(class A {})', message: /'A' is a class/ },
  {
    title: 'a bound function',
    code: '(function f() {}).bind(null)',
    message: /'bound f' is a native or bound function/
  },
  {
    title: 'a native function that is nowhere',
    code: 'new Proxy({}, {}), Proxy.revocable({}, {}).revoke',
    message: /native or bound function/
  },
  { title: 'a proxy of a function', code: 'new Proxy((x) => x, {})', message: /Proxy/ },
  {
    title: 'an expression too deep to parse',
    code: `new Function('x', 'return x' + '+1'.repeat(100_000))`,
    message: /cannot be read/
  }
]

for (const { title, code, variable, message = /./ } of refusals) {
  test(`refuses before anything runs: ${title}`, (t) => {
    const fn = script(code)
    const error = t.throws(() => resolveFunction(fn), {
      instanceOf: TaskFunctionError,
      code: 'ERR_POOL_FUNCTION',
      message
    })
    t.is(error?.variable, variable)
    if (variable !== undefined) t.true(error?.message.includes(variable))
  })
}

test("import.meta is the module's own", async (t) => {
  const fn = (): unknown => [import.meta.url, import.meta.resolve('./x.js')]
  t.deepEqual((await ship(fn)).call(), [import.meta.url, new URL('./x.js', import.meta.url).href])
})

test('constants are read once, other variables at each call', async (t) => {
  const { fixed, contents, variable, set } = script(
    `(() => {
      const factor = 3, object = { n: 1 }; let n = 1
      return { fixed: () => factor, contents: () => object.n, variable: () => n, set: () => { n++; object.n++ } }
    })()`
  ) as Record<string, Callable>
  const keys = (): string[] => [fixed, contents, variable].map((fn) => resolveFunction(fn).key)
  const before = keys()
  t.deepEqual([fixed, contents, variable].map((fn) => resolveFunction(fn).isTransient), [false, true, true]) // prettier-ignore
  set?.()
  t.deepEqual(keys().map((key, at) => key === before[at]), [true, false, false]) // prettier-ignore
  t.is(resolveFunction(fixed), resolveFunction(fixed))
  t.is((await ship(contents)).call(), 2)
  t.is((await ship(variable)).call(), 2)
})

test('names in the option context win over variables, and need no inspector', async (t) => {
  const fn = script('(() => { const a = 1, b = 10; return () => [a, b] })()')
  const some = prepareFunction(fn, { a: 2 }) as FunctionDefinition
  t.deepEqual((await instantiate(some.json, some.data)).call(), [2, 10])
  t.true(some.isTransient)
  const step = 5
  const all = prepareFunction(fn, { a: (x: number) => x + step, b: { c: 1 } }) as FunctionDefinition
  const [a, b] = (await instantiate(all.json, all.data)).call() as [Callable, unknown]
  t.is(a(1), 6)
  t.deepEqual(b, { c: 1 })
  t.throws(() => prepareFunction(task(jobs), { a: 1 }), { code: 'ERR_POOL_INVALID_OPTION' })
})

test('a function keeps its name, and whether it can be constructed', async (t) => {
  const arrow = script('const named = (a, b, c = 1) => named; named') as Callable
  const plain = script('(function (a) { return new.target !== undefined })') as Callable
  t.is(((await ship(arrow)).call() as Callable).name, 'named')
  t.is(resolveFunction(plain).name, '(anonymous)')

  const failing = script('({ double(x) { throw new Error(x) } }).double') as Callable
  const error = t.throws(() => void (instantiate(resolveFunction(failing).json) as TaskCallable).call('boom'))
  t.regex(error?.stack ?? '', /double \(millrace:double:1:19\)/)
})

test('the columns of a stack count from the start of the text', async (t) => {
  for (const code of [
    '(x) => { throw new Error(x) }',
    '(function (x) { throw new Error(x) })',
    'async (x) => { await import("node:fs"); throw new Error(x) }'
  ]) {
    const fn = script(code) as Callable
    const error = await t.throwsAsync(async () => await (await ship(fn)).call('boom'))
    const column = fn.toString().indexOf('new Error') + 1
    t.regex(error?.stack ?? '', new RegExp(`millrace:\\w+:1:${column}\\)?\\n`))
  }
})

test('a function object is analyzed once, and equal texts share a definition', (t) => {
  const make = (): Callable => script('(x) => x + 12345') as Callable
  const fn = make()
  t.is(resolveFunction(fn), resolveFunction(fn))
  t.is(resolveFunction(make()), resolveFunction(fn))
  t.not(resolveFunction(script('(x) => x + 12346')).key, resolveFunction(fn).key)
  t.is(resolveFunction(task(jobs, 'add')).key, resolveFunction(task(jobs, 'add')).key)
  t.not(resolveFunction(task(jobs, 'add')).key, resolveFunction(task(jobs)).key)
  t.is(resolveFunction(task(jobs, 'default')).key, resolveFunction(jobs).key)
})

test('native functions are sent by their global path', async (t) => {
  const table: readonly (readonly [Callable, string, unknown[], unknown])[] = [
    [Math.sqrt as Callable, 'Math.sqrt', [9], 3],
    [Number.parseFloat as Callable, 'parseFloat', ['1.5'], 1.5],
    [Number as unknown as Callable, 'Number', ['7'], 7],
    [JSON.stringify as Callable, 'JSON.stringify', [[1]], '[1]'],
    [Object.defineProperty as Callable, 'Object.defineProperty', [{}, 'a', { value: 1, enumerable: true }], { a: 1 }],
    [encodeURIComponent as Callable, 'encodeURIComponent', ['ü'], '%C3%BC']
  ]
  for (const [fn, path, args, result] of table) {
    const definition = resolveFunction(fn)
    t.is(definition.name, path)
    const shipped = await ship(fn)
    t.true(shipped.isNative)
    t.deepEqual(shipped.call(...args), result)
  }
})

test('a bound function is refused even if the global object has it', (t) => {
  const fn = script('Math.boundByTest = Math.max.bind(Math, 1)')
  t.teardown(() => void script('delete Math.boundByTest'))
  t.throws(() => resolveFunction(fn), { instanceOf: TaskFunctionError, message: /bound/ })
})

test('a global that the process of the worker lacks is refused with its name', (t) => {
  const { json } = resolveFunction(script('() => CloseEvent'))
  const without = json.replaceAll('CloseEvent', 'CloseEvenz')
  const error = t.throws(() => void instantiate(without), { instanceOf: TaskFunctionError })
  t.is(error?.variable, 'CloseEvenz')
})

test('an import that cannot be resolved is refused in the worker too', async (t) => {
  const shipped = await ship(script('(x) => import(x)'))
  for (const specifier of ['./x.js', 'some-package', '#inner']) {
    const error = await t.throwsAsync(async () => await shipped.call(specifier), { instanceOf: TaskFunctionError })
    t.is((error as TaskFunctionError).variable, specifier)
  }
})

test("the worker's bundle is small, and runs without a loader or a warning", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-functions-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const outfile = join(folder, 'instantiate.mjs')
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../src-ts/functions/instantiate/instantiate.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    metafile: true,
    // Import attributes are passed on as they come.
    logOverride: { 'unsupported-dynamic-import': 'silent' }
  })
  t.deepEqual(
    Object.keys(metafile.inputs).filter((input) => input.includes('node_modules')),
    []
  )
  writeFileSync(join(folder, 'data.json'), '{ "a": 1 }')
  const shipped = [
    script(`async () => (await import('node:path')).sep`),
    task('data:text/javascript,export default () => 5'),
    script(
      `async () => (await import(${JSON.stringify(pathToFileURL(join(folder, 'data.json')).href)}, { with: { type: 'json' } })).default.a`
    )
  ].map((fn) => resolveFunction(fn).json)
  const code = `
    import { instantiate } from ${JSON.stringify(pathToFileURL(outfile).href)}
    for (const json of ${JSON.stringify(shipped)}) console.log(await (await instantiate(json)).call())`
  const args = ['--input-type=module', '-e', code]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: process.env['PATH'] } })
  t.is(run.stdout, '/\n5\n1\n', run.stderr)
  // JSON modules are an experiment of Node 20, with a warning of their own.
  t.notRegex(run.stderr, /vm\./)
})

test('references run the exports of a module, which is loaded once', async (t) => {
  t.is((await ship(task(jobs))).call(4), 8)
  t.is((await ship(jobs)).call(4), 8)
  t.is((await ship(task(jobs.href, 'add'))).call(1, 2), 3)
  t.is((await ship(task(fileURLToPath(jobs), 'add'))).call(1, 2), 3)
  t.is(await (await ship(task(jobs, 'later'))).call(1), 2)
  const count = await ship(task(jobs, 'count'))
  const first = count.call() as number
  t.is((await ship(task(jobs, 'count'))).call(), first + 1)
  const whoAmI = await ship(task(jobs, 'whoAmI'))
  t.is(whoAmI.call(), undefined)
  t.false(whoAmI.isNative)
  t.true((await ship(task(jobs, 'root'))).isNative)
})

test('references run CommonJS and Node modules', async (t) => {
  t.is((await ship(jobsCjs)).call(4), 12)
  t.is((await ship(task(jobsCjs, 'quadruple'))).call(4), 16)
  const basename = await ship(task('node:path', 'basename'))
  t.is(basename.call('/a/b'), 'b')
  t.true(basename.isNative)
})

test('tasks() names every export and can be awaited', async (t) => {
  const named = tasks<typeof Jobs>(jobs)
  t.is(await named, named)
  t.is(named.add, named.add)
  t.is(resolveFunction(named.add).key, resolveFunction(task(jobs, 'add')).key)
  t.is((await ship(named.default)).call(4), 8)
  t.throws(() => resolveFunction(named), { code: 'ERR_POOL_INVALID_OPTION' })
})

test('a missing file or export is named, and an error that a module throws is passed on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-functions-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const place = (name: string, text: string): URL => {
    writeFileSync(join(folder, name), text)
    return pathToFileURL(join(folder, name))
  }
  const missing = join(folder, 'missing file.mjs')
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [task(missing), /missing file\.mjs does not exist/],
    [task(folder), /does not exist/],
    [task('node:nothing'), /node:nothing does not exist/],
    [task(jobs, 'nothing'), /jobs\.mjs has no export 'nothing' \(exports: Job, add/],
    [task(jobs, 'toString'), /has no export 'toString'/],
    [task(jobs, 'limit'), /the export 'limit' of .* is not a function: 3/],
    [task(jobs, 'Job'), /'Job' is a class/],
    [task(jobs, 'many'), /'many' is a generator/],
    [place('empty.mjs', ''), /has no default export \(exports: none\)/]
  ]
  for (const [fn, message] of refused) {
    await t.throwsAsync(ship(fn), { instanceOf: TaskFunctionError, code: 'ERR_POOL_FUNCTION', message })
  }
  await t.throwsAsync(ship(place('throws.mjs', `throw new RangeError('boom')`)), {
    instanceOf: RangeError,
    message: 'boom'
  })
  await t.throwsAsync(ship(place('needs.mjs', `import './not-there.mjs'`)), { any: true, code: 'ERR_MODULE_NOT_FOUND' })
  await t.throwsAsync(ship(place('needs-package.mjs', `import 'not-there'`)), {
    any: true,
    code: 'ERR_MODULE_NOT_FOUND'
  })
  // Which error it is depends on the loader.
  const torn = await t.throwsAsync(ship(place('torn.mjs', 'export default (')), { any: true })
  t.false(torn instanceof TaskFunctionError)
  t.is((await ship(place('esm.cjs', `exports.__esModule = true; exports.default = () => 5`))).call(), 5)
})

test('a reference that names no function is an invalid option', (t) => {
  const bad: readonly (readonly [() => unknown, typeof TypeError | typeof RangeError, RegExp])[] = [
    ...[undefined, null, 5, 'file:///x.mjs', {}, [], { url: jobs.href, name: 'add' }].map(
      (value) => [() => resolveFunction(value), TypeError, /^fn must be a function/] as const
    ),
    [() => resolveFunction(new URL('https://example.org/x.js')), RangeError, /^fn must be/],
    [() => task('./jobs.js'), RangeError, /new URL\('\.\/x\.js', import\.meta\.url\).*got '\.\/jobs\.js'/],
    [() => task('jobs'), RangeError, /^url must be/],
    [() => task(''), RangeError, /^url must be/],
    [() => task('https://example.org/x.js'), RangeError, /^url must be/],
    // On Windows that is a file of another machine.
    ...(IS_WINDOWS ? [] : [[() => task('file://host/x.js'), RangeError, /^url must be/] as const]),
    [() => task('/a\0b'), RangeError, /^url must be/],
    [() => task('file:///a%00b'), RangeError, /^url must be/],
    [() => task(5 as unknown as string), TypeError, /^url must be/],
    [() => task(jobs, 5 as unknown as string), TypeError, /^name must be a string/],
    [() => task(jobs, ''), RangeError, /^name must be/],
    [() => tasks('./jobs.js'), RangeError, /^url must be/]
  ]
  for (const [run, instanceOf, message] of bad) t.throws(run, { instanceOf, message, code: 'ERR_POOL_INVALID_OPTION' })
})
