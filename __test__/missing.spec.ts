import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const addon = readdirSync(root).find((name) => name.endsWith('.node')) ?? ''

/** A copy of the package as it is installed, without its dependencies; what is in `files` is put over it. */
function install(t: ExecutionContext, withAddon: boolean, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-missing-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'node_modules', 'millrace')
  mkdirSync(home, { recursive: true })
  const names = ['dist', 'package.json', ...(withAddon ? [addon] : [])]
  for (const name of names) cpSync(join(root, name), join(home, name), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
  return folder
}

function run(folder: string, program: string, ...flags: readonly string[]): string {
  const args = [...flags, '--input-type=module', '-e', program]
  const env = { ...process.env, NODE_OPTIONS: '' }
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env, timeout: 200_000 }).stderr
}

const load = `import 'millrace'`

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly napi: { readonly binaryName: string; readonly targets: readonly string[] }
}
/** What napi calls the system of a Rust target. */
const systems = manifest.napi.targets.map((target) => {
  const [cpu, , os, libc] = target.split('-')
  const name = `${os === 'windows' ? 'win32' : os}-${cpu === 'x86_64' ? 'x64' : 'arm64'}`
  return libc === undefined ? name : `${name}-${libc}`
})

test('the error of a missing addon names its package, the systems that have one, and the way to build it', (t) => {
  const system = addon.slice(`${manifest.napi.binaryName}.`.length, -'.node'.length)
  const report = run(install(t, false), load)
  t.true(report.includes(`millrace has no native addon for this system (${system}): `), report)
  t.true(report.includes(`the package @millrace/binding-${system} is not installed`), report)
  t.true(report.includes(`Packages exist for ${systems.join(', ')}`), report)
  t.regex(report, /not with --omit=optional/)
  t.regex(report, /build it in a clone of the repository: npm run build/)
  t.notRegex(report, /npm has a bug/)
  t.is(report.match(/^Error: /gm)?.length, 1)
})

test('the error on a system without a package says so', (t) => {
  const preload = join(mkdtempSync(join(tmpdir(), 'millrace-system-')), 'freebsd.cjs')
  t.teardown(() => rmSync(join(preload, '..'), { recursive: true }))
  writeFileSync(preload, `Object.defineProperty(process, 'platform', { value: 'freebsd' })`)
  const report = run(install(t, false), load, '--require', preload)
  t.regex(report, /millrace has no native addon for this system \(freebsd-\w+\), and there is no package/)
  t.true(report.includes(`Packages exist for ${systems.join(', ')}`), report)
})

test("an addon that cannot be loaded is reported with the system's message", (t) => {
  const report = run(install(t, false, { [addon]: 'no library' }), load)
  t.regex(
    report,
    /the native addon of millrace cannot be loaded: .*(?:invalid ELF header|file too short|not a valid Win32|Bad EXE format)/
  )
  t.notRegex(report, /npm has a bug/)
})

const permission = Number(process.versions.node.split('.')[0]) < 24 ? '--experimental-permission' : '--permission'
for (const flags of [['--no-addons'], [permission, '--allow-fs-read=*']]) {
  test(`the error for addons that are not allowed says how to allow them: ${flags.join(' ')}`, (t) => {
    const report = run(root, `import ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}`, ...flags)
    t.regex(report, /Node\.js may not load native addons in this process, .* start node with --allow-addons/)
    t.regex(report, /ERR_DLOPEN_DISABLED/)
    t.notRegex(report, /npm has a bug/)
  })
}

for (const name of ['on-demand', 'parser']) {
  test(`a package that lost its file of ${name} while the program runs says so`, (t) => {
    const folder = install(t, true)
    const program = `import { WorkerPool } from 'millrace'
      import { rmSync } from 'node:fs'
      const pool = new WorkerPool({ nJobs: 1 })
      rmSync('node_modules/millrace/dist/millrace-${name}.cjs')
      const y = 1
      await pool.map((x) => x + y, [1]).catch((error) => console.error(error.code, error.message))
      await pool.terminate()`
    t.regex(
      run(folder, program),
      new RegExp(`^ERR_POOL_FUNCTION .*millrace-${name}\\.cjs is missing: the package was removed`)
    )
  })
}
