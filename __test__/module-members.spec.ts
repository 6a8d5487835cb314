import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import test from 'ava'
import * as crypto from 'node:crypto'
import * as lib from './fixtures/capture-lib.mjs'
import { watchedPool } from './helpers/pools.js'

const require = createRequire(import.meta.url)
type Holder = Record<string, unknown>
type Callable = (...args: unknown[]) => unknown

/** Runs the code of a compiler's helper. */
function made(code: string, ...names: readonly string[]): Callable {
  // eslint-disable-next-line no-new-func
  return new Function(...names, code) as Callable
}

const raw = require('node:crypto') as Holder
const keys = Object.getOwnPropertyNames(raw)

// What compilers make of `import * as ns from 'node:crypto'`.
const NAMESPACES: Readonly<Record<string, unknown>> = {
  'the namespace itself': crypto,
  'what require() gives': raw,
  Turbopack: made(
    `const ns = Object.create(null)
     Object.defineProperty(ns, '__esModule', { value: true })
     Object.defineProperty(ns, Symbol.toStringTag, { value: 'Module' })
     for (const key of keys) Object.defineProperty(ns, key, { enumerable: true, get: () => raw[key] })
     Object.defineProperty(ns, 'default', { enumerable: true, get: () => raw })
     return Object.seal(ns)`,
    'raw',
    'keys'
  )(raw, keys),
  esbuild: made(
    `const target = Object.create(Object.getPrototypeOf(raw))
     Object.defineProperty(target, 'default', { value: raw, enumerable: true })
     for (const key of keys) {
       if (!Object.hasOwn(target, key)) Object.defineProperty(target, key, { get: () => raw[key], enumerable: true })
     }
     return target`,
    'raw',
    'keys'
  )(raw, keys),
  TypeScript: made(
    `const result = {}
     for (const key of keys) if (key !== 'default') Object.defineProperty(result, key, { enumerable: true, get: function () { return raw[key] } })
     Object.defineProperty(result, 'default', { enumerable: true, value: raw })
     return result`,
    'raw',
    'keys'
  )(raw, keys),
  'Babel and SWC': made(
    `const result = { __proto__: null }
     for (const key of keys) {
       const { get, set, value, enumerable } = Object.getOwnPropertyDescriptor(raw, key)
       if (get || set) Object.defineProperty(result, key, { get, set, enumerable })
       else result[key] = value
     }
     result.default = raw
     return result`,
    'raw',
    'keys'
  )(raw, keys),
  webpack: made(
    `const ns = {}
     Object.defineProperty(ns, Symbol.toStringTag, { value: 'Module' })
     Object.defineProperty(ns, '__esModule', { value: true })
     for (const key of keys) Object.defineProperty(ns, key, { enumerable: true, get: () => raw[key] })
     Object.defineProperty(ns, 'default', { enumerable: true, get: () => (/* binding */ raw) })
     return ns`,
    'raw',
    'keys'
  )(raw, keys),
  Rollup: made(
    `const ns = Object.create(null, { [Symbol.toStringTag]: { value: 'Module' } })
     for (const key of keys) Object.defineProperty(ns, key, { enumerable: true, get: function () { return raw[key] } })
     ns.default = raw
     return Object.freeze(ns)`,
    'raw',
    'keys'
  )(raw, keys)
}

// How a text may take a member of it.
const USES: readonly string[] = [
  `(s) => ns.createHash('sha1').update(s).digest('hex')`,
  `(s) => ns["createHash"]('sha1').update(s).digest('hex')`,
  `(s) => ns[\`createHash\`]('sha1').update(s).digest('hex')`,
  `(s) => ns?.createHash('sha1').update(s).digest('hex')`,
  `(s) => ns?.["createHash"]('sha1').update(s).digest('hex')`,
  `(s) => ns.createHash?.('sha1').update(s).digest('hex')`,
  `(s) => (0, ns.createHash)('sha1').update(s).digest('hex')`,
  `(s) => (0, ns["createHash"])('sha1').update(s).digest('hex')`,
  `(s) => Object(ns.createHash)('sha1').update(s).digest('hex')`,
  `(s) => ns.default.createHash('sha1').update(s).digest('hex')`,
  `(s) => ns["default"]["createHash"]('sha1').update(s).digest('hex')`,
  `(s) => { const { createHash } = ns; return createHash('sha1').update(s).digest('hex') }`,
  `(s) => { const { createHash: hash, 'randomUUID': id } = ns; return typeof id === 'function' && hash('sha1').update(s).digest('hex') }`,
  `(s) => { let hash; ({ ["createHash"]: hash } = ns); return hash('sha1').update(s).digest('hex') }`,
  `(s, hash = ns.createHash) => hash('sha1').update(s).digest('hex')`,
  `(s) => { const { createHash = null } = ns; return createHash('sha1').update(s).digest('hex') }`,
  `(s) => typeof ns.createHash === 'function' && ns['createHash']('sha1').update(s).digest('hex')`,
  `(s) => ns.constants.RSA_PKCS1_PADDING === 1 && ns.createHash('sha1').update(s).digest('hex')`
]

const expected = createHash('sha1').update('a').digest('hex')

for (const [what, ns] of Object.entries(NAMESPACES)) {
  test.serial(`members of a module, as a compiler holds it: ${what}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const seen = await Promise.all(
      USES.map(async (text): Promise<unknown> => {
        // A CommonJS module has no `default`.
        if (text.includes('default') && what.startsWith('what')) return expected
        const fn = made(`return ${text}`, 'ns')(ns) as (s: string) => unknown
        t.is(fn('a'), expected, text)
        return pool.apply(fn, ['a']).catch((error: Error) => error.message)
      })
    )
    t.deepEqual(
      seen.map((result, at) => `${USES[at]}: ${String(result)}`),
      USES.map((text) => `${text}: ${expected}`)
    )
  })
}

test.serial('members of an imported namespace', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(() => lib.scale(2)), lib.scale(2))
  t.is(
    await pool.apply(() => {
      const { scale } = lib
      return scale(3)
    }),
    lib.scale(3)
  )
  // The whole of it, too: it is imported.
  const read = (namespace: typeof lib): number => namespace.scale(4)
  t.is(await pool.apply(() => read(lib)), lib.scale(4))
})
