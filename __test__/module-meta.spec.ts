import test from 'ava'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

const NAMES = [
  'esm-only',
  'dual',
  'dual/sub',
  'cjs-only',
  '#own',
  '#pattern/own',
  '#dep',
  'self',
  'self/own',
  'esm-only/none',
  './own.mjs',
  './missing.mjs',
  '../root.mjs',
  './own.mjs?query#hash',
  './a%20b.mjs',
  'node:fs',
  'fs',
  'fs/promises',
  'file:///nowhere.mjs',
  'data:text/javascript,export default 1',
  'missing',
  '#missing',
  // Windows has no such path without a drive.
  ...(process.platform === 'win32' ? [] : ['/absolute.mjs']),
  '.',
  '..',
  './own'
]

const TREE = {
  'root.mjs': 'export const which = "root"',
  'node_modules/esm-only/package.json': '{"exports":{"import":"./i.mjs"}}',
  'node_modules/esm-only/i.mjs': 'export const which = "esm-only"',
  'node_modules/dual/package.json':
    '{"exports":{".":{"custom":"./c.mjs","import":"./i.mjs","require":"./i.cjs"},"./sub":{"node":{"import":"./i.mjs"},"default":"./i.cjs"}}}',
  'node_modules/dual/c.mjs': 'export const which = "custom"',
  'node_modules/dual/i.mjs': 'export const which = "import"',
  'node_modules/dual/i.cjs': 'exports.which = "require"',
  'node_modules/cjs-only/package.json': '{"main":"./i.cjs"}',
  'node_modules/cjs-only/i.cjs': 'exports.which = "cjs-only"',
  'app/package.json':
    '{"name":"self","type":"module","exports":{".":{"import":"./own.mjs"},"./own":{"require":"./own.cjs","default":"./own.mjs"}},"imports":{"#own":{"require":"./own.cjs","default":"./own.mjs"},"#pattern/*":{"require":"./*.cjs","import":"./*.mjs"},"#dep":"dual"}}',
  'app/own.mjs': 'export const which = "own by import"',
  'app/own.cjs': 'exports.which = "own by require"',
  'app/a b.mjs': 'export const which = "a b"',
  'app/data.json': '{"which":"json"}'
}

// Each is run in the program and in a worker.
const ESM = `
import { createRequire } from 'node:module'
import { which as dual } from 'dual'
import { which as own } from '#own'
import self from 'self/own'
import data from './data.json' with { type: 'json' }
const require = createRequire(import.meta.url)
const requireAtRoot = createRequire(new URL('../root.mjs', import.meta.url))
const inDual = createRequire(new URL('../node_modules/dual/', import.meta.url))
const k = 0
const code = (error) => error.code ?? error.message
const show = (act) => { try { return act() } catch (error) { return code(error) } }
const showLate = (promise) => promise.then((got) => got.which ?? Object.keys(got).length > 5, code)
export const names = ${JSON.stringify(NAMES)}
export const fns = {
  'import.meta.resolve': (name) => show(() => import.meta.resolve(name)),
  'import.meta["resolve"]': (name) => show(() => import.meta['resolve'](name)),
  'resolve of a destructured import.meta': (name) => { const { resolve } = import.meta; return show(() => resolve(name)) },
  'import.meta': (name) => [import.meta.url, import.meta.dirname, import.meta.filename, import.meta.main, Object.getPrototypeOf(import.meta), typeof import.meta.env].map(String).join(),
  'import.meta is one object': () => { const f = () => import.meta; return f() === f() && import.meta === f() },
  'new URL': (name) => show(() => new URL(name, import.meta.url).href),
  'import() of a variable': async (name) => import(name).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of a variable, beside a captured one': async (name) => showLate(import(name + (k || ''))),
  'import() of a template': async (name) => import(\`\${name}\`).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of a computed one': async (name) => import([name].join('')).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of an object': async (name) => import({ toString: () => name }).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() in a function inside': async (name) => (() => import(name))().then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of a literal': async () => (await import('./own.mjs')).which + (await import('#own')).which + (await import(\`dual\`)).which,
  'import() with attributes': async () => (await import('./data.json', { with: { type: 'json' } })).default.which,
  'import() of a variable with attributes': async (name, file = './data.json', type = 'json') => (await import(file, { with: { type } })).default.which,
  'what is imported': () => [dual, own, self?.which, data.which].join(),
  'createRequire': (name) => show(() => require.resolve(name)),
  'createRequire of another place': (name) => show(() => requireAtRoot.resolve(name)),
  'createRequire of a directory': (name) => show(() => inDual.resolve(name))
}
`
// It is no default export, as the program would have it.
const ESM_FILE = ESM.replace("import self from 'self/own'", "import * as self from 'self/own'")

const CJS = `
const { createRequire } = require('node:module')
const own = createRequire(__filename)
const code = (error) => error.code ?? error.message
const show = (act) => { try { return act() } catch (error) { return code(error) } }
exports.names = ${JSON.stringify(NAMES)}
exports.fns = {
  'require.resolve': (name) => show(() => require.resolve(name)),
  'require': (name) => show(() => { const got = require(name); return got.which ?? Object.keys(got).length > 5 }),
  'require of a literal': () => require('./own.cjs').which + require('dual').which + require(\`#own\`).which,
  'createRequire': (name) => show(() => own.resolve(name)),
  'require.resolve.paths': (name) => String(require.resolve.paths('x')),
  '__filename, __dirname': () => [__filename, __dirname].join(),
  'module.filename': () => [module.filename, module.id, module.path].join(),
  'import() of a variable': async (name) => import(name).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of a template': async (name) => import(\`\${name}\`).then((got) => got.which ?? Object.keys(got).length > 5, (error) => error.code ?? error.message),
  'import() of a literal': async () => (await import('./own.mjs')).which + (await import('#own')).which
}
`

const MAIN = `
import { WorkerPool } from '${PACKAGE}'
import module from 'node:module'
const { fns, names } = (await import(process.argv[2])).default ?? (await import(process.argv[2]))
const pool = new WorkerPool({ nJobs: 1 })
for (const [what, fn] of Object.entries(fns)) {
  for (const name of names) {
    let here = await fn(name)
    const there = await pool.apply(fn, [name]).catch((error) => error.message)
    if (here !== there) console.log([what, name, 'here', here, 'in the worker', there].join(' '))
    if (fn.length === 0) break
  }
}
console.log('done')
await pool.stopAndJoin()
`

const WAYS: readonly (readonly [what: string, file: string, flags?: readonly string[]])[] = [
  ['an ES module', './app/fns.mjs'],
  ['an ES module, with a condition of its own', './app/fns.mjs', ['--conditions=custom']],
  ['an ES module, -C', './app/fns.mjs', ['-C', 'custom']],
  ['an ES module, --preserve-symlinks', './app/fns.mjs', ['--preserve-symlinks']],
  ['an ES module, with a hook of the loader', './app/fns.mjs', ['--import', './register.mjs']],
  ['an ES module in a folder of other characters', './app/ü %20#/fns.mjs'],
  ['CommonJS', './app/fns.cjs'],
  ['CommonJS, with a condition of its own', './app/fns.cjs', ['--conditions=custom']]
]

for (const [what, file, flags = []] of WAYS) {
  test.serial(`import.meta, import() and require() mean in a worker what they mean in the file: ${what}`, async (t) => {
    const directory = scratch(t, {
      ...TREE,
      'app/fns.mjs': ESM_FILE,
      'app/fns.cjs': CJS,
      'app/ü %20#/fns.mjs': ESM_FILE,
      'app/ü %20#/own.mjs': TREE['app/own.mjs'],
      'app/ü %20#/data.json': TREE['app/data.json'],
      'register.mjs': `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url)`,
      'hooks.mjs': `export const resolve = async (name, context, next) =>
        next(name.endsWith('/missing.mjs') ? name.replace('missing', 'own') : name, context)`,
      'main.mjs': MAIN
    })
    const { lines, stderr } = await runNode(t, directory, [
      ...flags,
      'main.mjs',
      encodeURI(file).replaceAll('#', '%23')
    ])
    t.deepEqual(lines, ['done'], stderr)
  })
}
