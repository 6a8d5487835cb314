// Every suite of `npm test`, in the order in which they run: the quick ones first, and what compiles beside them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { brokenRules } from './rules.mjs'
import { countCargo, countCheck, countPortable, countTap } from './counts.mjs'
import { execute } from './execute.mjs'
import { generatedFiles, root } from './setup.mjs'

const bin = (path) => join(root, 'node_modules', path)
const cargoEnv = { CARGO_TERM_COLOR: 'never' }
const loomEnv = { RUSTFLAGS: [process.env.RUSTFLAGS, '--cfg loom'].filter(Boolean).join(' ') }

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {(output: string, isOk: boolean, errors: string) => import('./counts.mjs').Counts} count
 * @property {readonly string[]} [command] program and arguments, run in the repository
 * @property {Record<string, string>} [env] on top of this process's
 * @property {boolean} [isOnRequest] whether it runs only where it is named
 * @property {'beside' | 'last'} [place] `beside`: it runs at the same time as the others, and gives way to them. What looks at a clock must
 *   not. `last`: it runs alone, when all others have ended.
 * @property {readonly string[]} [build] what compiles for a suite that runs last; it runs beside the others
 * @property {RegExp} [shows] what of its output is shown though it has passed
 * @property {(setup: { changed: readonly string[] }) => string | Promise<string>} [check] what is wrong, '' where nothing is
 */

/** @type {readonly Suite[]} */
export const suites = [
  { name: 'generated', count: countCheck, check: ({ changed }) => staleFiles(changed) },
  { name: 'rules', count: countCheck, check: () => brokenRules().join('\n') },
  { name: 'rustfmt', count: countCheck, command: ['cargo', 'fmt', '--all', '--check'], env: cargoEnv },
  {
    name: 'prettier',
    count: countCheck,
    command: [
      process.execPath,
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--log-level=warn',
      '.',
      ...generatedFiles.map((name) => `!${name}`)
    ]
  },
  {
    name: 'oxlint',
    count: countCheck,
    command: [process.execPath, bin('oxlint/bin/oxlint'), '--deny-warnings'],
    env: { NO_COLOR: '1' }
  },
  {
    name: 'types',
    count: countCheck,
    command: [process.execPath, bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.test.json']
  },
  // What npm would publish, as its users meet it.
  ...['publint', 'attw', 'consumers'].map((name) => ({
    name,
    count: countCheck,
    command: [process.execPath, 'scripts/package.mjs', name]
  })),
  { name: 'clippy', place: 'beside', count: countCheck, check: checkClippy },
  { name: 'other systems', place: 'beside', count: countCheck, check: checkOtherSystems },
  {
    name: 'loom',
    place: 'beside',
    count: countCargo,
    command: [...'cargo test -p millrace-core --test loom* --locked --no-fail-fast'.split(' '), ...forThisSystem()],
    env: { LOOM_MAX_PREEMPTIONS: '3', CARGO_PROFILE_DEV_OPT_LEVEL: '2', ...cargoEnv, ...loomEnv }
  },
  {
    name: 'cargo test',
    place: 'last',
    count: countCargo,
    build: 'cargo test --workspace --locked --no-run'.split(' '),
    command: 'cargo test --workspace --locked --no-fail-fast'.split(' '),
    env: cargoEnv
  },
  {
    name: 'portable',
    count: countPortable,
    command: [process.execPath, 'scripts/portable/run.mjs'],
    isOnRequest: true,
    shows: /^set apart: .*$|^\d+ passed.* set apart$/gm
  },
  { name: 'ava', count: countTap, command: [process.execPath, bin('ava/entrypoints/cli.mjs'), '--tap'] }
]

/**
 * Names this system as the one to compile for. RUSTFLAGS then do not apply to macros and build scripts, and all suites share one build
 * of these.
 */
function forThisSystem() {
  const host = /^host: (\S+)$/m.exec(run('rustc', ['-vV']).stdout ?? '')?.[1]
  return host === undefined ? [] : ['--target', host]
}

/** Lints what is shipped, then the tests, which see the core's internals, then what loom checks. */
async function checkClippy() {
  const runs = [
    { args: ['--workspace'] },
    { args: ['--workspace', '--all-targets'] },
    // The benchmarks do not know of loom.
    { args: ['-p', 'millrace-core', '--lib', '--tests', ...forThisSystem()], env: loomEnv }
  ]
  let wrong = ''
  for (const { args, env } of runs) {
    wrong += await compile(['clippy', ...args, '--locked', '--quiet', '--', '-D', 'warnings'], env)
  }
  return wrong
}

/** Compiles for other systems. A standard library that rustup cannot fetch here is named, and its system is left out. */
async function checkOtherSystems() {
  const libraries = run('rustc', ['--print', 'sysroot']).stdout?.trim()
  const isThere = (target) => existsSync(join(libraries ?? '', 'lib/rustlib', target, 'lib'))
  const targets = ['x86_64-pc-windows-msvc', 'aarch64-apple-darwin']
  const missing = targets.filter((target) => !isThere(target))
  if (missing.length > 0) await execute(['rustup', 'target', 'add', ...missing])
  const found = targets.filter(isThere)
  const left = targets.filter((target) => !found.includes(target))
  if (left.length > 0) console.log(`other systems: rustup cannot add ${left.join(', ')} here, so it is not compiled`)
  let wrong = ''
  for (const target of found) {
    const args = ['check', '--workspace', '--locked', '--quiet', '--target', target]
    const problem = await compile(args, { RUSTFLAGS: '-D warnings' })
    if (problem !== '') wrong += `${target}:\n${problem}`
  }
  return wrong
}

/** What cargo has to say; '' if all is right. */
async function compile(args, env) {
  const { isOk, output, errors } = await execute(['cargo', ...args], { env: { ...cargoEnv, ...env }, isBeside: true })
  return isOk ? '' : `${output}${errors}`
}

function run(program, args) {
  return spawnSync(program, args, { cwd: root, encoding: 'utf8' })
}

/**
 * In CI nothing but the build can have touched the clone, so a difference to the commit counts as well; on a desk it may
 * be work in progress.
 */
function staleFiles(changed) {
  if (changed.length > 0) return `${changed.join(' and ')} did not match the Rust sources and was rewritten: commit it`
  if (!process.env.CI) return ''
  const git = spawnSync('git', ['diff', '--exit-code', '--stat', '--', ...generatedFiles], {
    cwd: root,
    encoding: 'utf8'
  })
  return git.status === 1 ? `generated files differ from the commit:\n${git.stdout}` : ''
}
