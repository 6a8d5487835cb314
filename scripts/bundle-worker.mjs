// Bundles what runs inside a worker process into one file each, so that a worker starts without resolving modules, and the
// package into one CommonJS file for loaders that read no ES module.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @param {string} entry path relative to the repository
 * @param {string} outfile path relative to the repository
 * @param {'esm' | 'cjs'} format
 */
async function bundle(entry, outfile, format) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    format,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // compile.ts hands import() its options in a variable.
    logOverride: { 'unsupported-dynamic-import': 'silent' }
  })
  // A package in the worker costs every start; the binding's loader would look for the addon in the wrong place.
  const strangers = Object.keys(metafile.inputs).filter((path) => !path.startsWith('src-ts/'))
  if (strangers.length > 0) {
    throw new Error(`${outfile} must hold nothing but src-ts, found ${strangers.join(', ')}`)
  }
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  const unknown = outside.filter(({ path }) => !path.startsWith('node:'))
  if (unknown.length > 0) {
    throw new Error(`${outfile} must import nothing but node:*, found ${unknown.map(({ path }) => path).join(', ')}`)
  }
}

const lifeline = ['src-ts/worker/lifeline.cts', 'src-ts/worker/lifeline.cjs'].find((path) =>
  existsSync(join(root, path))
)
if (lifeline === undefined) throw new Error('src-ts/worker/lifeline.cts is missing')

/** The binding's loader finds the addon beside itself, which the bundle is not. */
const loader = {
  name: 'loader',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]index\.js$/ }, ({ path }) => {
      if (path !== join(root, 'index.js')) return undefined
      const contents = readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        `new URL('../index.js', import.meta.url).href`
      )
      return { contents, loader: 'js' }
    })
  }
}

async function bundlePackage() {
  await build({
    absWorkingDir: root,
    entryPoints: ['src-ts/index.ts'],
    outfile: 'dist/one-file.cjs',
    format: 'cjs',
    bundle: true,
    platform: 'node',
    packages: 'external',
    target: 'node20.19',
    charset: 'utf8',
    banner: { js: `const $url = require('node:url').pathToFileURL(__filename).href` },
    define: { 'import.meta.url': '$url', 'import.meta.resolve': 'undefined' },
    plugins: [loader],
    logLevel: 'warning'
  })
}

await bundlePackage()
await bundle('src-ts/worker/worker.ts', 'dist/worker/worker.mjs', 'esm')
await bundle(lifeline, 'dist/worker/lifeline.cjs', 'cjs')
