// Bundles what runs inside a worker process into one file each, so that a worker starts without resolving modules.
import { existsSync } from 'node:fs'
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

await bundle('src-ts/worker/worker.ts', 'dist/worker/worker.mjs', 'esm')
await bundle(lifeline, 'dist/worker/lifeline.cjs', 'cjs')
