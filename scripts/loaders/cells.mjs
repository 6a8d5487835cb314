// The cells of the table: what runs, and what it says where it is refused.
import { bundlerCells } from './cells-bundlers.mjs'
import { managerCells } from './cells-managers.mjs'
import { placeCells } from './cells-places.mjs'
import { runtimeCells } from './cells-runtimes.mjs'
import { runnerCells } from './cells-runners.mjs'
import { both, commonJs, esm, typescript } from './programs.mjs'
import { own, root, run } from './site.mjs'

/**
 * @typedef {object} Cell
 * @property {string} group
 * @property {string} name
 * @property {(site: ReturnType<typeof import('./site.mjs').makeSite>) => string | Promise<string>} [run] gives what was printed
 * @property {RegExp} [refused] what it says where it is not to work
 * @property {string} [notRun] why it cannot run here
 * @property {string} [note]
 */

const group = 'Loading'
const node = (project, ...args) => run([process.execPath, ...args], project).output

function compile(site, type, flags, file = 'main.ts') {
  const project = site.makeProject({ type, files: { [file]: typescript } })
  const types = ['--typeRoots', `${root}node_modules/@types`, '--types', 'node', '--skipLibCheck', 'false']
  const compiled = run(
    own(
      'typescript/bin/tsc',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,esnext.disposable',
      '--outDir',
      'out',
      ...types,
      ...flags,
      file
    ),
    project
  )
  if (!compiled.isOk) return compiled.output
  return node(project, `out/${file.replace(/ts$/, 'js')}`)
}

/** @type {readonly Cell[]} */
export const cells = [
  { group, name: 'import', run: (site) => node(site.makeProject({ files: { 'main.mjs': esm } }), 'main.mjs') },
  { group, name: 'require', run: (site) => node(site.makeProject({ files: { 'main.cjs': commonJs } }), 'main.cjs') },
  {
    group,
    name: 'import and require in one program',
    note: 'one instance',
    run: (site) => node(site.makeProject({ files: { 'main.mjs': both } }), 'main.mjs')
  },
  {
    group,
    name: 'require, with --no-experimental-require-module',
    run: (site) =>
      node(site.makeProject({ files: { 'main.cjs': commonJs } }), '--no-experimental-require-module', 'main.cjs')
  },
  {
    group,
    name: 'TypeScript, module node16, ES modules',
    run: (site) => compile(site, 'module', ['--module', 'node16'])
  },
  {
    group,
    name: 'TypeScript, module node16, CommonJS',
    run: (site) => compile(site, 'commonjs', ['--module', 'node16'])
  },
  {
    group,
    name: 'TypeScript, module nodenext, ES modules',
    run: (site) => compile(site, 'commonjs', ['--module', 'nodenext'], 'main.mts')
  },
  {
    group,
    name: 'TypeScript, module nodenext, CommonJS',
    run: (site) => compile(site, 'module', ['--module', 'nodenext'], 'main.cts')
  },
  {
    group,
    name: 'TypeScript, moduleResolution bundler',
    run: (site) => compile(site, 'module', ['--module', 'esnext', '--moduleResolution', 'bundler'])
  },
  ...bundlerCells,
  ...runnerCells,
  ...managerCells,
  ...placeCells,
  ...runtimeCells
]
