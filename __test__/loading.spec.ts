import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'

import * as millrace from '../dist/index.js'
import { cpuCount, isWorker, PoolError, tasks } from '../dist/index.js'
import type * as loadingJobs from './fixtures/jobs-loading.mjs'
import { watchedPool } from './helpers/pools.js'
import { gone } from './helpers/processes.js'
import { run } from './helpers/run.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const jobs = tasks<typeof loadingJobs>(new URL('./fixtures/jobs-loading.mjs', import.meta.url))

const loaded = { isWorker: false, cpus: cpuCount(), results: [2, 3] }

test('the package is imported by its name, used, and the process ends by itself, without output', async (t) => {
  const { code, lines, stderr } = await run(t, 'loads.mjs').end
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual(JSON.parse(lines[0] ?? ''), loaded)
})

test('the package is loaded by require() too', async (t) => {
  // Some versions of Node warn of it, whatever the package.
  const { code, lines, stderr } = await run(t, 'loads.cjs', [], { execArgv: ['--no-warnings'] }).end
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual(JSON.parse(lines[0] ?? ''), loaded)
})

test('importing the package and making a pool starts nothing', async (t) => {
  const { code, lines, stderr } = await run(t, 'loads-without-pool.mjs').end
  t.deepEqual([code, stderr], [0, ''])
  t.is(lines[0], Object.keys(millrace).toSorted().join(' '))
  t.is(lines[1], '0 0')
})

test('the addon may be loaded by threads alone', async (t) => {
  const { code, signal, lines, stderr } = await run(t, 'loads-in-thread-only.mjs').end
  t.deepEqual([code, signal, stderr], [0, null, ''])
  t.deepEqual(lines, ['1', '1', '1'])
})

test('isWorker tells where the code runs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.false(isWorker)
  t.true(await pool.apply(jobs.askIsWorker))
})

test('cpuCount counts the CPUs of the system', (t) => {
  t.true(Number.isInteger(cpuCount()))
  t.true(cpuCount() >= cpus().length)
})

test('two copies of the package work side by side, and know each other', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-copy-'))
  t.teardown(() => {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      // Windows removes no library while it is loaded.
      if (process.platform !== 'win32') throw error
    }
  })
  for (const name of readdirSync(root).filter((each) => /^(?:dist|package\.json|.*\.node)$/.test(each))) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  const url = pathToFileURL(join(folder, 'dist/index.js')).href
  const copy = (await import(url)) as typeof millrace
  t.not(copy.WorkerPool, millrace.WorkerPool)

  const { pool } = watchedPool(t, { nJobs: 1 })
  const other = new copy.WorkerPool({ nJobs: 1 })
  const double = (x: number): number => x * 2
  t.deepEqual(await Promise.all([pool.map(double, [1, 2]), other.map(double, [3, 4])]), [
    [2, 4],
    [6, 8]
  ])
  t.deepEqual(await pool.apply(jobs.askCopy, [url]), [true, 'ERR_POOL_DAEMONIC'])
  const pids = other.workers.map(({ pid }) => pid)
  await other.terminate()
  await gone(pids)
  const error: unknown = await other.map(double, [1]).catch((reason: unknown) => reason)
  t.true(error instanceof PoolError)
})

/** Files below a folder, relative to it. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

/** What a program loads: few files, since each costs milliseconds. */
const BUILT = [
  'index.cjs',
  'index.d.cts',
  'index.d.ts',
  'index.js',
  'millrace-main.cjs',
  'millrace-on-demand.cjs',
  'millrace-parser.LICENSES.txt',
  'millrace-parser.cjs',
  'millrace-progress-bar.LICENSES.txt',
  'millrace-progress-bar.cjs',
  'worker/lifeline.cjs',
  'worker/worker.mjs'
]

test('the build holds its bundles and declarations, and nothing else', (t) => {
  t.deepEqual(filesOf(join(root, 'dist')).toSorted(), BUILT)
})

test('importing the package loads one file of it and the addon; functions by value load two more', async (t) => {
  const { code, lines, stderr } = await run(t, 'loads-few-files.mjs').end
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual(lines, [
    'millrace-main.cjs',
    'millrace-main.cjs',
    'millrace-main.cjs millrace-on-demand.cjs',
    'node:assert false, node:inspector false, node:stream false'
  ])
})

test('the parser is passed on with the licenses of its packages', (t) => {
  const text = readFileSync(join(root, 'dist/millrace-parser.LICENSES.txt'), 'utf8')
  for (const name of ['acorn', 'eslint-scope', 'esrecurse', 'estraverse']) {
    t.regex(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((?:MIT|BSD-2-Clause)\\)$`, 'm'))
  }
  t.regex(text, /Permission is hereby granted/)
  t.is(text.match(/Redistribution and use in source and binary forms/g)?.length, 3)
})

test('the package that draws bars is passed on with the licenses of its parts', (t) => {
  const text = readFileSync(join(root, 'dist/millrace-progress-bar.LICENSES.txt'), 'utf8')
  for (const name of [
    'cli-progress',
    'string-width',
    'emoji-regex',
    'strip-ansi',
    'ansi-regex',
    'is-fullwidth-code-point'
  ]) {
    t.regex(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'))
  }
})

test('the public classes and functions have the names that they are exported by', (t) => {
  for (const [name, value] of Object.entries(millrace)) if (typeof value === 'function') t.is(value.name, name)
})

test('the packed package holds what is needed to run, no sources and no binary, in less than 300 KB and without dependencies', (t) => {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    // There npm is no program, but a file of commands.
    shell: process.platform === 'win32'
  })
  const [packed] = JSON.parse(text) as { files: { path: string }[]; size: number }[]
  const files = new Set(packed?.files.map(({ path }) => path))
  for (const file of filesOf(join(root, 'dist'))) t.true(files.delete(`dist/${file}`), file)
  t.deepEqual([...files].toSorted(), ['LICENSE', 'README.md', 'package.json'])
  t.true((packed?.size ?? Infinity) < 300_000)
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies?: object }
  t.is(dependencies, undefined)
  t.true(existsSync(join(root, 'LICENSE')))
})
