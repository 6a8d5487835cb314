import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
const addon = readdirSync(root).find((name) => name.endsWith('.node')) ?? ''

/** What the program below prints, in a project with a package of its own. */
function run(t: ExecutionContext, program: string, ...flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-builds-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'node_modules', 'millrace')
  mkdirSync(home, { recursive: true })
  for (const name of ['dist', 'package.json', addon]) cpSync(join(root, name), join(home, name), { recursive: true })
  writeFileSync(join(folder, 'preload.cjs'), `Object.defineProperty(process, 'version', { value: 'v1.2.3' })`)
  writeFileSync(join(folder, 'main.mjs'), program)
  const options = {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: 200_000
  } as const
  // A worker that is refused may tell its standard error, too.
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, 'main.mjs'], options)
  t.log(stderr)
  return stdout
}

/** As long as the version that it replaces. */
const other = version.replaceAll(/\d/g, '9')

/** Calls before and after the package was replaced. The worker of the first call goes on; a pool that starts one is refused. */
const replaced = (file: string): string => `
  import { readFileSync, renameSync, writeFileSync } from 'node:fs'
  import { WorkerPool } from 'millrace'
  const running = new WorkerPool({ nJobs: 1 })
  console.log(await running.apply((x) => x + 1, [1]))
  // As npm does: another file under the same name. The running program keeps the one that it has.
  const path = 'node_modules/millrace/${file}'
  const bytes = readFileSync(path)
  let count = 0
  for (let at = bytes.indexOf('${version} ('); at >= 0; at = bytes.indexOf('${version} (', at + 1)) {
    bytes.write('${other}', at, 'latin1')
    count++
  }
  console.log(count > 0)
  writeFileSync(path + '.new', bytes, { mode: 0o755 })
  renameSync(path + '.new', path)
  console.log(await running.apply((x) => x + 1, [2]))
  const pool = new WorkerPool({ nJobs: 1 })
  console.log(await pool.apply((x) => x + 1, [3]).catch(({ name, code, message }) => [name, code, message].join(' ')))
  await pool.stopAndJoin()
  await running.stopAndJoin()`

for (const file of ['dist/worker/lifeline.cjs', addon]) {
  test(`a worker of another build is refused, and the error names both builds: ${file}`, (t) => {
    const lines = run(t, replaced(file)).trimEnd().split('\n')
    t.deepEqual(lines.slice(0, 3), ['2', 'true', '3'])
    const start = `WorkerStartError ERR_POOL_WORKER_START workers cannot start: this worker has loaded millrace ${other} (`
    const end = ': the package was replaced while the program ran; start the program again'
    const error = lines[3] ?? ''
    t.true(error.startsWith(start) && error.endsWith(end), error)
    t.true(error.includes(`, but its parent runs millrace ${version} (`), error)
    t.is(lines.length, 4, lines.join('\n'))
  })
}

const call = `
  import { WorkerPool } from 'millrace'
  const pool = new WorkerPool({ nJobs: 1, ...OPTIONS })
  console.log(await pool.apply((x) => x + 1, [1]).catch(({ code, message }) => code + ' ' + message))
  await pool.stopAndJoin()`

test('a worker of another Node.js is refused, and the error names both versions', (t) => {
  const text = run(t, call.replace('OPTIONS', '{}'), '--require', './preload.cjs')
  t.is(
    text,
    `ERR_POOL_WORKER_START workers cannot start: this worker runs Node.js ${process.version}, but its parent runs Node.js v1.2.3: Node.js was replaced while the program ran; start the program again\n`
  )
})

test('a worker may be another Node.js that `execPath` names', (t) => {
  t.is(run(t, call.replace('OPTIONS', '{ execPath: process.execPath }'), '--require', './preload.cjs'), '2\n')
})
