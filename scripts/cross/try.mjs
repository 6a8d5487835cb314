// `npm run try:all`: installs the packed packages as a user does, without scripts and without a compiler, and runs README's example:
// Linux of both CPUs and both C libraries, on each Node.js. `-- --only musl` tries the cells that have the word in their names, and
// `--no-build` the packages as they are in npm/packed. What came out goes to npm/tried.json, for `npm run platforms`. `--here` tries this
// very system and Node.js in place of the cells: the workflow does so where nothing is emulated.
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../setup.mjs'
import { setUp, underWine } from '../windows/wine.mjs'
import { cells } from './cells.mjs'
import { emulator, foreignRoot, nativeNode, windowsNode } from './nodes.mjs'
import { serve } from './registry.mjs'
import { manifest, ownTarget, packageName, packedFolder, targets } from './targets.mjs'
import { npmProgram, run } from './toolchain.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    here: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false }
  }
})
/** How long one program may take; an emulated one is slow. */
const PATIENCE_MS = 600_000

if (!values['no-build']) {
  run(process.execPath, [join(root, 'scripts/cross/pack.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** README's first program, and what README says that it prints. */
function example() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, program, output] = /```js\n(\/\/ example\.mjs\n[^]*?)```\n+```text\n([^]*?)```/.exec(readme) ?? []
  if (output === undefined) throw new Error('README.md has no example.mjs with its output')
  return { program, output }
}

/** Runs a program, this one's event loop free; resolves to what it has printed. */
function execute(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS })
    let [output, errors] = ['', '']
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (errors += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ended with ${signal ?? code}:\n${output}${errors}`))
    })
  })
}

const npm = npmProgram()

/** The headers of an arm64 program, as binfmt_misc wants them, and its emulator. */
const ARM64 = String.raw`:arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:${emulator}:F`

/** In name spaces of its own: nothing of this stays on the machine. */
const ENTER = `set -e
mount --rbind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount --bind "$PROJECT" "$ROOT/project"
if [ -n "$FORMAT" ]; then
  mkdir "$ROOT/tmp/formats"
  mount -t binfmt_misc formats "$ROOT/tmp/formats"
  printf %s "$FORMAT" >"$ROOT/tmp/formats/register"
fi
cd "$ROOT/project"
exec env -i PATH=/bin HOME=/tmp "$(command -v chroot)" "$ROOT" /bin/node --input-type=module -e 'process.chdir("/project"); await import("/project/example.mjs")'`

/** On Windows a program is run by wine. */
async function underWindows(node, project) {
  await setUp()
  const { status, stdout, stderr } = await underWine([windowsNode(node), 'example.mjs'], {
    cwd: project,
    timeout: PATIENCE_MS
  })
  if (status !== 0) throw new Error(`the example ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}

/** How the system of a cell runs npm and the example in a project. */
function system({ target, node }) {
  if (values.here) {
    return (project) => ({
      install: (args) => execute(process.execPath, [npm, ...args], { cwd: project }),
      run: () => execute(process.execPath, ['example.mjs'], { cwd: project })
    })
  }
  if (target.os === 'win32') {
    const choice = ['--os=win32', `--cpu=${target.cpu}`]
    return (project) => ({
      install: (args) => execute(process.execPath, [npm, ...args, ...choice], { cwd: project }),
      run: () => underWindows(node, project)
    })
  }
  const isNative = target.cpu === process.arch && target.libc === 'glibc'
  if (isNative) {
    const program = nativeNode(node)
    return (project) => {
      // The only program on the path.
      mkdirSync(join(project, 'bin'))
      symlinkSync(program, join(project, 'bin/node'))
      const options = { cwd: project, env: { ...process.env, PATH: join(project, 'bin') } }
      return {
        install: (args) => execute(program, [npm, ...args], options),
        run: () => execute(program, ['example.mjs'], options)
      }
    }
  }
  const folder = foreignRoot(target, node)
  const choice = [`--os=${target.os}`, `--cpu=${target.cpu}`, `--libc=${target.libc}`]
  const env = { PATH: process.env.PATH, ROOT: folder, FORMAT: target.cpu === process.arch ? '' : ARM64 }
  return (project) => ({
    install: (args) => execute(process.execPath, [npm, ...args, ...choice], { cwd: project }),
    run: () =>
      execute('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', ENTER], {
        env: { ...env, PROJECT: project }
      })
  })
}

async function tryOne(cell, registry) {
  const enter = system(cell)
  const project = mkdtempSync(join(tmpdir(), 'millrace-try-'))
  try {
    const { program, output } = example()
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
    writeFileSync(join(project, 'example.mjs'), program)
    const inside = enter(project)
    const own = cell.byPath ? readdirSync(packedFolder).filter((name) => isTarballOf(name, cell.target)) : []
    const what = cell.byPath ? own.map((name) => join(packedFolder, name)) : [manifest.name]
    await inside.install(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--registry', registry, ...what])
    const scope = join(project, 'node_modules', packageName(cell.target), '..')
    const installed = readdirSync(scope).map((name) => `@${scope.split('@').at(-1).replace(/\/$/, '')}/${name}`)
    if (installed.join() !== packageName(cell.target)) throw new Error(`npm chose ${installed.join(' and ')}`)
    const printed = await inside.run()
    if (printed !== output) throw new Error(`the example printed ${JSON.stringify(printed)}`)
  } finally {
    rmSync(project, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The root's tarball and the one of the target. */
function isTarballOf(file, target) {
  const start = packageName(target).replace(/^@/, '').replace('/', '-')
  return [start, manifest.name].some((name) => file === `${name}-${manifest.version}.tgz`)
}

const { node } = process.versions
const here = { name: `${ownTarget()?.rust}, Node.js ${node}`, npm: ownTarget()?.npm, node }
const chosen = values.here ? [here] : cells.filter(({ name }) => name.includes(values.only))
const registry = await serve(packedFolder)
const results = []
for (const { npm: ending, ...cell } of chosen) {
  const begun = performance.now()
  const target = targets.find((each) => each.npm === ending)
  const problem = await tryOne({ ...cell, target }, registry.url).then(
    () => '',
    (error) => error.message
  )
  results.push({ name: cell.name, npm: ending, node: cell.node, isGood: problem === '' })
  console.log(
    `${cell.name}: ${problem === '' ? 'ok' : `FAILED\n${problem}`} (${((performance.now() - begun) / 1000).toFixed(1)} s)`
  )
}
registry.close()
if (!values.here) {
  const path = join(root, 'npm/tried.json')
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
  const others = known.filter(({ name }) => !results.some((result) => result.name === name))
  writeFileSync(path, `${JSON.stringify([...others, ...results], undefined, 2)}\n`)
}
const failed = results.filter(({ isGood }) => !isGood).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
