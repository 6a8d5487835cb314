// Bundlers: the package outside of the bundle, in the bundle beside the installed package, and in the bundle alone.
import { copyFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { esm } from './programs.mjs'
import { run, tools } from './site.mjs'

const group = 'Bundlers'
const REFUSED = /(?<=Error: )millrace is part of a bundle, .* install it where the bundle runs/
const fromTools = createRequire(join(tools, 'package.json'))
const importTool = async (name) => import(pathToFileURL(fromTools.resolve(name)).href)

/** By the name of a bundler: bundles `main.mjs` of a project and gives the bundle's path. */
const bundlers = {
  async esbuild(project, isExternal, format) {
    const outfile = join(project, format === 'esm' ? 'out/bundle.mjs' : 'out/bundle.cjs')
    const entry = join(project, format === 'esm' ? 'main.mjs' : 'wrapped.mjs')
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'error',
      external: isExternal ? ['millrace'] : []
    })
    return outfile
  },
  async webpack(project, isExternal, format) {
    const { default: webpack } = await importTool('webpack')
    const isModule = format === 'esm'
    const filename = isModule ? 'bundle.mjs' : 'bundle.cjs'
    const stats = await promisify(webpack)({
      context: project,
      entry: join(project, isModule ? 'main.mjs' : 'wrapped.mjs'),
      mode: 'production',
      target: 'node',
      experiments: { outputModule: isModule },
      output: { path: join(project, 'out'), filename, module: isModule },
      externals: isExternal ? { millrace: isModule ? 'module millrace' : 'commonjs millrace' } : {}
    })
    if (stats.hasErrors()) throw new Error(stats.toString())
    return join(project, 'out', filename)
  },
  async Rollup(project, isExternal, format) {
    const { rollup } = await importTool('rollup')
    const { nodeResolve } = await importTool('@rollup/plugin-node-resolve')
    const { default: commonjs } = await importTool('@rollup/plugin-commonjs')
    const isModule = format === 'esm'
    const bundle = await rollup({
      input: join(project, isModule ? 'main.mjs' : 'wrapped.mjs'),
      external: [/^node:/, ...(isExternal ? ['millrace'] : [])],
      plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs()]
    })
    const file = join(project, 'out', isModule ? 'bundle.mjs' : 'bundle.cjs')
    await bundle.write({ file, format: isModule ? 'es' : 'cjs' })
    return file
  },
  async Vite(project, isExternal) {
    const { build: viteBuild } = await importTool('vite')
    await viteBuild({
      root: project,
      logLevel: 'error',
      configFile: false,
      ssr: isExternal ? {} : { noExternal: true },
      build: { ssr: 'main.mjs', outDir: 'out', rollupOptions: { output: { entryFileNames: 'bundle.mjs' } } }
    })
    return join(project, 'out/bundle.mjs')
  }
}

// A bundle of CommonJS has no await at its top.
const wrapped = esm.replace(/(import .*\n)([\s\S]*)/, '$1async function main() {$2}\nmain()\n')

/** Bundles in one project and runs the bundle in another place, when the first one is no more. */
async function runBundle(site, name, isExternal, format, isInstalled) {
  const project = site.makeProject({ files: { 'main.mjs': esm, 'wrapped.mjs': wrapped } })
  const file = await bundlers[name](project, isExternal, format)
  const elsewhere = isInstalled ? site.makeProject() : site.makeFolder()
  copyFileSync(file, join(elsewhere, basename(file)))
  site.forget(project)
  return run([process.execPath, basename(file)], elsewhere).output
}

/** @type {readonly import('./cells.mjs').Cell[]} */
export const bundlerCells = Object.keys(bundlers).flatMap((name) =>
  (name === 'Vite' ? ['esm'] : ['esm', 'cjs']).flatMap((format) => [
    { group, name: `${name}, ${format}, millrace external`, run: (site) => runBundle(site, name, true, format, true) },
    {
      group,
      name: `${name}, ${format}, millrace in the bundle and installed`,
      note: 'the entry finds the installed package',
      run: (site) => runBundle(site, name, false, format, true)
    },
    {
      group,
      name: `${name}, ${format}, millrace in the bundle alone`,
      refused: REFUSED,
      run: (site) => runBundle(site, name, false, format, false)
    }
  ])
)
