// Bundles the package: what a program loads at once, what it loads on demand, the parser, and what runs inside a
// worker. Each is one file, so that importing the package and starting a worker resolve next to no modules.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { fingerprint } from './fingerprint.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const ownVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
/** What the bundles are built from. Parent and worker compare it; see src-ts/protocol/build.ts. */
const define = {
  MILLRACE_BUILD: `"${ownVersion} (${fingerprint(root, ['src-ts', 'scripts/bundle.mjs']).slice(0, 8)})"`
}

const usual = {
  define,
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  // V8 reads every byte of a file at each start. Names stay, so that stacks can be read, and lines stay short, because Node prints the line
  // that has thrown an uncaught error.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 120,
  metafile: true,
  logLevel: 'warning',
  // import() gets its options in a variable.
  logOverride: { 'unsupported-dynamic-import': 'silent' }
}

/** @returns {string[]} what the bundle is made of, relative to the repository */
function inputsOf({ metafile }) {
  return Object.keys(metafile.inputs)
}

/** What is in a bundle costs every start, and what is outside of it may be missing. */
function check(result, isAllowed) {
  const strangers = inputsOf(result).filter((path) => !isAllowed(path))
  if (strangers.length > 0) throw new Error(`a bundle must not hold ${strangers.join(', ')}`)
  const outside = Object.values(result.metafile.outputs).flatMap(({ imports }) =>
    imports.filter((each) => each.external)
  )
  const unknown = outside.filter(({ path }) => !path.startsWith('node:'))
  if (unknown.length > 0) throw new Error(`a bundle must not import ${unknown.map(({ path }) => path).join(', ')}`)
}

const isSource = (path) => path.startsWith('src-ts/')

/** V8 keeps a text in two bytes for each character if one of them needs two. The bundler escapes those in strings, not in patterns. */
function checkAscii(files) {
  for (const file of files) {
    const [found] = /[^\0-\x7F]/.exec(readFileSync(join(root, file), 'utf8')) ?? []
    if (found !== undefined) throw new Error(`${file} must be ASCII, it holds ${found}: write an escape in the source`)
  }
}

/** What a file of the sources imports, without its types. */
function importedNames(path) {
  const text = readFileSync(join(root, path), 'utf8')
  const found = text.matchAll(/^(?:import|export) (?:\w+, )?\{([^}]*)\} from '([^']+)'/gm)
  return Array.from(found, ([, list, specifier]) => ({
    specifier,
    names: list.split(',').flatMap((each) => /^\s*(?!type\b)(\w+)/.exec(each)?.[1] ?? [])
  }))
}

function listOf(names) {
  return [...new Set(names)].join(', ')
}

/**
 * Takes what the files use of Node's modules when the bundle loads, as an ES module does: a program may put others there later.
 * @param {readonly string[]} paths
 * @param {string} load The function that takes the name of a module. An import statement would evaluate all exports of the module.
 */
function builtIns(paths, load = 'require') {
  const imports = paths.filter(isSource).flatMap(importedNames)
  return {
    name: 'built-ins',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
        namespace === 'node' ? undefined : { path, namespace: 'node' }
      )
      onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => {
        const names = imports.filter(({ specifier }) => specifier === path).flatMap((each) => each.names)
        return {
          contents: `const it = ${load}('${path}')\nexport default it\nexport const { ${listOf(names)} } = it\n`,
          resolveDir: root
        }
      })
    }
  }
}

/** The sources name the files of the package as seen from themselves; the bundles stand beside those. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src-ts[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/'(?:\.\.\/)+dist\//g, `'./`),
      loader: 'ts'
    }))
    // Napi's loader looks for the addon beside itself.
    onLoad({ filter: /[\\/]index\.js$/ }, ({ path }) => {
      if (path !== join(root, 'index.js')) return undefined
      const url = `new URL('../index.js', import.meta.url).href`
      const text = readFileSync(path, 'utf8').replace(`from 'module'`, `from 'node:module'`)
      return { contents: text.replaceAll('import.meta.url', url) }
    })
  }
}

/** What `import.meta` is in a file of CommonJS. `dist/index.js` adds what Node gives to ES modules alone. */
const ownMeta = `'use strict'\nconst $meta = { url: require('node:url').pathToFileURL(__filename).href, resolve: undefined }`
const commonJs = { ...usual, format: 'cjs', define: { ...define, 'import.meta': '$meta' } }

const MAIN = 'dist/millrace-main.cjs'
const ON_DEMAND = 'dist/millrace-on-demand.cjs'

/** What the bundle that is loaded on demand takes from the main bundle, as both were one program: by file the names. */
async function findShared() {
  const look = (entry) =>
    build({ ...commonJs, entryPoints: [entry], write: false, plugins: [places], outfile: 'x.cjs' })
  const [main, onDemand] = await Promise.all([look('src-ts/index.ts'), look('src-ts/entry/on-demand.ts')])
  const [{ inputs }] = Object.values(main.metafile.outputs)
  // What is imported and not used is in no bundle.
  const inMain = new Set(Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0))
  const own = inputsOf(onDemand).filter((path) => !inMain.has(path))
  const shared = new Map()
  for (const path of own) {
    for (const { specifier, names } of importedNames(path).filter((each) => each.specifier.startsWith('.'))) {
      const target = relative(root, join(root, dirname(path), specifier)).replace(/\.js$/, '.ts')
      if (inMain.has(target)) shared.set(target, new Set([...(shared.get(target) ?? []), ...names]))
    }
  }
  return { shared, mainFiles: inputsOf(main), ownFiles: own }
}

async function bundleMain({ shared, mainFiles }) {
  const names = [...shared].map(([path, list], at) => ({ path, at, list: [...list] }))
  const imports = names.map(
    ({ path, at, list }) => `import { ${list.map((name) => `${name} as $${at}_${name}`).join(', ')} } from './${path}'`
  )
  const members = names.map(
    ({ path, at, list }) => `'${path}': { ${list.map((name) => `${name}: $${at}_${name}`).join(', ')} }`
  )
  const contents = `
    ${imports.join('\n')}
    import * as api from './src-ts/index.ts'
    import { provideInternals } from './src-ts/entry/internals.ts'
    provideInternals({ $meta, ${members.join(', ')} })
    module.exports = { ...api }
    // The bundler has renamed some of them.
    for (const [name, value] of Object.entries(api)) {
      if (typeof value === 'function' && value.name !== name) Object.defineProperty(value, 'name', { value: name, configurable: true })
    }
    Object.defineProperty(module.exports, Symbol.for('millrace.meta'), { value: $meta })`
  const result = await build({
    ...commonJs,
    stdin: { contents, resolveDir: root, sourcefile: 'src-ts/main' },
    outfile: MAIN,
    banner: { js: ownMeta },
    plugins: [places, builtIns(mainFiles)]
  })
  check(result, (path) => isSource(path) || path.startsWith('node:') || path === 'index.js')
}

async function bundleOnDemand({ shared, ownFiles }) {
  const fromMain = {
    name: 'from-main',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const target = relative(root, join(resolveDir, path)).replace(/\.js$/, '.ts')
        return shared.has(target) ? { path: target, namespace: 'main' } : undefined
      })
      onLoad({ filter: /.*/, namespace: 'main' }, ({ path }) => ({
        contents: `export const { ${listOf(shared.get(path))} } = $main['${path}']`
      }))
    }
  }
  const names = listOf(importedNames('src-ts/entry/on-demand.ts').flatMap((each) => each.names))
  // Returned as it is: the helpers that a bundler writes around exports run when a program may have replaced what they use.
  const contents = `
    import { ${names} } from './src-ts/entry/on-demand.ts'
    $give({ ${names} })`
  const result = await build({
    ...commonJs,
    stdin: { contents, resolveDir: root, sourcefile: 'src-ts/on-demand' },
    outfile: ON_DEMAND,
    // A function of the internals: whatever a program does to the cache of require, it is given those of the bundle that asks.
    banner: {
      js: `'use strict'\nmodule.exports = ($main) => {\nconst { $meta } = $main\nlet $given\nconst $give = (it) => { $given = it }`
    },
    footer: { js: 'return $given\n}' },
    plugins: [fromMain, places, builtIns(ownFiles)]
  })
  check(result, (path) => isSource(path) || path.startsWith('node:') || path.startsWith('main:'))
}

/** What `import` and `require` of the package load, by the names that the main bundle exports. */
async function bundleEntries() {
  const { metafile } = await build({
    ...usual,
    format: 'esm',
    entryPoints: ['src-ts/index.ts'],
    outfile: 'x.js',
    write: false,
    packages: 'external',
    plugins: [places]
  })
  const [{ exports }] = Object.values(metafile.outputs)
  const load = `import { load } from './src-ts/entry/load.ts'`
  const entries = {
    'dist/index.js': `${load}
      const main = load(import.meta)
      export const { ${exports.toSorted().join(', ')} } = main`,
    'dist/index.cjs': `${load}
      module.exports = load()`
  }
  for (const [outfile, contents] of Object.entries(entries)) {
    const format = outfile.endsWith('.cjs') ? 'cjs' : 'esm'
    check(
      await build({ ...usual, format, stdin: { contents, resolveDir: root, sourcefile: 'src-ts/entry' }, outfile }),
      isSource
    )
  }
}

/** Other people's code, by the name of its file: what the library uses of it, and which packages that is. */
const OTHERS = {
  'millrace-parser': {
    contents: `export { parse } from 'acorn'\nexport { analyze } from 'eslint-scope'`,
    packages: 'acorn, eslint-scope, esrecurse and estraverse'
  },
  'millrace-progress-bar': {
    contents: `export { MultiBar } from 'cli-progress'`,
    packages: 'cli-progress and string-width with its parts'
  }
}

/** Bundles code of others, and the licenses that they ask to be passed on. */
async function bundleOthers(name, { contents, packages }) {
  const result = await build({
    ...usual,
    stdin: { contents, resolveDir: root, sourcefile: `src-ts/${name}` },
    format: 'cjs',
    outfile: `dist/${name}.cjs`,
    // Nobody reads their stacks, and the package has to stay small.
    minifyIdentifiers: true,
    banner: { js: `// ${packages}; their licenses: ${name}.LICENSES.txt` }
  })
  const used = new Set(
    inputsOf(result).flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])
  )
  const strangers = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports)
  if (strangers.some(({ path }) => !isBuiltin(path)))
    throw new Error(`${name} imports ${strangers.map(({ path }) => path)}`)
  writeFileSync(join(root, `dist/${name}.LICENSES.txt`), [...used].toSorted().map(licenseOf).join('\n'))
}

function licenseOf(path) {
  const folder = join(root, path)
  const { name, version, license, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = ['LICENSE', 'LICENSE.BSD', 'LICENSE.md', 'license', 'LICENSE-MIT.txt']
    .map((each) => join(folder, each))
    .find(existsSync)
  // esrecurse has its license in the first comment of its program.
  const text =
    file === undefined
      ? /\/\*([\s\S]*?)\*\//.exec(readFileSync(join(folder, main), 'utf8'))?.[1]
      : readFileSync(file, 'utf8')
  if (text === undefined || !/copyright/i.test(text)) throw new Error(`the package ${name} has no license to pass on`)
  return `${name} ${version} (${license})\n\n${text.trim()}\n`
}

/** What runs inside a worker: an ES module, since tasks may be ones, and the preload. */
async function bundleWorker() {
  const program = { ...usual, entryPoints: ['src-ts/worker/worker.ts'], format: 'esm' }
  const look = await build({ ...program, write: false, outfile: 'x.mjs' })
  check(look, isSource)
  const plugins = [builtIns(inputsOf(look), 'process.getBuiltinModule')]
  await build({ ...program, outfile: 'dist/worker/worker.mjs', plugins })
  const preload = { ...usual, entryPoints: ['src-ts/worker/lifeline.cts'], format: 'cjs' }
  check(await build({ ...preload, outfile: 'dist/worker/lifeline.cjs' }), isSource)
}

const plan = await findShared()
await Promise.all([bundleMain(plan), bundleOnDemand(plan), bundleEntries(), bundleWorker()])
await Promise.all(Object.entries(OTHERS).map((each) => bundleOthers(...each)))
checkAscii([MAIN, ON_DEMAND, 'dist/worker/worker.mjs', 'dist/worker/lifeline.cjs'])
