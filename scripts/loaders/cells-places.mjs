// Where a program stands and what it may do.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { commonJs, esm, withNode, withoutCapture } from './programs.mjs'
import { must, run, tool } from './site.mjs'

const group = 'Places and permissions'
const files = { 'main.mjs': esm }
const node = (project, ...args) => run([process.execPath, ...args], project).output
const major = Number(process.versions.node.split('.')[0])
const permission = major < 24 ? '--experimental-permission' : '--permission'

/** In a namespace of its own, as root of it or not: some containers allow none. */
function canUnshare(...flags) {
  return run(['unshare', ...flags, 'true'], '/').isOk
}

/** Half a CPU and 256 MB. cgroup v2, or v1 where the controllers are mounted. */
function container(site) {
  if (!canUnshare('--pid', '--fork', '--mount-proc')) return 'SKIP unshare is not allowed here'
  const name = `millrace-${process.pid}`
  const settings = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
    ? {
        '/sys/fs/cgroup/cpu': { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '50000' },
        '/sys/fs/cgroup/memory': { 'memory.limit_in_bytes': String(256 << 20) }
      }
    : { '/sys/fs/cgroup': { 'cpu.max': '50000 100000', 'memory.max': String(256 << 20) } }
  const folders = Object.keys(settings).map((root) => join(root, name))
  try {
    for (const [root, values] of Object.entries(settings)) {
      mkdirSync(join(root, name))
      for (const [file, value] of Object.entries(values)) writeFileSync(join(root, name, file), value)
    }
  } catch (error) {
    for (const folder of folders.filter(existsSync)) rmdirSync(folder)
    return `SKIP no cgroup can be made here: ${error.message}`
  }
  try {
    const enter = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(' && ')
    const program = `${enter} && exec unshare --pid --fork --mount-proc ${process.execPath} main.mjs`
    return run(
      ['sh', '-c', program],
      site.makeProject({ files: { 'main.mjs': `if (process.pid !== 1) throw new Error('not PID 1')\n${esm}` } })
    ).output
  } finally {
    for (const folder of folders) run(['rmdir', folder], '/')
  }
}

/** Mounted read-only: permissions do not bind root. */
function readOnly(site) {
  if (!canUnshare('--mount')) return 'SKIP unshare is not allowed here'
  const project = site.makeProject({ files })
  const script = `mount --bind "${project}" "${project}" && mount -o remount,bind,ro "${project}" && cd "${project}" && ! touch x 2>/dev/null && exec ${process.execPath} main.mjs`
  return run(['unshare', '--mount', 'sh', '-c', script], project).output
}

async function singleExecutable(site, source, isBundled) {
  const project = site.makeProject({ files: { 'main.cjs': source } })
  let main = 'main.cjs'
  if (isBundled) {
    main = 'bundle.cjs'
    await build({
      entryPoints: [join(project, 'main.cjs')],
      outfile: join(project, main),
      bundle: true,
      platform: 'node',
      logLevel: 'error'
    })
  }
  writeFileSync(
    join(project, 'sea.json'),
    JSON.stringify({ main, output: 'app.blob', disableExperimentalSEAWarning: true })
  )
  must([process.execPath, '--experimental-sea-config', 'sea.json'], project)
  copyFileSync(process.execPath, join(project, 'app'))
  chmodSync(join(project, 'app'), 0o755)
  must(
    tool(
      'postject/dist/cli.js',
      'app',
      'NODE_SEA_BLOB',
      'app.blob',
      '--sentinel-fuse',
      'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
    ),
    project
  )
  return run([join(project, 'app')], project).output
}

const fromDisk = commonJs.replace(`require('millrace')`, `require('node:module').createRequire(__filename)('millrace')`)
/** @type {readonly import('./cells.mjs').Cell[]} */
export const placeCells = [
  {
    group,
    name: 'a path with spaces and letters beyond ASCII',
    run: (site) => node(site.makeProject({ name: `a b%20é 日本 'q'`, files }), 'main.mjs')
  },
  { group, name: 'a read-only install', run: readOnly },
  { group, name: 'PID 1 of a container with half a CPU and 256 MB', run: container },
  {
    group,
    name: `node ${permission}`,
    refused: /Node\.js may not load native addons in this process[^\n]*/,
    run: (site) => node(site.makeProject({ files }), permission, '--allow-fs-read=*', 'main.mjs')
  },
  {
    group,
    name: `node ${permission} --allow-fs-read=* --allow-addons`,
    note: 'without functions that use variables around them: Node has no inspector there',
    run: (site) =>
      node(
        site.makeProject({ files: { 'main.mjs': withoutCapture } }),
        permission,
        '--allow-fs-read=*',
        '--allow-addons',
        'main.mjs'
      )
  },
  {
    group,
    name: 'node --no-addons',
    refused: /Node\.js may not load native addons in this process[^\n]*/,
    run: (site) => node(site.makeProject({ files }), '--no-addons', 'main.mjs')
  },
  {
    group,
    name: 'a single-executable app, execPath given, the package beside it',
    run: (site) => singleExecutable(site, withNode(fromDisk), false)
  },
  {
    group,
    name: 'a single-executable app of a bundle, execPath given, the package beside it',
    run: (site) => singleExecutable(site, withNode(commonJs), true)
  },
  {
    group,
    name: 'a single-executable app without execPath',
    refused: /execPath must be the path of a Node\.js binary[^\n]*/,
    run: (site) => singleExecutable(site, fromDisk, false)
  }
]
