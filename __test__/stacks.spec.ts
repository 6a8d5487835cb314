import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { build, transformSync } from 'esbuild'

interface Line {
  readonly name: string
  readonly here?: readonly string[]
  readonly there?: readonly string[]
  readonly cause?: readonly [readonly string[], readonly string[]]
  readonly at?: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const index = new URL('../dist/index.js', import.meta.url).href
const main = fileURLToPath(new URL('fixtures/stacks.mts', import.meta.url))
const library = fileURLToPath(new URL('fixtures/stacks-lib.mts', import.meta.url))
const hook = fileURLToPath(new URL('fixtures/stacks-hook.cjs', import.meta.url))
const TASKS = 13

/** A folder with a quote and a space in its name, which no `sourceURL` can have. */
function place(t: ExecutionContext, name = "it's here"): string {
  const parent = mkdtempSync(join(tmpdir(), 'millrace-stacks-'))
  t.teardown(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, name)
  mkdirSync(folder)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Writes program and library as JavaScript. */
function transpile(folder: string, format: 'esm' | 'cjs'): string {
  const ending = format === 'esm' ? 'mjs' : 'cjs'
  for (const source of [library, main]) {
    const text = readFileSync(source, 'utf8').replaceAll('stacks-lib.mts', `stacks-lib.${ending}`)
    const { code } = transformSync(text, { loader: 'ts', format, platform: 'node', target: 'node20' })
    const name = source === main ? 'stacks' : 'stacks-lib'
    writeFileSync(join(folder, `${name}.${ending}`), code)
  }
  return join(folder, `stacks.${ending}`)
}

/** Runs the program: every task called here and in a worker. */
function check(t: ExecutionContext, args: readonly string[], expected: RegExp): readonly Line[] {
  const env = { ...process.env, NODE_OPTIONS: '' }
  const run = spawnSync(process.execPath, [...args, index], { encoding: 'utf8', env, timeout: 200_000 })
  t.is(run.status, 0, run.stderr)
  const lines = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  t.is(lines.length, TASKS + 2)
  for (const { name, here = [], there = [], cause, at = [] } of lines) {
    t.deepEqual(there, here, name)
    if (cause !== undefined) t.deepEqual(cause[1], cause[0], name)
    if (name !== 'exported' && name !== 'written') t.regex(here[0] ?? at[0] ?? '', expected, name)
  }
  const placeOfTask = (name: string): string | undefined => lines.find((line) => line.name === name)?.there?.at(-1)
  t.not(placeOfTask('alonePlace1'), placeOfTask('alonePlace2'), 'the same text at two places')
  return lines
}

const inTypeScript = /\/stacks\.mts:\d+:\d+$/

test('stacks of workers name the same places as those of the program: ES module', (t) => {
  const lines = check(t, [transpile(place(t, 'plain'), 'esm')], /^file:.*\/stacks\.mjs:\d+:\d+$/)
  // Also where a task writes it down itself.
  t.regex(lines.at(-1)?.at?.[0] ?? '', /\(?file:.*\/stacks\.mjs:\d+:\d+\)?$/)
})

test('CommonJS, in a folder with spaces and quotes', (t) => {
  check(t, [transpile(place(t), 'cjs')], /^\/.*it's here\/stacks\.cjs:\d+:\d+$/)
  check(t, [transpile(place(t), 'esm')], /^file:.*it's%20here\/stacks\.mjs:\d+:\d+$/)
})

test('TypeScript by tsx, and by @oxc-node', (t) => {
  for (const loader of ['tsx', '@oxc-node/core/register']) check(t, ['--import', loader, main], inTypeScript)
})

test('bundles by esbuild, with source maps (by flag, switched on by the program, in one line) and without', async (t) => {
  const folder = place(t, 'bundles')
  const bundle = async (name: string, minify: boolean, sourcemap: boolean | 'inline'): Promise<string> => {
    const outfile = join(folder, name)
    const external = ['millrace']
    await build({
      entryPoints: [main],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external,
      minify,
      sourcemap
    })
    return outfile
  }
  check(t, ['--enable-source-maps', await bundle('linked.mjs', false, true)], inTypeScript)
  const inline = await bundle('inline.mjs', true, 'inline')
  check(t, ['--enable-source-maps', inline], inTypeScript)
  const starter = join(folder, 'starter.mjs')
  writeFileSync(starter, `process.setSourceMapsEnabled(true)\nawait import('./inline.mjs')\n`)
  check(t, [starter], inTypeScript)
  check(t, [inline], /^file:.*\/inline\.mjs:\d+:\d+$/)
  // Farther to the right than a text is moved by spaces.
  const wide = join(folder, 'wide.mjs')
  writeFileSync(wide, `/*${'.'.repeat(30_000)}*/${readFileSync(await bundle('plain.mjs', true, false), 'utf8')}`)
  check(t, [wide], /^file:.*\/wide\.mjs:\d+:\d+$/)
})

test('a program that maps its stacks by Error.prepareStackTrace', (t) => {
  check(t, ['--require', hook, transpile(place(t, 'hooked'), 'esm')], /^\/original\.ts:1?\d{3,}:\d+$/)
})

test('if code from strings is disallowed, functions with variables run and name no wrong line', (t) => {
  const program = transpile(place(t, 'strict'), 'esm')
  const args = ['--disallow-code-generation-from-strings', program, index]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 200_000 })
  t.is(run.status, 0, run.stderr)
  t.true(run.stdout.includes('millrace:closure/'))
  for (const line of run.stdout.trim().split('\n')) {
    const { here = [], there = [] } = JSON.parse(line) as Line
    for (const [at, frame] of there.entries()) t.true(frame === here[at] || frame.includes('millrace:closure/'), frame)
  }
})
