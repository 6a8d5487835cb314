// Package managers, with nothing from a registry: the package and its addon come from tarballs.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { esm } from './programs.mjs'
import { must, run, tool } from './site.mjs'

const group = 'Package managers'
const files = { 'main.mjs': esm }
const node = (project, ...args) => run([process.execPath, ...args, 'main.mjs'], project).output
function pnpm(site, flags, dependencies) {
  const more = { ...(dependencies && { dependencies }) }
  const project = site.place(site.makeManifest({ more }), {
    ...files,
    'pnpm-workspace.yaml': `overrides:\n  '${site.binding}': 'file:${site.addon}'\nstoreDir: ${join(site.folder, 'pnpm-store')}\n`
  })
  must(tool('pnpm/bin/pnpm.mjs', 'install', '--ignore-scripts', '--offline', ...flags), project)
  return node(project)
}

const YARN = {
  YARN_ENABLE_TELEMETRY: '0',
  YARN_ENABLE_GLOBAL_CACHE: 'false',
  YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  YARN_ENABLE_SCRIPTS: 'false'
}

function yarn(site, linker, start) {
  const more = { resolutions: { [site.binding]: `file:${site.addon}` } }
  const project = site.place(site.makeManifest({ more }), {
    ...files,
    '.yarnrc.yml': `nodeLinker: ${linker}\n`,
    'yarn.lock': ''
  })
  const command = tool('@yarnpkg/cli-dist/bin/yarn.js', 'install')
  must(command, project, { env: YARN })
  return start(project)
}

/** @type {readonly import('./cells.mjs').Cell[]} */
export const managerCells = [
  { group, name: 'npm, offline', run: (site) => node(site.makeProject({ files })) },
  {
    group,
    name: 'npm, --install-links, from a folder',
    run(site) {
      const dependencies = { millrace: `file:${site.mainFolder}`, [site.binding]: `file:${site.addon}` }
      return node(site.makeProject({ files, more: { dependencies }, flags: ['--install-links'] }))
    }
  },
  {
    group,
    name: 'npm, a link to a folder',
    note: 'the addon is found from where the link leads',
    run(site) {
      const dependencies = { millrace: `file:${site.mainFolder}`, [site.binding]: `file:${site.addon}` }
      const project = site.makeProject({ files, more: { dependencies }, flags: ['--install-links=false'] })
      const modules = join(site.mainFolder, 'node_modules')
      mkdirSync(dirname(join(modules, site.binding)), { recursive: true })
      symlinkSync(site.bindingFolder, join(modules, site.binding))
      const output = node(project)
      rmSync(modules, { recursive: true })
      return output
    }
  },
  {
    group,
    name: 'npm, --omit=optional',
    refused: /millrace has no native addon for this system \([\w-]+\)[^\n]*/,
    run(site) {
      const dependencies = { millrace: `file:${site.main}` }
      return node(site.makeProject({ files, more: { dependencies }, flags: ['--omit=optional'] }))
    }
  },
  { group, name: 'pnpm, strict', run: (site) => pnpm(site, ['--config.hoist=false']) },
  {
    group,
    name: 'pnpm, file: folder',
    run: (site) =>
      pnpm(site, ['--config.hoist=false'], {
        millrace: `file:${site.mainFolder}`,
        [site.binding]: `file:${site.addon}`
      })
  },
  { group, name: 'pnpm, node-linker=hoisted', run: (site) => pnpm(site, ['--config.node-linker=hoisted']) },
  {
    group,
    name: "Yarn, Plug'n'Play",
    note: 'the package asks to be unplugged: workers start from its files',
    run: (site) =>
      yarn(
        site,
        'pnp',
        (project) => run(tool('@yarnpkg/cli-dist/bin/yarn.js', 'node', 'main.mjs'), project, { env: YARN }).output
      )
  },
  { group, name: 'Yarn, node-modules', run: (site) => yarn(site, 'node-modules', node) }
]
