import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import test from 'ava'
import type * as Millrace from '../dist/index.js'
import { TaskFunctionError } from '../src-ts/errors/index.js'
import { instantiate } from '../src-ts/functions/instantiate/instantiate.js'
import { secondCopy } from './helpers/second-copy.js'
import { prepareFunction } from '../src-ts/functions/resolve.js'
import { run } from './helpers/run.js'

const require = createRequire(import.meta.url)
const hook = fileURLToPath(new URL('fixtures/hook-up.cjs', import.meta.url))

async function ship(fn: unknown): Promise<(...args: unknown[]) => unknown> {
  const { json, data } = await prepareFunction(fn)
  return (await instantiate(json, data)).call
}

test('an export that a preloaded hook of require loads goes by reference: the worker has the hook', async (t) => {
  const { code, lines, stderr } = await run(t, 'hooked-main.cjs', [], { execArgv: ['--require', hook] }).end
  t.is(code, 0, stderr)
  t.deepEqual(lines, ['1 2'])
})

test('an export of a file that only a hook set by the program can load goes by value', async (t) => {
  const { code, lines, stderr } = await run(t, 'hooked-main.cjs', ['here']).end
  t.is(code, 0, stderr)
  t.deepEqual(lines, ['1 1'])
})

test('two copies of the package do not mix what they load on demand', async (t) => {
  const { TaskFunctionError: TaskFunctionErrorOfCopy, WorkerPool } = secondCopy()
  const pool = new WorkerPool({ nJobs: 1 })
  const factor = 3
  t.deepEqual(await pool.map((x: number) => x * factor, [1, 2]), [3, 6])
  const error: unknown = await pool.apply(function* (): Generator {}, []).catch((reason: unknown) => reason)
  t.is((error as Error).constructor, TaskFunctionErrorOfCopy)
  await pool.stopAndJoin()
})

test('require() of the package gives what import gives', async (t) => {
  const required: unknown = require('millrace')
  const imported: typeof Millrace = await import('millrace')
  t.is((required as typeof Millrace).WorkerPool, imported.WorkerPool)
})

for (const name of ['__webpack_require__', '__vite_ssr_dynamic_import__']) {
  test(`${name}, which import() was compiled to, is refused by name`, (t) => {
    const fn: unknown = vm.runInThisContext(`((${name}) => () => ${name}('./x.js'))(() => undefined)`)
    const error = t.throws(() => prepareFunction(fn), { instanceOf: TaskFunctionError, code: 'ERR_POOL_FUNCTION' })
    t.is(error?.variable, name)
    t.regex(error?.message ?? '', /import the module at the top of the file/)
  })
}

for (const name of ['_interopRequireWildcard', '_interop_require_wildcard']) {
  test(`${name} gets a substitute, without its caches`, async (t) => {
    const code = `((cache) => { function ${name}(x) { return cache.get(x) } return (x) => ${name}(x) })(new WeakMap())`
    const call = await ship(vm.runInThisContext(code))
    t.deepEqual(call({ a: 1 }), { a: 1, default: { a: 1 } })
    const compiled = Object.defineProperty({ a: 1 }, '__esModule', { value: true })
    t.is(call(compiled), compiled)
    t.deepEqual(call(7), { default: 7 })
    const fn = Object.assign(() => 1, { b: 2 })
    t.like(call(fn), { b: 2, default: fn })
  })
}

test('members of a namespace that Babel makes of `import *` of a CommonJS module are sent one by one', async (t) => {
  const code = `(() => {
    const module = { double: (x) => x * 2, unused: new WeakMap() }
    const _lib = { __proto__: null, default: module, double: module.double, unused: module.unused }
    return (x) => _lib.double(x)
  })()`
  t.is((await ship(vm.runInThisContext(code)))(4), 8)
})
