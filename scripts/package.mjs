// Checks what npm would publish: `node scripts/package.mjs publint | attw | consumers`. Needs no network.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

const bin = (path) => join(root, 'node_modules', path)
const directory = mkdtempSync(join(tmpdir(), 'millrace-package-'))

/** @returns {string} what the program has printed; ends this one where it fails */
function run(command, args, cwd = directory) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  process.stdout.write(`${error?.message ?? ''}${stdout}${stderr}`)
  rmSync(directory, { recursive: true, force: true })
  process.exit(1)
}

function pack() {
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], root)
  return join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '')
}

// What a user writes. Without `any`, so that types that are not found fail.
const SOURCE = `import { WorkerPool, PoolTerminatedError, cpuCount, task, type ResultIterator, type WorkerPoolOptions } from 'millrace'

const options: WorkerPoolOptions = { nJobs: cpuCount(), signal: new AbortController().signal }

export async function squares(numbers: number[]): Promise<number[]> {
  const pool = new WorkerPool(options)
  try {
    return await pool.map((x: number) => x * x, numbers)
  } catch (error) {
    if (error instanceof PoolTerminatedError && error.code === 'ERR_POOL_TERMINATED') return []
    throw error
  } finally {
    await pool.stopAndJoin({ timeout: 1_000 })
  }
}

export async function first(): Promise<string | undefined> {
  await using pool = new WorkerPool()
  await using results = pool.imap((x: number) => String(x), [1, 2])
  const same: ResultIterator<string> = results
  for await (const result of same) return result
  return undefined
}

export class Pool extends WorkerPool {
  double(x: number): Promise<number> {
    return this.apply(task<(n: number) => number>(new URL('file:///jobs.mjs'), 'double'), [x])
  }
}
`

const REQUIRE = `import millrace = require('millrace')
export const pool: millrace.WorkerPool = new millrace.WorkerPool({ nJobs: 1 })
`

/** A project of TypeScript: what it is compiled as, and its files. The first one checks the declarations themselves, too. */
const projects = [
  { flags: ['--module', 'node16', '--skipLibCheck', 'false'], files: ['a.mts', 'b.cts', 'required.cts'] },
  { flags: ['--module', 'nodenext'], files: ['a.mts', 'b.cts', 'required.cts'] },
  { flags: ['--module', 'commonjs', '--moduleResolution', 'node10'], files: ['c.ts', 'required.ts'] },
  { flags: ['--module', 'esnext', '--moduleResolution', 'node10'], files: ['c.ts'] },
  { flags: ['--module', 'esnext', '--moduleResolution', 'bundler'], files: ['c.ts', 'a.mts'] },
  { flags: ['--module', 'preserve'], files: ['c.ts', 'required.cts'] }
]

const USUAL =
  '--noEmit --strict --target es2022 --lib es2022,esnext.disposable --esModuleInterop --skipLibCheck --types node'.split(
    ' '
  )

function checkConsumers(tarball) {
  mkdirSync(join(directory, 'node_modules'))
  run('tar', ['-xzf', tarball])
  symlinkSync(join(directory, 'package'), join(directory, 'node_modules/millrace'))
  mkdirSync(join(directory, 'node_modules/@types'))
  // What a user has, and nothing that only the development has.
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    symlinkSync(bin(name), join(directory, 'node_modules', name))
  }
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  for (const name of new Set(projects.flatMap(({ files }) => files))) {
    writeFileSync(join(directory, name), name.startsWith('required') ? REQUIRE : SOURCE)
  }
  for (const { flags, files } of projects)
    run(process.execPath, [bin('typescript/bin/tsc'), ...USUAL, ...flags, ...files])
}

const checks = {
  publint: (tarball) => run(process.execPath, [bin('publint/src/cli.js'), 'run', tarball, '--strict']),
  attw: (tarball) => run(process.execPath, [bin('@arethetypeswrong/cli/dist/index.js'), tarball, '--no-color']),
  consumers: checkConsumers
}

const check = checks[process.argv[2]]
if (check === undefined) throw new Error(`one of ${Object.keys(checks).join(', ')} is checked`)
check(pack())
rmSync(directory, { recursive: true, force: true })
